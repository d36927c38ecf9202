// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB

/// Checks names, passwords and second factors. After some failures a name is locked for a while, whoever tries it.
actor SignIn {
    static let triesBeforeLock = 5
    static let lockMilliseconds: Int64 = 15 * 60_000

    enum Outcome: Equatable, Sendable {
        /// The token of the new session's cookie.
        case welcome(String)
        case refused
        case locked(until: Int64)
        /// A demo user, beside an account that moves real money.
        case demoOnly
    }

    private let pool: DatabasePool
    private let box: SecretBox
    /// What a password is compared with where there is no such user, so that both take equally long.
    private let decoy: PasswordHash

    init(pool: DatabasePool, box: SecretBox) throws {
        self.pool = pool
        self.box = box
        decoy = try PasswordHash(of: SecretBytes.token())
    }

    /// The password of a name. An actor's method: one at a time, since each takes 32 MiB.
    func signIn(
        name: String,
        password: String,
        address: String,
        agent: String,
        at now: Int64
    ) async throws -> Outcome {
        let found = try await pool.read { database in
            try Row.fetchOne(
                database,
                sql: "SELECT * FROM user WHERE name = ? AND disabled_at IS NULL",
                arguments: [name]
            ).map { Candidate($0) }
        }
        let isRight = (found?.password ?? decoy).accepts(password)
        guard let user = found else { return .refused }
        return try await pool.write { database in
            if let until = try SignIn.lock(of: user.id, at: now, database) { return .locked(until: until) }
            guard isRight else {
                return try SignIn.fail(user.id, event("sign-in.failed", user.name, address), at: now, database)
            }
            if user.isDemo, try DemoUsers.areClosed(database) { return .demoOnly }
            if !user.hasSecondFactor {
                try SignIn.succeed(user.id, event("sign-in", user.name, address), at: now, database)
            }
            let token = try Sessions.begin(
                user: user.id,
                isOpen: !user.hasSecondFactor,
                address: address,
                agent: agent,
                at: now,
                database
            )
            return .welcome(token)
        }
    }

    /// The second factor of somebody whose password was right: six digits, or a recovery code.
    func proveSecondFactor(of viewer: Viewer, code: String, address: String, at now: Int64) async throws -> Bool {
        try await pool.write { [box] database in
            guard try SignIn.lock(of: viewer.id, at: now, database) == nil else { return false }
            guard try SignIn.accepts(code, of: viewer, box, at: now, database) else {
                _ = try SignIn.fail(viewer.id, event("second-factor.failed", viewer.name, address), at: now, database)
                return false
            }
            try database.execute(
                sql: "UPDATE session SET is_open = 1, proved_at = ? WHERE id = ?",
                arguments: [now, viewer.session]
            )
            try SignIn.succeed(viewer.id, event("sign-in", viewer.name, address), at: now, database)
            return true
        }
    }

    /// Password and, where there is one, second factor once more, before something that matters.
    func proveAgain(of viewer: Viewer, password: String, code: String, address: String, at now: Int64) async throws
        -> Bool
    {
        let stored = try await pool.read {
            try String.fetchOne($0, sql: "SELECT password FROM user WHERE id = ?", arguments: [viewer.id])
        }
        let isRight = stored.map { PasswordHash(text: $0).accepts(password) } ?? false
        return try await pool.write { [box] database in
            guard try SignIn.lock(of: viewer.id, at: now, database) == nil else { return false }
            let isProved =
                try isRight && (!viewer.hasSecondFactor || SignIn.accepts(code, of: viewer, box, at: now, database))
            guard isProved else {
                _ = try SignIn.fail(viewer.id, event("proof.failed", viewer.name, address), at: now, database)
                return false
            }
            try database.execute(
                sql: "UPDATE session SET proved_at = ? WHERE id = ?",
                arguments: [now, viewer.session]
            )
            return true
        }
    }

    /// Somebody whose name was given.
    private struct Candidate: Sendable {
        let id: Int64
        let name: String
        let password: PasswordHash
        let hasSecondFactor: Bool
        let isDemo: Bool

        init(_ row: Row) {
            id = row["id"]
            name = row["name"]
            password = PasswordHash(text: row["password"])
            hasSecondFactor = (row["totp"] as Data?) != nil
            isDemo = row["is_demo"]
        }
    }

    /// An actor's method: one at a time, since each takes 32 MiB.
    func hash(_ password: String) throws -> PasswordHash { try PasswordHash(of: password) }

    /// A new password for somebody who knows the one before. All other sessions end.
    func changePassword(of viewer: Viewer, from old: String, to new: String, address: String, at now: Int64)
        async throws
        -> Bool
    {
        let stored = try await pool.read {
            try String.fetchOne($0, sql: "SELECT password FROM user WHERE id = ?", arguments: [viewer.id])
        }
        let isRight = stored.map { PasswordHash(text: $0).accepts(old) } ?? false
        let hash = try PasswordHash(of: new)
        return try await pool.write { database in
            guard try SignIn.lock(of: viewer.id, at: now, database) == nil else { return false }
            guard isRight else {
                _ = try SignIn.fail(viewer.id, event("proof.failed", viewer.name, address), at: now, database)
                return false
            }
            try database.execute(
                sql: "UPDATE user SET password = ?, password_is_given = 0 WHERE id = ?",
                arguments: [hash.text, viewer.id]
            )
            try Sessions.end(user: viewer.id, except: viewer.session, at: now, database)
            try AuditLog.append(event("password.changed", viewer.name, address), at: now, database)
            return true
        }
    }

    private static func lock(of user: Int64, at now: Int64, _ database: Database) throws -> Int64? {
        let until = try Int64.fetchOne(database, sql: "SELECT locked_until FROM user WHERE id = ?", arguments: [user])
        return until.flatMap { $0 > now ? $0 : nil }
    }

    private static func fail(
        _ user: Int64,
        _ event: AuditEvent,
        at now: Int64,
        _ database: Database
    ) throws -> Outcome {
        try AuditLog.append(event, at: now, database)
        let before = try Int.fetchOne(database, sql: "SELECT failures FROM user WHERE id = ?", arguments: [user]) ?? 0
        let isLocked = before + 1 >= triesBeforeLock
        try database.execute(
            sql: "UPDATE user SET failures = ?, locked_until = ? WHERE id = ?",
            arguments: [isLocked ? 0 : before + 1, isLocked ? now + lockMilliseconds : nil, user]
        )
        return isLocked ? .locked(until: now + lockMilliseconds) : .refused
    }

    private static func succeed(_ user: Int64, _ event: AuditEvent, at now: Int64, _ database: Database) throws {
        try database.execute(
            sql: "UPDATE user SET failures = 0, locked_until = NULL, last_sign_in = ? WHERE id = ?",
            arguments: [now, user]
        )
        try AuditLog.append(event, at: now, database)
    }

    private static func accepts(
        _ code: String,
        of viewer: Viewer,
        _ box: SecretBox,
        at now: Int64,
        _ database: Database
    ) throws -> Bool {
        let row = try Row.fetchOne(
            database,
            sql: "SELECT totp, totp_last_step FROM user WHERE id = ?",
            arguments: [viewer.id]
        )
        guard let row, let sealed = row["totp"] as Data? else { return false }
        let plain = code.filter { !$0.isWhitespace && $0 != "-" }.uppercased()
        let password = OneTimePassword(secret: try box.open(sealed, name: "totp:\(viewer.id)"))
        if let step = password.step(of: plain, at: now, after: row["totp_last_step"]) {
            try database.execute(
                sql: "UPDATE user SET totp_last_step = ? WHERE id = ?",
                arguments: [step, viewer.id]
            )
            return true
        }
        try database.execute(
            sql: "UPDATE recovery_code SET used_at = ? WHERE user = ? AND hash = ? AND used_at IS NULL",
            arguments: [now, viewer.id, SecretBytes.hash(plain)]
        )
        return database.changesCount == 1
    }
}

private func event(_ action: String, _ name: String, _ address: String) -> AuditEvent {
    AuditEvent(actor: name, action: action, subject: "user:\(name)", address: address)
}
