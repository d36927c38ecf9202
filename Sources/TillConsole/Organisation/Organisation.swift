// Part of Tillbridge. See LICENSE.
import GRDB

/// The tree of places, as the database holds it.
enum Organisation {
    /// The top's code, which no store can have.
    static let topCode = "GROUP"

    static func makeTop(_ database: Database) throws {
        guard try Node.top(database) == nil else { return }
        try database.execute(
            sql:
                "INSERT INTO node (id, parent, kind, code, name, path, settings) VALUES (1, NULL, 'group', ?, ?, '/1/', ?)",
            arguments: [topCode, "Group", NodeSettings.standard.json]
        )
        try AlertRule.makeStandard(top: 1, database)
    }

    /// A new place below another.
    /// - Returns: Its id.
    @discardableResult
    static func add(
        _ kind: Node.Kind,
        code: String,
        name: String,
        below parent: Node,
        state: Node.State? = nil,
        _ database: Database
    ) throws -> Int64 {
        // The path holds the id, which is known when the row is there.
        try database.execute(
            sql: "INSERT INTO node (parent, kind, code, name, path, state) VALUES (?, ?, ?, ?, ?, ?)",
            arguments: [parent.id, kind.rawValue, code, name, "new:\(code)", state?.rawValue]
        )
        let id = database.lastInsertedRowID
        try database.execute(
            sql: "UPDATE node SET path = ? WHERE id = ?",
            arguments: ["\(parent.path)\(id)/", id]
        )
        return id
    }

    /// A store that the clouds know. One that nobody added here takes payments already, and stands below the top
    /// until somebody moves it.
    /// - Parameter now: Milliseconds since 1970.
    static func adopt(store code: String, name: String, at now: Int64, _ database: Database) throws {
        if let node = try Node.of(code: code, database) {
            guard node.name != name else { return }
            try database.execute(
                sql: "UPDATE node SET name = ?, version = version + 1 WHERE id = ?",
                arguments: [name, node.id]
            )
        } else {
            if let awaited = try AwaitedStore.find(code: code, name: name, at: now, database) {
                do {
                    try awaited.place(code: code, at: now, database)
                    return
                } catch is PlaceDesk.Refusal {
                    // Somebody has put another store there meanwhile. The log goes on whatever people do.
                }
            }
            guard let top = try Node.top(database) else { return }
            try add(.store, code: code, name: name, below: top, state: .live, database)
        }
    }
}

extension Node {
    static func top(_ database: Database) throws -> Node? {
        try Row.fetchOne(database, sql: "SELECT * FROM node WHERE parent IS NULL").map { Node($0) }
    }

    static func of(code: String, _ database: Database) throws -> Node? {
        try Row.fetchOne(database, sql: "SELECT * FROM node WHERE code = ?", arguments: [code]).map { Node($0) }
    }

    static func of(id: Int64, _ database: Database) throws -> Node? {
        try Row.fetchOne(database, sql: "SELECT * FROM node WHERE id = ?", arguments: [id]).map { Node($0) }
    }

    /// A region or a city by its name or its code.
    static func of(_ kind: Kind, _ name: String, below parent: Node, _ database: Database) throws -> Node? {
        try Row.fetchOne(
            database,
            sql: "SELECT * FROM node WHERE parent = ? AND kind = ? AND (name = ? OR code = ?)",
            arguments: [parent.id, kind.rawValue, name, name]
        ).map { Node($0) }
    }

    /// All places within a scope, parents before children, those of one parent by name.
    static func all(in scope: Scope, _ database: Database) throws -> [Node] {
        let nodes = try Row.fetchAll(database, sql: "SELECT * FROM node ORDER BY name").map { Node($0) }
        let children = Dictionary(grouping: nodes) { $0.parent }
        var sorted: [Node] = []
        var waiting = Array((children[nil] ?? []).reversed())
        while let node = waiting.popLast() {
            if scope.covers(node.path) { sorted.append(node) }
            waiting += (children[node.id] ?? []).reversed()
        }
        return sorted
    }
}

extension NodeSettings {
    /// What holds at a store: each value of its own, or of the closest place above it.
    static func effective(store code: String, _ database: Database) throws -> NodeSettings {
        var settings = NodeSettings()
        var node = try Node.of(code: code, database) ?? Node.top(database)
        while let place = node {
            settings.approvalAbove = settings.approvalAbove ?? place.settings.approvalAbove
            settings.personDailyLimit = settings.personDailyLimit ?? place.settings.personDailyLimit
            settings.storeDailyLimit = settings.storeDailyLimit ?? place.settings.storeDailyLimit
            settings.supportPhone = settings.supportPhone ?? place.settings.supportPhone
            node = try place.parent.flatMap { try Node.of(id: $0, database) }
        }
        return settings
    }
}
