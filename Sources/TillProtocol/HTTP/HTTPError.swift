// Part of Tillbridge. See LICENSE.

/// Why a message is refused. After any of these the connection is closed: where the next message begins is unknown.
package enum HTTPError: Error, Equatable, Sendable {
    /// Request or status line out of form.
    case startLine
    /// A protocol version other than HTTP/1.0 and HTTP/1.1.
    case version
    /// A header field out of form, a line folded or not ended by CR LF, or a control character.
    case header
    /// The header section is longer, or has more fields, than allowed.
    case headerTooLarge
    /// No `Host`, or more than one.
    case host
    /// `Content-Length` is not one plain number.
    case contentLength
    /// A body is expected and its length is not told.
    case lengthRequired
    case bodyTooLarge
    /// `Transfer-Encoding`: bodies come with a length here.
    case transferEncoding
    /// `Expect`: no interim answers here.
    case expectation

    /// The status a server answers with.
    package var status: Int {
        switch self {
        case .startLine, .header, .host, .contentLength: 400
        case .lengthRequired: 411
        case .bodyTooLarge: 413
        case .expectation: 417
        case .headerTooLarge: 431
        case .transferEncoding: 501
        case .version: 505
        }
    }

    package var detail: StaticString {
        switch self {
        case .startLine: "The first line is not METHOD /path HTTP/1.1."
        case .version: "Only HTTP/1.1 is spoken here."
        case .header: "A header field is malformed; lines end with CR LF and are not folded."
        case .headerTooLarge: "The header section is too large."
        case .host: "Exactly one Host header is required."
        case .contentLength: "Content-Length must be one plain number."
        case .lengthRequired: "A body needs a Content-Length."
        case .bodyTooLarge: "The body is too large."
        case .transferEncoding: "Transfer-Encoding is not supported; send a Content-Length."
        case .expectation: "Expect is not supported."
        }
    }
}

package struct HTTPLimits: Equatable, Sendable {
    /// Bytes of first line and header fields together.
    package var head = 8 * 1024
    package var fields = 64
    package var body = 16 * 1024

    package init(head: Int = 8 * 1024, fields: Int = 64, body: Int = 16 * 1024) {
        self.head = head
        self.fields = fields
        self.body = body
    }

    package static let wire = HTTPLimits()
    /// Answers to `/v1/peer/log`.
    package static let peerLog = HTTPLimits(body: 1024 * 1024)
}
