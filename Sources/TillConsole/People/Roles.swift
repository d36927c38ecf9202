// Part of Tillbridge. See LICENSE.
import GRDB

/// Roles, as the database holds them.
enum Roles {
    /// Writes the built-in roles as this program has them.
    static func makeBuiltIn(_ database: Database) throws {
        for role in BuiltInRole.allCases {
            try database.execute(
                sql: """
                    INSERT INTO role (name, permissions, built_in) VALUES (?, ?, 1)
                    ON CONFLICT (name) DO UPDATE SET permissions = excluded.permissions
                    """,
                arguments: [role.rawValue, text(role.permissions)]
            )
        }
    }

    static func permissions(_ text: String) -> Set<Permission> {
        Set(text.split(separator: " ").compactMap { Permission(rawValue: String($0)) })
    }

    /// As a column holds them.
    static func text(_ permissions: Set<Permission>) -> String {
        permissions.map(\.rawValue).sorted().joined(separator: " ")
    }
}

/// A role: a set of permissions under a name.
struct Role: Sendable {
    let name: String
    let permissions: Set<Permission>
    let isBuiltIn: Bool
    let version: Int64
    let holders: Int

    private static let columns =
        "role.*, (SELECT count(DISTINCT user) FROM user_role WHERE user_role.role = role.name) AS holders"

    private init(_ row: Row) {
        name = row["name"]
        permissions = Roles.permissions(row["permissions"])
        isBuiltIn = row["built_in"]
        version = row["version"]
        holders = row["holders"]
    }

    static func of(_ name: String, _ database: Database) throws -> Role? {
        try Row.fetchOne(database, sql: "SELECT \(columns) FROM role WHERE name = ?", arguments: [name]).map {
            Role($0)
        }
    }

    /// The built-in ones first.
    static func all(_ database: Database) throws -> [Role] {
        try Row.fetchAll(database, sql: "SELECT \(columns) FROM role ORDER BY built_in DESC, name").map { Role($0) }
    }

    /// The built-in ones are named in the user's language, the others as somebody has named them.
    static func title(_ name: String, _ words: Words) -> String {
        BuiltInRole(rawValue: name) == nil ? name : words.text(Phrase(family: "role", name))
    }
}
