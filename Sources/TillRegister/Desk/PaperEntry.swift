// Part of Tillbridge. See LICENSE.

/// One line of the paper log: what this till asked for, was told, or booked itself. Never a payment code.
package struct PaperEntry: Codable, Equatable, Sendable {
    package enum Kind: String, Codable, Sendable {
        /// The till asks the plug-in.
        case asked
        /// The plug-in answered about a sale.
        case told
        /// The plug-in refused the call.
        case refused
        /// No readable answer came.
        case silence
        /// The cashier took cash.
        case cash
    }

    package enum Call: String, Codable, Sendable { case pay, status, acknowledge, disown, cancel, release }

    /// Milliseconds since 1970.
    package var time: Int64
    package var kind: Kind
    package var call: Call?
    package var saleRef: String?
    /// In fen.
    package var amount: Int64?
    package var outcome: SaleAnswer.Outcome?
    package var orderNumber: String?
    package var wallet: String?
    package var walletTransaction: String?
    package var reason: String?
    package var blockedBy: String?
    /// The undo of a cancelled sale has ended.
    package var undone: Bool?
    package var status: Int?
    package var note: String?

    package init(time: Int64, kind: Kind, call: Call? = nil, saleRef: String? = nil, amount: Int64? = nil) {
        self.time = time
        self.kind = kind
        self.call = call
        self.saleRef = saleRef
        self.amount = amount
    }

    package init(time: Int64, told answer: SaleAnswer, by call: Call) {
        self.init(time: time, kind: .told, call: call, saleRef: answer.saleRef, amount: answer.amount)
        outcome = answer.outcome
        orderNumber = answer.orderNumber
        wallet = answer.wallet
        walletTransaction = answer.walletTransaction
        reason = answer.reason
        blockedBy = answer.blockedBy
        undone = answer.final
    }
}
