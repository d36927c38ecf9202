// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// UnionPay's wire forms: fields, limits and dates are converted here and nowhere else. Amounts are fen already.
struct UnionPayCodec: Sendable {
    let merchantID: [UInt8]
    /// Where UnionPay sends its notices. Nothing depends on them, but the field is mandatory.
    let notices: [UInt8]

    static func path(_ operation: WalletOperation) -> String {
        switch operation {
        case .pay, .cancel, .refund: "/gateway/api/backTransReq.do"
        case .query, .refundQuery, .returns: "/gateway/api/queryTrans.do"
        }
    }

    /// What a message is about. Each answer repeats it.
    private struct Subject {
        let type: StaticString
        let subtype: StaticString
        let number: [UInt8]
        let time: Timestamp
    }

    /// A reversal names the order itself; a refund, and the question for one, names the refund.
    private func subject(_ operation: WalletOperation) -> Subject {
        switch operation {
        case .pay(let payment): subject("01", "06", payment.order)
        case .query(let order): subject("00", "00", order)
        case .cancel(let order): subject("99", "01", order)
        case .refund(let refund): subject("04", "00", refund)
        case .refundQuery(let refund): subject("00", "00", refund)
        case .returns(let order): subject("00", "00", order.undoRefund)
        }
    }

    private func subject(_ type: StaticString, _ subtype: StaticString, _ order: WalletOrder) -> Subject {
        Subject(type: type, subtype: subtype, number: order.number.bytes, time: order.startedAt)
    }

    private func subject(_ type: StaticString, _ subtype: StaticString, _ refund: WalletRefund) -> Subject {
        Subject(type: type, subtype: subtype, number: refund.number.bytes, time: refund.requestedAt)
    }

    private func common(_ type: StaticString, _ subtype: StaticString, _ certificateID: [UInt8]) -> MessageFields {
        var fields = MessageFields()
        fields.append("version", "5.1.0")
        fields.append("encoding", "UTF-8")
        fields.append("certId", certificateID)
        fields.append("signMethod", "01")
        fields.append("txnType", type)
        fields.append("txnSubType", subtype)
        fields.append("bizType", "000000")
        fields.append("accessType", "0")
        fields.append("merId", merchantID)
        return fields
    }

    /// All fields but the signature of the request for a day's settlement file.
    func settlementFile(
        of day: StatementDay,
        at now: Timestamp,
        certificateID: [UInt8]
    ) throws(WalletError) -> MessageFields {
        guard let time = ChinaTime(now) else { throw .malformed(field: "txnTime") }
        var fields = common("76", "01", certificateID)
        fields.append("settleDate", Self.date(day))
        fields.append("txnTime", time.compact)
        fields.append("fileType", "00")
        return fields
    }

    /// Whether a signed answer is to our request for this day; what it leaves out is not held against it.
    func isAbout(_ day: StatementDay, _ answer: UnionPayForm) -> Bool {
        (answer["merId"] ?? merchantID) == merchantID && (answer["settleDate"] ?? Self.date(day)) == Self.date(day)
    }

    /// `MMdd`
    private static func date(_ day: StatementDay) -> [UInt8] { [UInt8](day.compact.suffix(4)) }

    /// All fields of the call but the signature.
    func fields(_ operation: WalletOperation, certificateID: [UInt8]) throws(WalletError) -> MessageFields {
        let subject = subject(operation)
        guard let time = ChinaTime(subject.time) else { throw .malformed(field: "txnTime") }
        var fields = common(subject.type, subject.subtype, certificateID)
        fields.append("orderId", subject.number)
        fields.append("txnTime", time.compact)
        switch operation {
        case .query, .refundQuery, .returns: break
        case .cancel: fields.append("channelType", "08")
        case .pay(let payment):
            guard (1...20).contains(payment.code.secret.count) else { throw .malformed(field: "qrNo") }
            try appendMoney(payment.order.amount, to: &fields)
            // No termId: it wants eight digits, which hold fewer numbers than there are names of registers.
            fields.append("qrNo", payment.code.secret)
            fields.append("reqReserved", payment.order.nonce.bytes)
        case .refund(let refund):
            guard let origin = ChinaTime(refund.order.startedAt) else { throw .malformed(field: "origTxnTime") }
            try appendMoney(refund.amount, to: &fields)
            fields.append("origOrderId", refund.order.number.bytes)
            fields.append("origTxnTime", origin.compact)
        }
        return fields
    }

    private func appendMoney(_ amount: Money, to fields: inout MessageFields) throws(WalletError) {
        guard (1...10_000_000_000).contains(amount.fen) else { throw .malformed(field: "txnAmt") }
        fields.append("channelType", "08")
        fields.append("txnAmt", Decimal.text(amount.fen))
        fields.append("currencyCode", "156")
        fields.append("backUrl", notices)
    }

    // MARK: In

    enum Echo { case same, other, missing }

    /// The type of the order that a query is about. Public samples of answers to a query carry it in place of the
    /// query's own; the document does not say.
    private func asked(_ operation: WalletOperation) -> (type: StaticString, subtype: StaticString)? {
        switch operation {
        case .query: ("01", "06")
        case .refundQuery, .returns: ("04", "00")
        case .pay, .cancel, .refund: nil
        }
    }

    /// Whether an answer is about what was asked. The signature covers neither the path nor the request, and an order
    /// and its reversal have one number and one time: only the type tells their answers apart. An answer to a query is
    /// told from one to the order itself by its `origRespCode`.
    func echo(of operation: WalletOperation, in answer: UnionPayAnswer) -> Echo {
        let subject = subject(operation)
        guard let time = ChinaTime(subject.time) else { return .missing }
        let expected: [(StaticString, [UInt8])] = [
            ("merId", merchantID), ("orderId", subject.number), ("txnTime", time.compact),
        ]
        var echo = Echo.same
        for (name, value) in expected {
            guard let found = answer.form[name] else {
                echo = .missing
                continue
            }
            if found != value { return .other }
        }
        guard let type = answer.form["txnType"], let subtype = answer.form["txnSubType"] else { return .missing }
        if subject.type.matches(type), subject.subtype.matches(subtype) { return echo }
        guard let order = asked(operation), answer.form["origRespCode"] != nil else { return .other }
        return order.type.matches(type) && order.subtype.matches(subtype) ? echo : .other
    }
}

/// The fields of one answer.
struct UnionPayAnswer {
    let form: UnionPayForm

    /// A code of the wallet: ASCII of a sane length, or nothing.
    func code(_ name: StaticString) -> String? {
        form[name].flatMap { DisplayText.token($0, limit: 64) }.map { String(decoding: $0, as: UTF8.self) }
    }

    func amount(_ name: StaticString) -> Money? {
        form[name].flatMap { Decimal.parse($0) }.map { Money(fen: $0) }
    }

    var isYuan: Bool { form["currencyCode"].map { ("156" as StaticString).matches($0) } ?? false }

    /// Money taken. Nil where a field is missing, or where the currency is another.
    var trade: WalletTrade? {
        guard let number = form["orderId"].flatMap({ OrderNumber($0) }), let amount = amount("txnAmt"), isYuan,
            let transaction = form["queryId"].flatMap({ WalletTransactionID($0) })
        else { return nil }
        // The account number stays here, masked or not: it tells the cashier nothing.
        return WalletTrade(
            orderNumber: number,
            amount: amount,
            transaction: transaction,
            nonce: EchoedNonce.read(form["reqReserved"]),
            payer: []
        )
    }
}
