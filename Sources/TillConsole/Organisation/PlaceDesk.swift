// Part of Tillbridge. See LICENSE.
import GRDB

/// Changes of the organisation's tree. Each is made on the version of the place that somebody has seen, and writes its
/// audit entry in the same transaction.
enum PlaceDesk {
    enum Refusal: Error, Equatable {
        /// Somebody else has changed the place meanwhile.
        case stale
        case codeTaken
        /// A place of that kind below the same parent has this name.
        case nameTaken
        case wrongParent
    }

    /// Who changes what, as the audit log tells it.
    struct Hand: Sendable {
        let actor: String
        let address: String
        /// Milliseconds since 1970.
        let now: Int64

        func note(_ action: String, _ node: Node, before: String = "", after: String = "", _ database: Database) throws
        {
            let event = AuditEvent(
                actor: actor,
                action: action,
                subject: node.subject,
                before: before,
                after: after,
                address: address
            )
            try AuditLog.append(event, at: now, database)
        }
    }

    /// A new region or city, or a store that a cloud has just taken.
    @discardableResult
    static func add(
        _ kind: Node.Kind,
        code: String,
        name: String,
        below parent: Node,
        by hand: Hand,
        _ database: Database
    ) throws -> Node {
        guard parent.kind.children.contains(kind) else { throw Refusal.wrongParent }
        if let present = try Node.of(code: code, database) {
            // The cloud's log may have told of a new store before its answer was here: then it stands there already, or
            // below the top.
            if kind == .store, present.parent == parent.id, present.state == .draft { return present }
            let top = try Node.top(database)
            guard kind == .store, present.kind == .store, present.parent == top?.id else { throw Refusal.codeTaken }
            try database.execute(
                sql: "UPDATE node SET parent = ?, path = ?, name = ?, state = 'draft' WHERE id = ?",
                arguments: [parent.id, "\(parent.path)\(present.id)/", name, present.id]
            )
        } else {
            try checkName(name, of: kind, below: parent.id, except: nil, database)
            try Organisation.add(
                kind,
                code: code,
                name: name,
                below: parent,
                state: kind == .store ? .draft : nil,
                database
            )
        }
        guard let node = try Node.of(code: code, database) else { throw ConsoleProblem.notFound }
        try hand.note("place.added", node, after: "\(name), \(parent.subject)", database)
        return node
    }

    /// - Throws: ``Refusal/nameTaken`` if a place of that kind below the same parent has this name.
    static func checkName(
        _ name: String,
        of kind: Node.Kind,
        below parent: Int64?,
        except id: Int64?,
        _ database: Database
    ) throws {
        let isTaken = try Bool.fetchOne(
            database,
            sql: "SELECT 1 FROM node WHERE parent IS ? AND kind = ? AND name = ? AND id IS NOT ?",
            arguments: [parent, kind.rawValue, name, id]
        )
        if isTaken == true { throw Refusal.nameTaken }
    }

    /// The place as somebody has seen it.
    /// - Throws: ``Refusal/stale`` if it is another by now.
    static func seen(_ id: Int64, version: Int64, _ database: Database) throws -> Node {
        guard let node = try Node.of(id: id, database) else { throw ConsoleProblem.notFound }
        guard node.version == version else { throw Refusal.stale }
        return node
    }

    /// - Parameter before: The place as it was seen. A store's name was changed at the cloud already, and its log may
    ///   have told so.
    static func rename(_ before: Node, to name: String, by hand: Hand, _ database: Database) throws {
        try database.execute(
            sql: "UPDATE node SET name = ?, version = version + 1 WHERE id = ?",
            arguments: [name, before.id]
        )
        try hand.note("place.renamed", before, before: before.name, after: name, database)
    }

    /// Moves a place and everything below it. Whoever may see the new place, and not the old one, sees it from then on.
    static func move(_ id: Int64, version: Int64, below parent: Node, by hand: Hand, _ database: Database) throws {
        let node = try seen(id, version: version, database)
        guard parent.kind.children.contains(node.kind), !parent.path.hasPrefix(node.path) else {
            throw Refusal.wrongParent
        }
        guard let old = try node.parent.flatMap({ try Node.of(id: $0, database) }) else { throw Refusal.wrongParent }
        guard old.id != parent.id else { return }
        try checkName(node.name, of: node.kind, below: parent.id, except: node.id, database)
        try database.execute(
            sql: "UPDATE node SET path = ? || substr(path, ?) WHERE path >= ? AND path < ?",
            arguments: ["\(parent.path)\(node.id)/", node.path.utf8.count + 1, node.path, node.path + "~"]
        )
        try database.execute(
            sql: "UPDATE node SET parent = ?, version = version + 1 WHERE id = ?",
            arguments: [parent.id, node.id]
        )
        try hand.note(
            "place.moved",
            node,
            before: "\(old.name), \(old.subject)",
            after: "\(parent.name), \(parent.subject)",
            database
        )
    }

    static func set(_ id: Int64, version: Int64, to settings: NodeSettings, by hand: Hand, _ database: Database) throws
    {
        let node = try seen(id, version: version, database)
        guard node.settings != settings else { return }
        try database.execute(
            sql: "UPDATE node SET settings = ?, version = version + 1 WHERE id = ?",
            arguments: [settings.json, node.id]
        )
        try hand.note("place.settings", node, before: node.settings.json, after: settings.json, database)
    }

    /// Where a place may be moved: what may hold its kind, lies in the scope, and is not below itself.
    static func parents(for node: Node, in scope: Scope, _ database: Database) throws -> [Node] {
        guard node.parent != nil else { return [] }
        return try Node.all(in: scope, database).filter { parent in
            parent.kind.children.contains(node.kind) && !parent.path.hasPrefix(node.path)
        }
    }

    /// A code for a place that people gave none: `R001`, `C014`.
    static func freeCode(_ kind: Node.Kind, _ database: Database) throws -> String {
        let letter = kind == .region ? "R" : "C"
        let taken = Set(try String.fetchAll(database, sql: "SELECT code FROM node WHERE kind <> 'store'"))
        var number = 1
        while true {
            let digits = "\(number)"
            let code = letter + String(repeating: "0", count: max(0, 3 - digits.count)) + digits
            if !taken.contains(code) { return code }
            number += 1
        }
    }
}

extension Node {
    /// As the audit log names it.
    var subject: String { "\(kind == .store ? "store" : "place"):\(code)" }
}

/// One setting of a place: its own value or, in grey, the one that it inherits and from where.
struct Inherited: Equatable, Sendable {
    enum Name: String, CaseIterable, Sendable {
        case approvalAbove, personDailyLimit, storeDailyLimit, supportPhone

        var isMoney: Bool { self != .supportPhone }
    }

    /// As people type it; nil where it is inherited.
    let own: String?
    let inherited: String?
    /// The place that the inherited value comes from.
    let origin: Node?

    /// - Parameter above: The places above, the top first.
    init(_ name: Name, of node: Node, above: [Node]) {
        own = node.settings.text(name)
        let place = above.last { $0.settings.text(name) != nil }
        origin = place
        inherited = place?.settings.text(name)
    }
}

extension NodeSettings {
    /// As people type it: yuan for money.
    func text(_ name: Inherited.Name) -> String? {
        switch name {
        case .approvalAbove: approvalAbove.map { Formats.yuan($0) }
        case .personDailyLimit: personDailyLimit.map { Formats.yuan($0) }
        case .storeDailyLimit: storeDailyLimit.map { Formats.yuan($0) }
        case .supportPhone: supportPhone
        }
    }

    /// Takes what was typed; nothing typed is inherited, and at the top nothing can be.
    /// - Returns: What is wrong.
    mutating func take(_ name: Inherited.Name, _ text: String, isTop: Bool) -> Phrase? {
        guard name.isMoney else {
            guard text.count <= 40 else { return Phrase("problem.long", "40") }
            supportPhone = text.isEmpty && !isTop ? nil : text
            return nil
        }
        let fen = Formats.fen(text)
        if text.isEmpty {
            if isTop { return Phrase("problem.missing") }
        } else if fen == nil {
            return Phrase("problem.amount")
        }
        switch name {
        case .approvalAbove: approvalAbove = fen
        case .personDailyLimit: personDailyLimit = fen
        case .storeDailyLimit: storeDailyLimit = fen
        case .supportPhone: break
        }
        return nil
    }
}
