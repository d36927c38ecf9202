// Part of Tillbridge. See LICENSE.
import GRDB
package import Logging
package import TillCloud

/// Opens a chain on a console that nobody serves yet, in the steps that an administrator takes in the browser: import,
/// launches, pauses, each with its checks and its entries in the audit log. The demo's chain is made with it.
package struct ChainOpening: Sendable {
    private let console: Console
    private let person: String

    /// - Parameters:
    ///   - person: In whose name everything is done.
    ///   - now: Milliseconds since 1970.
    ///   - perform: Gives a command to the cloud that holds the configuration.
    /// - Throws: ``StartError`` for settings, a database or a key that do not fit.
    package init(
        settings: ConsoleSettings,
        person: String,
        logger: Logger,
        now: @escaping @Sendable () -> Int64,
        perform: @escaping @Sendable (AdminRequest, _ person: String) async throws -> AdminReply
    ) async throws {
        let clouds = CloudLines(folders: Array(settings.clouds.prefix(1))) { request, _, person in
            try await perform(request, person)
        }
        console = try await Console(settings: settings, logger: logger, now: now, clouds: clouds)
        self.person = person
    }

    private var hand: PlaceDesk.Hand { PlaceDesk.Hand(actor: person, address: "", now: console.now()) }

    /// Imports stores from a table; see ``StoreImport``.
    /// - Returns: The code of each row's store.
    /// - Throws: ``StartError`` for a table with anything wrong; nothing is imported then.
    package func importStores(_ text: String) async throws -> [String] {
        let everywhere = Scope(paths: ["/1/"])
        let read: StoreImport
        do {
            read = try StoreImport(text)
        } catch {
            throw StartError("The stores cannot be imported (\(error.phrase)).")
        }
        let (table, plans) = try await console.pool.read { database in
            var table = read
            try table.check(edit: everywhere, registers: everywhere, database)
            return (table, try table.plans(database))
        }
        if let row = table.rows.first(where: { !$0.problems.isEmpty }) {
            throw StartError("The stores cannot be imported: line \(row.line): \(row.problems[0].phrase).")
        }
        return try await StoreImport.take(plans, by: hand, console.clouds, console.pool)
    }

    /// Stores and wallets of a launch, before anything goes live.
    /// - Parameter accounts: The wallets, each with the account that takes its payments.
    /// - Returns: The launch's number.
    package func prepareLaunch(
        _ name: String,
        stores: [String],
        accounts: [(wallet: String, account: String)]
    ) async throws -> Int64 {
        let now = console.now()
        let wallets = accounts.map { LaunchWallet(wallet: $0.wallet, account: $0.account) }
        return try await console.pool.write { [person] database in
            let id = try LaunchDesk.create(.init(name: name, stores: stores, creator: person), at: now, database)
            try LaunchDesk.choose(wallets, of: id, version: try version(of: id, database), database)
            for (action, after) in [
                ("launch.created", "\(name): \(stores.joined(separator: " "))"),
                ("launch.wallets", wallets.map { "\($0.wallet): \($0.account)" }.joined(separator: ", ")),
            ] {
                try AuditLog.append(event(action, id, after: after), at: now, database)
            }
            return id
        }
    }

    /// Lets all stores of a launch go live at once, and ends it.
    package func goLive(_ id: Int64) async throws {
        let now = console.now()
        let schedule = LaunchDesk.Schedule(startsAt: now, waveSize: 0, waveMinutes: 0, leastRate: nil, leastPayments: 0)
        try await console.pool.write { [person] database in
            try LaunchDesk.start(id, schedule, version: try version(of: id, database), by: person, database)
            try AuditLog.append(event("launch.started", id, after: "all at once"), at: now, database)
        }
        // The wave, and then the end.
        for _ in 0..<2 { try await LaunchRunner(console: console).round() }
    }

    /// A store that is live stops taking the launch's wallets.
    package func pause(_ store: String, of id: Int64) async throws {
        let now = console.now()
        guard let record = try await console.pool.read({ try LaunchRecord(id: id, $0) }) else { return }
        try await RoutingEditor(clouds: console.clouds, person: person).leave(record.wallets, at: store, now: now)
        try await console.pool.write { database in
            try LaunchDesk.move(store, from: [.live], to: .paused, database)
            try AuditLog.append(event("launch.storePaused", id, after: store), at: now, database)
        }
    }

    private func event(_ action: String, _ launch: Int64, after: String) -> AuditEvent {
        AuditEvent(actor: person, action: action, subject: "launch:\(launch)", after: after, address: "")
    }

    private func version(of launch: Int64, _ database: Database) throws -> Int64 {
        try Int64.fetchOne(database, sql: "SELECT version FROM launch WHERE id = ?", arguments: [launch]) ?? 0
    }

    package func close() throws { try console.close() }
}
