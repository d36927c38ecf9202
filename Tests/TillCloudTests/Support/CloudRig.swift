// Part of Tillbridge. See LICENSE.
import AsyncHTTPClient
import Foundation
import Logging
import NIOCore
import NIOHTTP1
import ServiceLifecycle
import Synchronization
import TillDomain
import TillProtocol
import TillStore
import TillStoreSQLite

@testable import TillCloud

/// One cloud of a test, on real sockets and a real database, with a wallet that the test plays.
final class CloudRig: Sendable {
    let folder: TemporaryFolder
    let keys: KeyFolder
    let core: CloudCore
    let admin: AdminService
    let wallets: FakeWallets
    let clock: any CloudClock
    let log: LogRecorder
    private let address = Mutex("")

    var url: String { address.withLock { $0 } }

    init(
        _ name: CloudName = .a,
        folder: TemporaryFolder? = nil,
        wallets: FakeWallets = FakeWallets(),
        clock: any CloudClock = SystemClock(),
        plain: Bool = true,
        peer: String? = nil,
        times: ProtocolTimes = ProtocolTimes(),
        realWallets: Bool = false,
        limits: CloudGateway.Limits = CloudGateway.Limits()
    ) async throws {
        let folder = try folder ?? TemporaryFolder()
        self.folder = folder
        self.wallets = wallets
        self.clock = clock
        log = LogRecorder()
        keys = KeyFolder(path: folder.file("keys"))
        if !PrivateFile.exists(keys.authorityFile) { try keys.make() }
        let data = folder.file("cloud-\(name.text)")
        try PrivateFile.createFolder(data)
        var settings = CloudSettings(name: name, data: data, keys: keys)
        settings.isPlain = plain
        settings.proxies = ["127.0.0.1:7500"]
        settings.times = times
        settings.peer = peer.flatMap { PeerURL($0) }
        let store = try SQLiteStore.open(path: data + "/cloud.sqlite", cloud: name, clock: { clock.now() })
        core = try await CloudCore(
            settings: settings,
            store: store,
            clock: clock,
            logger: log.logger,
            wallets: realWallets ? nil : wallets,
            limits: limits
        )
        admin = AdminService(core)
    }

    /// Runs the cloud while `body` runs, and shuts it down gracefully.
    func running(_ body: () async throws -> Void) async throws {
        let opened = ChangeBoard<Int, Bool>()
        let ticket = opened.ticket(for: 0)
        let service = CloudService(core) { url in
            self.address.withLock { $0 = url }
            opened.post(true, for: 0)
        }
        let group = ServiceGroup(services: [service], logger: log.logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            _ = await opened.wait(ticket, for: .seconds(60))
            do {
                try await body()
            } catch {
                // Cancelled in the middle, the server would end the whole process and hide the reason.
                await group.triggerGracefulShutdown()
                try? await tasks.waitForAll()
                await core.close()
                throw error
            }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        await core.close()
    }

    /// A store with a register that has been enrolled, and a routing.
    func enrol(_ device: Device = Device()) async throws -> RegisterClient {
        if core.directory.snapshot.stores["QF000K7"] == nil {
            _ = try await admin.perform(.addStore(name: "Nanjing Road", code: "QF000K7"))
        }
        if core.directory.snapshot.routing == nil {
            _ = try await admin.perform(
                .setRouting(document: DocumentCoder.text(RoutingPlan.standard))
            )
        }
        let reply = try await admin.perform(.addRegister(store: "QF000K7", name: "till"))
        let code = try OneTimeCode.shown(in: reply)
        let (register, generation) = try await device.activate(at: url, code: code, clock: clock)
        return RegisterClient(rig: self, device: device, register: register, generation: generation)
    }
}

extension OneTimeCode {
    static func shown(in reply: AdminReply) throws -> OneTimeCode {
        struct Shown: Decodable { let code: String }
        let shown = try JSONDecoder().decode(Shown.self, from: Data(reply.json.utf8))
        guard let code = OneTimeCode(typed: shown.code.utf8) else { throw RigError.notACode }
        return code
    }
}

enum RigError: Error {
    case notACode
    case signing
    case badAnswer
}

/// Keeps what is logged, so that a test can look for what must not be there.
final class LogRecorder: Sendable {
    private let lines = Mutex<[String]>([])

    var text: String { lines.withLock { $0.joined(separator: "\n") } }

    var logger: Logger {
        var logger = Logger(label: "test") { _ in Handler(recorder: self) }
        logger.logLevel = .trace
        return logger
    }

    private struct Handler: LogHandler {
        let recorder: LogRecorder
        var metadata: Logger.Metadata = [:]
        var logLevel = Logger.Level.trace

        subscript(metadataKey key: String) -> Logger.Metadata.Value? {
            get { metadata[key] }
            set { metadata[key] = newValue }
        }

        func log(event: LogEvent) {
            let line = "\(event.level) \(event.message) \(metadata) \(event.metadata ?? [:])"
            recorder.lines.withLock { $0.append(line) }
        }
    }
}
