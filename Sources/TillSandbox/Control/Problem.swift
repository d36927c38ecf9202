// Part of Tillbridge. See LICENSE.
import HTTPTypes
import Hummingbird
import NIOCore

/// A refusal of the control interface, as RFC 9457 has it. `field` names the culprit.
struct Problem: Error, Sendable {
    let status: HTTPResponse.Status
    let name: String
    let detail: String
    let field: String?

    init(_ status: HTTPResponse.Status, name: String, detail: String, field: String? = nil) {
        self.status = status
        self.name = name
        self.detail = detail
        self.field = field
    }

    static func malformed(_ field: String, _ detail: String) -> Problem {
        Problem(.badRequest, name: "malformed", detail: detail, field: field)
    }

    static func notFound(_ detail: String) -> Problem { Problem(.notFound, name: "not-found", detail: detail) }

    static func conflict(_ detail: String) -> Problem { Problem(.conflict, name: "conflict", detail: detail) }

    private struct Body: Encodable {
        let type: String
        let title: String
        let status: Int
        let detail: String
        let field: String?
    }

    var response: Response {
        let body = Body(
            type: "/problems/\(name)",
            title: status.reasonPhrase,
            status: status.code,
            detail: detail,
            field: field
        )
        let text = (try? JSONText.encode(body)) ?? "{}"
        return Response(
            status: status,
            headers: [.contentType: "application/problem+json"],
            body: .init(byteBuffer: ByteBuffer(string: text + "\n"))
        )
    }
}

/// An answer of the control interface.
struct ControlAnswer {
    let response: Response

    init(_ value: some Encodable) throws {
        response = Response(
            status: .ok,
            headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: .init(byteBuffer: ByteBuffer(string: try JSONText.encode(value) + "\n"))
        )
    }
}
