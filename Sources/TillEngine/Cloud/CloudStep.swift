// Part of Tillbridge. See LICENSE.
import TillDomain

/// The handling of one event: guards read it, actions write its record and effects.
struct CloudStep {
    let intent: Intent
    let home: CloudName
    var record: CloudRecord
    let event: CloudEvent
    let now: Timestamp
    let context: CloudContext
    var effects: [CloudEffect] = []

    init(payment: CloudPayment, event: CloudEvent, now: Timestamp, context: CloudContext) {
        intent = payment.intent
        home = payment.home
        record = payment.record
        self.event = event
        self.now = now
        self.context = context
    }

    /// The payment as it is by now.
    var payment: CloudPayment { CloudPayment(intent: intent, home: home, record: record) }
    var times: ProtocolTimes { context.times }
    var isHome: Bool { home == context.cloud }

    /// The trade that the event shows, if it shows one.
    var trade: WalletTrade? {
        switch event {
        case .payOutcome(.paid(let trade)), .queryOutcome(.paid(let trade), _): trade
        default: nil
        }
    }

    var query: CloudQuery? {
        if case .queryOutcome(_, let query) = event { return query }
        return nil
    }

    /// The moment by which an answer proves something: when the question was asked.
    var askedAt: Timestamp { query?.askedAt ?? now }

    var refundRequest: CloudRefundRequest? {
        switch event {
        case .refund(let request, _), .person(.refunds(let request), _): request
        default: nil
        }
    }

    /// The place of the row to take. Here, because a closure over a step that changes later would copy it.
    func place(in table: CloudTable) -> Int? { table.place(record.state, event.kind) { holds($0) } }

    mutating func enter(_ next: CloudState) {
        guard next != record.state else { return }
        if record.state == .none { record.createdAt = now }
        record.state = next
        record.stateSince = now
        record.waiting = false
        switch next {
        case .sending, .unknown, .paid, .revoking, .stuck:
            if record.personAt == nil, !record.queued { record.personAt = now + times.personAfter }
        case .none, .declined, .tomb, .revoked, .confirmed:
            record.personAt = nil
            record.queued = false
        }
        if next != .revoking, next != .stuck { record.phase = .idle }
        record.dueAt = nil
        if case .wallet(let wallet, _) = context.route, record.wallet == nil { record.wallet = wallet }
    }
}
