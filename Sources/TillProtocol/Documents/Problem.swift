// Part of Tillbridge. See LICENSE.
import TillDomain

/// The problems of the interfaces, RFC 9457. The wire name is the last part of `type`.
package enum ProblemType: WireName, Hashable {
    case malformed, badSignature, unknownKey, stale, unauthorized, revokedKey, notYours, activationRefused, notFound
    case methodNotAllowed, notHome, conflict, tooLarge, unsupportedMediaType, tooManyRequests, internalError, busy
    case notForwarded, noAnswer

    package static let allCases: [ProblemType] = [
        .malformed, .badSignature, .unknownKey, .stale, .unauthorized, .revokedKey, .notYours, .activationRefused,
        .notFound, .methodNotAllowed, .notHome, .conflict, .tooLarge, .unsupportedMediaType, .tooManyRequests,
        .internalError, .busy, .notForwarded, .noAnswer,
    ]

    package var wireName: StaticString {
        switch self {
        case .malformed: "malformed"
        case .badSignature: "bad-signature"
        case .unknownKey: "unknown-key"
        case .stale: "stale"
        case .unauthorized: "unauthorized"
        case .revokedKey: "revoked-key"
        case .notYours: "not-yours"
        case .activationRefused: "activation-refused"
        case .notFound: "not-found"
        case .methodNotAllowed: "method-not-allowed"
        case .notHome: "not-home"
        case .conflict: "conflict"
        case .tooLarge: "too-large"
        case .unsupportedMediaType: "unsupported-media-type"
        case .tooManyRequests: "too-many-requests"
        case .internalError: "internal-error"
        case .busy: "busy"
        case .notForwarded: "not-forwarded"
        case .noAnswer: "no-answer"
        }
    }

    package var status: Int {
        switch self {
        case .malformed: 400
        case .badSignature, .unknownKey, .stale, .unauthorized: 401
        case .revokedKey, .notYours, .activationRefused: 403
        case .notFound: 404
        case .methodNotAllowed: 405
        case .notHome, .conflict: 409
        case .tooLarge: 413
        case .unsupportedMediaType: 415
        case .tooManyRequests: 429
        case .internalError: 500
        case .busy, .notForwarded: 503
        case .noAnswer: 504
        }
    }

    package var title: StaticString {
        switch self {
        case .malformed: "The request is malformed"
        case .badSignature: "The signature does not match"
        case .unknownKey: "The key is not known"
        case .stale: "The signature is too old or too new"
        case .unauthorized: "The caller is not authorized"
        case .revokedKey: "The key has been revoked"
        case .notYours: "This belongs to somebody else"
        case .activationRefused: "The one-time code is not accepted"
        case .notFound: "There is no such thing here"
        case .methodNotAllowed: "The method is not allowed here"
        case .notHome: "Another cloud is responsible"
        case .conflict: "This contradicts what is known"
        case .tooLarge: "The request is too large"
        case .unsupportedMediaType: "The content type is not supported"
        case .tooManyRequests: "Too many requests"
        case .internalError: "Something went wrong here"
        case .busy: "Too busy at the moment"
        case .notForwarded: "The request was not forwarded"
        case .noAnswer: "No answer from the cloud"
        }
    }
}

/// A problem document. It promises nothing about money.
package struct Problem: Equatable, Sendable {
    package let type: Named<ProblemType>
    package let status: Int
    /// One sentence, UTF-8.
    package let detail: [UInt8]
    /// The path of the field to blame, where one is.
    package let field: [UInt8]?

    package init(_ type: ProblemType, detail: [UInt8], field: [UInt8]? = nil, status: Int? = nil) {
        self.type = .known(type)
        self.status = status ?? type.status
        self.detail = detail
        self.field = field
    }

    package init(_ type: ProblemType, detail: StaticString) { self.init(type, detail: detail.bytes) }

    package init(_ error: MessageError) { self.init(.malformed, detail: error.detail, field: error.field) }

    package init(_ error: SignatureError) { self.init(error.problem, detail: error.detail) }

    package init(_ error: HTTPError) {
        let type: ProblemType =
            switch error {
            case .bodyTooLarge, .headerTooLarge: .tooLarge
            case .startLine, .version, .header, .host, .contentLength, .lengthRequired, .transferEncoding,
                .expectation:
                .malformed
            }
        self.init(type, detail: error.detail.bytes, status: error.status)
    }

    private static let prefix: StaticString = "/problems/"

    package init(decoding bytes: [UInt8]) throws(MessageError) {
        let object = try JSONObject(parsing: bytes, limits: .wire)
        let path = try object.string("type", length: 1...100)
        let start = Problem.prefix.utf8CodeUnitCount
        guard path.count > start, Problem.prefix.matches(path[..<start]),
            let type = Named<ProblemType>([UInt8](path[start...]))
        else { throw object.invalid("type") }
        self.type = type
        status = Int(try object.integer("status", in: 400...599))
        detail = try object.optionalText("detail", length: 0...1000) ?? []
        field = try object.optionalText("field", length: 0...500)
    }

    package func encode() -> [UInt8] {
        JSONWriter.object { json in
            json.string("type", Problem.prefix.bytes + type.bytes)
            json.string("title", (type.value?.title ?? "Problem").bytes)
            json.integer("status", Int64(status))
            json.string("detail", detail)
            if let field { json.string("field", field) }
        }
    }
}
