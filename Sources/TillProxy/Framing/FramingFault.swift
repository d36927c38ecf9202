// Part of Tillbridge. See LICENSE.
import TillProtocol

/// Why a message is refused. After any of these nobody can say where the next message begins, or wants to: the
/// connection is closed.
enum FramingFault: Error, Equatable, Sendable, CaseIterable {
    /// A line that does not end in CR LF.
    case bareLineFeed
    case requestLine
    case statusLine
    /// A header line without a name, with a space before the colon, continued on the next line, or with a control
    /// character.
    case header
    case tooManyHeaders
    /// Missing, twice, or not the shortest decimal number.
    case contentLength
    case transferEncoding
    /// `Expect`, `Upgrade`, `TE`, `Trailer`, or a second `Host`.
    case unsupportedHeader
    /// `Tillbridge-Cloud` missing, twice, or not `A`, `B` or `any`.
    case cloudName
    case method
    case version
    case path
    case headTooLarge
    case bodyTooLarge

    /// The status that the sender of a request gets.
    var status: Int {
        switch self {
        case .bareLineFeed, .requestLine, .statusLine, .header, .tooManyHeaders, .contentLength, .transferEncoding,
            .unsupportedHeader, .cloudName:
            400
        case .path: 404
        case .method: 405
        case .bodyTooLarge: 413
        case .headTooLarge: 431
        case .version: 505
        }
    }

    var problem: ProblemType {
        switch self {
        case .bareLineFeed, .requestLine, .statusLine, .header, .tooManyHeaders, .contentLength, .transferEncoding,
            .unsupportedHeader, .cloudName, .version:
            .malformed
        case .path: .notFound
        case .method: .methodNotAllowed
        case .bodyTooLarge, .headTooLarge: .tooLarge
        }
    }

    /// What to mend, in one sentence.
    var detail: StaticString {
        switch self {
        case .bareLineFeed: "Every line of the head must end in CR LF."
        case .requestLine: "The request line must be POST, one space, the path, one space, HTTP/1.1."
        case .statusLine: "The status line must be HTTP/1.1, one space, three digits."
        case .header: "A header line must be a name, a colon and a value of visible ASCII characters."
        case .tooManyHeaders: "At most 64 headers are accepted."
        case .contentLength: "Exactly one Content-Length in its shortest decimal form is required."
        case .transferEncoding: "Transfer-Encoding is not accepted."
        case .unsupportedHeader: "Expect, Upgrade, TE, Trailer and a second Host are not accepted."
        case .cloudName: "Tillbridge-Cloud must be given once, as A, B or any."
        case .method: "Only POST is accepted."
        case .version: "Only HTTP/1.1 is accepted."
        case .path: "The path must be /v1/ and the name of a call."
        case .headTooLarge: "The request line and headers must fit in 8 KiB."
        case .bodyTooLarge: "The body must fit in 16 KiB."
        }
    }

    /// The name in metrics.
    var label: StaticString {
        switch self {
        case .bareLineFeed: "bare-line-feed"
        case .requestLine: "request-line"
        case .statusLine: "status-line"
        case .header: "header"
        case .tooManyHeaders: "too-many-headers"
        case .contentLength: "content-length"
        case .transferEncoding: "transfer-encoding"
        case .unsupportedHeader: "unsupported-header"
        case .cloudName: "cloud-name"
        case .method: "method"
        case .version: "version"
        case .path: "path"
        case .headTooLarge: "head-too-large"
        case .bodyTooLarge: "body-too-large"
        }
    }
}
