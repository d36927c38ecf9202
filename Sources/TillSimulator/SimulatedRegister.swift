// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// One request on its way, and what it needs to come back.
final class Message {
    let call: LaneCall
    let register: Int
    let life: Int
    /// The payment it is about; nil for heartbeat, HELLO and refunds.
    let place: Int?
    /// The sender's keyed checksum.
    let seal: UInt64
    // Tests can reach these, so each access would be checked while it runs, message by message.
    @exclusivity(unchecked) var proxiesLeft = 0
    @exclusivity(unchecked) var proxy = 0
    @exclusivity(unchecked) var proxyLife = 0
    /// A clogged proxy holds it.
    @exclusivity(unchecked) var isHeld = false
    /// The cloud that a proxy took it to.
    @exclusivity(unchecked) var arrivesAt = 0

    init(call: LaneCall, register: Int, life: Int, place: Int?, seal: UInt64) {
        self.call = call
        self.register = register
        self.life = life
        self.place = place
        self.seal = seal
    }
}

/// One register: machine, plug-in with its disk, cashier.
struct SimulatedRegister {
    let id: RegisterID
    let settings: LaneSettings
    let key: UInt64
    var disk = SimulatedDisk()
    /// The plug-in's process lives; its mind is in the simulation's list of lanes.
    var isRunning = false
    /// Rises with each start and each death of the process.
    var life = 0
    /// Switched off on purpose: nobody starts it but a person.
    var isOff = false
    var epochs: [UInt64] = []
    /// The last record of a write that was cut short, and the place of a record in which a bit has flipped: both
    /// wait for the next start.
    var torn: JournalEntry?
    var flipped: Int?
    /// For a planted bug.
    var lastPay: LaneCall?

    // Time. The monotonic clock began at `bootedAt`, runs `drift` parts per million fast, and stood still for `frozen`.
    var bootedAt: Int64 = 0
    var drift: Int64 = 0
    var frozen: Int64 = 0
    var wakeAt: Int64 = .max
    var stoppedUntil: Int64 = 0
    var restartsLeft = 0

    // The way out.
    var proxy = 0
    var isConnected = false
    var call: Message?
    var callEndsAt: Int64 = .max
    /// Whether a byte of the outstanding call may have left.
    var hasLeft = false

    // What the oracles know.
    var startedAt: Int64 = 0
    /// A sale was asked for since the start: its attempt may be waiting for its outcome.
    var wasAsked = false
    var contactAt: Int64 = -60_000
    var laneIsRed = false
    /// Supervisors' codes come with the first answer to HELLO, and are gone with the process.
    var knowsSupervisors = false
    /// Wrong codes in a row, and until when five of them have locked the release; gone with the process.
    var wrongTries = 0
    var releaseLockedUntil: Int64 = 0
    var hadNewerIndex = false
    /// When a supervisor last asked for a release.
    var releasedAt: Int64 = -1

    /// Calls to pay that wait for their answer.
    var owed: [Owed] = []

    struct Owed {
        let token: UInt64
        let at: Int64
    }

    var cashier = Cashier()

    /// The number's places of this register's attempts that are not over: INTENT, PAID, REVOKE, DUTY, RELEASED.
    var open: [Int] = []

    /// The plug-in's monotonic clock may be some seconds slow or fast over ten minutes: a try that may count does.
    mutating func countTry(_ code: [UInt8], now: Int64) {
        guard knowsSupervisors, now >= releaseLockedUntil - 6_000 else { return }
        wrongTries = code == Supervisor.code ? 0 : wrongTries + 1
        guard wrongTries == 5 else { return }
        wrongTries = 0
        releaseLockedUntil = now + 603_000
    }

    func monotonic(_ now: Int64) -> Int64 {
        let span = now - bootedAt - frozen
        return span + span / 1_000 * drift / 1_000
    }

    /// The true moment at which the monotonic clock shows `moment`, not too early.
    func trueTime(_ moment: Int64) -> Int64 {
        guard drift != 0 else { return moment + bootedAt + frozen }
        return moment - moment / 1_000 * drift / 1_000 + bootedAt + frozen + 1
    }
}

/// Who stands at the register.
struct Cashier {
    var sale: Int?
    var tries = 0
    /// The call whose answer is waited for.
    var token: UInt64?
    var isPay = false
    var askedAt: Int64 = 0
    var askedLife = 0
    /// Voids what was planned earlier.
    var plan = 0
    var nextToken: UInt64 = 1
    /// Since when the lane has been shut for other sales.
    var lockedSince: Int64?
    var isHome = false
    var isManagerHere = false
}
