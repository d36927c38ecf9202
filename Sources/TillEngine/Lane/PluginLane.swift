// Part of Tillbridge. See LICENSE.
package import TillDomain

/// Who this register is, fixed at activation and in the configuration file.
package struct LaneSettings: Equatable, Sendable {
    package let register: RegisterID
    package let installation: Installation
    /// The register confirms each paid sale. False: the next sale, or five minutes, imply it.
    package let acknowledges: Bool
    package let times: ProtocolTimes

    package init(register: RegisterID, installation: Installation, acknowledges: Bool, times: ProtocolTimes) {
        self.register = register
        self.installation = installation
        self.acknowledges = acknowledges
        self.times = times
    }
}

/// The plug-in's whole mind, without I/O: register calls, answers of the clouds and the passing of time go in;
/// journal records, one request at a time and answers to the register come out.
///
/// `now` is always monotonic milliseconds. Cloud time is learnt from heartbeats and verified answers. The shell
/// performs the effects in their order; a journal record is durable before the effect behind it begins.
package struct PluginLane: Sendable {
    package let settings: LaneSettings
    /// The rows that are obeyed; tests give changed ones to see that somebody notices.
    var table: [LaneRow]
    var times: ProtocolTimes { settings.times }

    var attempts: [LaneAttempt] = []
    var memory = SaleMemory()
    var refunds: [LaneRefund] = []
    var lastSale: SaleReference?

    /// The newest record, for HELLO; the shell's writer is the same value one step later.
    var journal: JournalWriter
    var epoch: UInt64 = 0
    var lastSequence: UInt64 = 0
    /// Key of the payment codes' hashes: 32 bytes, drawn with the first record of a journal.
    var codeKey: [UInt8] = [] {
        didSet { preparedCodeKey = HMACSHA256(key: codeKey) }
    }
    var preparedCodeKey = HMACSHA256(key: [])
    var recentCodes: [RecentCode] = []
    /// Codes that no rule knew. A lost HELLO tells of them once more.
    var unknownCodes = UnknownCodes()
    /// Set by the shell before each call of the register: room for a payment's worst case is reserved.
    package var journalHasRoom = true
    var red: AnswerReason?
    /// The highest journal index that a cloud has named while the lane was red.
    var foreignIndex: UInt64 = 0
    /// Up to here a person has compared the records: a journal that is older turns the lane red no more.
    var comparedIndex: UInt64 = 0

    var link = LaneLink()
    /// Drawn from by a life that has begun; replaying draws nothing.
    package var random: LaneRandom
    var startedAt: Int64 = 0
    var outstanding: LaneCall?
    var outstandingSince: Int64 = 0
    /// As it was when a call was last looked for; nothing but an event changes what it depends on.
    var nextCall = NextCall()
    /// When `tick` is due next, in monotonic milliseconds.
    package private(set) var nextWake: Int64 = .max
    var lastCallID: UInt64 = 0
    var lock: SupervisorLock
    var effects: [LaneEffect] = []
    /// Events that changed nothing, late and repeated answers among them.
    package internal(set) var countedEvents: UInt64 = 0

    #if !hasFeature(Embedded)
    /// How often each row of the table was taken. Empty: nobody counts. The plug-in that ships has no such thing.
    package var rowsTaken: [UInt32] = []
    /// Every event that met the table since somebody emptied this. Nil: nobody looks.
    package var steps: [LaneStep]?
    #endif

    struct RecentCode: Equatable, Sendable {
        let hash: [UInt8]
        let sale: SaleReference
    }

    /// - Parameters:
    ///   - table: Another table is for tests that plant bugs.
    ///   - supervisorRounds: Production's is 20,000; the simulator has no adversary to slow down.
    package init(
        settings: LaneSettings,
        seed: UInt64,
        table: [LaneRow] = LaneTable.rows,
        supervisorRounds: Int = SupervisorLock.rounds
    ) {
        self.settings = settings
        self.table = table
        lock = SupervisorLock(rounds: supervisorRounds)
        random = LaneRandom(seed: seed)
        journal = JournalWriter()
    }

    /// The id of the call that is under way.
    package var outstandingID: UInt64? { outstanding?.id }
    package var dutyOrReleased: Int { dutyCount }

    // MARK: - In

    package mutating func handle(_ input: LaneInput, now: Int64) -> [LaneEffect] {
        switch input {
        case .register(let call, let token): register(call, token: token, now: now)
        case .answerWritten(let token): answerWritten(token: token, now: now)
        case .result(let id, let result): finish(id: id, result, now: now)
        case .tick: break
        }
        return settle(now: now)
    }

    /// Everything that is due: decisions, windows, and the next request.
    mutating func settle(now: Int64) -> [LaneEffect] {
        passTime(now: now)
        pump(now: now)
        planWake(now: now)
        let result = effects
        effects = []
        return result
    }

    private mutating func planWake(now: Int64) {
        var wake = Int64.max
        for position in attempts.indices {
            switch attempts[position].state {
            case .intent:
                if let decidesAt = decisionMoment(at: position, now: now) { wake = min(wake, decidesAt) }
                if let reattachUntil = attempts[position].reattachUntil { wake = min(wake, reattachUntil) }
            case .paid:
                if let moment = attempts[position].implicitlyAckedAt { wake = min(wake, moment) }
            default: break
            }
        }
        if !hasOutstanding {
            wake = min(wake, nextCall.at)
        } else if isOutstandingGivenUp {
            wake = min(wake, outstandingSince + LaneLink.patience)
        }
        nextWake = max(wake, now)
    }

    // MARK: - The table

    /// What an event carries beside its kind.
    struct Occasion {
        var token: UInt64?
        var sale: SaleRequest?
        /// Of the sale's reference and of its code, where they have been computed.
        var saleHash: UInt64?
        var codeHash: [UInt8]?
        var payment: PaymentReply?
        var undo: UndoReply?
        var undoKind: UndoKind?
        var revokeReason: RevokeReason?
        var refusal: AnswerReason?
        var supervisor: [UInt8]?
        var note: [UInt8] = []
    }

    /// Takes one event to the attempt at `position`, or to the free lane for nil.
    mutating func fire(_ event: LaneEventKind, at position: Int?, _ occasion: Occasion = Occasion(), now: Int64) {
        #if !hasFeature(Embedded)
        if steps != nil {
            let step = LaneStep(event, at: position, occasion, in: self, now: now)
            take(event, at: position, occasion, now: now)
            return close(step)
        }
        #endif
        take(event, at: position, occasion, now: now)
    }

    private mutating func take(_ event: LaneEventKind, at position: Int?, _ occasion: Occasion, now: Int64) {
        let state = position.map { attempts[$0].state } ?? .free
        let place = LaneTable.place(in: table, state, event) { holds($0, at: position, occasion, now: now) }
        guard let place else {
            countedEvents += 1
            if let token = occasion.token {
                let current = position.map { answer(at: $0, now: now) }
                effects.append(.answer(token: token, .refused(.wrongState, current)))
            }
            return
        }
        #if !hasFeature(Embedded)
        if place < rowsTaken.count { rowsTaken[place] &+= 1 }
        #endif
        let row = table[place]
        var position = position
        if row.next == .intent, position == nil {
            position = begin(occasion, home: link.next, isSecond: false, now: now)
        } else if let next = row.next, let position {
            enter(next, at: position, occasion, now: now)
        }
        for action in row.actions { perform(action, at: position, occasion, now: now) }
        if row.closes, let position { close(at: position) }
    }

    func holds(_ guarded: LaneGuard, at position: Int?, _ occasion: Occasion, now: Int64) -> Bool {
        switch guarded {
        case .always: return true
        case .admissible: return occasion.refusal == nil
        case .codeRefused:
            guard case .declined = occasion.refusal else { return false }
            return true
        case .equalAndBeforeDecision:
            return dataAreEqual(at: position, occasion) && isBeforeDecision(at: position, occasion, now: now)
        case .dataDiffer: return !dataAreEqual(at: position, occasion)
        case .beforeDecision: return isBeforeDecision(at: position, occasion, now: now)
        case .fromPayingCloud:
            guard let position else { return false }
            return attempts[position].home == occasion.payment?.cloud
        case .provablyUnwritten:
            guard let position else { return false }
            return attempts[position].isOurs && !attempts[position].everLeft
        case .beforePayDeadline:
            guard let position else { return false }
            return mayStillPay(at: position, now: now)
        case .reattached:
            guard let position else { return false }
            return attempts[position].isReattached && decisionMoment(at: position, now: now) != nil
        case .supervisor: return occasion.supervisor != nil
        case .registerAcknowledges: return settings.acknowledges
        case .roomForDuty: return dutyCount < PluginLane.dutyLimit
        case .releasable:
            guard let position else { return false }
            return occasion.supervisor != nil && dutyCount < PluginLane.dutyLimit
                && lockedFor(at: position, now: now) >= times.releaseAfter
        }
    }

    static let dutyLimit = 3

    var dutyCount: Int { attempts.indices.count { attempts[$0].state == .duty || attempts[$0].state == .released } }

    // By place, not by value: an attempt is large.

    private func dataAreEqual(at position: Int?, _ occasion: Occasion) -> Bool {
        guard let position, let payment = occasion.payment, case .paid(let paid) = payment.state else { return false }
        let intent = attempts[position].intent
        return payment.orderNumber == intent.orderNumber && paid.amount == intent.amount && paid.isCNY
    }

    /// Both clocks must agree that there is time: a machine that slept wakes with a stopped monotonic clock.
    private func isBeforeDecision(at position: Int?, _ occasion: Occasion, now: Int64) -> Bool {
        guard let position, let decidesAt = decisionMoment(at: position, now: now), now < decidesAt
        else { return false }
        guard let payment = occasion.payment else { return true }
        return payment.time < attempts[position].intent.startedAt + times.decision
    }

    /// The monotonic moment at which this attempt is decided; nil while that cannot be known.
    func decisionMoment(at position: Int, now: Int64) -> Int64? {
        if let decidesAt = attempts[position].decidesAt { return decidesAt }
        guard let cloudNow = link.cloudTime(now: now) else { return nil }
        return now + (attempts[position].intent.startedAt + times.decision - cloudNow)
    }

    private func mayStillPay(at position: Int, now: Int64) -> Bool {
        guard attempts[position].code != nil, let cloudNow = link.cloudTime(now: now) else { return false }
        return cloudNow < attempts[position].intent.startedAt + times.payDeadline
    }

    func lockedFor(at position: Int, now: Int64) -> Int64 {
        let here = now - attempts[position].lockedAt
        let lockedSince = attempts[position].lockedSince
        guard lockedSince != .unknown, let cloudNow = link.cloudTime(now: now) else { return here }
        return max(here, cloudNow - lockedSince)
    }

    // MARK: - States

    /// Starts an attempt: number, intent, journal. Nothing leaves before its record is durable.
    mutating func begin(_ occasion: Occasion, home: CloudName?, isSecond: Bool, now: Int64) -> Int? {
        guard let sale = occasion.sale, let home, let startedAt = link.cloudTime(now: now), let routing = link.routing
        else { return nil }
        lastSequence += 1
        let intent = Intent(
            orderNumber: OrderNumber(
                installation: settings.installation,
                register: settings.register,
                epoch: epoch,
                sequence: lastSequence
            ),
            saleReference: sale.saleReference,
            amount: sale.amount,
            sign: routing.sign(of: sale.code),
            codeLength: sale.code.secret.count,
            routing: routing.version,
            startedAt: startedAt,
            nonce: Nonce(random.next())
        )
        let hash = occasion.codeHash ?? codeHash(sale.code)
        append(.intent, fields: [intent.line, home.wireBytes, hash], now: now)
        var attempt = LaneAttempt(
            intent: intent,
            home: home,
            saleHash: occasion.saleHash,
            codeHash: hash,
            journalIndex: journal.index,
            isOurs: true
        )
        attempt.code = sale.code
        attempt.operatorName = sale.operatorName
        attempt.items = sale.items
        attempt.token = occasion.token
        attempt.decidesAt = now + times.decision
        attempt.secondAttemptUntil = isSecond ? nil : now + times.secondAttempt
        rememberCode(hash, sale: sale.saleReference)
        lastSale = sale.saleReference
        attempts.append(attempt)
        return attempts.count - 1
    }

    private mutating func enter(_ next: LaneState, at position: Int, _ occasion: Occasion, now: Int64) {
        attempts[position].state = next
        // An unsent attempt's code may serve the second attempt; every other ending forgets it at once, and with it
        // what only a pay request says: an attempt may stay for days, until both clouds have answered.
        if next != .unsent {
            attempts[position].code = nil
            attempts[position].operatorName = []
            attempts[position].items = []
        }
        switch next {
        case .paid:
            if case .paid(let paid) = occasion.payment?.state { attempts[position].paid = paid }
        case .declined:
            if case .declined(let reason) = occasion.payment?.state { attempts[position].reason = .declined(reason) }
        case .unsent:
            if case .refused(let reason) = occasion.payment?.state {
                attempts[position].reason = .refused(reason)
            } else {
                attempts[position].reason = .offline
            }
        case .revoke:
            attempts[position].reason = .revoked(occasion.revokeReason ?? .timeout)
            attempts[position].lockedAt = now
            attempts[position].lockedSince = link.cloudTime(now: now) ?? .unknown
        case .final: attempts[position].kind = occasion.undoKind
        case .acked: attempts[position].isImplicit = occasion.token == nil || occasion.sale != nil
        case .free, .intent, .duty, .released: break
        }
    }

    private mutating func perform(
        _ action: LaneActionKind,
        at position: Int?,
        _ occasion: Occasion,
        now: Int64
    ) {
        switch action {
        case .journal: if let position { journalState(at: position, occasion, now: now) }
        case .journalClosed:
            if let position {
                append(.closed, fields: [attempts[position].intent.orderNumber.bytes], now: now)
            }
        case .sendPay: if let position { plan(pay: true, at: position, now: now) }
        case .sendQuery: if let position { plan(pay: false, at: position, now: now) }
        case .sendRevoke, .sendConfirm, .sendHygiene:
            if let position, attempts[position].dutyA.dueAt == .max { attempts[position].startDuty(now: now) }
        case .trySecondAttempt: if let position { trySecondAttempt(at: position, now: now) }
        case .answerPaid, .answerDeclined, .answerCancelled, .answerWaiting, .answerBusy, .answerUnacknowledged,
            .answerUnavailable, .answerStored, .answerAcknowledged, .answerReleased:
            tell(action, at: position, occasion, now: now)
        case .refuse: if let position, let token = occasion.token { refuse(at: position, token: token, now: now) }
        case .again:
            if let sale = occasion.sale, let token = occasion.token { pay(sale, token: token, now: now) }
        case .alarm, .page: if let position { raise(at: position, occasion) }
        case .count: countedEvents += 1
        }
    }

    /// The record of the state just entered.
    private mutating func journalState(at position: Int, _ occasion: Occasion, now: Int64) {
        let attempt = attempts[position]
        let number = attempt.intent.orderNumber.bytes
        let bySupervisor = occasion.supervisor == nil ? 0 : JournalEntry.supervisorFlag
        switch attempt.state {
        case .free, .intent: break
        case .paid:
            guard let paid = attempt.paid else { return }
            append(
                .paid,
                fields: [number, paid.wallet.bytes, paid.transaction.bytes, paid.payer.filter { $0 != 10 }],
                now: now
            )
        case .acked:
            append(.acked, flags: attempt.isImplicit ? JournalEntry.implicitFlag : 0, fields: [number], now: now)
        case .declined: append(.declined, fields: [number, attempt.reason?.wireName.bytes ?? []], now: now)
        case .unsent: append(.unsent, fields: [number, attempt.reason?.wireName.bytes ?? []], now: now)
        case .revoke:
            append(
                .revoke,
                flags: bySupervisor,
                fields: [number, attempt.revokeReason.wireBytes, occasion.supervisor ?? [], occasion.note],
                now: now
            )
        case .duty: append(.duty, fields: [number, occasion.undo?.cloud.wireBytes ?? []], now: now)
        case .released:
            append(
                .released,
                flags: bySupervisor,
                fields: [number, occasion.supervisor ?? [], occasion.note],
                now: now
            )
        case .final: append(.final, fields: [number, attempt.kind?.wireBytes ?? []], now: now)
        }
    }

    mutating func append(_ kind: JournalKind, flags: UInt8 = 0, fields: [[UInt8]], now: Int64) {
        let entry = JournalEntry(
            kind: kind,
            flags: flags,
            time: link.cloudTime(now: now) ?? .unknown,
            fields: fields
        )
        journal.pass(entry)
        effects.append(.journal(entry))
    }

    /// A new attempt with a new number at the other cloud, once, early, and only where that cloud is healthy.
    private mutating func trySecondAttempt(at position: Int, now: Int64) {
        let first = attempts[position]
        let told = answer(at: position, now: now)
        close(at: position)
        if let until = first.secondAttemptUntil, now < until, let code = first.code, link.isUp(first.home.other) {
            var occasion = Occasion()
            occasion.token = first.token
            occasion.sale = SaleRequest(
                saleReference: first.intent.saleReference,
                amount: first.intent.amount,
                code: code,
                operatorName: first.operatorName,
                items: first.items
            )
            if let second = begin(occasion, home: first.home.other, isSecond: true, now: now) {
                plan(pay: true, at: second, now: now)
                return
            }
        }
        if let token = first.token { effects.append(.answer(token: token, .sale(told))) }
    }

    /// Forgets an attempt that owes nothing; its answer stays.
    mutating func close(at position: Int) {
        let attempt = attempts.remove(at: position)
        memory.remember(
            EndedSale(
                sale: attempt.saleHash,
                code: PluginLane.code64(attempt.codeHash),
                epoch: attempt.intent.orderNumber.epoch,
                sequence: UInt32(attempt.intent.orderNumber.sequence),
                state: attempt.state,
                home: attempt.home,
                wallet: attempt.paid?.wallet,
                reason: attempt.reason,
                amount: attempt.intent.amount,
                transaction: attempt.paid?.transaction
            )
        )
    }

    private mutating func raise(at position: Int, _ occasion: Occasion) {
        let number = attempts[position].intent.orderNumber
        if let payment = occasion.payment {
            switch payment.state {
            case .paid: effects.append(.alarm(.answerDataDiffer, number))
            case .conflict: effects.append(.alarm(.conflict, number))
            default: effects.append(.alarm(.revokedWhilePaid, number))
            }
        } else if case .stuck = occasion.undo?.state {
            // Asked again and again; one page is enough.
            if !attempts[position].isStuck { effects.append(.alarm(.undoStuck, number)) }
            attempts[position].isStuck = true
        } else {
            effects.append(.alarm(.undoRefused, number))
        }
    }
}
