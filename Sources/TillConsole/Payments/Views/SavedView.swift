// Part of Tillbridge. See LICENSE.
import GRDB

/// A filter of the list of payments under a name: somebody's own, or shared with everybody.
struct SavedView: Equatable, Sendable {
    /// The most that one person keeps.
    static let limit = 50
    private static let longestQuery = 2_000

    let id: Int64
    let owner: Int64
    let ownerName: String
    let name: String
    /// The conditions, as the address of the list holds them.
    let query: String
    let isShared: Bool
    let version: Int64

    private init(_ row: Row) {
        id = row["id"]
        owner = row["owner"]
        ownerName = row["owner_name"]
        name = row["name"]
        query = row["query"]
        isShared = row["is_shared"]
        version = row["version"]
    }

    private static let columns =
        "saved_view.*, (SELECT name FROM user WHERE user.id = saved_view.owner) AS owner_name"

    // MARK: - What somebody sees

    /// Own views, and the shared ones about what the viewer may see; by name. A view that names a place outside of his
    /// scope is not offered to him.
    static func all(for viewer: Viewer, _ database: Database) throws -> [SavedView] {
        let scope = viewer.scope(of: .viewPayments)
        return try Row.fetchAll(
            database,
            sql: "SELECT \(columns) FROM saved_view WHERE owner = ? OR is_shared ORDER BY name, id",
            arguments: [viewer.id]
        ).map { SavedView($0) }.filter { try $0.owner == viewer.id || $0.lies(in: scope, database) }
    }

    /// Nil for one that is not there, or not for the viewer.
    static func of(id: Int64, for viewer: Viewer, _ database: Database) throws -> SavedView? {
        try Row.fetchOne(database, sql: "SELECT \(columns) FROM saved_view WHERE id = ?", arguments: [id])
            .map { SavedView($0) }
            .flatMap { view in
                let isVisible =
                    try view.owner == viewer.id
                    || view.isShared && view.lies(in: viewer.scope(of: .viewPayments), database)
                return isVisible ? view : nil
            }
    }

    private func lies(in scope: Scope, _ database: Database) throws -> Bool {
        let form = Form(query)
        for code in [form["place"], String(form["register"].uppercased().prefix(7))] where !code.isEmpty {
            guard let path = try Node.of(code: code, database)?.path, scope.covers(path) else { return false }
        }
        return true
    }

    /// Own views are one's own; a shared one also belongs to those who may share.
    func mayChange(_ viewer: Viewer) -> Bool { owner == viewer.id || isShared && SavedView.mayShare(viewer) }

    /// Everybody sees what is shared, so it is for those who hold the permission at the top.
    static func mayShare(_ viewer: Viewer) -> Bool { viewer.scope(of: .shareViews).covers("/1/") }

    // MARK: - Changes

    /// What a form says about a view.
    struct Wish: Sendable {
        let name: String
        let isShared: Bool
    }

    /// Why a view is not stored.
    enum Refusal: Error, Equatable {
        case nameTaken
        case tooMany
        /// There is no condition in it, or there are too many.
        case noFilter
        /// Somebody has changed it since the page was opened.
        case stale(SavedView)
    }

    /// - Throws: ``Refusal``; nothing is stored then.
    static func add(
        _ wish: Wish,
        query: String,
        by viewer: Viewer,
        event: AuditEvent,
        at now: Int64,
        _ database: Database
    ) throws {
        guard !query.isEmpty, query.utf8.count <= longestQuery else { throw Refusal.noFilter }
        try checkName(wish.name, owner: viewer.id, except: nil, database)
        let count = try Int.fetchOne(
            database,
            sql: "SELECT count(*) FROM saved_view WHERE owner = ?",
            arguments: [viewer.id]
        )
        guard count ?? 0 < limit else { throw Refusal.tooMany }
        try database.execute(
            sql: "INSERT INTO saved_view (owner, name, query, is_shared, created_at) VALUES (?, ?, ?, ?, ?)",
            arguments: [viewer.id, wish.name, query, wish.isShared, now]
        )
        try AuditLog.append(event, at: now, database)
    }

    private static func checkName(_ name: String, owner: Int64, except id: Int64?, _ database: Database) throws {
        let isTaken = try Bool.fetchOne(
            database,
            sql: "SELECT EXISTS (SELECT 1 FROM saved_view WHERE owner = ? AND name = ? AND id IS NOT ?)",
            arguments: [owner, name, id]
        )
        if isTaken == true { throw Refusal.nameTaken }
    }

    /// - Parameter version: Of the page that it was changed on.
    /// - Throws: ``Refusal``; nothing is stored then.
    static func change(
        _ id: Int64,
        to wish: Wish,
        version: Int64,
        by viewer: Viewer,
        event: AuditEvent,
        at now: Int64,
        _ database: Database
    ) throws {
        let view = try changeable(id, viewer, database)
        guard view.version == version else { throw Refusal.stale(view) }
        try checkName(wish.name, owner: view.owner, except: id, database)
        try database.execute(
            sql: "UPDATE saved_view SET name = ?, is_shared = ?, version = version + 1 WHERE id = ?",
            arguments: [wish.name, wish.isShared, id]
        )
        try AuditLog.append(event.with(before: view.text), at: now, database)
    }

    static func remove(_ id: Int64, by viewer: Viewer, event: AuditEvent, at now: Int64, _ database: Database) throws {
        let view = try changeable(id, viewer, database)
        try database.execute(sql: "DELETE FROM saved_view WHERE id = ?", arguments: [id])
        try AuditLog.append(event.with(before: view.text), at: now, database)
    }

    private static func changeable(_ id: Int64, _ viewer: Viewer, _ database: Database) throws -> SavedView {
        guard let view = try of(id: id, for: viewer, database) else { throw ConsoleProblem.notFound }
        guard view.mayChange(viewer) else { throw ConsoleProblem.forbidden(.shareViews) }
        return view
    }

    /// As the audit log tells it.
    private var text: String { SavedView.text(Wish(name: name, isShared: isShared), query: query) }

    static func text(_ wish: Wish, query: String) -> String {
        "\(wish.name)\(wish.isShared ? " (shared)" : "")" + (query.isEmpty ? "" : ": \(query)")
    }
}
