// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain
import TillEngine

/// One register's promises, with the clouds played by the test.
@Suite struct PluginLaneTests {
    private func ready(acknowledges: Bool = true) -> LaneBench {
        var bench = LaneBench(acknowledges: acknowledges)
        bench.housekeeping()
        return bench
    }

    private func paidBench(acknowledges: Bool = true) -> (LaneBench, UInt64) {
        var bench = ready(acknowledges: acknowledges)
        let token = bench.pay("T1")
        bench.result(bench.paid())
        return (bench, token)
    }

    // MARK: - The happy path

    @Test("the intent is durable before the pay request leaves, PAID before the register hears of it")
    func writeAhead() throws {
        var bench = ready()
        bench.order = []
        let token = bench.pay("T1")
        #expect(bench.order == ["journal intent", "send"])
        #expect(bench.outstanding?.isPay == true)
        bench.order = []
        bench.result(bench.paid())
        #expect(bench.order.prefix(2) == ["journal paid", "answer"])
        let answer = try #require(bench.answer(token))
        #expect(answer.outcome == .paid && answer.wallet == .alipay && answer.amount == Money(fen: 1280))
    }

    @Test("an acknowledged sale is confirmed to both clouds and then closed")
    func confirm() throws {
        var (bench, _) = paidBench()
        let token = bench.call(.acknowledge(LaneBench.reference("T1")))
        #expect(bench.answer(token)?.outcome == .paid)
        for cloud in [CloudName.a, .b] {
            bench.reach(\.isConfirm)
            #expect(bench.outstanding?.cloud == cloud)
            bench.result(.confirm(.confirmed, time: bench.cloudNow))
        }
        #expect(bench.kinds.suffix(2) == [.acked, .closed])
        // The closed sale still answers paid, and never starts a new attempt.
        let again = bench.pay("T1", code: LaneBench.otherCode)
        #expect(bench.answer(again)?.outcome == .paid)
        #expect(bench.kinds.last == .closed)
    }

    @Test("a wallet that the register was not built for sells like any other, and is found in the journal")
    func newWallet() throws {
        let moonPay = certain(Wallet("moonpay".utf8))
        var bench = ready()
        let token = bench.pay("T1")
        bench.result(bench.paid(wallet: moonPay))
        #expect(bench.answer(token)?.outcome == .paid && bench.answer(token)?.wallet == moonPay)
        var second = LaneBench(restarting: bench)
        let again = second.call(.status(LaneBench.reference("T1")))
        #expect(second.answer(again)?.outcome == .paid && second.answer(again)?.wallet == moonPay)
    }

    // MARK: - Before anything is journalled

    @Test("without contact the register is refused at once and nothing is journalled")
    func offline() {
        var bench = LaneBench()
        let before = bench.records.count
        let token = bench.pay("T1")
        #expect(bench.answer(token)?.outcome == .unavailable)
        #expect(bench.records.count == before)
    }

    @Test("contact older than 2.5 s means unavailable")
    func staleContact() {
        var bench = ready()
        bench.now += 2_600
        let token = bench.pay("T1")
        #expect(bench.answer(token)?.outcome == .unavailable)
        #expect(bench.answer(token)?.reason == .offline)
    }

    @Test("a code of no wallet is declined at once, nothing journalled, nothing sent")
    func unsupportedCode() {
        var bench = ready()
        let before = (bench.records.count, bench.sent.count { $0.isPay })
        let token = bench.pay("T1", code: certain(PaymentCode(scanned: Array("6901234567892".utf8))))
        #expect(bench.answer(token)?.outcome == .declined)
        #expect(bench.answer(token)?.reason == .declined(.unsupportedCode))
        #expect(bench.records.count == before.0 && bench.sent.count { $0.isPay } == before.1)
    }

    @Test("codes of no wallet are counted, and the next HELLO tells of them; one that was lost tells again")
    func unknownCodes() throws {
        var bench = ready()
        bench.scan("447654321098765432")
        bench.scan("6901234567892")
        bench.scan("https://qr.alipay.com/fkx0123456")
        var told = bench.unknownInNextHello()
        #expect(told == ["44 18 1"])
        bench.scan("447654321098765433")
        bench.result(.failed(unwritten: false))
        told = bench.unknownInNextHello()
        #expect(told == ["44 18 2"])
        bench.housekeeping()
        bench.scan("457654321098765432")
        told = bench.unknownInNextHello()
        #expect(told == ["45 18 1"])
    }

    @Test("a code of another sale is refused without asking anybody")
    func codeTwice() {
        var (bench, _) = paidBench()
        _ = bench.call(.acknowledge(LaneBench.reference("T1")))
        let token = bench.pay("T2")
        #expect(bench.answer(token)?.reason == .declined(.codeUsed))
    }

    @Test("an amount above the limit is refused by name")
    func amountLimit() {
        var bench = ready()
        let token = bench.pay("T1", fen: 500_001)
        #expect(bench.refusal(token) == .amountAboveLimit(Money(fen: 500_000)))
    }

    @Test("no room in the journal, no payment")
    func journalFull() {
        var bench = ready()
        bench.lane.journalHasRoom = false
        let token = bench.pay("T1")
        #expect(bench.answer(token)?.reason == .journalFull)
    }

    // MARK: - Same sale

    @Test("the same sale twice is one attempt; the second caller is told to wait")
    func sameSale() {
        var bench = ready()
        let first = bench.pay("T1")
        let second = bench.pay("T1", code: LaneBench.otherCode)
        #expect(bench.answer(second)?.outcome == .waiting)
        bench.result(bench.paid())
        #expect(bench.answer(first)?.outcome == .paid)
        #expect(bench.kinds.count(where: { $0 == .intent }) == 1)
        let third = bench.pay("T1")
        #expect(bench.answer(third)?.outcome == .paid)
    }

    @Test("the same sale with another amount is refused")
    func otherAmount() {
        var bench = ready()
        _ = bench.pay("T1")
        let token = bench.pay("T1", fen: 1281)
        #expect(bench.refusal(token) == .amountDiffers)
    }

    @Test("after a decline the same code gets the stored answer, another code a new attempt with a new number")
    func declinedThenOtherCode() throws {
        var bench = ready()
        let first = bench.pay("T1")
        bench.result(bench.reply(.declined(.insufficientFunds)))
        let declined = try #require(bench.answer(first))
        #expect(declined.outcome == .declined)
        bench.housekeeping()
        let again = bench.pay("T1")
        #expect(bench.answer(again)?.orderNumber == declined.orderNumber)
        let other = bench.pay("T1", code: LaneBench.otherCode)
        bench.reach(\.isPay)
        bench.result(bench.paid())
        let paid = try #require(bench.answer(other))
        #expect(paid.outcome == .paid && paid.orderNumber != declined.orderNumber)
    }

    @Test("a decline is followed by a hygiene revoke at both clouds, and closed when both are final")
    func hygiene() {
        var bench = ready()
        _ = bench.pay("T1")
        bench.result(bench.reply(.declined(.risk)))
        for _ in 0..<2 {
            bench.reach(\.isRevoke)
            if case .revoke(let reason) = bench.outstanding?.kind { #expect(reason == .hygiene) }
            bench.result(bench.undo(.revoked(.closed)))
        }
        #expect(bench.kinds.suffix(2) == [.declined, .closed])
    }

    /// Found by the simulator (seed 19): the first attempt was undone at one cloud, the second was paid and closed, and
    /// then the other cloud answered the first attempt's undo. The register asked once more and was charged again.
    @Test("an earlier attempt that ends last does not hide that the sale was paid")
    func earlierAttemptEndsLast() throws {
        var bench = ready()
        let first = bench.pay("T1")
        _ = bench.call(.cancel(LaneBench.reference("T1")))
        #expect(bench.answer(first)?.outcome == .cancelled)
        bench.result(bench.reply(.unknown))
        bench.reach(\.isRevoke)
        bench.result(bench.undo(.revoked(.closed)))
        #expect(bench.kinds.last == .final)
        // Paid with another code, acknowledged and closed, while one cloud has not answered the undo.
        let second = bench.pay("T1", code: LaneBench.otherCode)
        bench.reach(\.isPay)
        bench.result(bench.paid())
        #expect(bench.answer(second)?.outcome == .paid)
        let acknowledge = bench.call(.acknowledge(LaneBench.reference("T1")))
        #expect(bench.answer(acknowledge)?.outcome == .paid)
        for _ in 0..<2 {
            bench.reach(\.isConfirm)
            bench.result(.confirm(.confirmed, time: bench.cloudNow))
        }
        #expect(bench.kinds.last == .closed)
        func isStillPaid() {
            let intents = bench.kinds.count(where: { $0 == .intent })
            let again = bench.pay("T1", code: certain(PaymentCode(scanned: Array("280000000000000077".utf8))))
            #expect(bench.answer(again)?.outcome == .paid)
            let status = bench.call(.status(LaneBench.reference("T1")))
            #expect(bench.answer(status)?.outcome == .paid)
            #expect(bench.kinds.count(where: { $0 == .intent }) == intents)
        }
        isStillPaid()
        bench.reach(\.isRevoke)
        bench.result(bench.undo(.revoked(.closed)))
        #expect(bench.kinds.last == .closed)
        isStillPaid()
    }

    @Test("what a person had undone meanwhile is told once, and not confirmed for ever")
    func confirmRefused() {
        var bench = ready()
        _ = bench.pay("T1")
        bench.reach(\.isPay)
        bench.result(bench.paid())
        _ = bench.call(.acknowledge(LaneBench.reference("T1")))
        bench.reach(\.isConfirm)
        let silent = bench.outstanding?.cloud
        bench.result(.confirm(.revoking, time: bench.cloudNow))
        #expect(bench.alarms == [.confirmRefused])
        // While the undo runs, it is asked for again; the other cloud confirms.
        while bench.kinds.last != .closed {
            bench.reach(\.isConfirm)
            bench.result(.confirm(bench.outstanding?.cloud == silent ? .revoked : .confirmed, time: bench.cloudNow))
        }
        #expect(bench.alarms == [.confirmRefused, .confirmRefused])
        // The register has it as paid, as it was told.
        let status = bench.call(.status(LaneBench.reference("T1")))
        #expect(bench.answer(status)?.outcome == .paid)
    }

    // MARK: - Unknown, decision, revoke

    @Test("silence before D repeats pay at the same cloud; after D the clouds are asked in turn")
    func silence() throws {
        var bench = ready()
        _ = bench.pay("T1")
        let home = try #require(bench.outstanding?.cloud)
        bench.now += 3_000
        bench.result(.failed(unwritten: false))
        bench.reach(\.isPay)
        #expect(bench.outstanding?.cloud == home)
        if case .pay(let facts) = bench.outstanding?.kind { #expect(facts.send == 2) }
        bench.now += 6_000
        bench.result(.failed(unwritten: false))
        bench.reach(\.isQuery)
        #expect(bench.outstanding?.cloud == home)
        bench.now += 3_000
        bench.result(.failed(unwritten: false))
        bench.reach(\.isQuery)
        #expect(bench.outstanding?.cloud == home.other)
    }

    @Test("a payment whose cloud died is rescued through the other cloud")
    func rescue() {
        var bench = ready()
        let token = bench.pay("T1")
        bench.now += 9_000
        bench.result(.failed(unwritten: false))
        bench.reach(\.isQuery)
        bench.now += 3_000
        bench.result(.failed(unwritten: false))
        bench.reach { $0.isQuery && $0.cloud == .b }
        bench.result(bench.paid())
        #expect(bench.answer(token)?.outcome == .paid)
    }

    @Test("at the decision time the lane revokes, tells the cashier, and locks until the undo is final")
    func decision() throws {
        var bench = ready()
        let token = bench.pay("T1")
        for _ in 0..<100 where bench.answer(token) == nil {
            if let call = bench.outstanding, bench.isOutstanding(call) {
                switch call.kind {
                case .heartbeat, .hello: bench.housekeeping()
                default:
                    bench.now += 2_500
                    bench.result(bench.reply(.pending(.wallet)))
                }
            } else {
                bench.wake()
            }
        }
        let answer = try #require(bench.answer(token))
        #expect(answer.outcome == .cancelled && answer.reason == .revoked(.timeout))
        #expect(bench.kinds.last == .revoke)
        bench.reach(\.isRevoke)
        let busy = bench.pay("T2", code: LaneBench.otherCode)
        #expect(bench.answer(busy)?.outcome == .busy)
        #expect(bench.answer(busy)?.blockedBy == LaneBench.reference("T1"))
        bench.result(bench.undo(.revoked(.closed)))
        #expect(bench.kinds.last == .final)
        let next = bench.pay("T3", code: LaneBench.otherCode)
        bench.reach(\.isPay)
        bench.result(bench.paid())
        #expect(bench.answer(next)?.outcome == .paid)
        // The other cloud is still asked until it says final too.
        bench.reach { $0.isRevoke && $0.cloud == .b }
    }

    @Test("a success that comes after REVOKE is counted and never told")
    func lateSuccess() {
        var bench = ready()
        let token = bench.pay("T1")
        let cancel = bench.call(.cancel(LaneBench.reference("T1")))
        #expect(bench.answer(cancel)?.outcome == .cancelled)
        #expect(bench.answer(token)?.outcome == .cancelled)
        bench.result(bench.paid())
        #expect(!bench.kinds.contains(.paid))
        let status = bench.call(.status(LaneBench.reference("T1")))
        #expect(bench.answer(status)?.outcome == .cancelled)
    }

    @Test("a success that comes at or after the decision time is undone", arguments: [45_000, 45_001])
    func lateAnswer(after: Int64) {
        var bench = ready()
        let token = bench.pay("T1")
        bench.now += after
        bench.result(bench.paid())
        #expect(bench.answer(token)?.outcome == .cancelled)
        #expect(!bench.kinds.contains(.paid))
    }

    @Test("a success with another amount or number is undone and raises an alarm", arguments: [true, false])
    func differingData(amount: Bool) {
        var bench = ready()
        let token = bench.pay("T1")
        if amount {
            bench.result(bench.paid(fen: 1279))
        } else {
            let other = OrderNumber(installation: .sandbox, register: LaneBench.register, epoch: 1, sequence: 999)
            bench.result(bench.paid(number: other))
        }
        #expect(bench.answer(token)?.outcome == .cancelled)
        #expect(!bench.alarms.isEmpty)
        #expect(bench.kinds.last == .revoke)
    }

    @Test("a shut lane asks again when the cloud said that it will know more", arguments: [2, 9] as [Int64])
    func hint(seconds: Int64) {
        var bench = ready()
        _ = bench.pay("T1")
        _ = bench.call(.cancel(LaneBench.reference("T1")))
        bench.result(.failed(unwritten: false))
        // After so many tries it would wait for twelve seconds at the least.
        for _ in 0..<6 {
            bench.reach { $0.isRevoke && $0.cloud == .a }
            bench.result(bench.undo(.revoking(.untilF, nextSeconds: 60)))
        }
        bench.reach { $0.isRevoke && $0.cloud == .a }
        bench.result(bench.undo(.revoking(.untilF, nextSeconds: seconds)))
        let told = bench.now
        bench.reach { $0.isRevoke && $0.cloud == .a }
        #expect(bench.now - told >= seconds * 1_000 && bench.now - told <= seconds * 1_000 + 1_000)
    }

    @Test("DUTY opens the lane, and the undo goes on")
    func duty() {
        var bench = ready()
        _ = bench.pay("T1")
        _ = bench.call(.cancel(LaneBench.reference("T1")))
        bench.result(.failed(unwritten: false))
        bench.reach(\.isRevoke)
        bench.result(bench.undo(.duty(nextSeconds: 300)))
        #expect(bench.kinds.last == .duty)
        let token = bench.pay("T2", code: LaneBench.otherCode)
        bench.reach(\.isPay)
        bench.result(bench.paid())
        #expect(bench.answer(token)?.outcome == .paid)
        bench.reach(\.isRevoke)
    }

    // MARK: - Refused, unsent

    @Test("a paying cloud that promises never to send gets a second attempt at the other cloud, with a new number")
    func secondAttempt() throws {
        var bench = ready()
        let token = bench.pay("T1")
        let first = try #require(bench.outstanding?.intent)
        bench.result(bench.reply(.refused(.overload)))
        bench.reach(\.isPay)
        let second = try #require(bench.outstanding)
        #expect(second.cloud == .b && second.intent?.orderNumber != first.orderNumber)
        #expect(second.intent?.saleReference == first.saleReference)
        bench.result(bench.paid())
        #expect(bench.answer(token)?.outcome == .paid)
        #expect(bench.kinds.filter { $0 == .unsent }.count == 1)
    }

    @Test("a second refusal answers unavailable: there is no third attempt")
    func noThirdAttempt() {
        var bench = ready()
        let token = bench.pay("T1")
        bench.result(bench.reply(.refused(.overload)))
        bench.reach(\.isPay)
        bench.result(bench.reply(.refused(.overload)))
        #expect(bench.answer(token)?.outcome == .unavailable)
        #expect(bench.kinds.count(where: { $0 == .intent }) == 2)
    }

    @Test("a refusal by a cloud that is not the paying one proves nothing")
    func foreignRefusal() {
        var bench = ready()
        let token = bench.pay("T1")
        bench.result(bench.reply(.refused(.overload), cloud: .b))
        #expect(bench.answer(token) == nil)
        #expect(!bench.kinds.contains(.unsent))
    }

    @Test("an attempt of which no byte ever left ends unsent; one copy that left makes that impossible")
    func unwritten() {
        var bench = ready()
        let token = bench.pay("T1")
        bench.now += 4_500
        bench.result(.failed(unwritten: true))
        #expect(bench.answer(token)?.outcome == .unavailable)
        var other = ready()
        let second = other.pay("T1")
        other.result(.failed(unwritten: false))
        other.reach(\.isPay)
        other.result(.failed(unwritten: true))
        #expect(other.answer(second) == nil)
        #expect(!other.kinds.contains(.unsent))
    }

    // MARK: - Acknowledging

    @Test("an unacknowledged sale stops the next one; disown undoes it")
    func unacknowledged() {
        var (bench, _) = paidBench()
        let next = bench.pay("T2", code: LaneBench.otherCode)
        #expect(bench.answer(next)?.outcome == .unacknowledged)
        #expect(bench.answer(next)?.blockedBy == LaneBench.reference("T1"))
        _ = bench.call(.disown(LaneBench.reference("T1")))
        #expect(bench.kinds.last == .revoke)
        bench.reach(\.isRevoke)
    }

    @Test("without acknowledgements the next sale implies the last one")
    func implicitByNextSale() {
        var (bench, _) = paidBench(acknowledges: false)
        bench.housekeeping()
        let next = bench.pay("T2", code: LaneBench.otherCode)
        #expect(bench.kinds.contains(.acked))
        bench.reach(\.isPay)
        bench.result(bench.paid())
        #expect(bench.answer(next)?.outcome == .paid)
    }

    @Test("without acknowledgements five minutes after the written answer imply it, and nothing before")
    func implicitByTime() {
        var (bench, token) = paidBench(acknowledges: false)
        bench.advance(600_000)
        #expect(!bench.kinds.contains(.acked))
        bench.perform(bench.lane.handle(.answerWritten(token: token), now: bench.now))
        bench.advance(299_000)
        #expect(!bench.kinds.contains(.acked))
        bench.advance(1_001)
        #expect(bench.kinds.contains(.acked))
    }

    @Test("an acknowledged sale cannot be disowned")
    func disownTooLate() {
        var (bench, _) = paidBench()
        _ = bench.call(.acknowledge(LaneBench.reference("T1")))
        let token = bench.call(.disown(LaneBench.reference("T1")))
        #expect(bench.refusal(token) == .wrongState)
        #expect(bench.kinds.last == .acked)
    }

    // MARK: - Restart

    @Test("an open intent is revoked after a restart, and pay is never sent again")
    func restartWithIntent() {
        var bench = ready()
        _ = bench.pay("T1")
        var second = LaneBench(restarting: bench)
        second.reach(\.isRevoke)
        #expect(second.kinds.last == .revoke)
        #expect(!second.sent.contains { $0.isPay })
    }

    @Test("a register that asks for the same sale within five seconds re-attaches to the open attempt")
    func reattach() {
        var bench = ready()
        _ = bench.pay("T1")
        var second = LaneBench(restarting: bench)
        second.housekeeping()
        let token = second.call(.status(LaneBench.reference("T1")))
        #expect(second.answer(token)?.outcome == .waiting)
        second.reach(\.isQuery)
        second.result(second.paid())
        #expect(second.kinds.last == .paid)
        let again = second.call(.status(LaneBench.reference("T1")))
        #expect(second.answer(again)?.outcome == .paid)
        #expect(!second.sent.contains { $0.isPay })
    }

    @Test("every prefix of the journal recovers to a lane that ends safely")
    func everyPrefix() {
        var (bench, _) = paidBench()
        _ = bench.call(.acknowledge(LaneBench.reference("T1")))
        for count in 2...bench.records.count {
            var second = LaneBench(restarting: bench, upTo: count)
            let token = second.call(.status(LaneBench.reference("T1")))
            let last = bench.records[count - 1].kind
            switch last {
            case .paid, .acked: #expect(second.answer(token)?.outcome == .paid, "\(last)")
            case .intent: #expect(second.answer(token)?.outcome == .waiting, "\(last)")
            default: #expect(second.refusal(token) == .unknownSale, "\(last)")
            }
        }
    }

    @Test("order numbers never repeat: the sequence goes on and the epoch is new")
    func numbers() throws {
        var (bench, token) = paidBench()
        _ = bench.call(.acknowledge(LaneBench.reference("T1")))
        let first = try #require(bench.answer(token)?.orderNumber)
        var second = LaneBench(restarting: bench)
        second.housekeeping()
        _ = second.pay("T2", code: LaneBench.otherCode)
        second.reach(\.isPay)
        let number = try #require(second.outstanding?.intent?.orderNumber)
        #expect(number.sequence == first.sequence + 1 && number.epoch != first.epoch)
    }

    @Test("a journal older than what a cloud has seen turns the lane red; nothing is undone unasked")
    func rolledBack() {
        var bench = ready()
        _ = bench.pay("T1")
        var second = LaneBench(restarting: bench)
        second.housekeeping(journalIndex: 1_000)
        #expect(second.alarms.contains(.journalRolledBack))
        for _ in 0..<60 { if second.until({ $0.isRevoke }, limit: 20) { break } }
        #expect(!second.sent.contains { $0.isRevoke })
        let token = second.pay("T2", code: LaneBench.otherCode)
        #expect(second.answer(token)?.outcome == .busy || second.answer(token)?.outcome == .unavailable)
    }

    @Test("a supervisor opens a red lane for good, unless a cloud then knows still more records")
    func redReleased() {
        var second = LaneBench(restarting: ready())
        second.housekeeping(journalIndex: 1_000)
        let unavailable = second.pay("T2", code: LaneBench.otherCode)
        #expect(second.answer(unavailable)?.outcome == .unavailable)
        _ = second.call(.release(supervisorCode: Array("4711".utf8), reason: Array("compared".utf8)))
        second.housekeeping(journalIndex: 1_000)
        _ = second.pay("T3", code: LaneBench.otherCode)
        second.reach(\.isPay)
        #expect(second.kinds.last == .intent)
        // Another copy of this disk is at work.
        var third = LaneBench(restarting: ready())
        third.housekeeping(journalIndex: 1_000)
        _ = third.call(.release(supervisorCode: Array("4711".utf8), reason: Array("compared".utf8)))
        third.housekeeping(journalIndex: 1_001)
        let again = third.pay("T4", code: LaneBench.otherCode)
        #expect(third.answer(again)?.outcome == .unavailable)
    }

    @Test("opening a red lane gives no paid sale back: the register is asked whether it took it")
    func redReleaseKeepsPaid() {
        var (bench, _) = paidBench()
        bench = LaneBench(restarting: bench)
        bench.housekeeping(journalIndex: 1_000)
        _ = bench.call(.release(supervisorCode: Array("4711".utf8), reason: Array("compared".utf8)))
        #expect(bench.kinds.last != .revoke)
        let taken = bench.call(.acknowledge(LaneBench.reference("T1")))
        #expect(bench.answer(taken)?.outcome == .paid)
    }

    @Test("the first undo after a restart waits for a HELLO, thirty seconds at the most")
    func undoWaitsForHello() {
        var bench = ready()
        _ = bench.pay("T1")
        _ = bench.call(.cancel(LaneBench.reference("T1")))
        var second = LaneBench(restarting: bench)
        let start = second.now
        // Heartbeats are answered, no HELLO is.
        while !second.sent.contains(where: { $0.isRevoke }), second.now < start + 60_000 {
            guard let call = second.outstanding, second.isOutstanding(call) else {
                second.wake()
                continue
            }
            if case .heartbeat = call.kind { second.heartbeat() } else { second.result(.failed(unwritten: false)) }
        }
        #expect(second.now >= start + 30_000)
        #expect(second.alarms.contains(.revokedWithoutHello))
    }

    // MARK: - Release

    @Test("a supervisor opens a locked lane after 120 s, not before, and the undo goes on")
    func release() {
        var bench = ready()
        _ = bench.pay("T1")
        _ = bench.call(.cancel(LaneBench.reference("T1")))
        let wrong = bench.call(.release(supervisorCode: Array("0000".utf8), reason: []))
        #expect(bench.refusal(wrong) == .supervisorUnknown)
        let early = bench.call(.release(supervisorCode: Array("4711".utf8), reason: []))
        if case .notReleasable(let seconds) = bench.refusal(early) { #expect(seconds == 120) } else { Issue.record() }
        bench.now += 120_000
        let token = bench.call(.release(supervisorCode: Array("4711".utf8), reason: Array("queue".utf8)))
        #expect(bench.answer(token)?.outcome == .cancelled)
        #expect(bench.kinds.last == .released)
        #expect(bench.lane.dutyOrReleased == 1)
        bench.result(.failed(unwritten: false))
        bench.reach(\.isRevoke)
    }

    /// Found by the simulator (seed 200423): the lane stayed red for ten minutes more.
    @Test("before a cloud has told who is a supervisor, a right code is no wrong try")
    func supervisorsNotKnownYet() {
        var bench = LaneBench(restarting: ready())
        for _ in 0..<6 {
            let early = bench.call(.release(supervisorCode: Array("4711".utf8), reason: []))
            #expect(bench.refusal(early) == .supervisorsMissing)
        }
        bench.housekeeping()
        let token = bench.call(.release(supervisorCode: Array("4711".utf8), reason: []))
        #expect(bench.refusal(token) == nil)
    }

    @Test("two persons decided that the sale stands: revoking ends")
    func kept() {
        var bench = ready()
        _ = bench.pay("T1")
        _ = bench.call(.cancel(LaneBench.reference("T1")))
        bench.result(.failed(unwritten: false))
        bench.reach(\.isRevoke)
        bench.result(bench.undo(.confirmed(kept: true)))
        #expect(bench.kinds.last == .final)
        let revokes = bench.until(\.isRevoke, limit: 50)
        #expect(!revokes)
    }

    @Test("a payment does not wait behind a background call that hangs")
    func paymentGoesFirst() {
        var (bench, _) = paidBench()
        _ = bench.call(.acknowledge(LaneBench.reference("T1")))
        bench.reach(\.isConfirm)
        _ = bench.pay("T2", code: LaneBench.otherCode)
        #expect(bench.outstanding?.isConfirm == true)
        bench.advance(250)
        #expect(bench.outstanding?.isPay == true)
        #expect(bench.order.contains("abandon"))
    }
}

extension LaneBench {
    fileprivate mutating func scan(_ text: String) {
        _ = pay("T1", code: certain(PaymentCode(scanned: Array(text.utf8))))
    }

    /// Lets time pass until a HELLO is under way, and tells its counts.
    fileprivate mutating func unknownInNextHello() -> [String]? {
        for _ in 0..<100 {
            guard let call = outstanding, isOutstanding(call) else {
                wake()
                continue
            }
            switch call.kind {
            case .hello(let facts):
                return facts.unknown.map { "\(String(decoding: $0.prefix, as: UTF8.self)) \($0.length) \($0.count)" }
            case .heartbeat: heartbeat()
            default: return nil
            }
        }
        return nil
    }
}
