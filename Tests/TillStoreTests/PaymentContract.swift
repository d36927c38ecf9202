// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain
import TillEngine
import TillStore

@Suite("Store: payments")
struct PaymentContract {
    @Test("what is stored is read back whole, also after a restart", arguments: Backend.available)
    func roundTrip(backend: Backend) async throws {
        try await withStore(backend) { (fixture) async throws -> Void in
            var paid = StoredDrive(Sample.intent(1), in: fixture.store)
            try await paid.succeed()
            try await paid.confirm()
            paid.now = paid.now + 500
            try await paid.handle(.refund(Sample.request("A", fen: 300), authorised: true))
            try await paid.handle(.refundDue(counter: 1))
            paid.now = paid.now + 500
            try await paid.handle(.refundOutcome(.failed(.tradeFrozen), counter: 1))
            try await paid.handle(.refund(Sample.request("B", fen: 1_280), authorised: true))

            var declined = StoredDrive(Sample.intent(2), in: fixture.store)
            try await declined.pay()
            try await declined.handle(.payOutcome(.declined(.insufficientFunds)))
            try await declined.handle(
                .queryOutcome(.notFound, CloudQuery(purpose: .poll, askedAt: declined.now))
            )

            var refused = StoredDrive(Sample.intent(3), in: fixture.store)
            refused.now = Sample.start + 9_000
            try await refused.pay()

            var stuck = StoredDrive(Sample.intent(4), in: fixture.store)
            try await stuck.succeed()
            try await stuck.revoke()
            let look = CloudQuery(purpose: .look, askedAt: stuck.now)
            try await stuck.handle(.queryOutcome(.paid(Sample.trade(stuck.payment.intent)), look))
            try await stuck.handle(.cancelOutcome(.refused))
            let verify = CloudQuery(purpose: .verify, askedAt: stuck.now)
            try await stuck.handle(.queryOutcome(.paid(Sample.trade(stuck.payment.intent)), verify))
            try await stuck.handle(.refundOutcome(.failed(.merchantBalance), counter: 0))
            #expect(stuck.payment.state == .stuck)

            for _ in 0..<2 {
                for drive in [paid, declined, refused, stuck] {
                    #expect(try await fixture.store.payment(drive.number) == drive.payment)
                }
                try await fixture.reopen()
            }
            #expect(try await fixture.store.payment(Sample.intent(9).orderNumber) == nil)
        }
    }

    @Test("a number gets one row: the second claim is lost", arguments: Backend.available)
    func onlyOnce(backend: Backend) async throws {
        try await withStore(backend) { (fixture) async throws -> Void in
            var first = StoredDrive(Sample.intent(1), in: fixture.store)
            var second = StoredDrive(Sample.intent(1), in: fixture.store)
            var other = StoredDrive(Sample.intent(1, amount: 5), in: fixture.store)
            #expect(try await first.pay() == .stored)
            #expect(try await second.pay() == .lost)
            #expect(try await other.pay() == .lost)
            #expect(try await fixture.store.payment(first.number) == first.payment)
        }
    }

    @Test("of many claims at once exactly one is stored", arguments: Backend.available)
    func claimsAtOnce(backend: Backend) async throws {
        try await withStore(backend) { (fixture) async throws -> Void in
            let store = fixture.store
            let stored = try await withThrowingTaskGroup(of: CommitResult?.self) { group in
                for _ in 0..<32 {
                    group.addTask {
                        var drive = StoredDrive(Sample.intent(1), in: store)
                        return try await drive.pay()
                    }
                }
                return try await group.reduce(into: 0) { $0 += $1 == .stored ? 1 : 0 }
            }
            #expect(stored == 1)
            #expect(try await store.log(after: 0, limit: 100).entries.count == 1)
        }
    }

    @Test("a change from an old version is lost and leaves no trace", arguments: Backend.available)
    func compareAndSet(backend: Backend) async throws {
        try await withStore(backend) { (fixture) async throws -> Void in
            var drive = StoredDrive(Sample.intent(1), in: fixture.store)
            try await drive.pay()
            var slow = drive
            try await drive.handle(.restart)
            #expect(try await slow.handle(.payOutcome(.paid(Sample.trade(slow.payment.intent)))) == .lost)
            #expect(try await fixture.store.payment(drive.number) == drive.payment)
            #expect(try await fixture.store.log(after: 0, limit: 100).entries.count == 2)
        }
    }

    @Test("a claim that reaches the database at D is not stored", arguments: Backend.available)
    func claimDeadline(backend: Backend) async throws {
        try await withStore(backend) { (fixture) async throws -> Void in
            var drive = StoredDrive(Sample.intent(1), in: fixture.store)
            fixture.clock.set(Sample.start + 8_000)
            #expect(try await drive.pay() == .tooLate)
            #expect(try await fixture.store.payment(drive.number) == nil)
            #expect(try await fixture.store.log(after: 0, limit: 10).entries.isEmpty)
            fixture.clock.set(Sample.start + 7_999)
            drive = StoredDrive(Sample.intent(1), in: fixture.store)
            #expect(try await drive.pay() == .stored)
        }
    }

    @Test("due work goes to one owner until its lease ends or the row changes", arguments: Backend.available)
    func leases(backend: Backend) async throws {
        try await withStore(backend) { (fixture) async throws -> Void in
            let store = fixture.store
            var drive = StoredDrive(Sample.intent(1), in: store)
            try await drive.pay()
            let due = try #require(drive.payment.record.dueAt)
            #expect(try await store.nextWork() == due)
            #expect(try await store.claimDue(owner: "x", at: due + -1, until: due + 50, limit: 10).isEmpty)
            #expect(try await store.claimDue(owner: "x", at: due, until: due + 50, limit: 10) == [drive.number])
            #expect(try await store.claimDue(owner: "y", at: due + 49, until: due + 99, limit: 10).isEmpty)
            #expect(try await store.nextWork() == due + 50)
            #expect(try await store.claimDue(owner: "y", at: due + 50, until: due + 99, limit: 10) == [drive.number])
            try await store.release(drive.number, owner: "x")
            #expect(try await store.claimDue(owner: "z", at: due + 60, until: due + 99, limit: 10).isEmpty)
            try await store.release(drive.number, owner: "y")
            #expect(try await store.claimDue(owner: "z", at: due + 60, until: due + 99, limit: 10) == [drive.number])
            drive.now = due + 61
            try await drive.handle(.due)
            #expect(drive.payment.state == .unknown)
            #expect(try await store.claimDue(owner: "w", at: due + 61, until: due + 99, limit: 10) == [drive.number])
        }
    }

    @Test("what a clock that ran ahead has planned is planned again", arguments: Backend.available)
    func replan(backend: Backend) async throws {
        try await withStore(backend) { (fixture) async throws -> Void in
            let store = fixture.store
            var drive = StoredDrive(Sample.intent(1), in: store)
            try await drive.pay()
            var other = StoredDrive(Sample.intent(2), in: store)
            try await other.pay()
            let (now, ahead) = (Sample.start + 20_000, Sample.start + 3_600_000)
            drive.now = ahead
            try await drive.handle(.restart)
            _ = try await store.claimDue(owner: "x", at: now, until: ahead, limit: 10)
            _ = try await store.claimDue(owner: "x", at: ahead + 60_000, until: ahead + 90_000, limit: 10)
            #expect(try await store.claimDue(owner: "y", at: now, until: now + 50, limit: 10).isEmpty)
            #expect(try await store.replan(changedAfter: now + 500, at: now) == 1)
            #expect(try await store.replan(changedAfter: now + 500, at: now) == 0)
            #expect(try await store.claimDue(owner: "y", at: now, until: now + 50, limit: 10) == [drive.number])
            #expect(drive.payment.timerEvents(at: now).map(\.kind) == [.due])
        }
    }

    @Test("two workers never hold the same row", arguments: Backend.available)
    func leasesAtOnce(backend: Backend) async throws {
        try await withStore(backend) { (fixture) async throws -> Void in
            let store = fixture.store
            for sequence in 1...40 {
                var drive = StoredDrive(Sample.intent(UInt64(sequence)), in: store)
                try await drive.pay()
            }
            let now = Sample.start + 60_000
            let claims = try await withThrowingTaskGroup(of: [OrderNumber].self) { group in
                for owner in 0..<8 {
                    group.addTask {
                        try await store.claimDue(owner: "w\(owner)", at: now, until: now + 1_000, limit: 7)
                    }
                }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(claims.count == 40 && Set(claims).count == 40)
        }
    }

    @Test("a register's open list has what is not final, and a restart finds its work", arguments: Backend.available)
    func open(backend: Backend) async throws {
        try await withStore(backend) { (fixture) async throws -> Void in
            let store = fixture.store
            var paid = StoredDrive(Sample.intent(1), in: store)
            try await paid.succeed()
            var confirmed = StoredDrive(Sample.intent(2), in: store)
            try await confirmed.succeed()
            try await confirmed.confirm()
            var revoking = StoredDrive(Sample.intent(3, at: 5), in: store)
            try await revoking.succeed()
            try await revoking.revoke()
            var sending = StoredDrive(Sample.intent(4, at: 9), in: store)
            try await sending.pay()
            var elsewhere = StoredDrive(Sample.intent(1, register: "QF000K704"), in: store)
            try await elsewhere.succeed()
            #expect(try await store.open(of: Sample.register()) == [paid, revoking, sending].map(\.payment))
            #expect(try await store.unfinished() == [revoking.number, sending.number])
            let counts = try await store.counts()
            #expect(counts.states == [.paid: 2, .confirmed: 1, .revoking: 1, .sending: 1])
        }
    }

    @Test(
        "the highest sequence of a register is stored with its payments and never falls",
        arguments: Backend.available
    )
    func sequences(backend: Backend) async throws {
        try await withStore(backend) { (fixture) async throws -> Void in
            let store = fixture.store
            #expect(try await store.highestSequence(of: Sample.register()) == 0)
            for sequence: UInt64 in [5, 9, 7] {
                var drive = StoredDrive(Sample.intent(sequence), in: store)
                try await drive.pay()
            }
            #expect(try await store.highestSequence(of: Sample.register()) == 9)
            #expect(try await store.highestSequence(of: Sample.register("QF000K704")) == 0)
        }
    }

    @Test("payments are found by every name they have, page by page", arguments: Backend.available)
    func search(backend: Backend) async throws {
        try await withStore(backend) { (fixture) async throws -> Void in
            let store = fixture.store
            for sequence: UInt64 in 1...7 {
                var drive = StoredDrive(
                    Sample.intent(sequence, register: sequence == 7 ? "QF000K803" : "QF000K703", at: Int64(sequence)),
                    in: store
                )
                try await drive.succeed()
                if sequence % 2 == 0 { try await drive.confirm() }
                if sequence == 1 { drive.now = drive.now + 1_800_000 }
                if sequence == 1 { try await drive.handle(.aged) }
            }
            func found(_ change: (inout PaymentFilter) -> Void) async throws -> [UInt64] {
                var filter = PaymentFilter()
                change(&filter)
                return try await store.payments(filter).map { $0.intent.orderNumber.sequence }
            }
            let number = Sample.intent(3).orderNumber
            #expect(try await found { _ in } == [7, 6, 5, 4, 3, 2, 1])
            #expect(try await found { $0.text = number.description } == [3])
            #expect(try await found { $0.text = number.refundNumber(2).description } == [3])
            #expect(try await found { $0.text = "T4" } == [4])
            #expect(try await found { $0.text = "20" + number.description } == [3])
            #expect(try await found { $0.text = "T4' OR 1=1 --" }.isEmpty)
            #expect(try await found { $0.store = "QF000K7" } == [6, 5, 4, 3, 2, 1])
            #expect(try await found { $0.store = "QF0" } == [7, 6, 5, 4, 3, 2, 1])
            #expect(try await found { $0.register = Sample.register("QF000K803") } == [7])
            #expect(try await found { $0.states = [.confirmed] } == [6, 4, 2])
            #expect(try await found { $0.wallet = .weChatPay }.isEmpty)
            #expect(try await found { $0.queuedOnly = true } == [1])
            #expect(try await found { $0.from = Sample.start + 105 } == [7, 6, 5])
            #expect(try await found { $0.until = Sample.start + 103 } == [2, 1])
            var page = PaymentFilter()
            page.limit = 3
            var seen: [UInt64] = []
            while true {
                let payments = try await store.payments(page)
                guard let last = payments.last else { break }
                seen += payments.map { $0.intent.orderNumber.sequence }
                page.after = PaymentPlace(last)
            }
            #expect(seen == [7, 6, 5, 4, 3, 2, 1])
        }
    }

    @Test("a journal mark that comes with a commit is stored with it", arguments: Backend.available)
    func journalMark(backend: Backend) async throws {
        try await withStore(backend) { (fixture) async throws -> Void in
            var drive = StoredDrive(Sample.intent(1), in: fixture.store)
            try await drive.succeed()
            let effects = drive.payment.handle(
                .confirm(drive.payment.intent, home: .a, implied: false),
                at: drive.now,
                context: Sample.context()
            )
            guard case .commit(let commit)? = effects.first else {
                Issue.record("a confirm is stored")
                return
            }
            let mark = JournalMark(generation: 2, index: 77)
            #expect(try await fixture.store.commit(drive.payment, commit, notes: CommitNotes(journal: mark)) == .stored)
            #expect(try await fixture.store.standing(of: Sample.register())?.journalIndex(generation: 2) == 77)
        }
    }
}
