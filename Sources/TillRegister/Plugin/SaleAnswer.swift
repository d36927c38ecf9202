// Part of Tillbridge. See LICENSE.

/// What the plug-in's native interface says of a sale.
package struct SaleAnswer: Codable, Equatable, Sendable {
    /// A word that is not in this list makes the whole answer unreadable, which is silence: never a success.
    package enum Outcome: String, Codable, Sendable {
        case paid, declined, cancelled, unavailable, busy, unacknowledged, waiting
    }

    package var outcome: Outcome
    package var saleRef: String
    package var orderNumber: String?
    package var wallet: String?
    package var walletTransaction: String?
    /// In fen.
    package var amount: Int64
    package var lane: String?
    package var reason: String?
    package var waitingFor: String?
    package var decidesInSeconds: Int64?
    package var retryAfterSeconds: Int64?
    /// For *busy* and *unacknowledged*: the sale in the way.
    package var blockedBy: String?
    /// For *cancelled*: the undo has ended, no money is held.
    package var final: Bool?
    /// The payer as the wallet masks it.
    package var payer: String?
    package var message: [String: String]?

    package init(outcome: Outcome, saleRef: String, amount: Int64) {
        self.outcome = outcome
        self.saleRef = saleRef
        self.amount = amount
    }
}

/// What the plug-in says of itself and of its lane.
package struct LaneStatus: Codable, Equatable, Sendable {
    package var lane: String
    package var available: Bool
    package var reason: String?
    package var register: String?
    package var wallets: [String]?
    package var version: String?
    package var secondsSinceContact: Int64?
    /// The attempt that holds the lane.
    package var payment: SaleAnswer?
    /// Missing where the protocol runs in real time.
    package var timeFactorThousandths: Int64?
}

/// RFC 9457.
package struct Problem: Codable, Equatable, Sendable {
    package var type: String?
    package var title: String
    package var status: Int?
    package var detail: String?
    package var field: String?
    package var afterSeconds: Int64?

    package init(type: String? = nil, title: String, status: Int, detail: String? = nil, field: String? = nil) {
        self.type = type
        self.title = title
        self.status = status
        self.detail = detail
        self.field = field
    }
}
