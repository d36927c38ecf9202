// Part of Tillbridge. See LICENSE.

/// Checks the fields of a call as sections 4 to 9 of UnionPay's documents have them.
struct UnionPayContentReader {
    let fields: [String: String]

    enum Kind: CaseIterable {
        case consume, reversal, void, refund, queryByOrder, queryByID, settlementFile

        static let tradePath = "/gateway/api/backTransReq.do"
        static let queryPath = "/gateway/api/queryTrans.do"
        /// Of a host of its own, which has nothing else.
        static let filePath = "/"

        var path: String {
            switch self {
            case .consume, .reversal, .void, .refund: Kind.tradePath
            case .queryByOrder, .queryByID: Kind.queryPath
            case .settlementFile: Kind.filePath
            }
        }

        /// `txnType` and `txnSubType`.
        var types: (type: String, subtype: String) {
            switch self {
            case .consume: ("01", "06")
            case .reversal: ("99", "01")
            case .void: ("31", "00")
            case .refund: ("04", "00")
            case .queryByOrder: ("00", "00")
            case .queryByID: ("00", "02")
            case .settlementFile: ("76", "01")
            }
        }

        /// Whether it begins a transaction, at a time of its own.
        var isNew: Bool { self == .consume || self == .void || self == .refund }

        var required: [String] {
            let own =
                switch self {
                case .consume:
                    ["channelType", "orderId", "txnTime", "txnAmt", "currencyCode", "qrNo", "backUrl"]
                case .reversal: ["channelType", "orderId", "txnTime"]
                case .void, .refund: ["channelType", "orderId", "txnTime", "txnAmt", "backUrl"]
                case .queryByOrder: ["orderId", "txnTime"]
                case .queryByID: ["queryId"]
                case .settlementFile: ["settleDate", "txnTime", "fileType"]
                }
            return Kind.common + own
        }

        static let common = [
            "version", "encoding", "certId", "signMethod", "signature", "txnType", "txnSubType", "bizType",
            "accessType", "merId",
        ]
    }

    struct InvalidField: Error, Equatable {
        let name: String
    }

    /// What is asked for at this address; nil for what the wallet does not offer there.
    func kind(at path: String) -> Kind? {
        Kind.allCases.first { kind in
            kind.path == path && kind.types == (fields["txnType"] ?? "", fields["txnSubType"] ?? "")
        }
    }

    /// The first required field that is missing; an original may be named by either of its numbers.
    func missing(for kind: Kind?) -> String? {
        if let name = (kind?.required ?? Kind.common).first(where: { value($0) == nil }) { return name }
        guard kind == .void || kind == .refund, value("origQryId") == nil else { return nil }
        return ["origOrderId", "origTxnTime"].first { value($0) == nil }
    }

    /// The call, whose required fields are present.
    func content(of kind: Kind) throws(InvalidField) -> UnionPayCall.Content {
        try check("version") { $0 == "5.1.0" }
        try check("encoding") { $0.uppercased() == "UTF-8" }
        try check("signMethod") { $0 == "01" }
        // Queries of other products' integrators carry 000201.
        try check("bizType") { $0 == "000000" || kind.path == Kind.queryPath && $0 == "000201" }
        try check("accessType") { $0 == "0" }
        try check("merId") { isAlphanumeric($0, 15...15) }
        try check("channelType") { $0 == "07" || $0 == "08" }
        for name in ["orderId", "origOrderId"] { try check(name) { isAlphanumeric($0, 8...40) } }
        for name in ["txnTime", "origTxnTime"] { try check(name) { $0.utf8.count == 14 && ChinaTime($0) != nil } }
        for name in ["queryId", "origQryId"] { try check(name) { isAlphanumeric($0, 20...21) } }
        try check("currencyCode") { $0 == "156" }
        try check("qrNo") { isNumber($0, 1...20) }
        try check("fileType") { $0 == "00" }
        // Eight characters of any kind by the table; letters have been refused all the same.
        try check("termId") { isNumber($0, 8...8) }
        try check("backUrl") { $0.hasPrefix("http") && $0.utf8.count <= 256 }
        try check("reqReserved") { $0.utf8.count <= 1024 && !$0.hasScalar(in: "&") }
        switch kind {
        case .consume: return .consume(try payRequest())
        case .reversal: return .reverse(number: text("orderId"), time: text("txnTime"))
        case .queryByOrder: return .query(.order(number: text("orderId"), time: text("txnTime")))
        case .queryByID: return .query(.queryID(text("queryId")))
        case .settlementFile:
            // A date without a year is one if it is one in a leap year.
            guard BillPeriod(settlementDay: "2024" + text("settleDate")) != nil else {
                throw InvalidField(name: "settleDate")
            }
            return .bill(settleDate: text("settleDate"))
        case .void, .refund:
            return .giveBack(
                UnionPayWallet.GiveBackRequest(
                    isVoid: kind == .void,
                    number: text("orderId"),
                    time: text("txnTime"),
                    amount: try amount(),
                    original: value("origQryId").map { .queryID($0) }
                        ?? .order(number: text("origOrderId"), time: text("origTxnTime")),
                    echoes: echoes
                )
            )
        }
    }

    private func payRequest() throws(InvalidField) -> PayRequest {
        PayRequest(
            wallet: .unionpay,
            merchantOrderNumber: text("orderId"),
            orderTime: text("txnTime"),
            code: text("qrNo"),
            amount: try amount(),
            subject: text("merId"),
            // Nothing is compared: the same order again is a duplicate, whatever else it says.
            fingerprint: "",
            echoes: echoes,
            life: UnionPayWallet.unpaidLife,
            absoluteExpiry: nil
        )
    }

    /// What a later query repeats of this transaction, and the register, which stands in the settlement file alone.
    private var echoes: [String: String] {
        var echoes: [String: String] = [:]
        for name in ["bizType", "txnType", "txnSubType", "reqReserved", "origOrderId", "origTxnTime", "termId"] {
            echoes[name] = value(name)
        }
        return echoes
    }

    private func amount() throws(InvalidField) -> Int64 {
        let text = text("txnAmt")
        guard isNumber(text, 1...12), !text.hasPrefix("0"), let fen = Int64(text) else {
            throw InvalidField(name: "txnAmt")
        }
        return fen
    }

    /// A field that is there must be right, whether it had to be there or not.
    private func check(_ name: String, _ isRight: (String) -> Bool) throws(InvalidField) {
        guard let value = value(name) else { return }
        guard isRight(value) else { throw InvalidField(name: name) }
    }

    private func isNumber(_ text: String, _ length: ClosedRange<Int>) -> Bool {
        length.contains(text.utf8.count) && text.utf8.allSatisfy { (48...57).contains($0) }
    }

    private func isAlphanumeric(_ text: String, _ length: ClosedRange<Int>) -> Bool {
        length.contains(text.utf8.count)
            && text.utf8.allSatisfy { byte in
                switch byte {
                case 48...57, 65...90, 97...122: true
                default: false
                }
            }
    }

    private func value(_ name: String) -> String? {
        guard let value = fields[name], !value.isEmpty else { return nil }
        return value
    }

    private func text(_ name: String) -> String { fields[name] ?? "" }
}
