// Part of Tillbridge. See LICENSE.
import NIOCore

/// What the proxy knows of a cloud's answer.
struct AnswerHead: Equatable, Sendable {
    var status: Int
    var headLength: Int
    var bodyLength: Int
    /// The cloud closes the connection after this answer.
    var closes: Bool

    var length: Int { headLength + bodyLength }
}

/// Reads one answer at a time from a cloud. It is as strict as the reader of requests: a connection whose framing is
/// doubtful would give one register the answer of another.
struct AnswerFramer: Sendable {
    private let limits: FramingLimits
    private var scanner: HeadScanner
    private var status: Int?
    private var contentLength: Int?
    private var closes = false
    private var head: AnswerHead?

    init(limits: FramingLimits = .wire) {
        self.limits = limits
        scanner = HeadScanner(limits: limits)
    }

    /// - Parameter buffer: all bytes of the connection from the start of the current answer.
    /// - Returns: the answer once it is there as a whole. Call ``reset()`` before the next one.
    mutating func advance(_ buffer: ByteBuffer) throws(FramingFault) -> AnswerHead? {
        if head == nil { head = try readHead(buffer.readableBytesUInt8Span) }
        guard let head, buffer.readableBytes >= head.length else { return nil }
        return head
    }

    mutating func reset() { self = AnswerFramer(limits: limits) }

    private mutating func readHead(_ bytes: Span<UInt8>) throws(FramingFault) -> AnswerHead? {
        while let line = try scanner.nextLine(bytes) {
            guard let status else {
                status = try Self.readStatusLine(bytes, line)
                continue
            }
            guard line.isEmpty else {
                try readHeader(bytes, line)
                continue
            }
            guard let contentLength else { throw .contentLength }
            guard contentLength <= limits.body else { throw .bodyTooLarge }
            return AnswerHead(
                status: status,
                headLength: scanner.position,
                bodyLength: contentLength,
                closes: closes
            )
        }
        return nil
    }

    private static func readStatusLine(_ bytes: Span<UInt8>, _ line: Range<Int>) throws(FramingFault) -> Int {
        let start = line.lowerBound
        guard line.count >= 12, ASCII.matches(bytes, start..<start + 9, "HTTP/1.1 "),
            let status = ASCII.number(bytes, start + 9..<start + 12), (200...599).contains(status),
            line.count == 12 || bytes[start + 12] == ASCII.space
        else { throw .statusLine }
        // These never have a body whatever they say, so they could not be told from what follows.
        guard status != 204, status != 304 else { throw .statusLine }
        for index in line where !ASCII.isFieldContent(bytes[index]) { throw .statusLine }
        return status
    }

    private mutating func readHeader(_ bytes: Span<UInt8>, _ line: Range<Int>) throws(FramingFault) {
        let header = try HeaderLine(bytes, line)
        switch KnownHeader(bytes, header.name) {
        case .contentLength:
            guard contentLength == nil, let length = ASCII.number(bytes, header.value) else { throw .contentLength }
            contentLength = length
        case .transferEncoding:
            throw .transferEncoding
        case .connection:
            closes = closes || ASCII.listContains(bytes, header.value, "close")
        case nil, .tillbridgeCloud, .host, .unsupported:
            break
        }
    }
}
