// Part of Tillbridge. See LICENSE.

/// Finds the lines of a message's head, wherever the reads happen to cut it. No byte is looked at twice.
struct HeadScanner: Sendable {
    private let limits: FramingLimits
    /// Bytes looked at so far, from the start of the message.
    private(set) var position = 0
    private var lineStart = 0
    private var lines = 0

    init(limits: FramingLimits) { self.limits = limits }

    /// The next whole line without its CR LF, as offsets into the message; an empty range ends the head. Nil until
    /// more bytes are there.
    mutating func nextLine(_ bytes: Span<UInt8>) throws(FramingFault) -> Range<Int>? {
        let end = min(bytes.count, limits.head)
        while position < end {
            let byte = bytes[unchecked: position]
            position += 1
            guard byte == ASCII.lineFeed else { continue }
            guard position - lineStart >= 2, bytes[position - 2] == ASCII.carriageReturn else {
                throw .bareLineFeed
            }
            let line = lineStart..<position - 2
            lineStart = position
            lines += 1
            // The request line is not a header.
            guard lines <= limits.headerCount + 1 || line.isEmpty else { throw .tooManyHeaders }
            return line
        }
        guard position < limits.head else { throw .headTooLarge }
        return nil
    }
}

/// One header line, as offsets into the message.
struct HeaderLine {
    let name: Range<Int>
    let value: Range<Int>

    /// Strict on purpose: what two readers could understand differently is refused, not repaired.
    init(_ bytes: Span<UInt8>, _ line: Range<Int>) throws(FramingFault) {
        var colon = line.lowerBound
        while colon < line.upperBound, ASCII.isToken(bytes[colon]) { colon += 1 }
        guard colon > line.lowerBound, colon < line.upperBound, bytes[colon] == ASCII.colon else { throw .header }
        var start = colon + 1
        var end = line.upperBound
        while start < end, ASCII.isBlank(bytes[start]) { start += 1 }
        while end > start, ASCII.isBlank(bytes[end - 1]) { end -= 1 }
        for index in start..<end where !ASCII.isFieldContent(bytes[index]) { throw .header }
        name = line.lowerBound..<colon
        value = start..<end
    }
}

/// The headers that decide how a message is framed and where it goes. All others pass untouched.
enum KnownHeader: Sendable {
    case contentLength, transferEncoding, tillbridgeCloud, connection, host, unsupported

    init?(_ bytes: Span<UInt8>, _ name: Range<Int>) {
        func matches(_ text: StaticString) -> Bool { ASCII.matchesIgnoringCase(bytes, name, text) }
        // By length first: most headers are none of these, and comparing costs.
        switch name.count {
        case 14 where matches("content-length"): self = .contentLength
        case 17 where matches("transfer-encoding"): self = .transferEncoding
        case 16 where matches("tillbridge-cloud"): self = .tillbridgeCloud
        case 10 where matches("connection"): self = .connection
        case 4 where matches("host"): self = .host
        case 6 where matches("expect"): self = .unsupported
        case 7 where matches("upgrade") || matches("trailer"): self = .unsupported
        case 2 where matches("te"): self = .unsupported
        default: return nil
        }
    }
}
