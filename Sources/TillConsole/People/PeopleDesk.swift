// Part of Tillbridge. See LICENSE.
import GRDB

/// Adds and changes users and roles. What must hold is checked in the transaction of the change.
struct PeopleDesk: Sendable {
    let call: Call

    /// Why something is not done.
    enum Refusal: Error, Equatable {
        /// Somebody else changed it in between.
        case stale
        case nameTaken
        case noRole
        /// Roles cannot be given, or taken away, by this person at this place: `finance@EAST`.
        case beyond(String)
        case ownRoles
        case ownRole
        case ownAccount
        case lastAdministrator
        case roleInUse
        case demoPassword
    }

    /// What a form says about somebody's roles: names of roles and codes of places.
    struct Wanted: Equatable, Sendable {
        let role: String
        let place: String
    }

    /// Something that is done to a user with one button.
    enum Action: String, CaseIterable, Sendable {
        case disable, enable, unlock
        case newPassword = "password"
        case resetSecondFactor = "second-factor"
        case endSessions = "sessions"
    }

    // MARK: - Users

    /// - Returns: The id of the new user.
    func add(name: String, fullName: String, password: PasswordHash, wanted: [Wanted]) async throws -> Int64 {
        let viewer = try call.viewer
        let event = try call.event("user.added", "user:\(name)", after: PeopleDesk.text(fullName, wanted))
        return try await change { database in
            let grants = try PeopleDesk.grants(wanted, database)
            guard !grants.isEmpty else { throw Refusal.noRole }
            for grant in grants where !viewer.mayGive(grant) { throw Refusal.beyond(grant.text) }
            guard try !PeopleDesk.isTaken(name, database) else { throw Refusal.nameTaken }
            let id = try Users.add(
                Users.New(
                    name: name,
                    fullName: fullName,
                    password: password,
                    roles: grants.map { ($0.role, $0.node) }
                ),
                at: call.now,
                database
            )
            try AuditLog.append(event, at: call.now, database)
            return id
        }
    }

    /// - Parameter version: That of the row which the form was made from.
    func edit(_ id: Int64, version: Int64, fullName: String, wanted: [Wanted]) async throws {
        let viewer = try call.viewer
        try await change { database in
            let person = try PeopleDesk.person(id, database)
            guard viewer.mayManage(person) else { throw ConsoleProblem.forbidden(.editPeople) }
            guard person.version == version else { throw Refusal.stale }
            let grants = try PeopleDesk.grants(wanted, database)
            let given = grants.filter { !person.grants.contains($0) }
            let taken = person.grants.filter { !grants.contains($0) }
            if id == viewer.id, !(given + taken).isEmpty { throw Refusal.ownRoles }
            for grant in given + taken where !viewer.mayGive(grant) { throw Refusal.beyond(grant.text) }
            try database.execute(
                sql: "UPDATE user SET full_name = ?, version = version + 1 WHERE id = ?",
                arguments: [fullName, id]
            )
            try Users.replaceRoles(of: id, with: grants, database)
            let before = PeopleDesk.text(
                person.fullName,
                person.grants.map { Wanted(role: $0.role, place: $0.placeCode) }
            )
            let event = try call.event(
                "user.changed",
                "user:\(person.name)",
                before: before,
                after: PeopleDesk.text(fullName, wanted)
            )
            try AuditLog.append(event, at: call.now, database)
        }
    }

    /// - Parameter password: For ``Action/newPassword``.
    func perform(_ action: Action, on id: Int64, password: PasswordHash? = nil) async throws {
        let viewer = try call.viewer
        guard id != viewer.id else { throw Refusal.ownAccount }
        try await change { database in
            let person = try PeopleDesk.person(id, database)
            guard viewer.mayManage(person) else { throw ConsoleProblem.forbidden(.editPeople) }
            if person.isDemo, action == .newPassword { throw Refusal.demoPassword }
            guard try PeopleDesk.apply(action, to: person, password, at: call.now, database) else { return }
            try AuditLog.append(
                try call.event("user.\(action.rawValue)", "user:\(person.name)"),
                at: call.now,
                database
            )
        }
    }

    /// - Returns: False if there was nothing to do.
    private static func apply(
        _ action: Action,
        to person: Person,
        _ password: PasswordHash?,
        at now: Int64,
        _ database: Database
    ) throws -> Bool {
        let id = person.id
        switch action {
        case .disable:
            guard !person.isDisabled else { return false }
            try database.execute(sql: "UPDATE user SET disabled_at = ? WHERE id = ?", arguments: [now, id])
        case .enable:
            guard person.isDisabled else { return false }
            try database.execute(sql: "UPDATE user SET disabled_at = NULL WHERE id = ?", arguments: [id])
        case .unlock:
            try database.execute(
                sql: "UPDATE user SET locked_until = NULL, failures = 0 WHERE id = ?",
                arguments: [id]
            )
        case .newPassword:
            guard let password else { return false }
            try database.execute(
                sql: "UPDATE user SET password = ?, password_is_given = 1 WHERE id = ?",
                arguments: [password.text, id]
            )
        case .resetSecondFactor: try SecondFactor.turnOff(of: id, database)
        case .endSessions: break
        }
        switch action {
        case .disable, .newPassword, .resetSecondFactor, .endSessions: try Sessions.end(user: id, at: now, database)
        case .enable, .unlock: break
        }
        return true
    }

    // MARK: - Roles

    func addRole(_ name: String, _ permissions: Set<Permission>) async throws {
        let viewer = try call.viewer
        let event = try call.event("role.added", "role:\(name)", after: Roles.text(permissions))
        try await change { database in
            guard viewer.mayGive(permissions, at: "/1/") else { throw Refusal.beyond(name) }
            guard try Role.of(name, database) == nil else { throw Refusal.nameTaken }
            try database.execute(
                sql: "INSERT INTO role (name, permissions) VALUES (?, ?)",
                arguments: [name, Roles.text(permissions)]
            )
            try AuditLog.append(event, at: call.now, database)
        }
    }

    func editRole(_ name: String, version: Int64, _ permissions: Set<Permission>) async throws {
        let viewer = try call.viewer
        try await change { database in
            guard let role = try Role.of(name, database), !role.isBuiltIn else { throw ConsoleProblem.notFound }
            guard role.version == version else { throw Refusal.stale }
            guard !viewer.roles.contains(name) else { throw Refusal.ownRole }
            guard viewer.mayGive(permissions.union(role.permissions), at: "/1/") else { throw Refusal.beyond(name) }
            try database.execute(
                sql: "UPDATE role SET permissions = ?, version = version + 1 WHERE name = ?",
                arguments: [Roles.text(permissions), name]
            )
            let event = try call.event(
                "role.changed",
                "role:\(name)",
                before: Roles.text(role.permissions),
                after: Roles.text(permissions)
            )
            try AuditLog.append(event, at: call.now, database)
        }
    }

    /// A role goes when nobody has it any more.
    func deleteRole(_ name: String) async throws {
        let viewer = try call.viewer
        try await change { database in
            guard let role = try Role.of(name, database), !role.isBuiltIn else { throw ConsoleProblem.notFound }
            guard viewer.mayGive(role.permissions, at: "/1/") else { throw Refusal.beyond(name) }
            let holders = try Int.fetchOne(
                database,
                sql: "SELECT count(*) FROM user_role WHERE role = ?",
                arguments: [name]
            )
            guard holders == 0 else { throw Refusal.roleInUse }
            try database.execute(sql: "DELETE FROM role WHERE name = ?", arguments: [name])
            try AuditLog.append(
                try call.event("role.deleted", "role:\(name)", before: Roles.text(role.permissions)),
                at: call.now,
                database
            )
        }
    }

    // MARK: - Rules

    /// Runs a change, and takes it back if nobody is left who could give roles at the top.
    private func change<Result: Sendable>(_ work: @Sendable @escaping (Database) throws -> Result) async throws
        -> Result
    {
        try await call.console.pool.write { database in
            let hadAdministrator = try Grant.hasAdministrator(database)
            let result = try work(database)
            if hadAdministrator, try !Grant.hasAdministrator(database) { throw Refusal.lastAdministrator }
            return result
        }
    }

    private static func person(_ id: Int64, _ database: Database) throws -> Person {
        guard let person = try Person.of(id: id, database) else { throw ConsoleProblem.notFound }
        return person
    }

    private static func isTaken(_ name: String, _ database: Database) throws -> Bool {
        try Int64.fetchOne(database, sql: "SELECT id FROM user WHERE name = ?", arguments: [name]) != nil
    }

    /// - Throws: ``Refusal/beyond(_:)`` for a role or place that there is not.
    private static func grants(_ wanted: [Wanted], _ database: Database) throws -> [Grant] {
        var grants: [Grant] = []
        for wish in wanted {
            guard let grant = try Grant.of(role: wish.role, at: wish.place, database) else {
                throw Refusal.beyond("\(wish.role)@\(wish.place)")
            }
            if !grants.contains(grant) { grants.append(grant) }
        }
        return grants
    }

    private static func text(_ fullName: String, _ wanted: [Wanted]) -> String {
        "\(fullName); " + wanted.map { "\($0.role)@\($0.place)" }.sorted().joined(separator: ", ")
    }
}
