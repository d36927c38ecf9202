// Part of Tillbridge. See LICENSE.
import NIOCore
import TillDomain
import TillEngine

/// Where a request is to go.
enum CloudTarget: Equatable, Sendable {
    case cloud(CloudName)
    case any
}

/// What the proxy treats in a way of its own; the rest it just forwards.
enum ProxyCall: Equatable, Sendable {
    case heartbeat
    case activate
    case forwarded
}

/// What the proxy knows of a request. The bytes themselves stay where they were received.
struct RequestHead: Equatable, Sendable {
    var call: ProxyCall
    var requestClass: RequestClass
    /// Nil only for a heartbeat.
    var target: CloudTarget?
    /// The call's name inside the request: `pay` of `/v1/pay`.
    var name: Range<Int>
    var headLength: Int
    var bodyLength: Int
    /// The sender closes after this request.
    var closes: Bool

    var length: Int { headLength + bodyLength }
}

/// Reads one request at a time, strictly, from bytes that come in any pieces.
struct RequestFramer: Sendable {
    private let limits: FramingLimits
    private var scanner: HeadScanner
    private var name: Range<Int>?
    private var contentLength: Int?
    private var target: CloudTarget?
    private var hasHost = false
    private var closes = false
    private var head: RequestHead?

    init(limits: FramingLimits = .wire) {
        self.limits = limits
        scanner = HeadScanner(limits: limits)
    }

    /// - Parameter buffer: all bytes of the connection from the start of the current request.
    /// - Returns: the request once it is there as a whole. Call ``reset()`` before the next one.
    mutating func advance(_ buffer: ByteBuffer) throws(FramingFault) -> RequestHead? {
        if head == nil { head = try readHead(buffer.readableBytesUInt8Span) }
        guard let head, buffer.readableBytes >= head.length else { return nil }
        return head
    }

    /// How many bytes the current request has, once its head is there.
    var expectedLength: Int? { head?.length }

    mutating func reset() { self = RequestFramer(limits: limits) }

    private mutating func readHead(_ bytes: Span<UInt8>) throws(FramingFault) -> RequestHead? {
        while let line = try scanner.nextLine(bytes) {
            if name == nil {
                name = try readRequestLine(bytes, line)
            } else if line.isEmpty {
                return try finishHead(bytes)
            } else {
                try readHeader(bytes, line)
            }
        }
        return nil
    }

    private func readRequestLine(_ bytes: Span<UInt8>, _ line: Range<Int>) throws(FramingFault) -> Range<Int> {
        let methodEnd = line.lowerBound + 5
        guard line.count > 5, ASCII.matches(bytes, line.lowerBound..<methodEnd, "POST ") else {
            throw ASCII.isToken(line.isEmpty ? 0 : bytes[line.lowerBound]) ? .method : .requestLine
        }
        var pathEnd = methodEnd
        while pathEnd < line.upperBound, bytes[pathEnd] != ASCII.space { pathEnd += 1 }
        guard ASCII.matches(bytes, pathEnd..<line.upperBound, " HTTP/1.1") else {
            let isOtherVersion =
                line.upperBound - pathEnd == 9 && ASCII.matches(bytes, pathEnd..<pathEnd + 6, " HTTP/")
            throw isOtherVersion ? .version : .requestLine
        }
        let name = methodEnd + 4..<max(methodEnd + 4, pathEnd)
        guard (1...32).contains(name.count), ASCII.matches(bytes, methodEnd..<methodEnd + 4, "/v1/") else {
            throw .path
        }
        for index in name where !((97...122).contains(bytes[index]) || bytes[index] == 45) { throw .path }
        return name
    }

    private mutating func readHeader(_ bytes: Span<UInt8>, _ line: Range<Int>) throws(FramingFault) {
        let header = try HeaderLine(bytes, line)
        switch KnownHeader(bytes, header.name) {
        case nil:
            break
        case .contentLength:
            guard contentLength == nil, let length = ASCII.number(bytes, header.value) else { throw .contentLength }
            contentLength = length
        case .transferEncoding:
            throw .transferEncoding
        case .tillbridgeCloud:
            guard target == nil, let value = Self.target(bytes, header.value) else { throw .cloudName }
            target = value
        case .connection:
            closes = closes || ASCII.listContains(bytes, header.value, "close")
        case .host:
            guard !hasHost else { throw .unsupportedHeader }
            hasHost = true
        case .unsupported:
            throw .unsupportedHeader
        }
    }

    private func finishHead(_ bytes: Span<UInt8>) throws(FramingFault) -> RequestHead {
        guard let name, let contentLength else { throw .contentLength }
        guard contentLength <= limits.body else { throw .bodyTooLarge }
        var call = ProxyCall.forwarded
        if ASCII.matches(bytes, name, "heartbeat") { call = .heartbeat }
        if ASCII.matches(bytes, name, "activate") { call = .activate }
        if target == nil, call != .heartbeat { throw .cloudName }
        return RequestHead(
            call: call,
            requestClass: Self.requestClass(bytes, name),
            target: target,
            name: name,
            headLength: scanner.position,
            bodyLength: contentLength,
            closes: closes
        )
    }

    private static func target(_ bytes: Span<UInt8>, _ value: Range<Int>) -> CloudTarget? {
        if ASCII.matches(bytes, value, "A") { return .cloud(.a) }
        if ASCII.matches(bytes, value, "B") { return .cloud(.b) }
        if ASCII.matches(bytes, value, "any") { return .any }
        return nil
    }

    private static func requestClass(_ bytes: Span<UInt8>, _ name: Range<Int>) -> RequestClass {
        for candidate in RequestClass.all where ASCII.matches(bytes, name, candidate.name) { return candidate }
        return .rest
    }
}
