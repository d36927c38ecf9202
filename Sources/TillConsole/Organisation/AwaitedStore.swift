// Part of Tillbridge. See LICENSE.
import GRDB
import TillCloud

/// A new store that the clouds were asked for. It is written down before they are asked: whether a cloud has taken it is
/// not known until its answer or its log says so, and then it finds its place by what is written here.
struct AwaitedStore: Sendable {
    /// As long as this a store that a cloud's log tells of may be the one.
    private static let patience: Int64 = 24 * 60 * 60 * 1_000

    private let id: Int64
    private let name: String
    private let parent: Int64
    private let region: String
    private let city: String
    private let hand: PlaceDesk.Hand

    private init(_ row: Row) {
        id = row["id"]
        name = row["name"]
        parent = row["parent"]
        region = row["region"]
        city = row["city"]
        hand = PlaceDesk.Hand(actor: row["actor"], address: row["address"], now: row["asked_at"])
    }

    /// - Parameters:
    ///   - code: Nil where the cloud draws it.
    ///   - region: Below the parent; made with the store where it is not there yet. Empty for none, like the city below it.
    static func write(
        code: String?,
        name: String,
        below parent: Node,
        region: String = "",
        city: String = "",
        by hand: PlaceDesk.Hand,
        _ database: Database
    ) throws -> AwaitedStore {
        try database.execute(
            sql: "DELETE FROM awaited_store WHERE asked_at < ?",
            arguments: [hand.now - AwaitedStore.patience]
        )
        let row = try Row.fetchOne(
            database,
            sql: """
                INSERT OR REPLACE INTO awaited_store (code, name, parent, region, city, actor, address, asked_at)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?) RETURNING *
                """,
            arguments: [code, name, parent.id, region, city, hand.actor, hand.address, hand.now]
        )
        guard let row else { throw ConsoleProblem.notFound }
        return AwaitedStore(row)
    }

    /// Asks the clouds for stores. Those that a cloud refuses are awaited no longer; where none answers they are.
    static func ask(
        for stores: [AwaitedStore],
        _ pool: DatabasePool,
        _ question: () async throws -> AdminReply
    ) async throws -> AdminReply {
        do {
            return try await question()
        } catch let error as StartError {
            try await pool.write { database in
                for store in stores { try store.remove(database) }
            }
            throw error
        }
    }

    /// The first that was asked for by this code, or by this name without one: of one name the clouds take those first
    /// that were asked for first.
    static func find(code: String, name: String, at now: Int64, _ database: Database) throws -> AwaitedStore? {
        try Row.fetchOne(
            database,
            sql: """
                SELECT * FROM awaited_store WHERE (code = ? OR code IS NULL AND name = ?) AND asked_at >= ?
                ORDER BY code IS NULL, id LIMIT 1
                """,
            arguments: [code, name, now - AwaitedStore.patience]
        ).map { AwaitedStore($0) }
    }

    /// A cloud has taken it: it is awaited no longer and stands in the tree, with the region and the city that it needs.
    /// - Throws: ``PlaceDesk/Refusal`` where another store stands in its place by now.
    @discardableResult
    func place(code: String, at now: Int64, _ database: Database) throws -> Node {
        try remove(database)
        let hand = PlaceDesk.Hand(actor: self.hand.actor, address: self.hand.address, now: now)
        guard var place = try Node.of(id: parent, database) else { throw ConsoleProblem.notFound }
        for (kind, name) in [(Node.Kind.region, region), (.city, city)] where !name.isEmpty {
            place =
                try Node.of(kind, name, below: place, database)
                ?? PlaceDesk.add(
                    kind,
                    code: PlaceDesk.freeCode(kind, database),
                    name: name,
                    below: place,
                    by: hand,
                    database
                )
        }
        return try PlaceDesk.add(.store, code: code, name: name, below: place, by: hand, database)
    }

    func remove(_ database: Database) throws {
        try database.execute(sql: "DELETE FROM awaited_store WHERE id = ?", arguments: [id])
    }
}
