// Part of Tillbridge. See LICENSE.
import GRDB
import TillCloud

/// Changes of launches, each in one transaction with its entry in the audit log.
enum LaunchDesk {
    /// Why something is not done.
    enum Refusal: Error, Equatable {
        /// Somebody else has changed the launch meanwhile.
        case stale
        /// The launch is not in a state for it.
        case notNow
        /// Another open launch has these stores.
        case taken([String])
    }

    // MARK: - Preparing

    struct New: Sendable {
        let name: String
        let stores: [String]
        let creator: String
    }

    static func create(_ new: New, at now: Int64, _ database: Database) throws -> Int64 {
        let taken = try openElsewhere(new.stores, database)
        guard taken.isEmpty else { throw Refusal.taken(taken) }
        try database.execute(
            sql: "INSERT INTO launch (name, state, creator, created_at) VALUES (?, 'preparing', ?, ?)",
            arguments: [new.name, new.creator, now]
        )
        let id = database.lastInsertedRowID
        for (position, store) in new.stores.enumerated() {
            try database.execute(
                sql: "INSERT INTO launch_store (launch, store, position, state) VALUES (?, ?, ?, 'waiting')",
                arguments: [id, store, position]
            )
            try move(store, from: [.draft], to: .testing, database)
        }
        return id
    }

    private static func openElsewhere(_ stores: [String], _ database: Database) throws -> [String] {
        let open = try String.fetchSet(
            database,
            sql: """
                SELECT store FROM launch_store JOIN launch ON launch.id = launch_store.launch
                WHERE launch.state IN ('preparing', 'running', 'paused')
                """
        )
        return stores.filter { open.contains($0) }
    }

    static func choose(_ wallets: [LaunchWallet], of id: Int64, version: Int64, _ database: Database) throws {
        try change(id, version: version, in: [.preparing], "version = version + 1", [], database)
        try database.execute(sql: "DELETE FROM launch_wallet WHERE launch = ?", arguments: [id])
        for wallet in wallets {
            try database.execute(
                sql: "INSERT INTO launch_wallet (launch, wallet, account) VALUES (?, ?, ?)",
                arguments: [id, wallet.wallet, wallet.account]
            )
            // A test by another account shows nothing.
            try database.execute(
                sql: "DELETE FROM launch_test WHERE launch = ? AND wallet = ? AND account <> ?",
                arguments: [id, wallet.wallet, wallet.account]
            )
        }
    }

    struct Test: Sendable {
        let launch: Int64
        let store: String
        let wallet: LaunchWallet
        let number: String
        let result: String
        let reason: String?
        let undo: String
    }

    static func note(_ test: Test, at now: Int64, _ database: Database) throws {
        try database.execute(
            sql: """
                INSERT OR REPLACE INTO launch_test (launch, store, wallet, account, number, result, reason, undo, at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                test.launch, test.store, test.wallet.wallet, test.wallet.account, test.number, test.result, test.reason,
                test.undo, now,
            ]
        )
    }

    // MARK: - Going

    struct Schedule: Equatable, Sendable {
        /// Milliseconds since 1970.
        let startsAt: Int64
        /// 0 for all at once.
        let waveSize: Int
        let waveMinutes: Int64
        /// Percent; nil without a stop rule.
        let leastRate: Int?
        let leastPayments: Int
    }

    static func start(
        _ id: Int64,
        _ schedule: Schedule,
        version: Int64,
        by person: String,
        _ database: Database
    ) throws {
        try change(
            id,
            version: version,
            in: [.preparing],
            """
            state = 'running', starts_at = ?, next_wave_at = ?, wave_size = ?, wave_minutes = ?, least_rate = ?,
            least_payments = ?, starter = ?, counted_from = 0, version = version + 1
            """,
            [
                schedule.startsAt, schedule.startsAt, schedule.waveSize, schedule.waveMinutes, schedule.leastRate,
                schedule.leastPayments, person,
            ],
            database
        )
    }

    /// - Parameter version: Nil where the launch pauses itself.
    static func pause(
        _ id: Int64,
        _ kind: Launch.PauseKind,
        text: String = "",
        version: Int64?,
        _ database: Database
    ) throws {
        try change(
            id,
            version: version,
            in: [.running],
            "state = 'paused', pause_kind = ?, pause_text = ?, version = version + 1",
            [kind.rawValue, text],
            database
        )
    }

    /// Goes on: what was paid before counts no more, and a wave that is overdue is due now.
    static func resume(_ id: Int64, version: Int64, by person: String, at now: Int64, _ database: Database) throws {
        try change(
            id,
            version: version,
            in: [.paused],
            """
            state = 'running', pause_kind = NULL, pause_text = NULL, counted_from = ?, starter = ?,
            version = version + 1
            """,
            [now, person],
            database
        )
    }

    static func stop(_ id: Int64, version: Int64, _ database: Database) throws {
        try change(
            id,
            version: version,
            in: [.preparing, .running, .paused],
            "state = 'stopped', version = version + 1",
            [],
            database
        )
        let waiting = try String.fetchAll(
            database,
            sql: "SELECT store FROM launch_store WHERE launch = ? AND state = 'waiting'",
            arguments: [id]
        )
        for store in waiting { try move(store, from: [.testing], to: .draft, database) }
    }

    private static func change(
        _ id: Int64,
        version: Int64?,
        in states: [Launch.State],
        _ assignments: String,
        _ arguments: StatementArguments,
        _ database: Database
    ) throws {
        let row = try Row.fetchOne(database, sql: "SELECT * FROM launch WHERE id = ?", arguments: [id])
        guard let launch = row.map({ Launch($0) }) else { throw ConsoleProblem.notFound }
        if let version, launch.version != version { throw Refusal.stale }
        guard states.contains(launch.state) else { throw Refusal.notNow }
        try database.execute(sql: "UPDATE launch SET \(assignments) WHERE id = ?", arguments: arguments + [id])
    }

    // MARK: - Waves

    /// Stores that a wave has begun, before anything is done about it.
    static func begin(_ stores: [String], of record: LaunchRecord, at now: Int64, _ database: Database) throws {
        let launch = record.launch
        try change(
            launch.id,
            version: launch.version,
            in: [.running],
            "next_wave_at = ?, version = version + 1",
            [now + launch.waveMinutes * 60_000],
            database
        )
        let wave = (record.stores.compactMap(\.wave).max() ?? 0) + 1
        for store in stores {
            try database.execute(
                sql: """
                    UPDATE launch_store SET state = 'going', wave = ?
                    WHERE launch = ? AND store = ? AND state = 'waiting'
                    """,
                arguments: [wave, launch.id, store]
            )
        }
    }

    /// The clouds have done it.
    static func note(live stores: [String], of launch: Int64, at now: Int64, _ database: Database) throws {
        for store in stores {
            try database.execute(
                sql: """
                    UPDATE launch_store SET state = 'live', live_since = ?
                    WHERE launch = ? AND store = ? AND state = 'going'
                    """,
                arguments: [now, launch, store]
            )
            try move(store, from: [.draft, .testing, .paused], to: .live, database)
        }
    }

    /// The clouds have not done it, and will not.
    static func note(back stores: [String], of launch: Int64, _ database: Database) throws {
        for store in stores {
            try database.execute(
                sql: """
                    UPDATE launch_store SET state = 'waiting', wave = NULL
                    WHERE launch = ? AND store = ? AND state = 'going'
                    """,
                arguments: [launch, store]
            )
        }
    }

    static func finish(_ id: Int64, version: Int64, _ database: Database) throws {
        try change(id, version: version, in: [.running], "state = 'finished', version = version + 1", [], database)
    }

    /// A store's own state.
    static func move(_ store: String, from states: [Node.State], to state: Node.State, _ database: Database) throws {
        for old in states where old != state {
            try database.execute(
                sql: "UPDATE node SET state = ?, version = version + 1 WHERE code = ? AND kind = 'store' AND state = ?",
                arguments: [state.rawValue, store, old.rawValue]
            )
        }
    }

    // MARK: - Reading

    /// How the payments of the stores that are live ended, of the launch's wallets, without test payments.
    static func outcomes(_ record: LaunchRecord, _ database: Database) throws -> Outcomes {
        var outcomes = Outcomes()
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT payment.state, payment.reason, count(*) AS count FROM launch_store
                JOIN payment ON payment.store = launch_store.store
                    AND payment.created_at >= max(launch_store.live_since, ?)
                WHERE launch_store.launch = ? AND launch_store.state = 'live' AND payment.register NOT LIKE ?
                    AND payment.wallet IN (SELECT wallet FROM launch_wallet WHERE launch = ?)
                GROUP BY payment.state, payment.reason
                """,
            arguments: [
                record.launch.countedFrom, record.launch.id, "%" + TestRegister.suffix, record.launch.id,
            ]
        )
        for row in rows { outcomes.add(state: row["state"], reason: row["reason"], count: row["count"]) }
        return outcomes
    }
}
