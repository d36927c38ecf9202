// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain
import TillEngine
import TillStore

@Suite("Store: transaction log, peer, configuration")
struct LogContract {
    @Test("the hash of an entry is the published one")
    func hash() {
        // printf '\0…(32)…\0''1|1795343400123|audit|x|{}' | sha256sum
        let entry = LogEntry(
            after: .start,
            time: Timestamp(milliseconds: 1_795_343_400_123),
            kind: "audit",
            key: "x",
            body: "{}"
        )
        #expect(
            String(decoding: Hex.encode(entry.hash), as: UTF8.self)
                == "5175d02b08cc5fe0a9ecb036fdb2b858134640d87a562d2f7f64497ec615d28f"
        )
        let next = LogEntry(after: entry.head, time: .unknown, kind: "audit", key: "钱", body: "{\"a\":\"é\"}")
        #expect(
            String(decoding: Hex.encode(next.hash), as: UTF8.self)
                == "c95c4bce1c1441f350ba53d5b0f8da3455e9561a05f0a0e7331355575b32720a"
        )
    }

    @Test("every change of a payment and every refund is one chained entry of its commit", arguments: Backend.available)
    func entries(backend: Backend) async throws {
        try await withStore(backend) { (fixture) async throws -> Void in
            var drive = StoredDrive(Sample.intent(1), in: fixture.store)
            try await drive.succeed()
            try await drive.confirm()
            try await drive.handle(.refund(Sample.request("A", fen: 300), authorised: true))
            drive.now = drive.now + 10
            try await drive.handle(.refundDue(counter: 1))
            let page = try await fixture.store.log(after: 0, limit: 100)
            #expect(
                page.entries.map(\.kind)
                    == ["payment", "payment", "payment", "payment", "refund", "payment", "refund"]
            )
            #expect(page.head == 7 && page.entries.map(\.sequence) == Array(1...7))
            #expect(page.entries[0].key == drive.number.description)
            #expect(page.entries[4].key == drive.number.refundNumber(1).description)
            #expect(page.entries[0].body.contains("\"from\":\"none\",\"state\":\"sending\""))
            #expect(page.entries[0].body.contains("\"cause\":\"pay\",\"actor\":\"register\""))
            #expect(page.entries[3].body.contains("\"actor\":\"caller\",\"person\":\"anna\""))
            var head = LogHead.start
            for entry in page.entries {
                #expect(entry.follows(head))
                head = entry.head
            }
            #expect(try await fixture.store.verifyLog() == nil)
            #expect(try await fixture.store.log(after: 5, limit: 1).entries.map(\.sequence) == [6])
        }
    }

    @Test("no payment code, and no byte that breaks the text, is in a log entry")
    func text() {
        let text = EntryText.object { text in
            text.text("a", [34, 92, 10, 0xFF])
            text.flag("b", false)
            text.integer("c", -5)
        }
        #expect(text == "{\"a\":\"\\\"\\\\\\u000a\u{FFFD}\",\"c\":-5}")
    }

    @Test("a promotion is kept, audited, and never goes back", arguments: Backend.available)
    func promotion(backend: Backend) async throws {
        try await withStore(backend) { (fixture) async throws -> Void in
            #expect(try await fixture.store.lastPromotion() == nil)
            try await fixture.store.promote(at: Sample.start, by: Sample.note)
            try await fixture.store.promote(at: Sample.start + -1_000, by: Sample.note)
            try await fixture.reopen()
            #expect(try await fixture.store.lastPromotion() == Sample.start)
            let page = try await fixture.store.log(after: 0, limit: 10)
            #expect(page.promotedAt == Sample.start && page.entries.count == 2)
        }
    }

    // MARK: Peer

    private func page(_ count: Int, after head: LogHead = .start, kind: LogKind = .payment) -> LogPage {
        var entries: [LogEntry] = []
        var head = head
        for place in 0..<count {
            let entry = LogEntry(
                after: head,
                time: Sample.start + Int64(place),
                kind: kind.rawValue,
                key: "k\(place % 3)",
                body: "{\"place\":\(place)}"
            )
            entries.append(entry)
            head = entry.head
        }
        return LogPage(entries: entries, head: head.sequence, promotedAt: nil)
    }

    @Test(
        "the peer's pages continue each other, and the newest entry of each key is kept",
        arguments: Backend.available
    )
    func replicas(backend: Backend) async throws {
        try await withStore(backend) { (fixture) async throws -> Void in
            let store = fixture.store
            let first = page(4)
            guard let last = first.entries.last else { return }
            let second = page(3, after: last.head)
            #expect(try await store.peerCursor(of: .b) == .start)
            guard case .applied(let cursor) = try await store.apply(first, of: .b, adopting: [], at: Sample.start)
            else {
                Issue.record("a good page is applied")
                return
            }
            #expect(cursor.head == last.head && cursor.pulledAt == Sample.start)
            _ = try await store.apply(second, of: .b, adopting: [], at: Sample.start + 5)
            try await fixture.reopen()
            #expect(try await fixture.store.peerCursor(of: .b).head.sequence == 7)
            let rows = try await fixture.store.replicas(of: .b, kind: .payment, limit: 10)
            #expect(rows.map(\.sequence) == [7, 6, 5])
            #expect(try await fixture.store.replica(of: .b, kind: .payment, key: "k0")?.sequence == 5)
            #expect(try await fixture.store.log(after: 0, limit: 1).entries.isEmpty)
            #expect(try await fixture.store.payments(PaymentFilter()).isEmpty)
        }
    }

    @Test("a gap, a wrong hash, a head that went back: an alarm, and nothing is applied", arguments: Backend.available)
    func peerAlarms(backend: Backend) async throws {
        try await withStore(backend) { (fixture) async throws -> Void in
            let store = fixture.store
            let good = page(5)
            _ = try await store.apply(good, of: .b, adopting: [], at: Sample.start)
            guard let last = good.entries.last else { return }
            let next = page(3, after: last.head).entries
            func changed(_ entry: LogEntry, body: String) -> LogEntry {
                LogEntry(
                    sequence: entry.sequence,
                    time: entry.time,
                    kind: entry.kind,
                    key: entry.key,
                    body: body,
                    hash: entry.hash
                )
            }
            let pages: [(LogPage, PeerAlarm)] = [
                (LogPage(entries: Array(next.dropFirst()), head: 8, promotedAt: nil), .gap(at: 7)),
                (LogPage(entries: [next[0], next[2]], head: 8, promotedAt: nil), .gap(at: 8)),
                (
                    LogPage(entries: [next[0], changed(next[1], body: "{}"), next[2]], head: 8, promotedAt: nil),
                    .wrongHash(at: 7)
                ),
                (
                    LogPage(
                        entries: page(1, after: LogHead(sequence: 5, hash: LogHead.start.hash)).entries,
                        head: 6,
                        promotedAt: nil
                    ), .wrongHash(at: 6)
                ),
                (LogPage(entries: [], head: 4, promotedAt: nil), .headWentBack(to: 4)),
                (LogPage(entries: next, head: 7, promotedAt: nil), .headContradicts(7)),
                (LogPage(entries: [], head: 9, promotedAt: nil), .headContradicts(9)),
            ]
            for (page, alarm) in pages {
                #expect(try await store.apply(page, of: .b, adopting: [], at: Sample.start) == .refused(alarm))
                #expect(try await store.peerCursor(of: .b).head == last.head)
                #expect(try await store.replicas(of: .b, kind: .payment, limit: 10).count == 3)
            }
        }
    }

    @Test("documents of the configuration's home are adopted, and only they", arguments: Backend.available)
    func adopting(backend: Backend) async throws {
        try await withStore(backend) { (fixture) async throws -> Void in
            let store = fixture.store
            let registers = page(4, kind: .register)
            guard let last = registers.entries.last else { return }
            _ = try await store.apply(registers, of: .b, adopting: [.register], at: Sample.start)
            _ = try await store.apply(
                page(2, after: last.head, kind: .account),
                of: .b,
                adopting: [.register],
                at: Sample.start
            )
            #expect(try await store.documents(.register).map(\.key) == ["k0", "k1", "k2"])
            #expect(try await store.document(.register, key: "k0")?.body == "{\"place\":3}")
            #expect(try await store.documents(.account).isEmpty)
            #expect(try await store.log(after: 0, limit: 1).head == 0)
        }
    }

    // MARK: Configuration

    @Test("documents keep every version; a change from an old one is lost as a whole", arguments: Backend.available)
    func documents(backend: Backend) async throws {
        try await withStore(backend) { (fixture) async throws -> Void in
            let store = fixture.store
            func change(_ key: String, _ body: String, from: Int64?) -> DocumentChange {
                DocumentChange(kind: .account, key: key, body: body, from: from)
            }
            #expect(
                try await store.change(
                    [change("a", "1", from: 0), change("b", "1", from: 0)],
                    at: Sample.start,
                    by: Sample.note
                )
                    == .stored
            )
            #expect(
                try await store.change(
                    [change("c", "1", from: 0), change("a", "2", from: 0)],
                    at: Sample.start,
                    by: Sample.note
                )
                    == .lost(kind: .account, key: "a")
            )
            #expect(try await store.document(.account, key: "c") == nil)
            #expect(
                try await store.change([change("a", "2", from: 1)], at: Sample.start + 1, by: Sample.note) == .stored
            )
            #expect(
                try await store.change([change("a", "3", from: nil)], at: Sample.start + 2, by: Sample.note) == .stored
            )
            #expect(try await store.history(.account, key: "a").map(\.body) == ["1", "2", "3"])
            #expect(try await store.documents(.account).map(\.version) == [3, 1])
            let kinds = try await store.log(after: 0, limit: 20).entries.map(\.kind)
            #expect(kinds == ["account", "account", "audit", "account", "audit", "account", "audit"])
        }
    }

    @Test("an activation code is used once, within its time and its tries", arguments: Backend.available)
    func activation(backend: Backend) async throws {
        try await withStore(backend) { (fixture) async throws -> Void in
            let store = fixture.store
            let register = Sample.register()
            let code = Activation(
                code: "K7Q2",
                register: register,
                key: [UInt8](repeating: 7, count: 32),
                expiresAt: Sample.start + 1_000
            )
            #expect(try await store.addActivation(code, at: Sample.start, by: Sample.note))
            #expect(try await store.addActivation(code, at: Sample.start, by: Sample.note) == false)
            #expect(try await store.activation("K7Q2") == code)
            #expect(try await store.activation("NONE") == nil)
            #expect(try await store.wrongActivationTry("K7Q2") == 4)
            func use(_ from: Int64, at offset: Int64 = 0, key: UInt8 = 4) async throws -> ActivationResult {
                try await store.useActivation(
                    "K7Q2",
                    publicKey: [key],
                    generation: 1,
                    change: DocumentChange(kind: .register, key: "QF000K703", body: "{}", from: from),
                    at: Sample.start + offset
                )
            }
            #expect(try await use(0, at: 1_000) == .lost)
            #expect(try await use(3) == .lost)
            #expect(try await store.document(.register, key: "QF000K703") == nil)
            #expect(try await use(0) == .stored)
            #expect(try await use(1, key: 5) == .lost)
            let used = try await store.activation("K7Q2")
            #expect(used?.usedBy == [4] && used?.usedAt == Sample.start && used?.generation == 1)
            #expect(try await store.history(.register, key: "QF000K703").count == 1)

            let blocked = Activation(
                code: "BBBB",
                register: register,
                key: [1],
                expiresAt: Sample.start + 9,
                wrongTriesLeft: 1
            )
            #expect(try await store.addActivation(blocked, at: Sample.start, by: Sample.note))
            #expect(try await store.wrongActivationTry("BBBB") == 0)
            #expect(try await store.wrongActivationTry("BBBB") == 0)
            let change = DocumentChange(kind: .register, key: "QF000K703", body: "{}", from: nil)
            #expect(
                try await store.useActivation("BBBB", publicKey: [4], generation: 2, change: change, at: Sample.start)
                    == .lost
            )
        }
    }

    @Test("HELLO tells what was known before, and highest values never fall", arguments: Backend.available)
    func hello(backend: Backend) async throws {
        try await withStore(backend) { (fixture) async throws -> Void in
            let store = fixture.store
            func hello(_ sequence: UInt64, _ index: Int64, generation: Int = 1) -> RegisterHello {
                RegisterHello(
                    register: Sample.register(),
                    generation: generation,
                    epoch: 5,
                    sequence: sequence,
                    journalIndex: index,
                    journalHash: [],
                    version: "1.0",
                    acknowledges: false,
                    at: Sample.start
                )
            }
            #expect(try await store.hello(hello(10, 100)) == nil)
            let before = try await store.hello(hello(8, 90))
            #expect(before?.highestSequence == 10 && before?.journalIndex(generation: 1) == 100)
            _ = try await store.hello(hello(11, 5, generation: 2))
            let standing = try #require(try await store.standing(of: Sample.register()))
            #expect(standing.highestSequence == 11 && !standing.acknowledges && standing.version == "1.0")
            #expect(standing.journalIndex(generation: 1) == 100 && standing.journalIndex(generation: 2) == 5)
            #expect(standing.journalIndex(generation: 3) == 0)
            #expect(try await store.standings() == [standing])
        }
    }
}
