// Part of Tillbridge. See LICENSE.
import GRDB

/// Users, as the database holds them.
enum Users {
    /// A user to be added.
    struct New: Sendable {
        let name: String
        let fullName: String
        let password: PasswordHash
        /// Somebody else drew the password: it is changed at the first sign-in.
        var passwordIsGiven = true
        var secondFactorIsOff = false
        var isDemo = false
        /// Roles, each with the node that it holds for.
        var roles: [(role: String, node: Int64)]
    }

    /// - Returns: The user's id.
    @discardableResult
    static func add(_ user: New, at now: Int64, _ database: Database) throws -> Int64 {
        try database.execute(
            sql: """
                INSERT INTO user (name, full_name, password, password_is_given, second_factor_off, is_demo, created_at)
                VALUES (?, ?, ?, ?, ?, ?, ?)
                """,
            arguments: [
                user.name, user.fullName, user.password.text, user.passwordIsGiven, user.secondFactorIsOff, user.isDemo,
                now,
            ]
        )
        let id = database.lastInsertedRowID
        try give(user.roles, to: id, database)
        return id
    }

    static func replaceRoles(of user: Int64, with grants: [Grant], _ database: Database) throws {
        try database.execute(sql: "DELETE FROM user_role WHERE user = ?", arguments: [user])
        try give(grants.map { ($0.role, $0.node) }, to: user, database)
    }

    private static func give(_ roles: [(role: String, node: Int64)], to user: Int64, _ database: Database) throws {
        for grant in roles {
            try database.execute(
                sql: "INSERT INTO user_role (user, role, node) VALUES (?, ?, ?)",
                arguments: [user, grant.role, grant.node]
            )
        }
    }

    /// 2 to 40 small letters, digits, dots, dashes and underscores, a letter first.
    static func isName(_ text: String) -> Bool { text.wholeMatch(of: /[a-z][a-z0-9._\-]{1,39}/) != nil }
}
