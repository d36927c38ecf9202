// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import Synchronization

/// One register of a store, as the console knows it.
struct RegisterRow: Sendable {
    enum State: String, CaseIterable, Sendable {
        /// Its one-time code was not used yet.
        case new
        case active, disabled, revoked
    }

    /// Where its newest payment stands.
    enum Lane: String, CaseIterable, Sendable {
        case free, waiting, unknown, undoing, person

        init(paymentState: String?) {
            self =
                switch paymentState {
                case "paying", "awaiting_user": .waiting
                case "unknown": .unknown
                case "revoking": .undoing
                case "revoke_failed": .person
                default: .free
                }
        }

        var look: (style: String, icon: String) {
            switch self {
            case .free: ("grey-line", "check")
            case .waiting: ("amber-line", "clock")
            case .unknown: ("violet", "question")
            case .undoing: ("orange", "back")
            case .person: ("red", "alert")
            }
        }
    }

    let id: String
    let store: String
    let name: String
    let state: State
    /// Milliseconds since 1970.
    let addedAt: Int64
    let lastContact: Int64?
    /// The program's version.
    let program: String
    let lane: Lane

    private static let columns = """
        register.*, (SELECT state FROM payment WHERE payment.register = register.id
            ORDER BY created_at DESC, number DESC LIMIT 1) AS payment_state
        """

    init(_ row: Row) {
        id = row["id"]
        store = row["store"]
        name = row["name"]
        state = State(rawValue: row["state"]) ?? .new
        addedAt = row["added_at"]
        lastContact = row["last_contact"]
        program = row["program"] ?? ""
        lane = Lane(paymentState: row["payment_state"])
    }

    static func of(store: String, _ database: Database) throws -> [RegisterRow] {
        try Row.fetchAll(
            database,
            sql: "SELECT \(columns) FROM register WHERE store = ? ORDER BY id",
            arguments: [store]
        ).map { RegisterRow($0) }
    }

    static func of(id: String, _ database: Database) throws -> RegisterRow? {
        try Row.fetchOne(database, sql: "SELECT \(columns) FROM register WHERE id = ?", arguments: [id])
            .map { RegisterRow($0) }
    }

    func isOnline(at now: Int64) -> Bool { lastContact.map { now - $0 < LiveStrip.onlineMilliseconds } ?? false }
}

/// One-time codes on their way to the one page that shows each of them once. They are nowhere written down.
final class CodeShelf: Sendable {
    struct Code: Equatable, Sendable {
        let register: String
        let code: String
        /// Milliseconds since 1970.
        let expiresAt: Int64
    }

    private static let keptMilliseconds: Int64 = 120_000

    private struct Item {
        let code: Code
        let user: Int64
        let until: Int64
    }

    private let items = Mutex<[String: Item]>([:])

    /// - Returns: A ticket, good for this user for two minutes.
    func put(_ code: Code, for user: Int64, at now: Int64) -> String {
        let ticket = SecretBytes.token()
        items.withLock { items in
            items = items.filter { $0.value.until > now }
            items[ticket] = Item(code: code, user: user, until: now + CodeShelf.keptMilliseconds)
        }
        return ticket
    }

    /// Nil for a ticket that was used, is too old or another's.
    func take(_ ticket: String, for user: Int64, at now: Int64) -> Code? {
        items.withLock { items in
            guard let item = items[ticket], item.user == user else { return nil }
            items[ticket] = nil
            return item.until > now ? item.code : nil
        }
    }
}
