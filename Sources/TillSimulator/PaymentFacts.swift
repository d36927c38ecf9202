// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// What an observer who sees everything knows of one attempt. The machines never see it; the oracles judge by it.
struct PaymentFacts {
    /// The order number's 24 bytes.
    let number: [UInt8]
    let register: Int
    let sale: Int
    let amount: Int64
    /// True time of the intent.
    let begunAt: Int64
    /// The life of the plug-in that wrote the intent.
    let life: Int
    /// What the cashier scanned; known from the first pay on.
    var code = SimulatedCode.nothing
    /// Known from the first request on.
    var intent: Intent?
    /// Where its code leads to, a place in the lists of routes and wallets.
    var routing = 0
    var home = CloudName.a

    /// The last durable record of the plug-in.
    var durable = JournalKind.intent
    var durableAt: Int64
    /// That the door was once shut: REVOKE was durable.
    var hadRevoke = false
    var hadAcked = false
    var isClosed = false

    // What the register was told.
    var toldPaid = false
    var toldNotPaid = false
    var disowned = false
    var wasPaged = false
    /// The journal forgot a durable record of this attempt: its disk broke its word, or was rolled back.
    var forgotten = false
    /// The wallet broke its word (W2, W5): judged by the repair clause.
    var wordBroken = false
    /// Two persons decided about the money.
    var decidedByPersons = false
    /// A person ordered the undo, which the cloud may have refused.
    var undoOrdered = false
    /// A cloud has stored the order.
    var orderStored = false
    /// Sum of the refunds by authority.
    var authorised: Int64 = 0

    var payWrites = 0
    var messages = 0
    /// For planted bugs.
    var isClaimUnknown = false
    var refundTries = 0
    /// Numbers of refunds that were asked for in the undo's name.
    var undoCounter: Int?
    /// A cloud said DUTY to the plug-in.
    var dutySaid = false
    /// The final state of the plug-in came from an undo.
    var finalAt: Int64?
    /// When REVOKE was durable, and in which life of the plug-in.
    var revokedAt: Int64 = 0
    var revokeLife = -1
    /// The life in which the plug-in paged because of a stuck undo.
    var stuckLife = -1
    var lastSentAt: Int64

    init(number: [UInt8], register: Int, sale: Int, amount: Int64, begunAt: Int64, life: Int) {
        self.number = number
        self.register = register
        self.sale = sale
        self.amount = amount
        self.begunAt = begunAt
        self.life = life
        lastSentAt = begunAt
        durableAt = begunAt
    }

    /// Over for the register, and both clouds have to hear of it.
    var owesClosing: Bool {
        switch durable {
        case .acked, .final, .declined: !isClosed
        default: false
        }
    }

    var name: String { String(decoding: number[8..<24], as: UTF8.self) }

    /// The attempt stands: its money belongs to the sale.
    var isStanding: Bool { durable == .intent || durable == .paid || durable == .acked }
    /// A promise about this attempt was broken by what the protocol takes for granted.
    var isExempt: Bool { forgotten || wordBroken || decidedByPersons }
}

/// One tender of one basket.
struct SimulatedSale {
    let register: Int
    let reference: SaleReference
    let amount: Int64
    var attempts: [Int] = []
    /// The attempt whose tender the register took.
    var taken: Int?
    var isAcknowledged = false
}

/// What a shopper shows, and does.
struct SimulatedCode {
    enum Shopper: UInt8 {
        case pays, hesitates, absent, late, poor, expired
    }

    let digits: [UInt8]
    let number: Int64
    let shopper: Shopper
    /// True time at which it was shown; its life is 60 s.
    let shownAt: Int64

    static let nothing = SimulatedCode(digits: [], number: -1, shopper: .pays, shownAt: 0)
}
