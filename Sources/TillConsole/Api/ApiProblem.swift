// Part of Tillbridge. See LICENSE.
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// Why a program's request is not done, as a problem document (RFC 9457). In English, like the rest of the API.
struct ApiProblem: Error, Equatable {
    let status: HTTPResponse.Status
    /// The last part of the problem's type.
    let name: String
    let title: String
    var detail = ""
    /// The field or parameter that is wrong.
    var field: String?
    /// Milliseconds.
    var retryAfter: Int64?

    /// The same for a key that is unknown, has ended, or was not sent: whoever tries learns nothing.
    static let unauthorized = ApiProblem(
        status: .unauthorized,
        name: "unauthorized",
        title: "The key is missing or not valid",
        detail: "Send 'Authorization: Bearer KEY' with a key that is in use."
    )

    static let notFound = ApiProblem(
        status: .notFound,
        name: "not-found",
        title: "There is no such thing",
        detail: "It does not exist, or lies outside the key's part of the organisation."
    )

    static let noCloud = ApiProblem(
        status: .serviceUnavailable,
        name: "unavailable",
        title: "No cloud answers",
        detail: "Try again with the same Idempotency-Key.",
        retryAfter: 5_000
    )

    static let failed = ApiProblem(
        status: .internalServerError,
        name: "internal",
        title: "The console failed",
        detail: "Nothing is lost. Try again with the same Idempotency-Key."
    )

    static func malformed(_ field: String?, _ detail: String) -> ApiProblem {
        ApiProblem(status: .badRequest, name: "malformed", title: "The request is wrong", detail: detail, field: field)
    }

    private struct Document: Encodable {
        let type: String
        let title: String
        let status: Int
        let detail: String
        let field: String?
    }

    var response: Response {
        var headers: HTTPFields = [.contentType: "application/problem+json", .cacheControl: "no-store"]
        if let retryAfter { headers[.retryAfter] = "\(max(1, (retryAfter + 999) / 1_000))" }
        if status == .unauthorized { headers[.wwwAuthenticate] = "Bearer realm=\"tillbridge\"" }
        let document = Document(
            type: "/problems/\(name)",
            title: title,
            status: status.code,
            detail: detail,
            field: field
        )
        let content = (try? ApiJSON.encode(document)) ?? []
        return Response(
            status: status,
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: content))
        )
    }
}

/// How the API writes JSON, and times in it.
enum ApiJSON {
    static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return [UInt8](try encoder.encode(value))
    }

    static func text(_ value: some Encodable) throws -> String { String(decoding: try encode(value), as: UTF8.self) }

    /// RFC 3339 in UTC with milliseconds: `2026-11-29T06:03:07.123Z`.
    static func moment(_ milliseconds: Int64) -> String {
        // Whole seconds: a fraction as a floating-point number may be a millisecond off.
        let seconds = Date(timeIntervalSince1970: Double(milliseconds / 1_000))
        let fraction = String(milliseconds % 1_000 + 1_000).dropFirst()
        return seconds.formatted(.iso8601).dropLast() + ".\(fraction)Z"
    }

    static func response(_ value: some Encodable, status: HTTPResponse.Status = .ok, location: String? = nil) throws
        -> Response
    {
        var headers: HTTPFields = [.contentType: "application/json", .cacheControl: "no-store"]
        headers[.location] = location
        return Response(
            status: status,
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try encode(value)))
        )
    }
}
