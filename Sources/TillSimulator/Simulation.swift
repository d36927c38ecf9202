// Part of Tillbridge. See LICENSE.
import TillDomain
package import TillEngine

/// The whole chain in virtual time: cashiers, registers, plug-ins with disks, proxies, two clouds with databases,
/// wallets. The machines are those of production; everything else is played, with seeded faults.
///
/// One loop, no tasks, no clock, no unordered iteration: equal seeds give equal runs.
package struct Simulation {
    enum Event {
        case wake(Int)
        case startPlugin(Int, life: Int)
        case cashier(Int, plan: Int)
        case look(Int, plan: Int)
        case registerCall(Int, CashierCall)
        case answerWritten(Int, life: Int, token: UInt64)
        case manager(Int)
        case atCloud(Message)
        case atPlugin(Message, Delivery)
        case connectFails(Message)
        case holdEnds(Int, life: Int, place: Int, waiter: Int)
        case cloudTimer(Int, place: Int)
        case writePay(Int, life: Int, place: Int)
        case atWallet(Errand)
        case fromWallet(Errand)
        case executePay(Errand, ReferenceWallet.Manner, answered: Bool)
        case walletChanges(Int)
        case breakWord(Int)
        case commit(PendingCommit)
        case startCloud(Int, life: Int)
        case startProxy(Int)
        case failoverEnds(Int, since: Int64?)
        case clockCorrected(Int, life: Int64)
        case clockSuspected(Int, Int64)
        case episode(FaultKind)
        case load
        case walletBack(Int)
        case lunch(ends: Bool)
        case person(Int, place: Int, CloudAlarm)
        case board
        case backOffice(Int, place: Int, isRefund: Bool)
        case stranger(Int)
        case restoreDisk(Int, image: Int64)
    }

    /// What comes back for a message.
    final class Delivery {
        let result: LaneCallResult
        // Of the result, which is large: who asks for these copies nothing.
        let isFailed: Bool
        let isHello: Bool
        let isDuty: Bool

        init(_ result: LaneCallResult) {
            self.result = result
            (isFailed, isHello, isDuty) =
                switch result {
                case .failed: (true, false, false)
                case .hello: (false, true, false)
                case .undo(let reply): (false, false, reply.isDuty)
                case .heartbeat, .payment, .confirm, .refund: (false, false, false)
                }
        }
    }

    /// What somebody at a register does later.
    enum CashierCall {
        case acknowledge(Int)
        case disown(Int)
        case cancel(Int)
        case rescan(Int)
        case otherBasket
        case refund(Int)
        case anything
    }

    let seed: UInt64
    let options: SimulationOptions
    let bug: PlantedBug?
    let cloudTable: CloudTable
    let laneTable: [LaneRow]
    let times = ProtocolTimes()
    /// Cloud time at virtual zero.
    static let epochStart: Int64 = 1_795_343_400_000

    /// One generator for the world's ordinary course, one for each family of faults, one for rare situations: what is
    /// switched off changes nothing in the others' draws.
    var world: LaneRandom
    var chances: [LaneRandom]
    var rarities: LaneRandom
    var queue: EventQueue<Event>
    var now: Int64 = 0
    var faultsOn = true
    var isClosing = false
    /// A payment that had not come to its end when that was last asked.
    var unsettled: Int?

    var registers: [SimulatedRegister] = []
    var lanes: [PluginLane] = []
    /// For each register, what its plug-in's last start has read.
    var readings: [JournalReading?] = []
    var proxies: [SimulatedProxy] = [SimulatedProxy(), SimulatedProxy()]
    var clouds: [SimulatedCloud] = []
    var links = Links()
    var wallet = ReferenceWallet()

    var payments: [PaymentFacts] = []
    var sales: [SimulatedSale] = []
    var numbers = NumberIndex()
    /// Every code that was shown, at the place of its number.
    var codes: [SimulatedCode] = []
    var managerToken: UInt64 = 0
    /// Tokens that were answered in this step, and alarms of plug-ins so far.
    var answered: [UInt64] = []
    var alarms = 0
    var acknowledgeToken: UInt64 = 0
    var managerAnswer: LaneStatus?

    /// For a planted bug: a claim whose commit nobody knows.
    var violationIfClaimUnknown: Int?

    package internal(set) var report = SimulationReport()
    package internal(set) var coverage = Coverage()
    /// Counting rows costs a tenth of the speed.
    let countsRows: Bool
    /// The run in words, for a replay. Nil: nobody reads it.
    var trace: [TraceLine]?

    package init(
        seed: UInt64,
        options: SimulationOptions,
        bug: PlantedBug? = nil,
        tables: (cloud: CloudTable, lane: [LaneRow])? = nil,
        countsRows: Bool = false,
        traces: Bool = false
    ) {
        self.seed = seed
        self.options = options
        self.bug = bug
        self.countsRows = countsRows
        trace = traces ? [] : nil
        cloudTable = tables?.cloud ?? bug?.cloudTable ?? .standard
        laneTable = tables?.lane ?? bug?.laneTable ?? LaneTable.rows
        var root = LaneRandom(seed: seed)
        world = LaneRandom(seed: root.next())
        chances = FaultFamily.allCases.map { _ in LaneRandom(seed: root.next()) }
        queue = EventQueue(salt: root.next())
        rarities = LaneRandom(seed: seed ^ 0x3C6E_F372_FE94_F82A)
        for name in CloudName.allCases {
            let bound: Int64 = options[.skew] > 0 ? 250 : 100
            let error = Int64(root.next() % UInt64(2 * bound + 1)) - bound
            clouds.append(SimulatedCloud(name: name, baseError: error, registers: options.registers))
        }
        for position in 0..<options.registers { registers.append(makeRegister(position)) }
        lanes = registers.map { PluginLane(settings: $0.settings, seed: 0) }
        readings = registers.map { _ in nil }
        let keepsRedo = options[.failoverWithLoss] > 0
        for cloud in clouds.indices { clouds[cloud].keepsRedo = keepsRedo }
    }

    private mutating func makeRegister(_ position: Int) -> SimulatedRegister {
        let name = Array("QF0000K".utf8) + Base32.encode(UInt64(position) + 33, count: 2)
        guard let id = RegisterID(name) else { preconditionFailure("nine characters of the alphabet") }
        let settings = LaneSettings(
            register: id,
            installation: .sandbox,
            acknowledges: options.isFaultFree || world.next() % 4 != 0,
            times: times
        )
        let key = world.next()
        var register = SimulatedRegister(id: id, settings: settings, key: key)
        register.proxy = position % 2
        return register
    }

    // MARK: - The loop

    /// The longest safety phase, in virtual milliseconds.
    private static let longest: Int64 = 12 * 3_600_000

    /// Runs the safety phase under faults, then the liveness phase without, and judges.
    package mutating func run() -> SimulationReport {
        begin()
        while report.isUnbroken, now < Simulation.longest, report.attempts < options.payments {
            guard step() else { break }
        }
        if report.isUnbroken { live() }
        finish()
        return report
    }

    private mutating func begin() {
        for register in registers.indices {
            queue.add(.startPlugin(register, life: 0), at: Int64(register) * 10)
            plan(.cashier(register, plan: 0), after: 2_500 + Int64(world.next() % 1_000))
        }
        for kind in FaultKind.allCases where kind.isEpisode && options[kind] > 0 {
            queue.add(.episode(kind), at: 5_000 + span(kind))
        }
        if !options.isFaultFree { queue.add(.board, at: 600_000) }
        if options.load > 0 { queue.add(.load, at: 5_000 + worldSpan(2 * Int64(options.load))) }
        if options.lunch { queue.add(.lunch(ends: false), at: 60_000 + worldSpan(240_000)) }
    }

    /// - Returns: False when nothing is left to happen.
    mutating func step() -> Bool {
        guard let at = queue.nextAt() else { return false }
        now = max(now, at)
        report.events += 1
        mix(UInt64(bitPattern: now))
        if !answered.isEmpty { answered.removeAll(keepingCapacity: true) }
        take(queue.removeNext())
        return true
    }

    private mutating func take(_ event: consuming Event) {
        switch consume event {
        case .wake(let register): wake(register)
        case .startPlugin(let register, let life): startPlugin(register, life: life)
        case .cashier(let register, let plan): cashierActs(register, plan: plan)
        case .look(let register, let plan): cashierLooks(register, plan: plan)
        case .registerCall(let register, let call): somebodyActs(register, call)
        case .answerWritten(let register, let life, let token):
            if registers[register].life == life { give(.answerWritten(token: token), to: register) }
        case .manager(let register): managerLooks(register)
        case .atCloud(let message): arrive(message)
        case .atPlugin(let message, let delivery): deliver(delivery, to: message)
        case .connectFails(let message): connectFails(message)
        case .holdEnds(let cloud, let life, let place, let waiter):
            holdEnds(cloud, life: life, place: place, waiter: waiter)
        case .cloudTimer(let cloud, let place): cloudTimer(cloud, place: place)
        case .writePay(let cloud, let life, let place): writePay(cloud, life: life, place: place)
        case .atWallet(let errand): atWallet(errand)
        case .fromWallet(let errand): fromWallet(errand)
        case .executePay(let errand, let manner, let answered): executePay(errand, manner: manner, answered: answered)
        case .walletChanges(let place): walletChanges(place)
        case .breakWord(let place): breakWord(place)
        case .commit(let pending): commitLate(pending)
        case .startCloud(let cloud, let life): startCloud(cloud, life: life)
        case .startProxy(let proxy): startProxy(proxy)
        case .failoverEnds(let cloud, let since): failoverEnds(cloud, since: since)
        case .clockCorrected(let cloud, let error): clockCorrected(cloud, error: error)
        case .clockSuspected(let cloud, let error): clockSuspected(cloud, error: error)
        case .episode(let kind): episode(kind)
        case .load: loadEpisode()
        case .walletBack(let cloud): walletBack(cloud)
        case .lunch(let ends): lunch(ends: ends)
        case .person(let cloud, let place, let alarm): personActs(cloud, place: place, alarm)
        case .board: lookAtBoard()
        case .backOffice(let cloud, let place, let isRefund): backOfficeActs(cloud, place: place, isRefund: isRefund)
        case .stranger(let place): strangerComes(place)
        case .restoreDisk(let register, let image): restoreDisk(register, image: image)
        }
    }

    mutating func plan(_ event: Event, after span: Int64) { queue.add(event, at: now + span) }

    // MARK: - Chance

    /// Whether a fault of this kind meets this occasion; never once faults are off.
    mutating func chance(_ kind: FaultKind, _ place: Int? = nil) -> Bool {
        let rate = options[kind]
        guard rate > 0, faultsOn, Int(chances[Int(kind.family.rawValue)].next() % 1_000) < rate else { return false }
        note(kind, place)
        return true
    }

    /// 0 ..< bound, from the generator of a fault's family.
    mutating func draw(_ kind: FaultKind, _ bound: Int64) -> Int64 {
        Int64(chances[Int(kind.family.rawValue)].next() % UInt64(max(1, bound)))
    }

    /// How long until the next episode of a kind.
    mutating func span(_ kind: FaultKind) -> Int64 { 1 + draw(kind, 2 * Int64(options[kind])) }

    /// 0 ..< bound, from the ordinary course of things.
    mutating func worldSpan(_ bound: Int64) -> Int64 { Int64(world.next() % UInt64(max(1, bound))) }

    mutating func mix(_ value: UInt64) {
        report.traceHash = (report.traceHash ^ value) &* 0x100_0000_01B3
    }

    // MARK: - Names

    func index(_ cloud: CloudName) -> Int { cloud == .a ? 0 : 1 }

    func cloudTime(_ cloud: Int) -> Timestamp {
        Timestamp(milliseconds: Simulation.epochStart + now + clouds[cloud].clockError)
    }

    var trueTime: Timestamp { Timestamp(milliseconds: Simulation.epochStart + now) }

    mutating func violation(_ oracle: Oracle, _ place: Int?, _ words: String) {
        guard report.isUnbroken else { return }
        report.violation = SimulationReport.Violation(
            oracle: oracle,
            words: words,
            at: now,
            place: place,
            payments: report.attempts
        )
        if traces { tell(place, "VIOLATION of \(oracle.rawValue)") }
    }
}
