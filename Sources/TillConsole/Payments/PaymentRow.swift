// Part of Tillbridge. See LICENSE.
import GRDB
import TillDomain

/// One payment in a list.
struct PaymentRow: Sendable {
    let number: String
    let cloud: String
    let store: String
    let storeName: String
    let register: String
    let ticket: String
    let wallet: String
    let walletNumber: String?
    /// Fen.
    let amount: Int64
    let refunded: Int64
    let state: String
    /// The state of the cloud's machine behind the display.
    let rawState: String
    let reason: String?
    /// Milliseconds since 1970.
    let createdAt: Int64
    let changedAt: Int64
    /// Since when it is a problem; nil while it is none.
    let problemSince: Int64?
    let resultAfter: Int64?
    let change: Int64
    /// The last four digits of the payment code.
    let codeEnd: String?

    static let columns = "payment.*, (SELECT name FROM node WHERE code = payment.store) AS store_name"

    init(_ row: Row) {
        number = row["number"]
        cloud = row["cloud"]
        store = row["store"]
        storeName = row["store_name"] ?? ""
        register = row["register"]
        ticket = row["ticket"]
        wallet = row["wallet"]
        walletNumber = row["wallet_number"]
        amount = row["amount"]
        refunded = row["refunded"]
        state = row["state"]
        rawState = row["raw_state"]
        reason = row["reason"]
        createdAt = row["created_at"]
        changedAt = row["changed_at"]
        problemSince = row["problem_since"]
        resultAfter = row["result_after"]
        change = row["change"]
        codeEnd = row["code_end"]
    }

    /// Nil for a number that is not known.
    static func of(number: String, _ database: Database) throws -> PaymentRow? {
        try Row.fetchOne(
            database,
            sql: "SELECT \(columns) FROM payment WHERE number = ?",
            arguments: [number]
        ).map { PaymentRow($0) }
    }

    /// How a state looks: never by its colour alone.
    static func chip(_ state: String, _ words: Words) -> [String: Any] {
        let (style, icon) = looks[state] ?? ("grey-line", "question")
        return ["style": style, "icon": icon, "name": words.text(Phrase(family: "state", state))]
    }

    static let states = [
        "paying", "awaiting_user", "succeeded", "failed", "unknown", "revoking", "revoked", "revoke_failed",
        "refunding",
        "part_refunded", "refunded", "refund_failed", "closed",
    ]

    private static let looks: [String: (style: String, icon: String)] = [
        "paying": ("amber", "clock"), "awaiting_user": ("amber-line", "clock"), "succeeded": ("green", "check"),
        "failed": ("red-line", "cross"), "unknown": ("violet", "question"), "revoking": ("orange", "back"),
        "revoked": ("grey-solid", "back"), "revoke_failed": ("red", "alert"), "refunding": ("blue", "clock"),
        "part_refunded": ("blue-line", "back"), "refunded": ("blue-solid", "back"), "refund_failed": ("red", "alert"),
        "closed": ("grey-line", "cross"),
    ]

    /// States of which the age tells how bad they are.
    private static let aging: Set<String> = [
        "paying", "awaiting_user", "unknown", "revoking", "revoke_failed", "refunding",
    ]

    func model(_ call: Call) -> [String: Any] {
        let formats = call.formats
        var chip = PaymentRow.chip(state, call.words)
        chip["age"] = PaymentRow.aging.contains(state) ? call.age(since: problemSince ?? changedAt) : ""
        return [
            "number": number,
            "date": formats.date(createdAt),
            "time": formats.time(createdAt),
            "store": store,
            "storeName": storeName,
            "register": register,
            "ticket": ticket,
            "wallet": wallet.isEmpty
                ? call.text(Phrase("payments.noWallet")) : PaymentRow.walletName(wallet, call.words),
            "walletNumber": walletNumber ?? "",
            "codeEnd": codeEnd ?? "",
            "amount": formats.money(amount),
            "refunded": refunded > 0 ? formats.money(refunded) : "",
            "chip": chip,
            "isUnconfirmed": rawState == "paid",
            "reason": reason.map { PaymentRow.reason($0, call.words) } ?? "",
            "result": resultAfter.map { formats.duration($0) } ?? "–",
            "change": change,
            "cloud": cloud,
            "refundPath": RefundDesk.refundableStates.contains(state) && call.visitor?.may(.requestRefunds) == true
                ? "/payments/\(number)/refund" : "",
        ]
    }

    /// From when on its undo may be ordered, milliseconds since 1970, in real time: where a cloud's time runs faster, it
    /// would obey earlier. Nil while there is nothing to undo.
    var revocableFrom: Int64? {
        guard RefundDesk.revocableStates.contains(rawState) else { return nil }
        let times = ProtocolTimes()
        return createdAt + (rawState == "paid" ? times.confirmBound : times.answerBound)
    }

    /// The store's name, or its code where it has none here.
    var storeTitle: String { storeName.isEmpty ? store : storeName }

    /// A wallet that this console has no name for is shown by its own.
    static func walletName(_ wallet: String, _ words: Words) -> String {
        words.texts[Phrase(family: "wallet", wallet).key] ?? wallet
    }

    /// All reasons that have a text, by it.
    static func reasons(_ words: Words) -> [(value: String, label: String)] {
        words.texts.filter { $0.key.hasPrefix("reason.") }
            .map { (value: String($0.key.dropFirst("reason.".count)), label: $0.value) }
            .sorted { ($0.label, $0.value) < ($1.label, $1.value) }
    }

    /// The protocol's words are an open set: one without a text is shown itself.
    static func reason(_ reason: String, _ words: Words) -> String {
        words.texts[Phrase(family: "reason", reason).key] ?? reason
    }
}
