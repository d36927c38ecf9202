// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB

/// Who is signed in.
struct Sessions: Sendable {
    /// Without a request for this long a session ends.
    static let idleMilliseconds: Int64 = 30 * 60_000
    /// However busy it is, it ends after this long.
    static let longestMilliseconds: Int64 = 12 * 3_600_000
    /// How often a session's last use is written down.
    private static let noteMilliseconds: Int64 = 60_000

    let pool: DatabasePool

    /// A new session, in the transaction of the sign-in.
    /// - Returns: The token of the cookie. The database holds its hash.
    static func begin(
        user: Int64,
        isOpen: Bool,
        address: String,
        agent: String,
        at now: Int64,
        _ database: Database
    ) throws -> String {
        let token = SecretBytes.token()
        try database.execute(
            sql: """
                INSERT INTO session (token, csrf, user, created_at, seen_at, is_open, proved_at, address, agent)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                SecretBytes.hash(token), SecretBytes.token(), user, now, now, isOpen, now, address,
                String(agent.prefix(200)),
            ]
        )
        return token
    }

    /// Who the cookie belongs to; nil for a session that has ended and for a user who may not come in any more.
    func viewer(token: String, at now: Int64) async throws -> Viewer? {
        let hash = SecretBytes.hash(token)
        let found = try await pool.read { database -> (viewer: Viewer, seenAt: Int64)? in
            let row = try Row.fetchOne(
                database,
                sql: """
                    SELECT session.id AS session, csrf, session.seen_at, is_open, proved_at, user.*
                    FROM session JOIN user ON user.id = session.user
                    WHERE token = ? AND ended_at IS NULL AND disabled_at IS NULL AND seen_at > ?
                        AND session.created_at > ?
                        AND (is_demo = 0 OR NOT EXISTS (SELECT 1 FROM account WHERE is_sandbox = 0))
                    """,
                arguments: [hash, now - Sessions.idleMilliseconds, now - Sessions.longestMilliseconds]
            )
            guard let row else { return nil }
            return (try Sessions.viewer(row, database), row["seen_at"])
        }
        guard let (viewer, seenAt) = found else { return nil }
        if now - seenAt > Sessions.noteMilliseconds {
            try await pool.write {
                try $0.execute(sql: "UPDATE session SET seen_at = ? WHERE id = ?", arguments: [now, viewer.session])
            }
        }
        return viewer
    }

    private static func viewer(_ row: Row, _ database: Database) throws -> Viewer {
        let user: Int64 = row["id"]
        var permissions: [Permission: Scope] = [:]
        var roles: [String] = []
        let grants = try Row.fetchAll(
            database,
            sql: """
                SELECT role.name, permissions, path FROM user_role JOIN role ON role.name = user_role.role
                JOIN node ON node.id = user_role.node WHERE user = ? ORDER BY role.name, path
                """,
            arguments: [user]
        )
        for grant in grants {
            let (role, path): (String, String) = (grant["name"], grant["path"])
            if roles.last != role { roles.append(role) }
            for permission in Roles.permissions(grant["permissions"]) {
                permissions[permission] = (permissions[permission] ?? .nothing).union(Scope(paths: [path]))
            }
        }
        let hasSecondFactor = (row["totp"] as Data?) != nil
        let isOff: Bool = row["second_factor_off"]
        let isOpen: Bool = row["is_open"]
        let passwordIsGiven: Bool = row["password_is_given"]
        let hurdle: Viewer.Hurdle? =
            if !isOpen {
                .secondFactor
            } else if passwordIsGiven {
                .newPassword
            } else if !hasSecondFactor, !isOff {
                .secondFactorSetUp
            } else {
                nil
            }
        return Viewer(
            id: user,
            name: row["name"],
            fullName: row["full_name"],
            session: row["session"],
            csrf: row["csrf"],
            permissions: permissions,
            roles: roles,
            isDemo: row["is_demo"],
            hasSecondFactor: hasSecondFactor,
            hurdle: hurdle,
            provedAt: row["proved_at"]
        )
    }

    /// One that has not ended, as its owner sees it.
    struct Open: Sendable {
        let id: Int64
        let address: String
        let agent: String
        /// Milliseconds since 1970, each.
        let createdAt: Int64
        let seenAt: Int64
    }

    /// Those of a user, the latest first.
    static func open(of user: Int64, at now: Int64, _ database: Database) throws -> [Open] {
        try Row.fetchAll(
            database,
            sql: """
                SELECT * FROM session WHERE user = ? AND ended_at IS NULL AND seen_at > ? AND created_at > ?
                ORDER BY seen_at DESC, id DESC
                """,
            arguments: [user, now - idleMilliseconds, now - longestMilliseconds]
        ).map {
            Open(
                id: $0["id"],
                address: $0["address"],
                agent: $0["agent"],
                createdAt: $0["created_at"],
                seenAt: $0["seen_at"]
            )
        }
    }

    /// Ends one session of a user, or all but one.
    static func end(user: Int64, session: Int64? = nil, except: Int64? = nil, at now: Int64, _ database: Database)
        throws
    {
        try database.execute(
            sql: """
                UPDATE session SET ended_at = ? WHERE user = ? AND ended_at IS NULL
                    AND (? IS NULL OR id = ?) AND (? IS NULL OR id <> ?)
                """,
            arguments: [now, user, session, session, except, except]
        )
    }
}
