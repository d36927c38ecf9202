// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// What anybody may read of the messages that WeChat Pay and QQ Wallet write alike.
enum TradeFacts {
    private static let names = WalletFactNames(
        number: "out_trade_no",
        amount: "total_fee",
        refundNumber: "out_refund_no",
        refundAmount: "refund_fee",
        money: { Decimal.text($0.fen) }
    )

    static func shown(of operation: WalletOperation, message: MessageID) -> [WalletFact] {
        names.facts(of: operation) + [WalletFact("nonce_str", message.bytes)].compactMap(\.self)
    }

    static func shown(in response: InboundResponse) -> [WalletFact] {
        guard let document = FlatXML(response.body) else { return [] }
        return WalletFact.list(
            [
                "return_code", "result_code", "err_code", "trade_state", "trade_type", "recall", "refund_count",
                "refund_status_0",
            ]
        ) { document[$0] }
    }
}
