// Part of Tillbridge. See LICENSE.
import TillDomain
package import TillEngine

/// The whole chain in virtual time: cashiers, registers, plug-ins with disks, a network, two clouds with databases,
/// a wallet. The machines are those of production; everything else is played, with seeded faults.
///
/// One loop, no tasks, no clock, no unordered iteration: equal seeds give equal runs.
package struct Simulation {
    package struct Report: Equatable, Sendable {
        package var sales = 0
        package var attempts = 0
        package var paid = 0
        package var events = 0
        package var crashes = 0
        package var traceHash: UInt64 = 0xCBF2_9CE4_8422_2325
        /// What broke, in words. Empty: every promise held.
        package var violations: [String] = []
    }

    enum Event {
        case wake(register: Int, life: Int)
        case cashier(register: Int)
        case lookAgain(register: Int, sale: SaleReference)
        case startPlugin(register: Int)
        case registerCalls(Int, RegisterCall)
        case answerWritten(register: Int, life: Int, token: UInt64)
        case toCloud(CloudName, ReplyAddress)
        case toProxy(ReplyAddress)
        case toPlugin(ReplyAddress, LaneCallResult)
        case startCloud(CloudName)
        case outage
        case cloudTimer(CloudName, life: Int, OrderNumber)
        case writePay(CloudName, life: Int, OrderNumber)
        case walletPays(CloudName, life: Int, OrderNumber, code: [UInt8], answered: Bool)
        case walletDoes(CloudName, life: Int, OrderNumber, WalletErrand)
        case walletAnswers(CloudName, life: Int, OrderNumber, CloudEvent)
    }

    enum WalletErrand {
        case query(CloudQuery)
        case cancel
        case refund(WalletRefund, counter: Int)
        case refundQuery(WalletRefund, counter: Int)
    }

    let options: SimulationOptions
    let times = ProtocolTimes()
    var random: LaneRandom
    var faultRandom: LaneRandom
    var queue = EventQueue<Event>()
    var now: Int64 = 0
    /// Cloud time at virtual zero.
    let epochStart: Int64 = 1_795_343_400_000
    var registers: [SimulatedRegister]
    var clouds: [SimulatedCloud]
    var wallet = ReferenceWallet()
    var faultsOn = true
    var codeCounter: UInt64 = 0
    var codes: [OrderNumber: [UInt8]] = [:]
    var paysWritten: [OrderNumber: Int] = [:]
    /// The clouds' table; another one is for tests that plant bugs.
    let cloudTable: CloudTable
    package internal(set) var report = Report()

    package init(seed: UInt64, options: SimulationOptions? = nil, cloudTable: CloudTable = .standard) {
        self.cloudTable = cloudTable
        var root = LaneRandom(seed: seed)
        var optionRandom = LaneRandom(seed: root.next())
        let options = options ?? SimulationOptions.drawn(from: &optionRandom)
        self.options = options
        random = LaneRandom(seed: root.next())
        faultRandom = LaneRandom(seed: root.next())
        registers = []
        clouds = []
        for name in CloudName.allCases {
            clouds.append(SimulatedCloud(name: name, clockError: Int64(random.next() % 400) - 200))
        }
        for position in 0..<options.registers {
            let name = Array("QF0").map { $0.asciiValue ?? 48 } + Base32.encode(UInt64(position), count: 6)
            guard let id = RegisterID(name) else { preconditionFailure("nine characters of the alphabet") }
            let settings = LaneSettings(
                register: id,
                installation: .sandbox,
                acknowledges: random.next() % 4 != 0,
                times: times
            )
            registers.append(SimulatedRegister(id: id, settings: settings, salesLeft: options.salesPerRegister))
        }
    }

    /// A run with the faults that its seed draws.
    package init(seed: UInt64, payments: Int) {
        var random = LaneRandom(seed: seed)
        var options = SimulationOptions.drawn(from: &random)
        options.salesPerRegister = max(1, payments / options.registers)
        self.init(seed: seed, options: options)
    }

    // MARK: - The loop

    /// Runs the safety phase under faults, then the liveness phase without, and judges.
    package mutating func run() -> Report {
        for register in registers.indices {
            queue.add(.startPlugin(register: register), at: Int64(register) * 10)
            queue.add(.cashier(register: register), at: 3_000 + Int64(random.next() % 1_000))
        }
        if options.outage > 0 { queue.add(.outage, at: 10_000) }
        let limit: Int64 = 24 * 3_600_000
        while report.violations.isEmpty, now < limit, registers.contains(where: { !$0.isFinished }) {
            guard step() else { break }
        }
        faultsOn = false
        if options.deadCloud {
            let dead = Int(faultRandom.next() % 2)
            clouds[dead].isUp = false
            clouds[dead].isDeadForGood = true
            clouds[dead].life += 1
        }
        let end = now + 900_000
        while report.violations.isEmpty, now < end {
            guard step() else { break }
        }
        if report.violations.isEmpty { judgeEnd() }
        report.attempts = registers.reduce(0) { $0 + $1.disk.count { $0.kind == .intent } }
        return report
    }

    private mutating func step() -> Bool {
        guard let (at, event) = queue.next() else { return false }
        now = max(now, at)
        report.events += 1
        mix(UInt64(bitPattern: now))
        switch event {
        case .wake(let register, let life): wake(register, life: life)
        case .cashier(let register): cashierActs(register)
        case .lookAgain(let register, let sale): cashierLooksAgain(register, sale: sale)
        case .startPlugin(let register): startPlugin(register)
        case .registerCalls(let register, let call):
            give(.register(call, token: newToken(register)), to: register)
        case .answerWritten(let register, let life, let token):
            if registers[register].life == life { give(.answerWritten(token: token), to: register) }
        case .toCloud(let cloud, let address): arrive(at: cloud, address)
        case .toProxy(let address): heartbeat(address)
        case .toPlugin(let address, let result): deliver(result, to: address)
        case .startCloud(let cloud): startCloud(cloud)
        case .outage: beginOutage()
        case .cloudTimer(let cloud, let life, let number): cloudTimer(cloud, life: life, number)
        case .writePay(let cloud, let life, let number): writePay(cloud, life: life, number)
        case .walletPays(let cloud, let life, let number, let code, let answered):
            walletPays(cloud, life: life, number, code: code, answered: answered)
        case .walletDoes(let cloud, let life, let number, let errand): walletDoes(cloud, life: life, number, errand)
        case .walletAnswers(let cloud, let life, let number, let event):
            guard clouds[index(cloud)].life == life, clouds[index(cloud)].isUp,
                let row = clouds[index(cloud)].rows[number]
            else { break }
            cloudHandles(event, cloud, intent: row.intent, home: row.home, reply: nil)
        }
        return true
    }

    // MARK: - Chance

    /// True with `thousandths` of probability, never once faults are off.
    mutating func chance(_ thousandths: Int) -> Bool {
        faultsOn && thousandths > 0 && Int(faultRandom.next() % 1_000) < thousandths
    }

    mutating func delay(_ low: Int64, _ high: Int64) -> Int64 { low + Int64(random.next() % UInt64(high - low)) }

    mutating func mix(_ value: UInt64) { report.traceHash = (report.traceHash ^ value) &* 0x100_0000_01B3 }

    func index(_ cloud: CloudName) -> Int { cloud == .a ? 0 : 1 }

    func cloudTime(_ cloud: CloudName) -> Timestamp {
        Timestamp(milliseconds: epochStart + now + clouds[index(cloud)].clockError)
    }

    mutating func violation(_ text: String) {
        report.violations.append("at \(now) ms: \(text)")
    }
}

extension SimulatedRegister {
    var isFinished: Bool { salesLeft <= 0 && waitingToken == nil }
}
