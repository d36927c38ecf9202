// Part of Tillbridge. See LICENSE.
import Foundation
import Synchronization
import TillDomain
import TillEngine
import TillStore
import TillStoreSQLite

/// The storage that the contract is checked against. Another backend joins the list and passes the same suite.
enum Backend: CaseIterable, Sendable {
    case sqlite

    static var available: [Backend] { allCases }

    /// An empty store of cloud A that ``StoreFixture/finish()`` removes.
    func makeFixture(_ name: String = "tillbridge-store") throws -> StoreFixture {
        try StoreFixture(backend: self, name: name)
    }
}

/// One store on disk, which can be closed and opened again.
final class StoreFixture: Sendable {
    let folder: URL
    let clock = TestClock()
    private let backend: Backend
    private let opened: Mutex<any CloudStore>

    init(backend: Backend, name: String) throws {
        self.backend = backend
        folder = FileManager.default.temporaryDirectory.appending(path: "\(name)-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        opened = Mutex(
            try SQLiteStore.open(path: folder.appending(path: "cloud.sqlite").path, cloud: .a, clock: clock.now)
        )
    }

    var path: String { folder.appending(path: "cloud.sqlite").path }
    var store: any CloudStore { opened.withLock { $0 } }

    func open(as cloud: CloudName = .a) throws -> any CloudStore {
        switch backend {
        case .sqlite: try SQLiteStore.open(path: path, cloud: cloud, clock: clock.now)
        }
    }

    func reopen() async throws {
        await store.close()
        let store = try open()
        opened.withLock { $0 = store }
    }

    func finish() async {
        await store.close()
        try? FileManager.default.removeItem(at: folder)
    }
}

final class TestClock: Sendable {
    private let moment = Mutex(Sample.start)

    var now: @Sendable () -> Timestamp { { self.moment.withLock { $0 } } }
    func set(_ moment: Timestamp) { self.moment.withLock { $0 = moment } }
}

/// Runs `body` with an empty store and removes it afterwards.
func withStore(_ backend: Backend = .sqlite, _ body: (StoreFixture) async throws -> Void) async throws {
    let fixture = try backend.makeFixture()
    do {
        try await body(fixture)
    } catch {
        await fixture.finish()
        throw error
    }
    await fixture.finish()
}

/// The same with a store whose syncs are counted.
func withCountedStore(_ body: (StoreFixture) async throws -> Void) async throws {
    SyncCounter.install
    let fixture = try Backend.sqlite.makeFixture(SyncCounter.mark.description)
    do {
        try await body(fixture)
    } catch {
        await fixture.finish()
        throw error
    }
    await fixture.finish()
}
