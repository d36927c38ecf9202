// Part of Tillbridge. See LICENSE.
import GRDB
import TillCloud

/// A decision about a payment that no machine can take: one person proposes it with the evidence, another one agrees.
struct Resolution: Equatable, Sendable {
    enum State: String, Sendable {
        /// For a second person.
        case waiting
        /// The cloud has carried it out.
        case done
        /// The second person, or the cloud, said no.
        case refused
    }

    let id: Int64
    let number: String
    let store: String
    let decision: AdminRequest.Resolution.Decision
    let evidence: String
    let state: State
    let first: Int64
    let firstName: String
    let secondName: String?
    /// What the cloud said.
    let answer: String?
    /// Milliseconds since 1970.
    let createdAt: Int64

    init?(_ row: Row) {
        guard let decision = AdminRequest.Resolution.Decision(rawValue: row["decision"]) else { return nil }
        id = row["id"]
        number = row["number"]
        store = row["store"]
        self.decision = decision
        evidence = row["evidence"]
        state = State(rawValue: row["state"]) ?? .waiting
        first = row["first"]
        firstName = row["first_name"]
        secondName = row["second_name"]
        answer = row["answer"]
        createdAt = row["created_at"]
    }

    /// What persons may decide of a payment in one of the cloud's states.
    static func decisions(rawState: String) -> [AdminRequest.Resolution.Decision] {
        switch rawState {
        case "paid": [.confirm, .refund]
        case "stuck": [.keep, .solved]
        default: []
        }
    }

    static func of(number: String, _ database: Database) throws -> [Resolution] {
        try Row.fetchAll(
            database,
            sql: "SELECT * FROM resolution WHERE number = ? ORDER BY id DESC",
            arguments: [number]
        ).compactMap { Resolution($0) }
    }
}
