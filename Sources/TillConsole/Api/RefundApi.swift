// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import HTTPTypes
import Hummingbird

/// Refunds for programs: the same desk, limits and second person as the dialog's. A request is done once, however often
/// it is sent under the same name.
enum RefundApi {
    static let all: [ConsoleRoute] = [
        .post("/api/v1/refunds", .key([.requestRefunds])) { try await request($0) },
        .get("/api/v1/refunds/:reference", .key(Set(ApiKey.Right.allCases))) { try await show($0) },
    ]

    private static let idempotencyKey = HTTPField.Name("Idempotency-Key")

    private struct Wanted: Decodable {
        let payment: String
        let amount: Fen
        let reason: String
        let note: String?
    }

    /// A whole number. A fraction is told by the name of its field, which the decoder by itself leaves out.
    private struct Fen: Decodable {
        let value: Int64

        init(from decoder: any Decoder) throws {
            guard let value = try? decoder.singleValueContainer().decode(Int64.self) else {
                throw DecodingError.dataCorrupted(
                    DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "no whole number")
                )
            }
            self.value = value
        }
    }

    /// The request's name was taken by a copy that was faster.
    private struct TakenBefore: Error {}

    private static func request(_ call: Call) async throws -> Response {
        let key = try call.key
        let name = idempotencyKey.flatMap { call.request.headers[$0] } ?? ""
        guard (1...200).contains(name.utf8.count) else {
            throw ApiProblem.malformed(
                "Idempotency-Key",
                "The header Idempotency-Key is needed: 1 to 200 bytes that name this refund. Sent again, it is the same one."
            )
        }
        let wish = try wish(call)
        let content = SecretBytes.hash("\(wish.number)\n\(wish.amount)\n\(wish.reason)\n\(wish.note)")
        if let before = try await stored(name, content, of: key, call) { return try ApiJSON.response(before) }
        try await checkScope(wish.number, key, call)
        let desk = RefundDesk(console: call.console)
        let event = AuditEvent(
            actor: key.person,
            action: "refund.requested",
            subject: "payment:\(wish.number)",
            after: "\(wish.amount) fen, \(wish.why)",
            address: call.address
        )
        let request: RefundRequest
        do {
            request = try await desk.request(wish, by: key.requester, event: event, at: call.now) { id, database in
                try database.execute(
                    sql: """
                        INSERT OR IGNORE INTO api_request (api_key, idempotency, content, refund_request)
                        VALUES (?, ?, ?, ?)
                        """,
                    arguments: [key.id, name, content, id]
                )
                guard database.changesCount == 1 else { throw TakenBefore() }
            }
        } catch is TakenBefore {
            guard let before = try await stored(name, content, of: key, call) else { throw ApiProblem.failed }
            return try ApiJSON.response(before)
        } catch let refusal as RefundDesk.Refusal {
            // What is refused may be the second copy of what has just been taken.
            if let before = try await stored(name, content, of: key, call) { return try ApiJSON.response(before) }
            throw problem(refusal)
        }
        // No cloud answers: the sender goes on, and the state says that it is on its way.
        let sent = (try? await desk.send(request)) ?? request
        let refund = try await call.console.pool.read { try ApiRefund(sent, $0) }
        return try ApiJSON.response(refund, status: .created, location: "/api/v1/refunds/\(refund.reference)")
    }

    private static func wish(_ call: Call) throws -> RefundDesk.Wish {
        let wanted: Wanted
        do {
            wanted = try JSONDecoder().decode(Wanted.self, from: Data(call.program?.content ?? []))
        } catch let error as DecodingError {
            throw malformed(error)
        }
        guard wanted.amount.value > 0 else { throw ApiProblem.malformed("amount", "Fen, a whole number from 1.") }
        guard let reason = RefundRequest.Reason(rawValue: wanted.reason) else {
            let reasons = RefundRequest.Reason.allCases.map(\.rawValue).joined(separator: ", ")
            throw ApiProblem.malformed("reason", "One of \(reasons).")
        }
        let note = (wanted.note ?? "").trimmingCharacters(in: .whitespacesAndNewlines)
        guard note.count <= 200 else { throw ApiProblem.malformed("note", "At most 200 characters.") }
        guard reason != .other || !note.isEmpty else {
            throw ApiProblem.malformed("note", "The reason 'other' needs a note.")
        }
        return RefundDesk.Wish(number: wanted.payment, amount: wanted.amount.value, reason: reason.rawValue, note: note)
    }

    private static func malformed(_ error: DecodingError) -> ApiProblem {
        switch error {
        case .keyNotFound(let key, _): .malformed(key.stringValue, "It is missing.")
        case .typeMismatch(_, let context) where !context.codingPath.isEmpty,
            .valueNotFound(_, let context) where !context.codingPath.isEmpty,
            .dataCorrupted(let context) where !context.codingPath.isEmpty:
            .malformed(context.codingPath.last?.stringValue, "It is of the wrong kind: amounts are whole fen.")
        default: .malformed(nil, "The body is no JSON object.")
        }
    }

    private static func checkScope(_ number: String, _ key: ApiKey, _ call: Call) async throws {
        let path = try await call.console.pool.read { database -> String? in
            guard let payment = try PaymentRow.of(number: number, database) else { return nil }
            return try Node.of(code: payment.store, database)?.path ?? "/1/"
        }
        guard let path, key.scope.covers(path) else { throw ApiProblem.notFound }
    }

    /// What was taken under a name before; nil if nothing was.
    private static func stored(_ name: String, _ content: Data, of key: ApiKey, _ call: Call) async throws -> ApiRefund?
    {
        try await call.console.pool.read { database in
            let row = try Row.fetchOne(
                database,
                sql: "SELECT content, refund_request FROM api_request WHERE api_key = ? AND idempotency = ?",
                arguments: [key.id, name]
            )
            guard let row else { return nil }
            guard row["content"] as Data == content else {
                throw ApiProblem(
                    status: .unprocessableContent,
                    name: "idempotency-key-reused",
                    title: "Another refund has this Idempotency-Key",
                    detail: "Draw a new one for each refund.",
                    field: "Idempotency-Key"
                )
            }
            return try ApiRefund(RefundDesk.stored(row["refund_request"], database), database)
        }
    }

    private static func problem(_ refusal: RefundDesk.Refusal) -> ApiProblem {
        func amount(_ name: String, _ title: String, _ left: Int64) -> ApiProblem {
            ApiProblem(
                status: .unprocessableContent,
                name: name,
                title: title,
                detail: "At most \(left) fen are left.",
                field: "amount"
            )
        }
        return switch refusal {
        case .tooMuch(let left): amount("too-much", "More than is left of the payment", left)
        case .personLimit(let left): amount("key-limit", "Above the key's limit of the day", left)
        case .storeLimit(let left): amount("store-limit", "Above the store's limit of the day", left)
        default:
            ApiProblem(
                status: .conflict,
                name: "not-refundable",
                title: "There is nothing to give back",
                detail: "The payment is not paid, or was given back.",
                field: "payment"
            )
        }
    }

    private static func show(_ call: Call) async throws -> Response {
        let (reference, scope) = (try call.parameter("reference"), try call.key.scope)
        let found = try await call.console.pool.read { database -> ApiRefund? in
            guard let request = try RefundRequest.of(reference: reference, database) else { return nil }
            let path = try Node.of(code: request.store, database)?.path ?? "/1/"
            return scope.covers(path) ? try ApiRefund(request, database) : nil
        }
        guard let found else { throw ApiProblem.notFound }
        return try ApiJSON.response(found)
    }
}

extension RefundRequest {
    /// Nil for a reference that is none of this console's.
    static func of(reference: String, _ database: Database) throws -> RefundRequest? {
        guard reference.hasPrefix("console-"), let id = Int64(reference.dropFirst("console-".count)) else { return nil }
        let row = try Row.fetchOne(
            database,
            sql: "SELECT * FROM refund_request WHERE id = ? AND kind = 'refund'",
            arguments: [id]
        )
        return row.map { RefundRequest($0) }.flatMap { $0.reference == reference ? $0 : nil }
    }
}
