// Part of Tillbridge. See LICENSE.
import TillDomain

/// What the parser needs to know of requests and of responses.
package protocol HTTPMessage: Sendable {
    associatedtype Start: Sendable
    static func start(_ line: ArraySlice<UInt8>) throws(HTTPError) -> Start
    /// Whether a message without `Content-Length` has no body, instead of being refused.
    static func mayLackLength(_ start: Start) -> Bool
    static func check(_ start: Start, _ headers: HTTPHeaders) throws(HTTPError)
    init(_ start: Start, headers: HTTPHeaders, body: [UInt8])
}

package struct HTTPRequest: HTTPMessage, Equatable {
    package struct Start: Equatable, Sendable {
        package let method: [UInt8]
        package let target: [UInt8]
        /// 0 or 1.
        package let minorVersion: Int
    }

    package let method: [UInt8]
    /// Path and query, as they came.
    package let target: [UInt8]
    package let headers: HTTPHeaders
    package let body: [UInt8]
    /// Whether the client wants the connection to stay open.
    package let keepsAlive: Bool

    package init(_ start: Start, headers: HTTPHeaders, body: [UInt8]) {
        method = start.method
        target = start.target
        self.headers = headers
        self.body = body
        let closes = headers.list("connection", contains: "close")
        keepsAlive = !closes && (start.minorVersion == 1 || headers.list("connection", contains: "keep-alive"))
    }

    /// The target up to the query.
    package var path: [UInt8] { [UInt8](target.prefix { $0 != 63 }) }

    /// What follows the question mark.
    package var query: [UInt8]? {
        target.firstIndex(of: 63).map { [UInt8](target[($0 + 1)...]) }
    }

    /// The parts of the path between its slashes, with percent escapes resolved. Nil for a broken escape.
    package var segments: [[UInt8]]? {
        var segments: [[UInt8]] = []
        for part in path.dropFirst().split(separator: 47, omittingEmptySubsequences: false) {
            guard let segment = HTTPRequest.unescaped(part) else { return nil }
            segments.append(segment)
        }
        return segments
    }

    private static func unescaped(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        var result: [UInt8] = []
        var position = text.startIndex
        while position < text.endIndex {
            if text[position] == 37 {
                guard text.endIndex - position >= 3,
                    let byte = Hex.decode(text[position + 1...position + 2].map(HTTPSyntax.lowered))
                else { return nil }
                result += byte
                position += 3
            } else {
                result.append(text[position])
                position += 1
            }
        }
        return result
    }

    package static func start(_ line: ArraySlice<UInt8>) throws(HTTPError) -> Start {
        let parts = line.split(separator: 32, omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[0].isEmpty, parts[0].count <= 20, parts[0].allSatisfy(HTTPSyntax.isToken),
            parts[1].first == 47, parts[1].allSatisfy({ (33...126).contains($0) && $0 != 35 })
        else { throw .startLine }
        let minorVersion = try HTTPVersion.minor(parts[2])
        return Start(method: [UInt8](parts[0]), target: [UInt8](parts[1]), minorVersion: minorVersion)
    }

    package static func mayLackLength(_ start: Start) -> Bool {
        ("GET" as StaticString).matches(start.method) || ("HEAD" as StaticString).matches(start.method)
            || ("DELETE" as StaticString).matches(start.method) || ("OPTIONS" as StaticString).matches(start.method)
    }

    package static func check(_ start: Start, _ headers: HTTPHeaders) throws(HTTPError) {
        let hosts = headers.count(of: "host")
        guard hosts == 1 || hosts == 0 && start.minorVersion == 0 else { throw .host }
        guard headers.count(of: "expect") == 0 else { throw .expectation }
    }
}

package struct HTTPResponse: HTTPMessage, Equatable {
    package struct Start: Equatable, Sendable {
        package let status: Int
        package let minorVersion: Int
    }

    package let status: Int
    package let headers: HTTPHeaders
    package let body: [UInt8]
    /// Whether the server keeps the connection open.
    package let keepsAlive: Bool

    package init(_ start: Start, headers: HTTPHeaders, body: [UInt8]) {
        status = start.status
        self.headers = headers
        self.body = body
        let closes = headers.list("connection", contains: "close")
        keepsAlive = !closes && (start.minorVersion == 1 || headers.list("connection", contains: "keep-alive"))
    }

    package static func start(_ line: ArraySlice<UInt8>) throws(HTTPError) -> Start {
        // HTTP/1.1 SP 3 digits SP reason, which may be empty.
        let line = [UInt8](line)
        guard line.count >= 12, line[8] == 32, line.count == 12 || line[12] == 32 else { throw .startLine }
        let minorVersion = try HTTPVersion.minor(line[0..<8])
        // Interim answers (1xx) are never asked for, so one is a mistake.
        guard let status = Decimal.parse(line[9..<12]), (200...599).contains(status),
            line[12...].allSatisfy(HTTPSyntax.isValue)
        else { throw .startLine }
        return Start(status: Int(status), minorVersion: minorVersion)
    }

    package static func mayLackLength(_ start: Start) -> Bool { start.status == 204 || start.status == 304 }

    package static func check(_ start: Start, _ headers: HTTPHeaders) throws(HTTPError) {}
}

private enum HTTPVersion {
    static func minor(_ text: ArraySlice<UInt8>) throws(HTTPError) -> Int {
        if ("HTTP/1.1" as StaticString).matches(text) { return 1 }
        if ("HTTP/1.0" as StaticString).matches(text) { return 0 }
        let prefix = text.prefix(5)
        throw ("HTTP/" as StaticString).matches(prefix) ? .version : .startLine
    }
}
