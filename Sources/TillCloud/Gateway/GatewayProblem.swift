// Part of Tillbridge. See LICENSE.

/// Why a request is refused: RFC 9457, `application/problem+json`. A problem never says anything about money.
package enum GatewayProblem: Error, Equatable, Sendable {
    case malformed(field: String)
    case badSignature
    case unknownKey
    case revokedKey
    /// The key is not allowed to speak for this register, or on this path.
    case notYours
    /// Another cloud is the one to ask.
    case notHome
    case tooLarge
    case tooSlow
    /// `created` is too far from the cloud's time.
    case stale
    case busy(retryAfterSeconds: Int)
    case notFound
    /// Something of ours failed; the store, mostly.
    case failure

    package var name: String {
        switch self {
        case .malformed: "malformed"
        case .badSignature: "bad-signature"
        case .unknownKey: "unknown-key"
        case .revokedKey: "revoked-key"
        case .notYours: "not-yours"
        case .notHome: "not-home"
        case .tooLarge: "too-large"
        case .tooSlow: "too-slow"
        case .stale: "stale"
        case .busy: "busy"
        case .notFound: "not-found"
        case .failure: "failure"
        }
    }

    package var status: Int {
        switch self {
        case .malformed: 400
        case .badSignature, .unknownKey, .stale: 401
        case .revokedKey, .notYours: 403
        case .notFound: 404
        case .tooSlow: 408
        case .notHome: 409
        case .tooLarge: 413
        case .failure: 500
        case .busy: 503
        }
    }

    private var title: String {
        switch self {
        case .malformed: "The request is not in the documented form"
        case .badSignature: "The signature does not match"
        case .unknownKey: "The signing key is not known"
        case .revokedKey: "The signing key has been revoked"
        case .notYours: "This key may not ask that"
        case .notHome: "Another cloud is responsible"
        case .tooLarge: "The request is too large"
        case .tooSlow: "The request did not arrive in time"
        case .stale: "The signature is too old or from the future"
        case .busy: "The cloud is busy"
        case .notFound: "There is nothing under this path"
        case .failure: "The cloud could not work"
        }
    }

    private var detail: String {
        switch self {
        case .malformed(let field): "Look at \(field); nothing was stored."
        case .badSignature: "Check the digest, the components and their order, and the key."
        case .unknownKey: "Activate the register."
        case .revokedKey: "Activate the register again with a new code."
        case .notYours: "A register's key speaks for its own register only."
        case .notHome: "This says nothing about the payment; ask the other cloud."
        case .tooLarge: "Send at most the documented size."
        case .tooSlow: "Send the request again."
        case .stale: "Take the time from a heartbeat and sign again."
        case .busy: "Nothing was stored; try again."
        case .notFound: "See /openapi.json."
        case .failure: "This says nothing about the payment; ask again."
        }
    }

    /// The document. All texts are our own and need no escapes, but for a field's name, which is checked.
    var document: [UInt8] {
        var text = #"{"type":"/problems/\#(name)","title":"\#(title)","status":\#(status),"detail":"\#(detail)""#
        if case .malformed(let field) = self {
            text += #","field":"\#(field.filter { $0.isLetter || "-.[]0123456789".contains($0) })""#
        }
        return Array((text + "}").utf8)
    }

    var answer: GatewayAnswer {
        var answer = GatewayAnswer(status: status, contentType: "application/problem+json", body: document)
        if case .busy(let seconds) = self { answer.headers.append((name: "Retry-After", value: "\(seconds)")) }
        return answer
    }
}
