// Part of Tillbridge. See LICENSE.
import Crypto
import Foundation
import Logging
import Synchronization
import TillCloud
import TillConsole
package import TillDomain
import TillEngine
import TillProtocol
import TillSandbox
import TillStore
import TillStoreSQLite

/// Makes the folders of a demo in which a chain has traded for a day: the sandbox's books and keys, both clouds'
/// databases with their transaction logs, the console's organisation and launches. No process may run on them yet.
///
/// Accounts, stores, registers and routing are given to cloud A as admin commands, stores and launches in the console's
/// own steps, and the day is played through the payment machine, the adapters and the sandbox's wallets.
package struct ChainSeed: Sendable {
    package struct Settings: Sendable {
        /// The folder of `tillbridge admin keys`, which exists.
        package let keys: String
        package let cloudA: String
        package let cloudB: String
        package let sandbox: String
        /// Where the merchant's side of the wallets' keys is written.
        package let export: String
        package let console: String
        /// Where the sandbox will listen.
        package let sandboxURL: String
        package let sandboxTLS: String?
        /// Who may release a locked lane, and with which code.
        package let supervisor: (id: String, code: String)
        package var seed: UInt64 = 1
        /// How many sales the day aims at.
        package var sales = 2_600
        /// The day is that before it.
        package var end: Timestamp
        package var chartLibrary = ConsoleSettings.standardChartLibrary

        package init(
            keys: String,
            cloudA: String,
            cloudB: String,
            sandbox: String,
            export: String,
            console: String,
            sandboxURL: String,
            sandboxTLS: String?,
            supervisor: (id: String, code: String),
            end: Timestamp
        ) {
            self.keys = keys
            self.cloudA = cloudA
            self.cloudB = cloudB
            self.sandbox = sandbox
            self.export = export
            self.console = console
            self.sandboxURL = sandboxURL
            self.sandboxTLS = sandboxTLS
            self.supervisor = supervisor
            self.end = end
        }
    }

    package struct Result: Codable, Sendable {
        /// The registers that get a process: the till's first, then those of the live sales. They have no key yet.
        package let running: [String]
        package let stores: Int
        package let registers: Int
        package let payments: Int
    }

    /// Before the day begins, the chain has been open for a while. Milliseconds.
    private static let opening: Int64 = 6 * 3_600_000
    /// Two stores are taken off their wallets so long before the day's end.
    private static let pause: Int64 = 3 * 3_600_000
    /// Changes stored together.
    private static let batch = 1_000
    private static let person = "admin"

    private let settings: Settings
    private let clock: VirtualClock

    package init(_ settings: Settings) {
        self.settings = settings
        clock = VirtualClock(settings.end + -(DayPlan.length + ChainSeed.opening))
    }

    /// - Throws: ``StartError`` or an error of the sandbox, in one sentence. What was written till then is to be removed.
    package func make() async throws -> Result {
        for folder in [settings.cloudA, settings.cloudB] { try TillCloud.PrivateFile.createFolder(folder) }
        let keys = try exportKeys()
        let a = try store(.a, settings.cloudA)
        let b = try store(.b, settings.cloudB)
        var cloud = CloudSettings(name: .a, data: settings.cloudA, keys: KeyFolder(path: settings.keys))
        cloud.configurationHome = .a
        let core = try await CloudCore(settings: cloud, store: a, clock: clock, logger: ChainSeed.quiet)
        let result = try await make(core, a, b, keys)
        await core.close()
        await b.close()
        return result
    }

    private func make(_ core: CloudCore, _ a: SQLiteStore, _ b: SQLiteStore, _ keys: SandboxKeys) async throws -> Result
    {
        try await addAccounts(core)
        let desk = try await console(core)
        let (codes, launch) = try await openStores(desk, core)
        let registers = try await enrol(core, a, b, codes)
        let books = try SandboxStore(folder: settings.sandbox)
        var player = try player(core, keys, registers.trading)
        let pausedAt = settings.end + -ChainSeed.pause
        try player.play(until: pausedAt)
        try await write(&player, a, b, books)
        clock.set(pausedAt)
        for (store, code) in zip(Chain.stores, codes) where store.standing == .paused {
            try await desk.pause(code, of: launch)
        }
        try desk.close()
        try player.play(until: settings.end)
        try await write(&player, a, b, books)
        books.close()
        try await exchangeLogs(a, b)
        return Result(
            running: registers.running,
            stores: Chain.stores.count,
            registers: core.directory.snapshot.registers.count,
            payments: player.count
        )
    }

    // MARK: - What is there before the first store

    private func exportKeys() throws -> SandboxKeys {
        try TillSandbox.PrivateFile.makeFolder(settings.sandbox)
        let keys = try SandboxKeys.load(folder: settings.sandbox)
        try KeyExport(keys: keys, baseURL: settings.sandboxURL, tlsBaseURL: settings.sandboxTLS)
            .write(to: settings.export)
        return keys
    }

    private func store(_ cloud: CloudName, _ folder: String) throws -> SQLiteStore {
        do {
            return try SQLiteStore.open(path: folder + "/cloud.sqlite", cloud: cloud) { [clock] in clock.now() }
        } catch {
            throw StartError(error.sentence)
        }
    }

    private func addAccounts(_ core: CloudCore) async throws {
        let admin = AdminService(core)
        let file = try String(contentsOfFile: settings.export + "/sandbox.json", encoding: .utf8)
        _ = try await admin.perform(.addAccounts(file: file, stores: "*", live: false, unused: true))
        // The rules, and no account: stores take wallets with their launch.
        let rules = try JSONEncoder().encode(RoutingPlan.standard)
        _ = try await admin.perform(.setRouting(document: String(decoding: rules, as: UTF8.self), allowGap: true))
        _ = try await admin.perform(.addSupervisor(id: settings.supervisor.id, code: settings.supervisor.code))
    }

    private func console(_ core: CloudCore) async throws -> ChainOpening {
        var console = ConsoleSettings(data: settings.console)
        console.clouds = [settings.cloudA, settings.cloudB]
        console.chartLibrary = settings.chartLibrary
        return try await ChainOpening(
            settings: console,
            person: ChainSeed.person,
            logger: ChainSeed.quiet,
            now: { [clock] in clock.now().milliseconds }
        ) { request, person in
            try await AdminService(core, person: person).perform(request)
        }
    }

    // MARK: - Stores and registers

    /// - Returns: The stores' codes, in the order of ``Chain/stores``, and the number of the launch with all that sell.
    private func openStores(_ desk: ChainOpening, _ core: CloudCore) async throws -> (codes: [String], launch: Int64) {
        let codes = try await desk.importStores(Chain.table)
        let accounts = core.directory.snapshot.accounts.values.map { ($0.wallet, $0.id) }.sorted { $0 < $1 }
        func stores(_ isMeant: (ChainStore) -> Bool) -> [String] {
            zip(Chain.stores, codes).filter { isMeant($0.0) }.map(\.1)
        }
        clock.pass(600_000)
        let launch = try await desk.prepareLaunch(
            "全国上线 All regions",
            stores: stores { $0.standing.sells },
            accounts: accounts
        )
        try await desk.goLive(launch)
        clock.pass(600_000)
        _ = try await desk.prepareLaunch(
            "第二批 Second wave",
            stores: stores { $0.standing == .testing },
            accounts: accounts
        )
        return (codes, launch)
    }

    /// Gives every register a key, except those that get a process, which enrol themselves.
    private func enrol(
        _ core: CloudCore,
        _ a: SQLiteStore,
        _ b: SQLiteStore,
        _ codes: [String]
    ) async throws -> (running: [String], trading: [DayPlan.Register]) {
        var running: [String] = []
        var enrolled: [RegisterID] = []
        var trading: [DayPlan.Register] = []
        let all = core.directory.snapshot.registers.keys.sorted()
        for (store, code) in zip(Chain.stores, codes) {
            var own = all.filter { $0.hasPrefix(code) }
            if store.hasRunningRegister, let last = own.popLast() { running.append(last) }
            let ids = own.compactMap { RegisterID($0.utf8) }
            enrolled += ids
            guard store.standing.sells else { continue }
            // A store that is paused sells until then.
            let until = store.standing == .paused ? settings.end + -(ChainSeed.pause + DayPlan.quietEnd) : settings.end
            trading += ids.map { DayPlan.Register(id: $0, until: until) }
        }
        // At once, so that the store syncs them together.
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            for register in enrolled {
                tasks.addTask {
                    try await activate(register, core)
                    for store in [a, b] { _ = try await store.hello(ChainSeed.hello(register, at: clock.now())) }
                }
            }
            try await tasks.waitForAll()
        }
        return (running, trading)
    }

    private func activate(_ register: RegisterID, _ core: CloudCore) async throws {
        struct Reply: Decodable { let code: String }
        let reply = try await AdminService(core, person: ChainSeed.person).perform(.newCode(register: "\(register)"))
        let typed = try JSONDecoder().decode(Reply.self, from: Data(reply.json.utf8)).code
        guard let code = OneTimeCode(typed: typed.utf8) else { throw StartError("A one-time code is not readable.") }
        let key = [UInt8](P256.Signing.PrivateKey().publicKey.x963Representation)
        try await core.activate(
            ActivationRequest(
                id: MessageID(.random(in: .min ... .max), .random(in: .min ... .max)),
                code: code.publicPart,
                publicKey: key,
                proof: ActivationProof(code).requestProof(publicKey: key),
                version: Array(ChainSeed.plugin.utf8),
                acknowledges: true
            )
        )
    }

    private static let plugin = "0.1.0"

    private static func hello(_ register: RegisterID, at now: Timestamp) -> RegisterHello {
        RegisterHello(
            register: register,
            generation: 1,
            epoch: 0,
            sequence: 0,
            journalIndex: 0,
            journalHash: [UInt8](repeating: 0, count: 32),
            version: plugin,
            acknowledges: true,
            at: now
        )
    }

    // MARK: - The day

    private func player(_ core: CloudCore, _ keys: SandboxKeys, _ registers: [DayPlan.Register]) throws -> DayPlayer {
        let accounts = core.directory.snapshot.accounts.keys.sorted().compactMap { core.account($0) }
        return DayPlayer(
            DayPlan(seed: settings.seed, registers: registers, count: settings.sales, end: settings.end),
            courier: try WalletCourier(accounts: accounts, keys: keys),
            directory: core.directory,
            wallets: SandboxState(pace: .real, seed: settings.seed, realisticShoppers: false),
            seed: settings.seed
        )
    }

    private func write(_ player: inout DayPlayer, _ a: SQLiteStore, _ b: SQLiteStore, _ books: SandboxStore)
        async throws
    {
        // The wallets first: what a killed seed leaves behind is removed anyway.
        try await books.write(player.drainWalletChanges())
        for (cloud, store) in [(CloudName.a, a), (.b, b)] {
            let changes = player.drainChanges(of: cloud)
            for start in stride(from: 0, to: changes.count, by: ChainSeed.batch) {
                let part = changes[start..<min(start + ChainSeed.batch, changes.count)]
                try await store.commit(history: Array(part))
            }
        }
    }

    /// Each cloud reads the other's log to its end, as it does when both run.
    private func exchangeLogs(_ a: SQLiteStore, _ b: SQLiteStore) async throws {
        for (reader, source, name, adopted) in [(b, a, CloudName.a, Directory.kinds), (a, b, .b, [])] {
            while true {
                let known = try await reader.peerCursor(of: name).head.sequence
                let page = try await source.log(after: known, limit: ChainSeed.batch)
                guard !page.entries.isEmpty else { break }
                let result = try await reader.apply(page, of: name, adopting: adopted, at: settings.end)
                guard case .applied = result else { throw StartError("A cloud refuses the other's log: \(result).") }
            }
        }
    }

    private static var quiet: Logger { Logger(label: "tillbridge.demo") { _ in SwiftLogNoOpLogHandler() } }
}

/// A clock that moves only when it is told to.
final class VirtualClock: CloudClock {
    private let time: Mutex<Timestamp>

    init(_ start: Timestamp) { time = Mutex(start) }

    func now() -> Timestamp { time.withLock { $0 } }

    func set(_ moment: Timestamp) { time.withLock { $0 = moment } }

    func pass(_ milliseconds: Int64) { time.withLock { $0 = $0 + milliseconds } }
}
