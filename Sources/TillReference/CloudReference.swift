// Part of Tillbridge. See LICENSE.
package import TillDomain
package import TillEngine

/// The same machine once more, as plain code by state instead of a table: what one event makes of one record. Written
/// from the protocol's text, it shares nothing with ``CloudTable``: the tests compare the two on every pair, the simulator
/// at every step. Times are unscaled.
package struct CloudReference {
    var record: CloudRecord
    /// Without commit, schedule and the right to pay, in no particular order.
    var effects: [CloudEffect] = []
    /// Pay is sent, until D.
    var pays = false
    let payment: CloudPayment
    let event: CloudEvent
    let now: Timestamp
    let context: CloudContext

    package init(_ payment: CloudPayment, _ event: CloudEvent, at now: Timestamp, _ context: CloudContext) {
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
            // Without a row the payment is what the request says.
            let isSame = record.state == .none || asked == intent && home == payment.home
            if isSame { request() } else { otherData() }
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

    /// A part of the span that chance draws, from so many thousandths on; at least a hundredth.
    func drawn(_ span: Int64, from thousandths: Int64 = 0) -> Int64 {
        let part = thousandths + Int64(context.random % UInt64(1_001 - thousandths))
        return max(span * part / 1_000, span / 100)
    }

    /// A part of 1, 2, 4, 8, then 15 s.
    func pause(_ attempts: Int) -> Int64 {
        switch attempts {
        case 0: drawn(1_000)
        case 1: drawn(2_000)
        case 2: drawn(4_000)
        case 3: drawn(8_000)
        default: drawn(15_000)
        }
    }

    mutating func retry() {
        record.dueAt = now + pause(record.attempts)
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
            record.dueAt = now + drawn(pause(schedule, after: now), from: 900)
        } else {
            record.dueAt = now + drawn(record.queued ? 60_000 : 15_000, from: 800)
        }
    }

    /// A moment after that of the last query.
    var behindQueries: Timestamp { record.lastLook < now ? now : record.lastLook + 1 }

    mutating func watchLater() {
        record.attempts = 0
        guard context.clockTrusted else {
            record.dueAt = now + 60_000
            return
        }
        let since = record.stateSince > now ? now : record.stateSince
        let last = max(start, since) + 420_000
        if now < last {
            record.dueAt = now < proof ? proof : last
        } else {
            record.dueAt = nil
        }
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

    func hasOurNonce(_ trade: WalletTrade) -> Bool { trade.nonce == nil || trade.nonce == intent.nonce }
    func isOurs(_ trade: WalletTrade) -> Bool {
        hasOurNonce(trade) && trade.amount == intent.amount && trade.orderNumber == intent.orderNumber
    }
    func strange(_ trade: WalletTrade) -> CloudAlarm { hasOurNonce(trade) ? .tradeDiffers : .foreignTrade }
}

extension CloudReference {
    /// Where the machine's step differs from this one, or nil.
    package func difference(from after: CloudPayment, _ effects: [CloudEffect]) -> String? {
        var mine = record
        (mine.version, mine.changedAt) = (after.record.version, after.record.changedAt)
        if mine != after.record { return "record \(after.record) instead of \(mine)" }
        var rest = self.effects
        var paid = false
        for effect in effects {
            switch effect {
            case .commit, .schedule: continue
            case .pay(let right):
                guard pays, !paid, right.number == intent.orderNumber, right.deadline == start + 8_000 else {
                    return "\(effect) is too much"
                }
                paid = true
            default:
                guard let place = rest.firstIndex(of: effect) else { return "\(effect) is too much" }
                rest.remove(at: place)
            }
        }
        if pays != paid { return "no pay in \(effects)" }
        return rest.isEmpty ? nil : "no \(rest) in \(effects)"
    }
}
