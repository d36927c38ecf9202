// Part of Tillbridge. See LICENSE.
import GRDB

/// A role that somebody has, with the place that it holds for.
struct Grant: Equatable, Sendable {
    let role: String
    let node: Int64
    let path: String
    let placeCode: String
    let placeName: String
    let permissions: Set<Permission>

    /// As the audit log tells it: `finance@EAST`.
    var text: String { "\(role)@\(placeCode)" }

    private static let columns = """
        user_role.user, role.name AS role, role.permissions, node.id AS node, node.path, node.code AS place_code,
        node.name AS place_name
        """
    private static let tables =
        "user_role JOIN role ON role.name = user_role.role JOIN node ON node.id = user_role.node"

    init(_ row: Row) {
        role = row["role"]
        node = row["node"]
        path = row["path"]
        placeCode = row["place_code"]
        placeName = row["place_name"]
        permissions = Roles.permissions(row["permissions"])
    }

    static func of(user: Int64, _ database: Database) throws -> [Grant] {
        try Row.fetchAll(
            database,
            sql: "SELECT \(columns) FROM \(tables) WHERE user = ? ORDER BY role, path",
            arguments: [user]
        ).map { Grant($0) }
    }

    /// By user.
    static func all(_ database: Database) throws -> [Int64: [Grant]] {
        var all: [Int64: [Grant]] = [:]
        for row in try Row.fetchAll(database, sql: "SELECT \(columns) FROM \(tables) ORDER BY role, path") {
            all[row["user"], default: []].append(Grant(row))
        }
        return all
    }

    /// What a role would be at a place; nil if there is no such role or place.
    static func of(role: String, at code: String, _ database: Database) throws -> Grant? {
        try Row.fetchOne(
            database,
            sql: """
                SELECT role.name AS role, role.permissions, node.id AS node, node.path, node.code AS place_code,
                    node.name AS place_name
                FROM role, node WHERE role.name = ? AND node.code = ?
                """,
            arguments: [role, code]
        ).map { Grant($0) }
    }

    /// Whether anybody who can sign in holds, at the top, everything that administrators hold.
    static func hasAdministrator(_ database: Database) throws -> Bool {
        let enabled = try Set(Int64.fetchAll(database, sql: "SELECT id FROM user WHERE disabled_at IS NULL"))
        return try all(database).contains { user, grants in
            let atTop = grants.filter { $0.path == "/1/" }.reduce(into: Set<Permission>()) {
                $0.formUnion($1.permissions)
            }
            return enabled.contains(user) && atTop.isSuperset(of: BuiltInRole.admin.permissions)
        }
    }
}

extension Viewer {
    /// Whether they may give permissions at a place to others, or take them away: those that they hold there
    /// themselves. Who holds all that administrators hold may give what administrators are kept from as well, since
    /// somebody has to appoint the first clerk.
    func mayGive(_ permissions: Set<Permission>, at path: String) -> Bool {
        guard scope(of: .editPeople).covers(path) else { return false }
        let isAdministrator = BuiltInRole.admin.permissions.allSatisfy { scope(of: $0).covers(path) }
        return permissions.subtracting(isAdministrator ? Permission.keptApart : [])
            .allSatisfy { scope(of: $0).covers(path) }
    }

    func mayGive(_ grant: Grant) -> Bool { mayGive(grant.permissions, at: grant.path) }
}
