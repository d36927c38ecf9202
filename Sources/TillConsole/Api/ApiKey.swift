// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import TillDomain

/// What a program may do here, and for which part of the organisation.
struct ApiKey: Equatable, Sendable {
    enum Right: String, CaseIterable, Sendable {
        case readPayments = "payments"
        case requestRefunds = "refunds"

        /// What somebody holds who may give it.
        var permission: Permission {
            switch self {
            case .readPayments: .viewPayments
            case .requestRefunds: .requestRefunds
            }
        }
    }

    enum State: String, CaseIterable, Sendable {
        case active, expired, revoked
    }

    /// One of the secrets that a key is used by: two while a rotation overlaps.
    struct Secret: Equatable, Sendable {
        let prefix: String
        /// Milliseconds since 1970, each.
        let createdAt: Int64
        let endsAt: Int64?
    }

    let id: Int64
    let name: String
    let node: Int64
    let path: String
    let placeCode: String
    let placeName: String
    let rights: Set<Right>
    /// Milliseconds since 1970, each.
    let expiresAt: Int64?
    let createdAt: Int64
    let creatorName: String
    let revokedAt: Int64?
    let lastUsedAt: Int64?
    let secrets: [Secret]

    /// As it stands in the cloud's and the console's entries about what it does.
    var person: String { "key \(name)" }

    var scope: Scope { Scope(paths: [path]) }

    func state(at now: Int64) -> State {
        if revokedAt != nil { return .revoked }
        if let expiresAt, expiresAt <= now { return .expired }
        return .active
    }

    /// Who asks for refunds through it, for the desk that serves persons. Its number is no user's.
    var requester: Viewer {
        Viewer(
            id: -id,
            name: person,
            fullName: person,
            session: 0,
            csrf: "",
            permissions: rights.reduce(into: [:]) { $0[$1.permission] = scope },
            roles: [],
            isDemo: false,
            hasSecondFactor: false,
            hurdle: nil,
            provedAt: 0
        )
    }

    static func text(_ rights: Set<Right>) -> String { rights.map(\.rawValue).sorted().joined(separator: " ") }

    // MARK: - In the database

    private static let columns =
        "api_key.*, node.path, node.code AS place_code, node.name AS place_name"
    private static let tables = "api_key JOIN node ON node.id = api_key.node"

    private init(_ row: Row, _ database: Database) throws {
        id = row["id"]
        name = row["name"]
        node = row["node"]
        path = row["path"]
        placeCode = row["place_code"]
        placeName = row["place_name"]
        rights = Set((row["rights"] as String).split(separator: " ").compactMap { Right(rawValue: String($0)) })
        expiresAt = row["expires_at"]
        createdAt = row["created_at"]
        creatorName = row["creator_name"]
        revokedAt = row["revoked_at"]
        lastUsedAt = row["last_used_at"]
        secrets = try Row.fetchAll(
            database,
            sql: "SELECT * FROM api_secret WHERE api_key = ? ORDER BY created_at DESC, prefix",
            arguments: [id]
        ).map { Secret(prefix: $0["prefix"], createdAt: $0["created_at"], endsAt: $0["ends_at"]) }
    }

    static func of(id: Int64, _ database: Database) throws -> ApiKey? {
        try Row.fetchOne(database, sql: "SELECT \(columns) FROM \(tables) WHERE api_key.id = ?", arguments: [id]).map {
            try ApiKey($0, database)
        }
    }

    /// Those of a part of the organisation: what is in use first.
    static func all(in scope: Scope, _ database: Database) throws -> [ApiKey] {
        try Row.fetchAll(
            database,
            sql: "SELECT \(columns) FROM \(tables) ORDER BY revoked_at IS NOT NULL, api_key.name"
        ).map { try ApiKey($0, database) }.filter { scope.covers($0.path) }
    }

    // MARK: - Secrets

    private static let mark = "tbk_"
    private static let prefixLength = 12
    /// What a secret is compared with where there is none, so that both take equally long.
    private static let decoy = [UInt8](repeating: 0, count: 32)

    /// A new secret, `tbk_` and 51 characters: 40 bits to find it by, and 256 bits that nobody guesses.
    static func drawSecret() -> String {
        let alphabet = Array("abcdefghijkmnpqrstuvwxyz23456789")
        return mark + String(SecretBytes.random(8).map { alphabet[Int($0 & 31)] }) + SecretBytes.token()
    }

    /// Stores the hash of a secret, beside those that there are.
    static func add(_ secret: String, to key: Int64, by user: Int64, at now: Int64, _ database: Database) throws {
        try database.execute(
            sql: "INSERT INTO api_secret (prefix, api_key, hash, creator, created_at) VALUES (?, ?, ?, ?, ?)",
            arguments: [String(secret.prefix(prefixLength)), key, SecretBytes.hash(secret), user, now]
        )
    }

    /// The key that a secret belongs to; nil for one that is unknown, has ended, or whose key is not valid any more.
    static func of(secret: String, at now: Int64, _ database: Database) throws -> ApiKey? {
        // What a demo user has made ends where his sessions end: beside an account that moves real money.
        let row = try Row.fetchOne(
            database,
            sql: """
                SELECT api_key, hash, ends_at FROM api_secret WHERE prefix = ? AND (
                    NOT EXISTS (SELECT 1 FROM user WHERE user.id = creator AND is_demo = 1)
                    OR NOT EXISTS (SELECT 1 FROM account WHERE is_sandbox = 0))
                """,
            arguments: [String(secret.prefix(prefixLength))]
        )
        let hash = row.map { [UInt8]($0["hash"] as Data) } ?? decoy
        let isRight = ConstantTime.equal(hash, [UInt8](SecretBytes.hash(secret)))
        guard let row, isRight, (row["ends_at"] as Int64?).map({ $0 > now }) ?? true,
            let key = try of(id: row["api_key"], database), key.state(at: now) == .active
        else { return nil }
        return key
    }

    /// How often a key's last use is written down, in milliseconds.
    static let noteMilliseconds: Int64 = 60_000

    func noteUse(at now: Int64, in pool: DatabasePool) async throws {
        guard now - (lastUsedAt ?? 0) > ApiKey.noteMilliseconds else { return }
        try await pool.write {
            try $0.execute(sql: "UPDATE api_key SET last_used_at = ? WHERE id = ?", arguments: [now, id])
        }
    }

    /// Whether a user has held a secret of the key that asked for a refund: his agreement would be his own request's.
    static func isOwn(requester: Int64, of user: Int64, _ database: Database) throws -> Bool {
        guard requester < 0 else { return requester == user }
        return try Bool.fetchOne(
            database,
            sql: "SELECT EXISTS (SELECT 1 FROM api_secret WHERE api_key = ? AND creator = ?)",
            arguments: [-requester, user]
        ) ?? false
    }
}
