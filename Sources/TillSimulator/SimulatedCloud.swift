// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// One cloud: a process, and a database that survives it.
struct SimulatedCloud {
    /// One who waits for a change of a row.
    struct Waiter {
        let id: Int
        let message: Message
        let event: CloudEvent
        let first: CloudAnswer
    }

    /// One row and what the process holds about it.
    struct Row {
        var payment: CloudPayment? {
            didSet {
                state = payment?.state ?? .none
                isQueued = payment?.record.queued ?? false
                hasWork = payment?.record.nextWork != nil
                version = payment?.record.version ?? 0
            }
        }
        // The payment's: who looks at them copies no payment.
        private(set) var state = CloudState.none
        private(set) var isQueued = false
        /// Something is planned for it.
        private(set) var hasWork = false
        private(set) var version: Int64 = 0
        // In memory only.
        var waiters: [Waiter] = []
        var payCall: CloudPayCall?
        /// For a planted bug: a right to write that survives.
        var resumable: CloudPayCall?
        var timerAt: Int64 = .max
        /// Wallet calls of the undo that are out: two at once would be two workers.
        var undoCalls = 0
        /// Somebody has taken it up. Persons outlive the process.
        var hasPerson = false
    }

    /// What a failover that loses a suffix takes back.
    struct Redo {
        let at: Int64
        let place: Int
        let before: CloudPayment?
    }

    let name: CloudName
    /// This clock's error while it is in order, within ε.
    let baseError: Int64
    var clockError: Int64
    var isClockTrusted = true
    var rows: [Row] = []
    /// Places of rows in SENDING, UNKNOWN, PAID, REVOKING, STUCK.
    var open: [Int] = []
    var highestSequence: [UInt64]
    var journalIndex: [UInt64]
    var isUp = true
    var isDead = false
    /// Rises with each start and each death of the process: completions and timers of an earlier life are void.
    var life = 0
    var stoppedUntil: Int64 = 0
    var frozenUntil: Int64 = 0
    var restartsLeft = 0
    var nextWaiter = 0

    // The database.
    /// Rises with each failover.
    var primary = 0
    var redo: [Redo] = []
    var keepsRedo = false
    var databaseDownUntil: Int64 = 0
    var readOnlyUntil: Int64 = 0
    var slowUntil: Int64 = 0
    var lastPromotion: Timestamp?
    /// True time of the promotion, for the oracles.
    var promotedAt: Int64?

    // Load.
    var load = CloudLoad.normal
    var loadUntil: Int64 = 0
    var walletOffUntil: Int64 = 0
    var routingMissingUntil: Int64 = 0

    init(name: CloudName, baseError: Int64, registers: Int) {
        self.name = name
        self.baseError = baseError
        clockError = baseError
        highestSequence = [UInt64](repeating: 0, count: registers)
        journalIndex = [UInt64](repeating: 0, count: registers)
    }

    mutating func makeRow(_ place: Int) {
        while rows.count <= place { rows.append(Row()) }
    }

    static func isOpen(_ state: CloudState) -> Bool {
        switch state {
        case .sending, .unknown, .paid, .revoking, .stuck: true
        case .none, .declined, .tomb, .revoked, .confirmed: false
        }
    }
}

/// One proxy. It holds no truth, only requests.
struct SimulatedProxy {
    /// Requests that one proxy holds at most; beyond it says so at once.
    static let limit = 8
    var isUp = true
    var isDead = false
    var life = 0
    var stoppedUntil: Int64 = 0
    var cloggedUntil: Int64 = 0
    var held = 0
    /// What the health checks say of each cloud, and when the truth last changed.
    var seesUp = [true, true]
    var truth = [true, true]
    var changedAt: [Int64] = [0, 0]
    var lastError: Int64 = 0
}

/// One call to a wallet and what comes of it.
final class Errand {
    enum Kind {
        case pay(CloudPayCall)
        case query(CloudQuery)
        case cancel
        case refund(WalletRefund, counter: Int)
        case refundQuery(WalletRefund, counter: Int)
    }

    let kind: Kind
    let cloud: Int
    let life: Int
    let place: Int
    let order: WalletOrder
    let wallet: Wallet
    let intent: Intent
    let home: CloudName
    /// What comes back; nil: nothing in time.
    var outcome: CloudEvent?

    init(
        kind: Kind,
        cloud: Int,
        life: Int,
        place: Int,
        order: WalletOrder,
        wallet: Wallet,
        intent: Intent,
        home: CloudName
    ) {
        self.kind = kind
        self.cloud = cloud
        self.life = life
        self.place = place
        self.order = order
        self.wallet = wallet
        self.intent = intent
        self.home = home
    }

    /// Time is up without an answer.
    var unanswered: CloudEvent {
        switch kind {
        case .pay: .payOutcome(.unknown(.noAnswer))
        case .query(let query): .queryOutcome(.unknown(.noAnswer), query)
        case .cancel: .cancelOutcome(.unknown(.noAnswer))
        case .refund(_, let counter): .refundOutcome(.unknown(.noAnswer), counter: counter)
        case .refundQuery(_, let counter): .refundQueryOutcome(.unknown(.noAnswer), counter: counter)
        }
    }
}

/// A decision that a slow database has not stored yet.
final class PendingCommit {
    let cloud: Int
    let life: Int
    let primary: Int
    let place: Int
    let event: CloudEvent
    let payment: CloudPayment
    /// The version of the row that was read.
    let version: Int64
    let effects: [CloudEffect]
    let message: Message?

    init(
        cloud: Int,
        life: Int,
        primary: Int,
        place: Int,
        event: CloudEvent,
        payment: CloudPayment,
        version: Int64,
        effects: [CloudEffect],
        message: Message?
    ) {
        self.cloud = cloud
        self.life = life
        self.primary = primary
        self.place = place
        self.event = event
        self.payment = payment
        self.version = version
        self.effects = effects
        self.message = message
    }
}
