// Part of Tillbridge. See LICENSE.
package import TillDomain
package import TillEngine

extension WeChatPayClient {
    package func shown(of operation: WalletOperation, message: MessageID) -> [WalletFact] {
        TradeFacts.shown(of: operation, message: message)
    }

    package func shown(in response: InboundResponse, of operation: WalletOperation) -> [WalletFact] {
        TradeFacts.shown(in: response)
    }
}

extension WeChatPayV3Client {
    package func shown(of operation: WalletOperation, message: MessageID) -> [WalletFact] {
        TradeFacts.shown(of: operation, message: message)
    }

    package func shown(in response: InboundResponse, of operation: WalletOperation) -> [WalletFact] {
        guard let answer = WeChatPayV3Answer(response.body) else { return [] }
        return WalletFact.list(["code", "trade_state", "trade_type", "status"]) { answer.text($0) }
    }
}
