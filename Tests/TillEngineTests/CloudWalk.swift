// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// A generator with one seed and no global state.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 &+ 0x1234_5678_9ABC_DEF1 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }

    mutating func chance(_ percent: Int) -> Bool { Int(next() % 100) < percent }
    mutating func span(_ range: ClosedRange<Int64>) -> Int64 { Int64.random(in: range, using: &self) }
}

/// The wallet's own truth of one number.
struct WalkWallet {
    enum State: Equatable { case none, open, paid, closed, refunded }
    private(set) var state = State.none
    /// Earlier states, newest last, for queries that lag.
    private var past: [(until: Timestamp, state: State)] = []
    /// What the pay call does when it is executed.
    let pays: Behaviour
    /// Cancels of paid trades are refused, so that a refund is needed.
    let refusesCancel: Bool
    /// The first refund is accepted and fails later.
    var failsFirstRefund: Bool
    var refundAccepted = false
    /// For so long a query shows the order's money on its way back after it was returned.
    var returnSpan: Int64 = 0
    var returnedAt: Timestamp?
    /// After a decline that took the money queries do not lag: they are what a decline is checked by (W5).
    var isTruthful = false

    enum Behaviour { case pays, asks, declines }

    init(pays: Behaviour, refusesCancel: Bool, failsFirstRefund: Bool) {
        self.pays = pays
        self.refusesCancel = refusesCancel
        self.failsFirstRefund = failsFirstRefund
    }

    mutating func become(_ next: State, at now: Timestamp) {
        past.append((now, state))
        state = next
        if next == .refunded { returnedAt = now }
    }

    /// The state as it was `lag` ago.
    func seen(at now: Timestamp, lag: Int64) -> State {
        for (until, old) in past where until > now + -lag { return old }
        return state
    }
}

struct CloudWalk {
    private enum Work {
        case toCloud(Int, CloudEvent, life: Int?)
        case write(Int, CloudPayCall, life: Int)
        case walletPays(answerTo: Int, life: Int)
        case shopperPays
        case walletAnswers(Int, CloudEffect, life: Int)
        case timer(Int, life: Int)
        case toPlugIn(cloud: Int, CloudAnswer)
        case tick
        case crash(Int)
        case rollback(Int)
        case die(Int)
        case refundFinishes
    }

    private enum PlugIn { case intent, paid, acked, declined, unsent, revoke }

    private static let times = ProtocolTimes()
    private static let names = [CloudName.a, .b]
    private let table: CloudTable
    private var random: SplitMix
    private var now: Timestamp
    private let intent = CloudSample.intent()
    private var queue: [(at: Timestamp, order: Int, work: Work)] = []
    private var order = 0

    private var stored: [CloudPayment?] = [nil, nil]
    private var versions: [[CloudPayment?]] = [[nil], [nil]]
    private var lives = [0, 0]
    private var dead = [false, false]
    private var promoted: [Timestamp?] = [nil, nil]
    private var wallet: WalkWallet
    private var writes = 0
    private var plugIn = PlugIn.intent
    private var ended = [false, false]
    /// From here on the money must stay where the register was told it is.
    private var toldFinal = false
    private var disowns: Bool
    private let loss: Int
    private let faultsEnd: Timestamp
    /// A database falls back to an earlier state in this walk.
    private var fallsBack = false

    private(set) var violation: String?
    private(set) var trace: [String] = []
    var end: String { "\(plugIn) \(wallet.state)" }

    init(seed: UInt64, table: CloudTable = .standard) {
        self.table = table
        random = SplitMix(seed: seed)
        now = CloudSample.start
        faultsEnd = CloudSample.start + 400_000
        let behaviour: WalkWallet.Behaviour = random.chance(25) ? .declines : random.chance(30) ? .asks : .pays
        wallet = WalkWallet(
            pays: behaviour,
            refusesCancel: random.chance(30),
            failsFirstRefund: random.chance(30)
        )
        if random.chance(40) { wallet.returnSpan = random.span(1...90_000) }
        loss = random.chance(30) ? 0 : Int(random.span(5...40))
        disowns = random.chance(20)
        for cloud in 0..<2 {
            if random.chance(30) { add(.crash(cloud), after: random.span(0...150_000)) }
            if random.chance(15) {
                fallsBack = true
                add(.rollback(cloud), after: random.span(0...150_000))
            }
        }
        // One of the two may die for good; everything must end without it.
        if random.chance(15) { add(.die(Int(random.span(0...1))), after: random.span(0...60_000)) }
        add(.tick, after: 0)
    }

    private mutating func add(_ work: Work, after span: Int64) {
        order += 1
        queue.append((now + span, order, work))
    }

    mutating func run() {
        let last = CloudSample.start + 20_000_000
        var steps = 0
        while violation == nil, steps < 6_000 {
            guard
                let next = queue.indices.min(by: { (queue[$0].at, queue[$0].order) < (queue[$1].at, queue[$1].order) })
            else { break }
            let (at, _, work) = queue.remove(at: next)
            guard at < last else { break }
            now = at
            steps += 1
            perform(work)
            checkMoney()
        }
        if violation == nil { checkEnd() }
    }

    // MARK: Faults of transport

    private var isFaulty: Bool { now < faultsEnd }
    private mutating func isLost() -> Bool { isFaulty && random.chance(loss) }
    private mutating func hop() -> Int64 {
        isFaulty && random.chance(10) ? random.span(100...20_000) : random.span(5...300)
    }

    private mutating func perform(_ work: Work) {
        switch work {
        case .toCloud(let cloud, let event, let life):
            if dead[cloud] || life.map({ $0 != lives[cloud] }) ?? false { return }
            handle(event, at: cloud)
        case .write(let cloud, var call, let life):
            if dead[cloud] || life != lives[cloud] { return }
            guard call.mayWrite(at: now) else { return handle(.payUnwritten(.late), at: cloud) }
            writes += 1
            if writes > 1 { violation = "S12: pay was written twice" }
            // A paused network may deliver late, but nothing that was shown before t0 is paid after F (W3).
            let bound = CloudSample.start + CloudWalk.times.firstPayBound - now - 1
            let delay = isFaulty && random.chance(20) ? random.span(0...bound) : min(random.span(20...900), bound)
            if isLost(), random.chance(50) {
                add(.toCloud(cloud, .payOutcome(.unknown(.noAnswer)), life: life), after: 10_000)
            } else {
                add(.walletPays(answerTo: cloud, life: life), after: delay)
            }
        case .walletPays(let cloud, let life): walletPays(cloud, life)
        case .shopperPays: if wallet.state == .open { wallet.become(.paid, at: now) }
        case .walletAnswers(let cloud, let effect, let life): walletAnswers(cloud, effect, life)
        case .timer(let cloud, let life):
            if dead[cloud] || life != lives[cloud] { return }
            for event in stored[cloud]?.timerEvents(at: now) ?? [] { handle(event, at: cloud) }
        case .toPlugIn(let cloud, let answer): hear(answer, from: cloud)
        case .tick: tick()
        case .crash(let cloud): restart(cloud)
        case .rollback(let cloud):
            let back = Int(random.span(1...3))
            versions[cloud].removeLast(min(back, versions[cloud].count - 1))
            stored[cloud] = versions[cloud].last ?? nil
            promoted[cloud] = now
            note("rollback of \(cloud) to \(stored[cloud].map { "\($0.state)" } ?? "nothing")")
            if random.chance(50) { restart(cloud) }
            schedule(cloud)
        case .die(let cloud):
            dead[cloud] = true
            note("cloud \(cloud) dies")
        case .refundFinishes: if wallet.state == .paid { wallet.become(.refunded, at: now) }
        }
    }

    private mutating func restart(_ cloud: Int) {
        guard !dead[cloud] else { return }
        lives[cloud] += 1
        note("crash of \(cloud)")
        add(.toCloud(cloud, .restart, life: lives[cloud]), after: random.span(500...8_000))
        // The timers of the earlier life are gone; the stored record says what is due.
        schedule(cloud)
    }

    // MARK: Clouds

    private mutating func handle(_ event: CloudEvent, at cloud: Int) {
        let name = CloudWalk.names[cloud]
        if case .restart = event, stored[cloud] == nil { return }
        let context = CloudContext(
            cloud: name,
            times: CloudWalk.times,
            route: .wallet(.alipay, .alipay),
            lastPromotion: promoted[cloud],
            highestSequence: 0,
            random: random.next()
        )
        let before = stored[cloud] ?? CloudPayment(intent: intent, home: .a)
        var payment = before
        let effects = payment.handle(event, at: now, context: context, table: table)
        note("\(name) \(before.state) + \(event.kind) -> \(payment.state) \(payment.record.phase)")
        if let broken = CloudPromises.broken(before, payment, event, effects, now, context) {
            violation = "\(broken) in \(event)"
            return
        }
        if case .commit? = effects.first {
            // The commit's own result may be lost. Then nothing else happens, whether it was stored or not.
            if isFaulty, random.chance(2) {
                if random.chance(50) { store(payment, at: cloud) }
                note("commit unknown")
                restart(cloud)
                return
            }
            store(payment, at: cloud)
        }
        for effect in effects { perform(effect, at: cloud) }
    }

    private mutating func store(_ payment: CloudPayment, at cloud: Int) {
        stored[cloud] = payment
        versions[cloud].append(payment)
        schedule(cloud)
    }

    private mutating func schedule(_ cloud: Int) {
        guard let next = stored[cloud]?.record.nextWork else { return }
        add(.timer(cloud, life: lives[cloud]), after: max(next - now, 0))
    }

    private mutating func perform(_ effect: CloudEffect, at cloud: Int) {
        let life = lives[cloud]
        switch effect {
        case .answer(let answer, _): if !isLost() { add(.toPlugIn(cloud: cloud, answer), after: hop()) }
        case .tell(let answer): if !isLost() { add(.toPlugIn(cloud: cloud, .payment(answer)), after: hop()) }
        case .pay(let call):
            // Signing and connecting take a moment; a paused machine takes long.
            let pause = isFaulty && random.chance(15) ? random.span(1_000...30_000) : random.span(1...20)
            add(.write(cloud, call, life: life), after: pause)
        case .query, .cancel, .refund, .refundQuery:
            if isLost() {
                add(.toCloud(cloud, unknown(effect), life: life), after: 2_500)
            } else {
                add(.walletAnswers(cloud, effect, life: life), after: hop())
            }
        case .commit, .schedule, .alarm, .count: break
        }
    }

    private func unknown(_ effect: CloudEffect) -> CloudEvent {
        switch effect {
        case .query(let query): .queryOutcome(.unknown(.noAnswer), query)
        case .cancel: .cancelOutcome(.unknown(.noAnswer))
        case .refund(_, let counter): .refundOutcome(.unknown(.noAnswer), counter: counter)
        case .refundQuery(_, let counter): .refundQueryOutcome(.unknown(.noAnswer), counter: counter)
        default: preconditionFailure("not a call")
        }
    }

    // MARK: Wallet

    private mutating func walletPays(_ cloud: Int, _ life: Int) {
        var outcome = PayOutcome.unknown(.walletUnsure)
        switch (wallet.state, wallet.pays) {
        case (.closed, _), (.refunded, _), (.open, _), (.paid, _): outcome = .declined(.closed)
        case (.none, .declines): outcome = .declined(.insufficientFunds)
        case (.none, .pays):
            wallet.become(.paid, at: now)
            outcome = .paid(CloudSample.trade())
        case (.none, .asks):
            wallet.become(.open, at: now)
            outcome = .waitingForShopper
            add(.shopperPays, after: random.span(500...70_000))
        }
        note("wallet executes pay: \(wallet.state)")
        // An error although it paid, a definite one even, or no answer at all.
        if isFaulty, random.chance(15) { outcome = .unknown(.unlistedCode) }
        if wallet.state == .paid, isFaulty, random.chance(5) {
            outcome = .declined(.risk)
            wallet.isTruthful = true
        }
        if isLost() { outcome = .unknown(.noAnswer) }
        add(.toCloud(cloud, .payOutcome(outcome), life: life), after: hop())
    }

    private mutating func walletAnswers(_ cloud: Int, _ effect: CloudEffect, _ life: Int) {
        let event: CloudEvent
        switch effect {
        case .query(let query): event = .queryOutcome(queried(query), query)
        case .cancel: event = .cancelOutcome(cancelled())
        case .refund(_, let counter): event = .refundOutcome(refunded(), counter: counter)
        case .refundQuery(_, let counter): event = .refundQueryOutcome(refundQueried(), counter: counter)
        default: return
        }
        add(.toCloud(cloud, isLost() ? unknown(effect) : event, life: life), after: hop())
    }

    private mutating func queried(_ query: CloudQuery) -> QueryOutcome {
        // A query lags up to 5 s behind the pay, but is truthful after F + 5 s (W4) and after an undo.
        let lag = random.chance(30) && !wallet.isTruthful ? random.span(0...5_000) : 0
        let proof = CloudSample.start + CloudWalk.times.firstPayBound + 5_000
        let isUndone = wallet.state == .closed || wallet.state == .refunded
        switch now >= proof || isUndone ? wallet.state : wallet.seen(at: now, lag: lag) {
        case .none: return .notFound
        case .open: return .open
        case .paid: return .paid(CloudSample.trade())
        case .refunded where wallet.returnedAt.map({ now < $0 + wallet.returnSpan }) ?? false:
            return random.chance(20) ? .unknown(.refundExists) : .returning
        case .closed, .refunded: return .closed
        }
    }

    private mutating func cancelled() -> CancelOutcome {
        if random.chance(10) { return .retry }
        switch wallet.state {
        // Success without a trade leaves no tombstone: a pay that comes later is still taken.
        case .none: return random.chance(50) ? .notFound : .closed
        case .open:
            wallet.become(.closed, at: now)
            return .closed
        case .paid:
            if wallet.refusesCancel { return .refused }
            wallet.become(.refunded, at: now)
            return .refunded
        case .closed: return .closed
        case .refunded: return .refunded
        }
    }

    private mutating func refunded() -> RefundOutcome {
        switch wallet.state {
        case .paid:
            if wallet.refundAccepted { return .accepted }
            if random.chance(20) { return .failed(.merchantBalance) }
            wallet.refundAccepted = true
            if !wallet.failsFirstRefund { add(.refundFinishes, after: random.span(100...60_000)) }
            return .accepted
        case .refunded: return .done
        case .none, .open, .closed: return .unknown(.walletUnsure)
        }
    }

    private mutating func refundQueried() -> RefundQueryOutcome {
        if wallet.state == .refunded { return .done }
        if wallet.refundAccepted, wallet.failsFirstRefund, random.chance(40) {
            (wallet.refundAccepted, wallet.failsFirstRefund) = (false, false)
            return .failed(.merchantBalance)
        }
        return wallet.refundAccepted ? .pending : .notFound
    }

    // MARK: The plug-in

    private mutating func send(_ event: CloudEvent, to cloud: Int) {
        if isLost() { return }
        add(.toCloud(cloud, event, life: nil), after: hop())
        if isFaulty, random.chance(10) { add(.toCloud(cloud, event, life: nil), after: random.span(0...60_000)) }
    }

    private mutating func tick() {
        let age = now - CloudSample.start
        switch plugIn {
        case .intent:
            if age >= CloudWalk.times.decision {
                plugIn = .revoke
                note("plug-in decides: revoke")
            } else if age < CloudWalk.times.payDeadline || random.chance(5) {
                send(.pay(intent, home: .a), to: 0)
            } else {
                send(.query(intent, home: .a), to: Int(random.span(0...1)))
            }
        case .paid:
            if disowns { plugIn = .revoke } else if random.chance(50) { plugIn = .acked }
        case .acked:
            for cloud in 0..<2 where !ended[cloud] { send(.confirm(intent, home: .a, implied: false), to: cloud) }
            // A revoke that no plug-in would send must not hurt a sale that this cloud holds as confirmed.
            for cloud in 0..<2 where ended[cloud] && !fallsBack && random.chance(5) {
                send(.revoke(intent, home: .a, .cashier), to: cloud)
            }
        case .declined:
            for cloud in 0..<2 where !ended[cloud] { send(.revoke(intent, home: .a, .hygiene), to: cloud) }
        case .revoke:
            for cloud in 0..<2 where !ended[cloud] { send(.revoke(intent, home: .a, .timeout), to: cloud) }
        case .unsent: break
        }
        // In truth it asks every 15 s for ever; here the late hours would only cost time.
        let pause = age < 60_000 ? 1_000...3_000 : age < 600_000 ? 12_000...18_000 : Int64(500_000)...700_000
        add(.tick, after: random.span(pause))
    }

    private mutating func hear(_ answer: CloudAnswer, from cloud: Int) {
        note("plug-in hears \(answer)")
        switch (plugIn, answer) {
        case (.intent, .payment(let answer)):
            let inTime = now < CloudSample.start + CloudWalk.times.decision
            switch answer {
            case .paid: plugIn = inTime ? .paid : .revoke
            case .declined:
                plugIn = inTime ? .declined : .revoke
                toldFinal = inTime
            case .refused where cloud == 0:
                plugIn = .unsent
                toldFinal = true
            case .conflict, .revoking, .revoked: plugIn = .revoke
            case .pending, .unknown, .refused: break
            }
        case (.revoke, .undo(.revoked)), (.declined, .undo(.revoked)):
            ended[cloud] = true
            toldFinal = true
        case (.revoke, .undo(.confirmed)), (.declined, .undo(.confirmed)):
            violation = "S9: the clouds hold a confirmation that the plug-in never sent"
        case (.acked, .confirm(.confirmed)): ended[cloud] = true
        case (.acked, .confirm): violation = "a confirm met an undo that the plug-in never asked for"
        default: break
        }
    }

    // MARK: Oracles

    private mutating func checkMoney() {
        // W5 binds the wallet, not us: this one never takes money after a definite decline.
        if toldFinal, wallet.state == .paid { violation = "S1: told not paid, and the wallet holds the money" }
        if plugIn == .acked, wallet.state != .paid { violation = "S1: the sale stands, and the money is gone" }
    }

    private mutating func checkEnd() {
        for cloud in 0..<2 where !dead[cloud] {
            guard let payment = stored[cloud] else {
                if plugIn != .unsent, promoted[cloud] == nil { violation = "cloud \(cloud) knows nothing in the end" }
                continue
            }
            switch (plugIn, payment.state) {
            case (.acked, .confirmed) where payment.record.isUnproven:
                violation = "cloud \(cloud) never saw the money that it calls confirmed"
            case (.acked, .confirmed), (.unsent, .tomb), (.revoke, .revoked), (.declined, .revoked): break
            // A cloud that fell back after its last word is asked no more.
            default: if promoted[cloud] == nil { violation = "\(plugIn) ends with \(payment.state) at cloud \(cloud)" }
            }
        }
        if plugIn == .intent || plugIn == .paid { violation = "the plug-in never ended: \(plugIn)" }
    }

    private mutating func note(_ line: String) {
        trace.append("\(now - CloudSample.start) \(line)")
    }
}
