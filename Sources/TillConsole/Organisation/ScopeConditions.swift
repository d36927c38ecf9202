// Part of Tillbridge. See LICENSE.
import GRDB

extension Scope {
    /// Places within it, as a condition in SQL.
    /// - Parameter column: Holds the path of the place.
    func placeCondition(_ column: String = "path") -> (sql: String, arguments: StatementArguments) {
        guard !covers("/1/") else { return ("1", []) }
        guard !paths.isEmpty else { return ("0", []) }
        var arguments = StatementArguments()
        let ranges = paths.sorted().map { path in
            arguments += [path, path + "~"]
            return "\(column) >= ? AND \(column) < ?"
        }
        return ("(\(ranges.joined(separator: " OR ")))", arguments)
    }

    /// Rows whose store lies within it, as a condition in SQL.
    func storeCondition(_ column: String) -> (sql: String, arguments: StatementArguments) {
        guard !covers("/1/") else { return ("1", []) }
        guard !paths.isEmpty else { return ("0", []) }
        let places = placeCondition()
        return ("\(column) IN (SELECT code FROM node WHERE kind = 'store' AND \(places.sql))", places.arguments)
    }
}

extension Call {
    /// - Throws: ``ConsoleProblem/forbidden(_:)`` if the viewer's scope does not cover the store.
    func require(_ permission: Permission, store: String) async throws {
        let path = try await console.pool.read { try Node.of(code: store, $0)?.path ?? "/1/" }
        try require(permission, at: path)
    }
}
