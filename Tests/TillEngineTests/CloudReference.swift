// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// The same machine once more, as plain code by state instead of a table: what one event makes of one record. Written
/// from the protocol's text; the tests compare the two on every pair. Times are unscaled and `random` is 500.
struct CloudReference {
    var record: CloudRecord
    /// Without commit and schedule, in no particular order.
    var effects: [CloudEffect] = []
    let payment: CloudPayment
    let event: CloudEvent
    let now: Timestamp
    let context: CloudContext

    init(_ payment: CloudPayment, _ event: CloudEvent, at now: Timestamp, _ context: CloudContext) {
        self.payment = payment
        self.event = event
        self.now = now
        self.context = context
        record = payment.record
        run()
        if record.state == .none { record = payment.record }
        if context.clockTrusted, record != payment.record, let personAt = record.personAt, personAt > now + 1_800_000 {
            record.personAt = now + 1_800_000
        }
    }

    var intent: Intent { payment.intent }
    var isPaying: Bool { payment.home == context.cloud }
    var start: Timestamp { payment.intent.startedAt }
    var proof: Timestamp { start + 125_500 }
    var isWithoutWallet: Bool { context.route == .noWallet }
    var isSafe: Bool { context.lastPromotion.map { start > $0 + 5_500 } ?? true }

    mutating func run() {
        switch event {
        case .pay(let asked, let home), .query(let asked, let home), .revoke(let asked, let home, _),
            .confirm(let asked, let home, _):
            if asked == intent, home == payment.home { request() } else { otherData() }
        case .refund(let request, let authorised): refund(request, authorised)
        case .payOutcome, .payUnwritten: payCall()
        case .queryOutcome(let outcome, let query): answered(outcome, query)
        case .cancelOutcome(let outcome): cancelled(outcome)
        case .refundOutcome(let outcome, let counter): counter == 0 ? undoRefund(outcome) : child()
        case .refundQueryOutcome(let outcome, let counter): counter == 0 ? undoFollowed(outcome) : child()
        case .refundDue: child()
        case .due, .restart, .wake, .notice: work()
        case .aged: aged()
        case .person(let decision, let persons): person(decision, persons)
        }
    }

    // MARK: Small steps

    mutating func add(_ effect: CloudEffect) { effects.append(effect) }
    mutating func alarm(_ alarm: CloudAlarm) { add(.alarm(alarm)) }
    mutating func count() { add(.count(record.state, event.kind)) }
    mutating func answer(_ answer: CloudAnswer) { add(.answer(answer, mayHold: !answer.isSettled)) }
    mutating func lease() { record.dueAt = now + 15_000 }

    mutating func become(_ state: CloudState) {
        if record.state == state { return }
        if record.state == .none { record.createdAt = now }
        record.state = state
        record.stateSince = now
        record.waiting = false
        record.dueAt = nil
        if state != .revoking && state != .stuck { record.phase = .idle }
        if [.declined, .tomb, .revoked, .confirmed].contains(state) {
            record.personAt = nil
            record.queued = false
        } else if record.personAt == nil, !record.queued {
            record.personAt = now + 1_800_000
        }
        if case .wallet(let wallet, _) = context.route, record.wallet == nil { record.wallet = wallet }
    }

    /// Half of 1, 2, 4, 8, then 15 s.
    mutating func retry() {
        let spans: [Int64] = [500, 1_000, 2_000, 4_000]
        record.dueAt = now + (record.attempts < 4 ? spans[record.attempts] : 7_500)
        record.attempts += 1
    }

    mutating func ask(_ purpose: CloudQueryPurpose) {
        var implied = false
        if case .confirm(_, _, let value) = event { implied = value }
        // By a clock that is not trusted, a question has no moment.
        let askedAt = context.clockTrusted ? now : Timestamp.unknown
        add(.query(CloudQuery(purpose: purpose, askedAt: askedAt, implied: implied)))
    }

    mutating func poll() {
        guard context.schedule != nil else { return retry() }
        record.lastLook = now
        lease()
        ask(.poll)
    }

    mutating func pollLater() {
        guard let schedule = context.schedule else { return retry() }
        if record.lastLook == .unknown {
            record.dueAt = max(now, (record.sentAt ?? start) + schedule.firstQuery)
        } else if now < start + 45_000 {
            record.dueAt = now + schedule.thenEvery * 996 / 1_000
        } else {
            record.dueAt = now + (record.queued ? 60_000 : 15_000) * 898 / 1_000
        }
    }

    mutating func watchLater() {
        record.attempts = 0
        guard context.clockTrusted else {
            record.dueAt = now + 60_000
            return
        }
        let looks = [proof, start + 420_000].filter { $0 > now }
        let late = record.stateSince + 300_000
        record.dueAt = looks.first ?? (record.stateSince >= start + 420_000 && late > now ? late : nil)
    }

    mutating func keepTrade(_ trade: WalletTrade) {
        record.trade = CloudTrade(transaction: trade.transaction, payer: trade.payer)
        record.lastLook = now
    }

    mutating func end(_ kind: UndoKind) {
        become(.revoked)
        record.undoKind = kind
        record.stuckReason = nil
        record.refundAccepted = false
        if case .revoke(_, _, let reason) = event { record.revokeReason = reason }
        watchLater()
    }

    /// Changed later than now: by a clock that ran ahead.
    var isAhead: Bool { context.clockTrusted && record.changedAt > now + 500 }

    var hasOurNonce: (WalletTrade) -> Bool { { $0.nonce == nil || $0.nonce == intent.nonce } }
    func isOurs(_ trade: WalletTrade) -> Bool { hasOurNonce(trade) && trade.amount == intent.amount }
    func strange(_ trade: WalletTrade) -> CloudAlarm { hasOurNonce(trade) ? .tradeDiffers : .foreignTrade }
}

extension CloudReference {
    /// Where the machine's step differs from this one, or nil.
    func difference(from after: CloudPayment, _ effects: [CloudEffect]) -> String? {
        var mine = record
        (mine.version, mine.changedAt) = (after.record.version, after.record.changedAt)
        if mine != after.record { return "record \(after.record) instead of \(mine)" }
        var rest = effects.filter {
            switch $0 {
            case .commit, .schedule: false
            default: true
            }
        }
        for effect in self.effects {
            guard let place = rest.firstIndex(of: effect) else { return "no \(effect) in \(effects)" }
            rest.remove(at: place)
        }
        return rest.isEmpty ? nil : "\(rest) is too much"
    }
}
