// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// The fields of one answer, which WeChat Pay V2 and QQ Wallet name alike.
struct TradeAnswer {
    let document: FlatXML

    func says(_ value: StaticString, in name: StaticString) -> Bool {
        document[name].map { value.matches($0) } ?? false
    }

    func has(_ name: StaticString) -> Bool { document[name] != nil }

    /// A code of the wallet: ASCII of a sane length, or nothing.
    func code(_ name: StaticString) -> String? {
        document[name].flatMap { DisplayText.token($0, limit: 64) }.map { String(decoding: $0, as: UTF8.self) }
    }

    func amount(_ name: StaticString) -> Money? {
        document[name].flatMap { Decimal.parse($0) }.map { Money(fen: $0) }
    }

    /// False where a field is there and says something else.
    func agrees(_ name: StaticString, _ value: [UInt8]) -> Bool { document[name] == nil || document[name] == value }

    /// Money taken. Nil where a field is missing, or where the currency is another.
    var trade: WalletTrade? {
        guard let number = document["out_trade_no"].flatMap({ OrderNumber($0) }), let amount = amount("total_fee"),
            let transaction = document["transaction_id"].flatMap({ WalletTransactionID($0) }),
            agrees("fee_type", ("CNY" as StaticString).bytes)
        else { return nil }
        // The openid stays here: it identifies the shopper and tells the cashier nothing.
        return WalletTrade(
            orderNumber: number,
            amount: amount,
            transaction: transaction,
            nonce: EchoedNonce.read(document["attach"]),
            payer: []
        )
    }

    /// What the refunds of the order add up to: fen that are back, and fen that are on their way. Nil where a field
    /// is missing. Refunds that failed do not count, and those of an unknown status do not either.
    private var refundSums: (done: Int64, running: Int64)? {
        var (done, running): (Int64, Int64) = (0, 0)
        for place in 0..<50 where document["out_refund_no", place] != nil {
            guard let amount = document["refund_fee", place].flatMap({ Decimal.parse($0) }), amount > 0,
                let status = document["refund_status", place]
            else { return nil }
            if ("SUCCESS" as StaticString).matches(status) {
                done = done.addingReportingOverflow(amount).partialValue
            } else if ("PROCESSING" as StaticString).matches(status) {
                running = running.addingReportingOverflow(amount).partialValue
            }
        }
        return (done, running)
    }

    /// What the answer says of one refund. Nil where it does not have it, or has it with another amount.
    private func refundState(_ refund: WalletRefund) -> String? {
        for place in 0..<50 where document["out_refund_no", place] == refund.number.bytes {
            let amount = document["refund_fee", place].flatMap { Decimal.parse($0) }
            guard amount == refund.amount.fen else { return nil }
            return document["refund_status", place].flatMap { DisplayText.token($0, limit: 64) }
                .map { String(decoding: $0, as: UTF8.self) }
        }
        return nil
    }
}

// What the answers mean that both wallets write alike. Nil where a field is missing or is about something else.
extension TradeAnswer {
    /// A FAIL of the communication layer may come without a signature. It is never believed; that our message was not
    /// understood is worth a call all the same.
    var isUnsignedFailure: Bool { !has("sign") && has("return_code") && !says("SUCCESS", in: "return_code") }

    func found(_ states: CodeTable<TradeState>) -> WalletReading? {
        guard has("out_trade_no"), let state = code("trade_state") else { return nil }
        return states.reading(state, trade)
    }

    /// Success alone is not the end: `recall` says whether to call again. At QQ Wallet its values are WeChat Pay's, by
    /// analogy; where it says neither, the query that follows every cancel decides.
    func reversed() -> WalletReading? {
        if says("Y", in: "recall") { return WalletReading(outcome: .cancel(.retry), code: "SUCCESS") }
        return says("N", in: "recall") ? WalletReading(outcome: .cancel(.closed), code: "SUCCESS") : nil
    }

    /// Accepted, not completed: a refund query shows the end.
    func refunded(_ refund: WalletRefund) -> WalletReading? {
        guard document["out_refund_no"] == refund.number.bytes, amount("refund_fee") == refund.amount else {
            return nil
        }
        return WalletReading(outcome: .refund(.accepted), code: "SUCCESS")
    }

    func refundFound(_ refund: WalletRefund, _ states: CodeTable<RefundQueryOutcome>) -> WalletReading? {
        refundState(refund).map { states.reading($0) }
    }

    /// What the refunds leave of the order's amount. The state of an order says only that a refund exists; no money is
    /// held if all of it went back.
    func returned(_ order: WalletOrder) -> WalletReading? {
        guard has("out_trade_no"), amount("total_fee") == order.amount, let sum = refundSums else { return nil }
        let held: QueryOutcome =
            if sum.done == order.amount.fen {
                .closed
            } else if sum.done + sum.running == order.amount.fen {
                .returning
            } else {
                .unknown(.refundExists)
            }
        return WalletReading(outcome: .query(held), code: "SUCCESS")
    }
}
