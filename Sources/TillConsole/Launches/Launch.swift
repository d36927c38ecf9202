// Part of Tillbridge. See LICENSE.
import GRDB

/// Stores that begin to take wallets together: at once, at a time, or in waves.
struct Launch: Equatable, Sendable {
    enum State: String, CaseIterable, Sendable {
        /// Stores and wallets are chosen and tested; nothing goes live by itself.
        case preparing
        /// Waves go live when they are due.
        case running
        /// Nothing goes live until somebody goes on.
        case paused
        case finished
        /// Ended by hand: what is live stays live, what waits does not go live.
        case stopped

        var phrase: Phrase { Phrase(family: "launchState", rawValue) }
        var isOpen: Bool { self == .preparing || self == .running || self == .paused }
    }

    /// Why a launch is paused.
    enum PauseKind: String, Sendable {
        case person
        /// The stop rule.
        case rate
        /// A cloud refused a wave.
        case cloud
    }

    let id: Int64
    let name: String
    let state: State
    /// Milliseconds since 1970; nil before it was decided.
    let startsAt: Int64?
    /// How many stores go live together; 0 for all.
    let waveSize: Int
    let waveMinutes: Int64
    /// The stop rule: percent, and the number of payments from which it counts; nil without one.
    let leastRate: Int?
    let leastPayments: Int
    /// When the next wave is due.
    let nextWaveAt: Int64?
    /// Payments before it do not count for the stop rule any more: somebody has seen them and gone on.
    let countedFrom: Int64
    let pauseKind: PauseKind?
    let pauseText: String
    let creator: String
    /// In whose name the clouds are told.
    let starter: String?
    let createdAt: Int64
    let version: Int64

    init(_ row: Row) {
        id = row["id"]
        name = row["name"]
        state = State(rawValue: row["state"]) ?? .paused
        startsAt = row["starts_at"]
        waveSize = row["wave_size"]
        waveMinutes = row["wave_minutes"]
        leastRate = row["least_rate"]
        leastPayments = row["least_payments"]
        nextWaveAt = row["next_wave_at"]
        countedFrom = row["counted_from"]
        pauseKind = (row["pause_kind"] as String?).flatMap { PauseKind(rawValue: $0) }
        pauseText = row["pause_text"] ?? ""
        creator = row["creator"]
        starter = row["starter"]
        createdAt = row["created_at"]
        version = row["version"]
    }
}

/// One store of a launch.
struct LaunchStore: Equatable, Sendable {
    enum State: String, Sendable {
        case waiting
        /// Its wave has begun, and the clouds are being told. Stored before they are.
        case going
        case live
    }

    let store: String
    let state: State
    let wave: Int?
    let liveSince: Int64?

    init(_ row: Row) {
        store = row["store"]
        state = State(rawValue: row["state"]) ?? .waiting
        wave = row["wave"]
        liveSince = row["live_since"]
    }
}

/// A wallet that a launch brings, and the account that is paid.
struct LaunchWallet: Equatable, Sendable {
    let wallet: String
    let account: String

    init(_ row: Row) {
        wallet = row["wallet"]
        account = row["account"]
    }

    init(wallet: String, account: String) {
        self.wallet = wallet
        self.account = account
    }
}

/// The last test payment of a store by one wallet of a launch.
struct LaunchTest: Equatable, Sendable {
    let store: String
    let wallet: String
    let number: String
    /// `paid`, `declined`, `refused`, `unknown`.
    let result: String
    let reason: String?
    /// What the undo had come to when the test was made, or what the payment has become since.
    let isUndone: Bool
    let at: Int64

    var isPassed: Bool { result == "paid" && isUndone }

    private static let finalUndos: Set<String> = ["unsent", "closed", "refunded", "never-existed"]

    init(_ row: Row) {
        store = row["store"]
        wallet = row["wallet"]
        number = row["number"]
        result = row["result"]
        reason = row["reason"]
        isUndone =
            LaunchTest.finalUndos.contains(row["undo"])
            || ["revoked", "closed"].contains(row["payment_state"] as String? ?? "")
        at = row["at"]
    }
}

/// All that is known of one launch.
struct LaunchRecord: Equatable, Sendable {
    let launch: Launch
    let stores: [LaunchStore]
    let wallets: [LaunchWallet]
    let tests: [LaunchTest]

    /// Nil for an id that is not known.
    init?(id: Int64, _ database: Database) throws {
        let row = try Row.fetchOne(database, sql: "SELECT * FROM launch WHERE id = ?", arguments: [id])
        guard let row else { return nil }
        launch = Launch(row)
        stores = try Row.fetchAll(
            database,
            sql: "SELECT * FROM launch_store WHERE launch = ? ORDER BY position",
            arguments: [id]
        ).map { LaunchStore($0) }
        wallets = try Row.fetchAll(
            database,
            sql: "SELECT * FROM launch_wallet WHERE launch = ? ORDER BY wallet",
            arguments: [id]
        ).map { LaunchWallet($0) }
        tests = try Row.fetchAll(
            database,
            sql: """
                SELECT launch_test.*, payment.state AS payment_state
                FROM launch_test LEFT JOIN payment ON payment.number = launch_test.number WHERE launch = ?
                """,
            arguments: [id]
        ).map { LaunchTest($0) }
    }

    func codes(_ state: LaunchStore.State) -> [String] { stores.filter { $0.state == state }.map(\.store) }

    func test(_ store: String, _ wallet: String) -> LaunchTest? {
        tests.first { $0.store == store && $0.wallet == wallet }
    }

    /// Whether every wallet was paid and undone at a store.
    func isTested(_ store: String) -> Bool {
        !wallets.isEmpty && wallets.allSatisfy { test(store, $0.wallet)?.isPassed == true }
    }
}
