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

    /// As a column holds them.
    static func text(_ permissions: Set<Permission>) -> String {
        permissions.map(\.rawValue).sorted().joined(separator: " ")
    }
}
