// Part of Tillbridge. See LICENSE.
import GRDB
import Hummingbird

/// What somebody has written about a payment, under his name. Nothing of it is changed or taken away again.
struct PaymentNote: Sendable {
    static let longest = 500

    let author: String
    let text: String
    /// Milliseconds since 1970.
    let createdAt: Int64

    /// The oldest first.
    static func of(number: String, _ database: Database) throws -> [PaymentNote] {
        try Row.fetchAll(
            database,
            sql: "SELECT author_name, text, created_at FROM payment_note WHERE number = ? ORDER BY id",
            arguments: [number]
        ).map { PaymentNote(author: $0["author_name"], text: $0["text"], createdAt: $0["created_at"]) }
    }

    static func add(
        _ text: String,
        to number: String,
        by viewer: Viewer,
        event: AuditEvent,
        at now: Int64,
        _ database: Database
    ) throws {
        try database.execute(
            sql: "INSERT INTO payment_note (number, author, author_name, text, created_at) VALUES (?, ?, ?, ?, ?)",
            arguments: [number, viewer.id, viewer.fullName, text, now]
        )
        try AuditLog.append(event, at: now, database)
    }

    func model(_ call: Call) -> [String: Any] {
        ["author": author, "text": text, "created": call.formats.moment(createdAt)]
    }

    static func fields(_ call: Call, _ problems: Problems) -> [[String: Any]] {
        call.fields(
            [
                Field(
                    name: "text",
                    label: Phrase("notes.text"),
                    value: call.form["text"],
                    hint: Phrase("notes.hint"),
                    isRequired: true
                )
            ],
            problems
        )
    }
}

/// Writing a note: for everybody who may see the payment.
enum NoteRoutes {
    static let all: [ConsoleRoute] = [
        .post("/payments/:number/notes", .permission(.viewPayments)) { try await add($0) }
    ]

    private static func add(_ call: Call) async throws -> Response {
        let number = try await PaymentRoutes.detail(of: call).row.number
        let text = call.form["text"]
        var problems = Problems()
        if text.isEmpty { problems.add("text", Phrase("problem.missing")) }
        if text.count > PaymentNote.longest { problems.add("text", Phrase("problem.long", "\(PaymentNote.longest)")) }
        guard problems.isEmpty else { return try await PaymentRoutes.detail(call, problems: problems) }
        let viewer = try call.viewer
        let event = try call.event("payment.noted", "payment:\(number)", after: text)
        try await call.console.pool.write {
            try PaymentNote.add(text, to: number, by: viewer, event: event, at: call.now, $0)
        }
        return call.redirect("/payments/\(number)", said: "noteStored")
    }
}
