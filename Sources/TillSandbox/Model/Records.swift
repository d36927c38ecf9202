// Part of Tillbridge. See LICENSE.

// The rows of a wallet's books. Amounts are fen, moments are milliseconds since 1970 UTC by the sandbox's clock.

/// A payment code shown on a shopper's phone.
package struct IssuedCode: Codable, Equatable, Sendable {
    package let wallet: SandboxWallet
    package let code: String
    package let shopper: String
    package let behaviour: Behaviour
    package let issuedAt: Int64
    package let expiresAt: Int64
    /// The key of the first payment that used it. A code serves one only.
    package var usedBy: String?
}

/// A person with a wallet account. What they hold is `opening` plus what the ledger moved.
package struct Shopper: Codable, Equatable, Sendable {
    package let wallet: SandboxWallet
    package let name: String
    package var opening: Int64
}

package struct HistoryEntry: Codable, Equatable, Sendable {
    package let at: Int64
    package let event: String
    package let amount: Int64?
}

package enum RefundState: String, Codable, Sendable {
    case processing, done, failed
}

package struct RefundRecord: Codable, Equatable, Sendable {
    package let number: String
    /// See ``PayRequest/orderTime``; a refund has a time of its own.
    package var orderTime: String?
    package let walletNumber: String
    package let amount: Int64
    /// Everything a repetition of this refund must repeat.
    package let fingerprint: String
    package let reason: String
    package let createdAt: Int64
    package var state: RefundState
    /// While processing: when it is decided.
    package var settlesAt: Int64
    /// While processing: it will fail when it is decided.
    package var fails: Bool
    /// Request fields that later answers repeat, by their name at the wallet.
    package var echoes: [String: String]?

    package var key: String { OrderKey.text(number, orderTime) }
}

/// Why a trade is closed.
package enum Closing: String, Codable, Sendable {
    /// Its time ran out.
    case expired
    /// The shopper declined, or the bank did.
    case declined
    /// The merchant closed or cancelled it before it was paid.
    case cancelled
}

package struct Trade: Codable, Equatable, Sendable {
    package let wallet: SandboxWallet
    package let merchantOrderNumber: String
    /// See ``PayRequest/orderTime``.
    package let orderTime: String?
    package let walletNumber: String
    package let amount: Int64
    package let subject: String
    package let shopper: String
    package let code: String
    /// What the wallet compares when the same number comes again.
    package let fingerprint: String
    /// Request fields that later answers repeat, by their name at the wallet.
    package let echoes: [String: String]
    package let createdAt: Int64
    package let expiresAt: Int64
    package var state: TradeState
    package var closing: Closing?
    /// While waiting: when the shopper types the password without being told to.
    package var paysAt: Int64?
    /// While waiting: a password typed by a person is accepted.
    package var confirmable: Bool
    package var paidAt: Int64?
    package var endedAt: Int64?
    /// The business error with which the first pay call was refused, for a wallet that keeps refused orders.
    package var refusal: PayRefusal?
    package var refunds: [RefundRecord]
    package var history: [HistoryEntry]

    package var key: String { OrderKey.text(merchantOrderNumber, orderTime) }

    /// What refunds have taken from the merchant, whether it has arrived at the shopper or not.
    package var refundAccepted: Int64 {
        refunds.reduce(0) { $0 + ($1.state == .failed ? 0 : $1.amount) }
    }

    package var refundDone: Int64 {
        refunds.reduce(0) { $0 + ($1.state == .done ? $1.amount : 0) }
    }

    package var inFlight: Int64 { refundAccepted - refundDone }

    /// What the shopper has paid for this trade and not got back.
    package var net: Int64 {
        switch state {
        case .waiting, .closed, .reversed: 0
        case .paid, .refunded: amount - refundDone
        }
    }
}

/// Why a wallet refuses a pay call.
package enum PayRefusal: String, Codable, Sendable {
    case codeUnknown, codeExpired, codeUsed, insufficient, risk
    /// The number is known with other data.
    case inconsistent
    /// The number is known with another shopper's code.
    case otherShopper
    case alreadyPaid, alreadyClosed, alreadyReversed
    /// The absolute end of the order had passed when the call came.
    case expiryPassed
}

/// A pay call that the wallet carries out later than it was sent.
package struct LatePay: Codable, Equatable, Sendable {
    package let id: String
    package let due: Int64
    package let request: PayRequest

    package init(
        id: String,
        due: Int64,
        request: PayRequest
    ) {
        self.id = id
        self.due = due
        self.request = request
    }
}

/// What a wallet knows an order by.
package enum OrderKey {
    /// The merchant's number, with the time that belongs to it where the wallet asks for both.
    package static func text(_ number: String, _ time: String?) -> String { time.map { "\(number)@\($0)" } ?? number }
}

/// One pay call as every wallet understands it.
package struct PayRequest: Codable, Equatable, Sendable {
    package let wallet: SandboxWallet
    package let merchantOrderNumber: String
    /// UnionPay's second half of an order's identity, `yyyyMMddHHmmss`: the same number at another time is another
    /// order. Nil at the other wallets.
    package let orderTime: String?
    package let code: String
    package let amount: Int64
    package let subject: String
    package let fingerprint: String
    package let echoes: [String: String]
    /// How long an unpaid order lives, in milliseconds of wallet time.
    package let life: Int64
    /// An absolute end that wins over `life`, if the policy says that it applies.
    package let absoluteExpiry: Int64?

    package var key: String { OrderKey.text(merchantOrderNumber, orderTime) }

    package init(
        wallet: SandboxWallet,
        merchantOrderNumber: String,
        orderTime: String? = nil,
        code: String,
        amount: Int64,
        subject: String,
        fingerprint: String,
        echoes: [String: String],
        life: Int64,
        absoluteExpiry: Int64?
    ) {
        self.wallet = wallet
        self.merchantOrderNumber = merchantOrderNumber
        self.orderTime = orderTime
        self.code = code
        self.amount = amount
        self.subject = subject
        self.fingerprint = fingerprint
        self.echoes = echoes
        self.life = life
        self.absoluteExpiry = absoluteExpiry
    }
}
