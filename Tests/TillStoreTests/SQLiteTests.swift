// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import Testing
import TillDomain
import TillEngine
import TillStore
import TillStoreSQLite

/// What SQLite alone must keep. One after the other: they count syncs.
@Suite("Store on SQLite", .serialized)
struct SQLiteTests {
    @Test("a commit that was reported is synced: one sync each when they come one by one")
    func everyCommitIsSynced() async throws {
        try await withCountedStore { (fixture) async throws -> Void in
            for sequence: UInt64 in 1...50 {
                let before = SyncCounter.count
                var drive = StoredDrive(Sample.intent(sequence), in: fixture.store)
                #expect(try await drive.pay() == .stored)
                #expect(SyncCounter.count > before, "commit \(sequence) was reported without a sync")
            }
        }
    }

    @Test("a claim's basket is one more entry of its commit, and costs no sync") func basket() async throws {
        try await withCountedStore { (fixture) async throws -> Void in
            let item = BasketItem(
                sku: ("6901" as StaticString).bytes,
                name: [34, 0xE8, 0x8C, 0xB6, 10],
                quantity: 2,
                unitPrice: Money(fen: 640)
            )
            let notes = CommitNotes(sale: SaleNote(items: [item, item]))
            var syncs: [Int] = []
            for (sequence, notes) in [(UInt64(1), CommitNotes()), (2, notes)] {
                let before = SyncCounter.count
                var drive = StoredDrive(Sample.intent(sequence), in: fixture.store)
                #expect(try await drive.pay(notes) == .stored)
                syncs.append(SyncCounter.count - before)
            }
            #expect(syncs[0] == syncs[1])
            try await fixture.reopen()
            let page = try await fixture.store.log(after: 0, limit: 10)
            #expect(page.entries.map(\.kind) == ["payment", "payment", "sale"])
            #expect(page.entries[2].key == Sample.intent(2).orderNumber.description)
            let line = #"{"sku":"6901","name":"\"茶\u000a","quantity":2,"unitPrice":640}"#
            #expect(page.entries[2].body == #"{"items":[\#(line),\#(line)]}"#)
            #expect(try await fixture.store.verifyLog() == nil)
        }
    }

    @Test("commits that wait for a sync share the next one")
    func groupCommit() async throws {
        try await withCountedStore { (fixture) async throws -> Void in
            let store = fixture.store
            let before = SyncCounter.count
            try await withThrowingTaskGroup(of: Void.self) { group in
                for sequence: UInt64 in 1...400 {
                    group.addTask {
                        var drive = StoredDrive(Sample.intent(sequence), in: store)
                        let result = try await drive.pay()
                        #expect(result == .stored)
                    }
                }
                try await group.waitForAll()
            }
            let syncs = SyncCounter.count - before
            #expect(syncs >= 1 && syncs <= 200, "\(syncs) syncs for 400 commits")
            #expect(try await store.log(after: 0, limit: 500).entries.count == 400)
            #expect(try await store.verifyLog() == nil)
        }
    }

    @Test("the more payments run at once, the fewer syncs each of them costs")
    func syncsPerPayment() async throws {
        let payments: UInt64 = 192
        for atOnce: UInt64 in [1, 4, 16, 64] {
            try await withCountedStore { (fixture) async throws -> Void in
                let store = fixture.store
                let (start, before) = (ContinuousClock.now, SyncCounter.count)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for lane in 0..<atOnce {
                        group.addTask {
                            // Claimed, paid, confirmed: three commits, each durable before the next.
                            for sequence in stride(from: lane + 1, through: payments, by: Int(atOnce)) {
                                var drive = StoredDrive(Sample.intent(sequence), in: store)
                                try await drive.succeed()
                                try await drive.confirm()
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                let (syncs, commits) = (SyncCounter.count - before, Int(payments) * 3)
                let took = ContinuousClock.now - start
                print(
                    "\(atOnce) payments at once: \(syncs) syncs for \(commits) commits, \(payments) payments in \(took)"
                )
                #expect(try await store.log(after: 0, limit: 1_000).entries.count == commits)
                switch atOnce {
                case 1: #expect(syncs >= commits, "a commit was reported without a sync")
                // A busy machine brings fewer of them together.
                case 4: #expect(syncs < commits)
                case 16: #expect(syncs * 2 <= commits)
                default: #expect(syncs * 5 <= commits)
                }
            }
        }
    }

    @Test("a job that fails takes only itself back, not its batch")
    func failingJob() async throws {
        try await withStore { (fixture) async throws -> Void in
            let store = fixture.store
            let results = await withTaskGroup(of: Bool.self) { group in
                for sequence: UInt64 in 1...60 {
                    group.addTask {
                        // Every third document breaks a rule of the table in the middle of its job.
                        let change = DocumentChange(
                            kind: .store,
                            key: "s\(sequence)",
                            body: "{}",
                            from: 0
                        )
                        let twice = sequence % 3 == 0 ? [change, change] : [change]
                        let result = try? await store.change(twice, at: Sample.start, by: Sample.note)
                        return result == .stored
                    }
                }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
            #expect(results == 40)
            #expect(try await store.documents(.store).count == 40)
            #expect(try await store.verifyLog() == nil)
            #expect(try await store.log(after: 0, limit: 1_000).entries.count == 80)
        }
    }

    @Test("when a sync fails nobody is told that it is stored, and nothing more is until a restart")
    func syncFails() async throws {
        try await withCountedStore { (fixture) async throws -> Void in
            var first = StoredDrive(Sample.intent(1), in: fixture.store)
            try await first.pay()
            SyncCounter.failNextSync()
            var second = StoredDrive(Sample.intent(2), in: fixture.store)
            do {
                try await second.pay()
                Issue.record("a commit without its sync was reported")
            } catch {
                guard case .unclear? = error as? StoreError else {
                    Issue.record("a failed sync must be unclear, not \(error)")
                    return
                }
            }
            var third = StoredDrive(Sample.intent(3), in: fixture.store)
            await #expect(throws: StoreError.self) { try await third.pay() }
            let spent = await #expect(throws: StoreError.self) { try await fixture.store.checkWrites() }
            guard case .spent? = spent else {
                Issue.record("the store must say that only a restart helps, not \(String(describing: spent))")
                return
            }
            try await fixture.reopen()
            try await fixture.store.checkWrites()
            #expect(try await fixture.store.payment(first.number) == first.payment)
            var again = StoredDrive(Sample.intent(4), in: fixture.store)
            #expect(try await again.pay() == .stored)
            #expect(try await fixture.store.verifyLog() == nil)
        }
    }

    @Test("a process that is killed loses nothing that was reported")
    func killed() async throws {
        try await withStore { (fixture) async throws -> Void in
            for sequence: UInt64 in 1...20 {
                var drive = StoredDrive(Sample.intent(sequence), in: fixture.store)
                try await drive.pay()
            }
            // What a killed process leaves: the file and its write-ahead log, copied under a running store.
            let copy = fixture.folder.appending(path: "copy.sqlite").path
            for end in ["", "-wal"] {
                try FileManager.default.copyItem(atPath: fixture.path + end, toPath: copy + end)
            }
            let store = try SQLiteStore.open(path: copy, cloud: .a, clock: fixture.clock.now)
            #expect(try await store.log(after: 0, limit: 100).entries.count == 20)
            #expect(try await store.verifyLog() == nil)
            await store.close()
        }
    }

    @Test("a changed log is found")
    func changedLog() async throws {
        try await withStore { (fixture) async throws -> Void in
            for sequence: UInt64 in 1...5 {
                var drive = StoredDrive(Sample.intent(sequence), in: fixture.store)
                try await drive.pay()
            }
            await fixture.store.close()
            let queue = try DatabaseQueue(path: fixture.path)
            try await queue.write { try $0.execute(sql: "UPDATE log SET body = body || ' ' WHERE sequence = 3") }
            try queue.close()
            try await fixture.reopen()
            #expect(try await fixture.store.verifyLog() == 3)
        }
    }

    @Test("a row that no payment could have written is damage, not a default")
    func damagedRow() async throws {
        try await withStore { (fixture) async throws -> Void in
            var drive = StoredDrive(Sample.intent(1), in: fixture.store)
            try await drive.pay()
            await fixture.store.close()
            let queue = try DatabaseQueue(path: fixture.path)
            try await queue.write { try $0.execute(sql: "UPDATE payment SET state = 'splendid'") }
            try queue.close()
            try await fixture.reopen()
            do {
                _ = try await fixture.store.payment(drive.number)
                Issue.record("a state that does not exist was read")
            } catch {
                #expect(error as? StoreError == .damaged("column state holds what Tillbridge never wrote"))
            }
        }
    }

    /// Opens the fixture's file and expects one sentence with these words, and no byte changed.
    private func refused(
        _ path: String,
        as cloud: CloudName = .a,
        words: [String],
        location: SourceLocation = #_sourceLocation
    ) throws {
        let before = try Data(contentsOf: URL(filePath: path))
        do {
            _ = try SQLiteStore.open(path: path, cloud: cloud, clock: { Sample.start })
            Issue.record("opened", sourceLocation: location)
        } catch {
            for word in words + [path] {
                #expect(error.description.contains(word), "\(error)", sourceLocation: location)
            }
            #expect(error.description.hasSuffix(".") && !error.description.contains("\n"), sourceLocation: location)
        }
        #expect(try Data(contentsOf: URL(filePath: path)) == before, sourceLocation: location)
    }

    @Test("a file of another version, cloud or program, a damaged one, or one in use is refused and not touched")
    func refusals() async throws {
        try await withStore { (fixture) async throws -> Void in
            for sequence: UInt64 in 1...30 {
                var drive = StoredDrive(Sample.intent(sequence), in: fixture.store)
                try await drive.pay()
            }
            try refused(fixture.path, words: ["in use"])
            await fixture.store.close()
            try refused(fixture.path, as: .b, words: ["belongs to cloud A", "cloud B"])

            let good = try Data(contentsOf: URL(filePath: fixture.path))
            func variant(_ name: String, _ change: (inout Data) -> Void) throws -> String {
                var data = good
                change(&data)
                let path = fixture.folder.appending(path: name).path
                try data.write(to: URL(filePath: path))
                return path
            }
            func altered(_ name: String, _ sql: String) async throws -> String {
                let path = try variant(name) { _ in }
                let queue = try DatabaseQueue(path: path)
                try await queue.writeWithoutTransaction { try $0.execute(sql: sql) }
                try queue.close()
                return path
            }
            try refused(variant("empty") { $0 = Data() }, words: ["damaged"])
            try refused(variant("text") { $0 = Data("hello, this is no database at all".utf8) }, words: ["damaged"])
            try refused(variant("cut") { $0 = $0.prefix($0.count / 2 / 4096 * 4096) }, words: ["damaged"])
            try refused(
                variant("scribbled") { data in
                    for place in stride(from: 4096, to: data.count, by: 4096) {
                        data.replaceSubrange(place..<(place + 200), with: Data(repeating: 0xA5, count: 200))
                    }
                },
                words: ["damaged"]
            )
            try refused(await altered("older", "PRAGMA user_version = 1"), words: ["version 1", "needs 2"])
            try refused(await altered("newer", "PRAGMA user_version = 3"), words: ["version 3", "needs 2"])
            try refused(await altered("foreign", "PRAGMA application_id = 7"), words: ["another program"])
            let missing = fixture.folder.appending(path: "none/cloud.sqlite").path
            #expect(throws: StoreStartError.self) {
                try SQLiteStore.open(path: missing, cloud: .a, clock: { Sample.start })
            }
            try await fixture.reopen()
            #expect(try await fixture.store.log(after: 0, limit: 100).entries.count == 30)
        }
    }

    @Test("a closed store refuses writes instead of losing them")
    func closed() async throws {
        try await withStore { (fixture) async throws -> Void in
            let store = fixture.store
            await store.close()
            var drive = StoredDrive(Sample.intent(1), in: store)
            await #expect(throws: StoreError.self) { try await drive.pay() }
        }
    }
}
