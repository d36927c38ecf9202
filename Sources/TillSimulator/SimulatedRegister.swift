// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// One register: the plug-in's disk and process, the cashier, and the register's own paper log.
struct SimulatedRegister {
    let id: RegisterID
    let settings: LaneSettings
    /// What survives: records whose sync was confirmed.
    var disk: [JournalEntry] = []
    /// The last durable state of each attempt, and the attempts in the order of their intents.
    private(set) var durable: [OrderNumber: JournalKind] = [:]
    private(set) var attempts: [OrderNumber] = []
    /// Attempts that are not over: INTENT, PAID, REVOKE, DUTY, RELEASED.
    private(set) var open: [OrderNumber] = []
    var lane: PluginLane?
    /// Rises with each start of the process.
    var life = 0
    var wakeAt: Int64 = .max
    /// The moment at which the process's monotonic clock was zero.
    var bootedAt: Int64 = 0

    // The cashier.
    var sale = 0
    var tries = 0
    var salesLeft: Int
    /// The call the cashier waits for, and what it was about.
    var waitingToken: UInt64?
    var waitingSale: SaleReference?
    var nextToken: UInt64 = 1

    // The paper log.
    var toldPaid: [OrderNumber: Money] = [:]
    var toldPaidOrder: [OrderNumber] = []
    var disowned: [OrderNumber: Bool] = [:]
    var toldNotPaid: [OrderNumber: Bool] = [:]
    var toldNotPaidOrder: [OrderNumber] = []
    var tookTender: [SaleReference: OrderNumber] = [:]
    var answersOwed: [UInt64: Int64] = [:]

    /// A record whose sync was confirmed.
    mutating func keep(_ entry: JournalEntry) {
        disk.append(entry)
        let number: OrderNumber
        switch entry.kind {
        case .intent:
            guard let intent = Intent(line: entry.fields[0]) else { return }
            number = intent.orderNumber
            attempts.append(number)
            open.append(number)
        case .paid, .acked, .declined, .unsent, .revoke, .duty, .released, .final:
            guard let known = OrderNumber(entry.fields[0]) else { return }
            number = known
        case .start, .closed, .checkpoint, .refund: return
        }
        durable[number] = entry.kind
        switch entry.kind {
        case .acked, .declined, .unsent, .final: open.removeAll { $0 == number }
        default: break
        }
    }
}
