// Part of Tillbridge. See LICENSE.
import TillDomain

/// How far one cloud is told: of a confirm or of an undo.
struct CloudDuty: Equatable, Sendable {
    private(set) var isSettled = false
    private(set) var tries = 0
    /// Monotonic milliseconds; the next try is not before.
    private(set) var dueAt: Int64

    init(dueAt: Int64) { self.dueAt = dueAt }

    mutating func settle() { isSettled = true }

    /// A try ended without settling: at once, 1, 2, 4, 8 s, then every 15 s ± 20 %.
    mutating func backOff(now: Int64, times: ProtocolTimes, random: inout LaneRandom) {
        let delay: Int64
        if tries < 4 {
            delay = 1_000 << Int64(tries)
        } else {
            delay = 12_000 + random.below(6_000)
        }
        tries += 1
        dueAt = now + times.scaled(delay)
    }

    /// Contact came back: try again no later than `latest`.
    mutating func hurry(latest: Int64) { dueAt = min(dueAt, latest) }
}

/// SplitMix64: jitter and nonces, from one seed that the shell draws.
package struct LaneRandom: Equatable, Sendable {
    private var state: UInt64

    package init(seed: UInt64) { state = seed }

    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
        return mixed ^ mixed >> 31
    }

    /// 0 ..< bound.
    mutating func below(_ bound: Int64) -> Int64 {
        bound <= 0 ? 0 : Int64(next() % UInt64(bound))
    }
}

/// One attempt to collect money, from its intent to the last answer it owes to a cloud.
struct LaneAttempt: Sendable {
    let intent: Intent
    let home: CloudName
    /// As in ``EndedSale``: what the register asks about is looked for by it.
    let saleHash: UInt64
    /// The payment code's keyed hash: 32 hexadecimal digits.
    let codeHash: [UInt8]
    /// Index of its INTENT record: segments from there on are kept.
    let journalIndex: UInt64
    /// Begun by this process; false after a restart. Only such an attempt can be proved unwritten.
    let isOurs: Bool
    var state: LaneState = .intent

    /// Held while a pay request may still be sent, and never written down.
    var code: PaymentCode?
    var operatorName: [UInt8] = []
    var items: [BasketItem] = []

    /// A pay request, or a part of one, may have left.
    var everLeft = false
    var paySends = 0
    /// Monotonic milliseconds: when the plug-in decides. Nil after a restart, until the cloud clock is known.
    var decidesAt: Int64?
    /// Monotonic milliseconds until which a second attempt may begin. Nil for a second attempt.
    var secondAttemptUntil: Int64?
    /// The next pay or query of an undecided attempt.
    var asksAt: Int64 = .max
    var asksWithPay = true
    var askCloud: CloudName
    var askFailures = 0
    var waitingFor: Waiting?

    /// The register's call that waits for the outcome.
    var token: UInt64?
    /// The answer that says *paid*, until it is completely written.
    var paidToken: UInt64?
    var implicitlyAckedAt: Int64?
    var reattachUntil: Int64?
    var isReattached = false

    var paid: PaidReply?
    var reason: AnswerReason?
    var kind: UndoKind?
    var isImplicit = false
    var lockedAt: Int64 = 0
    var lockedSince: Timestamp = .unknown
    var isStuck = false
    var nextSeconds: Int64?

    /// Undo and confirm, per cloud.
    var dutyA = CloudDuty(dueAt: .max)
    var dutyB = CloudDuty(dueAt: .max)

    /// - Parameter saleHash: Nil: not computed yet.
    init(
        intent: Intent,
        home: CloudName,
        saleHash: UInt64? = nil,
        codeHash: [UInt8],
        journalIndex: UInt64,
        isOurs: Bool
    ) {
        self.intent = intent
        self.home = home
        self.saleHash = saleHash ?? PluginLane.hash64(intent.saleReference.bytes)
        self.codeHash = codeHash
        self.journalIndex = journalIndex
        self.isOurs = isOurs
        askCloud = home
    }

    subscript(cloud: CloudName) -> CloudDuty {
        get { cloud == .a ? dutyA : dutyB }
        set {
            switch cloud {
            case .a: dutyA = newValue
            case .b: dutyB = newValue
            }
        }
    }

    /// Whether something is still owed to the clouds: an undo or a confirm.
    var owes: LaneCallOwed? {
        switch state {
        case .revoke, .duty, .released, .declined, .final: dutyA.isSettled && dutyB.isSettled ? nil : .revoke
        case .acked: dutyA.isSettled && dutyB.isSettled ? nil : .confirm
        case .free, .intent, .paid, .unsent: nil
        }
    }

    /// Starts telling both clouds, the paying one first.
    mutating func startDuty(now: Int64) {
        self[home] = CloudDuty(dueAt: now)
        self[home.other] = CloudDuty(dueAt: now + 1)
    }

    var revokeReason: RevokeReason {
        switch reason {
        case .revoked(let reason): reason
        default: .hygiene
        }
    }
}

enum LaneCallOwed: Equatable, Sendable { case revoke, confirm }
