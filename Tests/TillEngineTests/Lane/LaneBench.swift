// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain
import TillEngine

/// A plug-in lane on a bench: virtual time, a journal in memory, and whatever answers the test gives.
struct LaneBench {
    var lane: PluginLane
    var now: Int64 = 1_000
    var records: [JournalEntry] = []
    var sent: [LaneCall] = []
    var answers: [(token: UInt64, answer: RegisterAnswer)] = []
    var alarms: [LaneAlarm] = []
    /// Effects in the order in which they came, by name.
    var order: [String] = []
    var nextToken: UInt64 = 1
    /// Cloud time at monotonic zero.
    var cloudOffset: Int64 = 1_795_343_400_000

    static let register = certain(RegisterID(Array("QF000K703".utf8)))
    static let code = certain(PaymentCode(scanned: Array("286344382566439412".utf8)))
    static let otherCode = certain(PaymentCode(scanned: Array("134567890123456789".utf8)))

    static func settings(acknowledges: Bool) -> LaneSettings {
        LaneSettings(
            register: register,
            installation: .sandbox,
            acknowledges: acknowledges,
            times: ProtocolTimes()
        )
    }

    init(acknowledges: Bool = true) {
        lane = PluginLane(settings: LaneBench.settings(acknowledges: acknowledges), seed: 7)
        perform(
            lane.start(
                epoch: 12_345_678_901,
                newCodeKey: [UInt8](repeating: 7, count: 32),
                condition: .sound,
                now: now
            )
        )
    }

    /// A process that starts again on the same journal.
    init(restarting old: LaneBench, acknowledges: Bool = true, upTo count: Int? = nil, after: Int64 = 1_000) {
        lane = PluginLane(settings: LaneBench.settings(acknowledges: acknowledges), seed: 8)
        now = old.now + after
        cloudOffset = old.cloudOffset
        var writer = JournalWriter()
        for entry in old.records.prefix(count ?? old.records.count) {
            _ = writer.encode(entry)
            let record = JournalRecord(index: writer.index, entry: entry, hash: writer.hash, end: 0)
            precondition(lane.replay(record), "a record of our own did not replay")
            records.append(entry)
        }
        perform(
            lane.start(epoch: 99, newCodeKey: [UInt8](repeating: 9, count: 32), condition: .sound, now: now)
        )
    }

    var cloudNow: Timestamp { Timestamp(milliseconds: now + cloudOffset) }
    var outstanding: LaneCall? { sent.last }

    mutating func perform(_ effects: [LaneEffect]) {
        for effect in effects {
            switch effect {
            case .journal(let entry):
                records.append(entry)
                order.append("journal \(entry.kind)")
            case .send(let call):
                sent.append(call)
                order.append("send")
            case .abandon: order.append("abandon")
            case .answer(let token, let answer):
                answers.append((token, answer))
                order.append("answer")
            case .alarm(let alarm, _): alarms.append(alarm)
            }
        }
    }

    mutating func call(_ call: RegisterCall) -> UInt64 {
        let token = nextToken
        nextToken += 1
        perform(lane.handle(.register(call, token: token), now: now))
        return token
    }

    mutating func result(_ result: LaneCallResult) {
        guard let call = outstanding else { return }
        perform(lane.handle(.result(id: call.id, result), now: now))
    }

    mutating func advance(_ milliseconds: Int64) {
        now += milliseconds
        perform(lane.handle(.tick, now: now))
    }

    /// Lets time pass to the next moment at which the lane wants something.
    mutating func wake() {
        now = max(now, lane.nextWake)
        perform(lane.handle(.tick, now: now))
    }

    /// Answers heartbeats and HELLOs until nothing but time is left to wait for, or another call is outstanding.
    mutating func housekeeping(
        next: CloudName? = .a,
        up: [CloudName] = [.a, .b],
        dark: [Wallet] = [],
        sequence: UInt64 = 0,
        journalIndex: UInt64 = 0
    ) {
        for _ in 0..<50 {
            guard let call = outstanding, isOutstanding(call) else { return }
            switch call.kind {
            case .heartbeat: heartbeat(next: next, up: up, dark: dark)
            case .hello:
                result(
                    .hello(
                        HelloReply(
                            cloud: call.cloud ?? .a,
                            time: cloudNow,
                            sequence: sequence,
                            journalIndex: journalIndex,
                            open: [],
                            routing: LaneBench.routing,
                            configuration: LaneBench.configuration
                        )
                    )
                )
            default: return
            }
        }
    }

    mutating func heartbeat(next: CloudName? = .a, up: [CloudName] = [.a, .b], dark: [Wallet] = []) {
        result(
            .heartbeat(
                HeartbeatReply(time: cloudNow, next: next, up: up, routing: 1, configuration: 1, dark: dark)
            )
        )
    }

    /// True while the lane still waits for this call's result.
    func isOutstanding(_ call: LaneCall) -> Bool { lane.outstandingID == call.id }

    static let configuration = LaneConfiguration(
        version: 1,
        amountLimit: Money(fen: 500_000),
        refundLimit: Money(fen: 100_000),
        supervisors: [
            LaneConfiguration.Supervisor(
                id: Array("anna".utf8),
                salt: [1, 2, 3],
                hash: PBKDF2.key(password: Array("4711".utf8), salt: [1, 2, 3], rounds: 20_000)
            )
        ],
        enabled: true
    )

    static let routing = try! SignFlagTable.standard(version: 1)

    static func sale(_ name: String, fen: Int64 = 1280, code: PaymentCode = code) -> SaleRequest {
        SaleRequest(saleReference: certain(SaleReference(Array(name.utf8))), amount: Money(fen: fen), code: code)
    }

    static func reference(_ name: String) -> SaleReference { certain(SaleReference(Array(name.utf8))) }

    mutating func pay(_ name: String, fen: Int64 = 1280, code: PaymentCode = code) -> UInt64 {
        call(.pay(LaneBench.sale(name, fen: fen, code: code)))
    }

    func answer(_ token: UInt64) -> SaleAnswer? {
        for (other, answer) in answers where other == token {
            switch answer {
            case .sale(let sale), .released(let sale): return sale
            case .refused(_, let sale): return sale
            case .refund, .status: return nil
            }
        }
        return nil
    }

    func refusal(_ token: UInt64) -> RegisterRefusal? {
        for (other, answer) in answers where other == token {
            if case .refused(let refusal, _) = answer { return refusal }
        }
        return nil
    }

    var kinds: [JournalKind] { records.map(\.kind) }

    /// A payment answer about the attempt that is being asked for.
    func reply(_ state: PaymentReply.State, cloud: CloudName? = nil, number: OrderNumber? = nil) -> LaneCallResult {
        let call = certain(outstanding)
        return .payment(
            PaymentReply(
                cloud: cloud ?? call.cloud ?? .a,
                time: cloudNow,
                orderNumber: number ?? certain(call.intent).orderNumber,
                state: state
            )
        )
    }

    func paid(
        fen: Int64 = 1280,
        wallet: Wallet = .alipay,
        cloud: CloudName? = nil,
        number: OrderNumber? = nil
    ) -> LaneCallResult {
        reply(
            .paid(
                PaidReply(
                    amount: Money(fen: fen),
                    isCNY: true,
                    wallet: wallet,
                    transaction: certain(WalletTransactionID(Array("2026112222001400000000000001".utf8))),
                    payer: Array("159******26".utf8)
                )
            ),
            cloud: cloud,
            number: number
        )
    }

    func undo(_ state: UndoReply.State) -> LaneCallResult {
        let call = certain(outstanding)
        return .undo(
            UndoReply(
                cloud: certain(call.cloud),
                time: cloudNow,
                orderNumber: certain(call.intent).orderNumber,
                state: state
            )
        )
    }

    /// Goes on, answering housekeeping, until a call of the wanted sort is outstanding.
    mutating func until(_ wanted: (LaneCall) -> Bool, limit: Int = 400) -> Bool {
        for _ in 0..<limit {
            if let call = outstanding, isOutstanding(call) {
                if wanted(call) { return true }
                switch call.kind {
                case .heartbeat, .hello: housekeeping()
                case .revoke, .confirm, .refund: result(.failed(unwritten: false))
                case .pay, .query: return false
                }
            } else {
                wake()
            }
        }
        return false
    }
}

extension LaneBench {
    /// Goes on until a call of the wanted sort is outstanding, and fails the test where none comes.
    mutating func reach(_ wanted: (LaneCall) -> Bool, at location: SourceLocation = #_sourceLocation) {
        if !until(wanted) { Issue.record("the lane never sent the call that was waited for", sourceLocation: location) }
    }
}

extension LaneCall {
    var isPay: Bool { if case .pay = kind { true } else { false } }
    var isQuery: Bool { if case .query = kind { true } else { false } }
    var isRevoke: Bool { if case .revoke = kind { true } else { false } }
    var isConfirm: Bool { if case .confirm = kind { true } else { false } }
}

/// For what a test wrote itself and knows to be there.
func certain<Value>(_ value: Value?) -> Value {
    guard let value else { preconditionFailure("the test's own value is malformed") }
    return value
}
