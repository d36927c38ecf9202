// Part of Tillbridge. See LICENSE.
import GRDB

/// The part of the organisation's tree that somebody sees: from the roots of his scope down to the place that is
/// chosen, and what stands directly below it. Stores are rows of the table beside it.
struct PlaceTree: Sendable {
    struct Item: Sendable {
        let node: Node
        /// From 0.
        let depth: Int
        /// Stores below it.
        let stores: Int
        let isChosen: Bool
        let isOpen: Bool
        let hasPlaces: Bool
    }

    let items: [Item]

    init(in scope: Scope, chosen: Node?, _ database: Database) throws {
        let groups = try Row.fetchAll(database, sql: "SELECT * FROM node WHERE kind <> 'store' ORDER BY name")
            .map { Node($0) }.filter { scope.covers($0.path) }
        let known = Set(groups.map(\.id))
        var children = Dictionary(grouping: groups) { node in node.parent.flatMap { known.contains($0) ? $0 : nil } }
        children[nil, default: []] += try PlaceTree.storeRoots(of: scope, database)
        var stores: [Int64: Int] = [:]
        for path in try String.fetchAll(database, sql: "SELECT path FROM node WHERE kind = 'store'") {
            for id in path.split(separator: "/") { stores[Int64(id) ?? 0, default: 0] += 1 }
        }
        let roots = children[nil] ?? []
        var waiting = roots.reversed().map { (node: $0, depth: 0) }
        var items: [Item] = []
        while let (node, depth) = waiting.popLast() {
            let below = children[node.id] ?? []
            let isOpen = roots.count == 1 && depth == 0 || chosen?.path.hasPrefix(node.path) == true
            items.append(
                Item(
                    node: node,
                    depth: depth,
                    stores: stores[node.id] ?? 0,
                    isChosen: node.id == chosen?.id,
                    isOpen: isOpen,
                    hasPlaces: !below.isEmpty
                )
            )
            if isOpen { waiting += below.reversed().map { ($0, depth + 1) } }
        }
        self.items = items
    }

    /// Stores that somebody was given by themselves.
    private static func storeRoots(of scope: Scope, _ database: Database) throws -> [Node] {
        let single = scope.paths.filter { path in !scope.paths.contains { $0 != path && path.hasPrefix($0) } }
        return try single.sorted().compactMap { path in
            try Row.fetchOne(
                database,
                sql: "SELECT * FROM node WHERE path = ? AND kind = 'store'",
                arguments: [path]
            ).map { Node($0) }
        }
    }
}

extension Node {
    /// The places above one, the top first.
    static func above(_ node: Node, _ database: Database) throws -> [Node] {
        try node.path.split(separator: "/").dropLast().compactMap { id in
            try Int64(id).flatMap { try Node.of(id: $0, database) }
        }
    }
}
