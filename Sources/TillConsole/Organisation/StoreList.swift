// Part of Tillbridge. See LICENSE.
import GRDB

/// The stores of a part of the organisation.
struct StoreList: Sendable {
    static let pageRows = 50

    struct Store: Sendable {
        let node: Node
        /// The region and the city that it stands below; empty without one.
        let region: String
        let city: String
        /// Registers that were not revoked, and those heard of lately.
        let registers: Int
        let online: Int
    }

    /// What is shown: the stores at or below some places whose code or name holds a text.
    struct Filter: Sendable {
        let scope: Scope
        let text: String

        fileprivate var condition: (sql: String, arguments: StatementArguments) {
            var (places, arguments) = scope.placeCondition()
            places = "kind = 'store' AND \(places)"
            if !text.isEmpty {
                places += " AND (instr(upper(code), upper(?)) > 0 OR instr(lower(name), lower(?)) > 0)"
                arguments += [text, text]
            }
            return (places, arguments)
        }
    }

    let stores: [Store]
    let total: Int

    /// - Parameter page: From 1; nil for all.
    init(_ filter: Filter, page: Int?, at now: Int64, _ database: Database) throws {
        let (condition, arguments) = filter.condition
        total =
            try Int.fetchOne(database, sql: "SELECT count(*) FROM node WHERE \(condition)", arguments: arguments) ?? 0
        let rows = try Row.fetchAll(
            database,
            sql: """
                SELECT node.*,
                    (SELECT count(*) FROM register WHERE register.store = node.code AND register.state <> 'revoked')
                        AS registers,
                    (SELECT count(*) FROM register WHERE register.store = node.code AND register.state <> 'revoked'
                        AND last_contact > ?) AS online
                FROM node WHERE \(condition) ORDER BY name, code LIMIT ? OFFSET ?
                """,
            arguments: [now - LiveStrip.onlineMilliseconds] + arguments
                + [page == nil ? -1 : StoreList.pageRows, ((page ?? 1) - 1) * StoreList.pageRows]
        )
        let groups = try Row.fetchAll(database, sql: "SELECT * FROM node WHERE kind <> 'store'").map { Node($0) }
        let byID = Dictionary(uniqueKeysWithValues: groups.map { ($0.id, $0) })
        stores = rows.map { row in
            let node = Node(row)
            let above = node.path.split(separator: "/").compactMap { Int64($0).flatMap { byID[$0] } }
            return Store(
                node: node,
                region: above.first { $0.kind == .region }?.name ?? "",
                city: above.first { $0.kind == .city }?.name ?? "",
                registers: row["registers"],
                online: row["online"]
            )
        }
    }

    var pages: Int { max(1, (total + StoreList.pageRows - 1) / StoreList.pageRows) }
}

extension Node.State {
    /// Never by its colour alone.
    func chip(_ words: Words) -> [String: Any] {
        let (style, icon) =
            switch self {
            case .draft: ("grey-line", "clock")
            case .testing: ("amber-line", "clock")
            case .live: ("green", "check")
            case .paused: ("orange", "cross")
            }
        return ["style": style, "icon": icon, "name": words.text(phrase)]
    }
}
