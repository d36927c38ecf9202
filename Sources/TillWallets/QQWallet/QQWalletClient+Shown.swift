// Part of Tillbridge. See LICENSE.
package import TillDomain
package import TillEngine

extension QQWalletClient {
    package func shown(of operation: WalletOperation, message: MessageID) -> [WalletFact] {
        TradeFacts.shown(of: operation, message: message)
    }

    package func shown(in response: InboundResponse, of operation: WalletOperation) -> [WalletFact] {
        TradeFacts.shown(in: response)
    }
}
