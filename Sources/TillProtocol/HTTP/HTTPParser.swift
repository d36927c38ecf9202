// Part of Tillbridge. See LICENSE.
import TillDomain

package typealias HTTPRequestParser = HTTPParser<HTTPRequest>
package typealias HTTPResponseParser = HTTPParser<HTTPResponse>

/// Takes the bytes of a connection as they come and gives whole messages. It does no I/O.
///
/// Feed what has arrived, then call ``next()`` until it gives nil; what belongs to a later message stays inside. It
/// never holds more than one message beyond what is fed in one go. An error is final: close the connection.
package struct HTTPParser<Message: HTTPMessage>: Sendable {
    private struct Head: Sendable {
        let start: Message.Start
        let headers: HTTPHeaders
        let bodyLength: Int
    }

    private let limits: HTTPLimits
    private var buffer: [UInt8] = []
    /// How far the header section has been looked through.
    private var scanned = 0
    private var lineStart = 0
    /// The message had an empty line in front of it.
    private var forgave = false
    private var head: Head?
    private var failure: HTTPError?

    package init(limits: HTTPLimits = .wire) { self.limits = limits }

    /// Whether bytes of an unfinished message are held: then silence is a fault, and an end of the stream too.
    package var isInsideMessage: Bool { head != nil || !buffer.isEmpty }

    package mutating func feed(_ bytes: some Collection<UInt8>) {
        guard failure == nil else { return }
        buffer += bytes
    }

    /// The next whole message, or nil if more bytes are needed.
    package mutating func next() throws(HTTPError) -> Message? {
        if let failure { throw failure }
        do throws(HTTPError) {
            return try advance()
        } catch {
            failure = error
            buffer = []
            head = nil
            throw error
        }
    }

    private mutating func advance() throws(HTTPError) -> Message? {
        if head == nil {
            guard let end = try findEndOfHead() else { return nil }
            head = try parseHead(buffer[0..<end])
            forgave = false
            drop(end)
        }
        guard let head, buffer.count >= head.bodyLength else { return nil }
        let message = Message(head.start, headers: head.headers, body: [UInt8](buffer[0..<head.bodyLength]))
        drop(head.bodyLength)
        self.head = nil
        return message
    }

    private mutating func drop(_ count: Int) {
        if count == buffer.count {
            buffer.removeAll(keepingCapacity: count <= 64 * 1024)
        } else {
            buffer.removeFirst(count)
        }
        scanned = 0
        lineStart = 0
    }

    /// Looks at each byte once, however slowly they come. Every line ends with CR LF; neither occurs alone.
    private mutating func findEndOfHead() throws(HTTPError) -> Int? {
        while scanned < buffer.count {
            guard scanned < limits.head else { throw .headerTooLarge }
            let byte = buffer[scanned]
            if byte == 13 {
                guard scanned + 1 < buffer.count else { return nil }
                guard buffer[scanned + 1] == 10 else { throw .header }
                let isEmptyLine = scanned == lineStart
                scanned += 2
                lineStart = scanned
                if isEmptyLine {
                    guard scanned <= limits.head else { throw .headerTooLarge }
                    if scanned > 2 { return scanned }
                    // One empty line in front of a message is forgiven (RFC 9112, section 2.2).
                    guard !forgave else { throw .startLine }
                    forgave = true
                    buffer.removeFirst(2)
                    scanned = 0
                    lineStart = 0
                }
            } else {
                guard HTTPSyntax.isValue(byte) else { throw .header }
                scanned += 1
            }
        }
        return nil
    }

    private func parseHead(_ head: ArraySlice<UInt8>) throws(HTTPError) -> Head {
        var headers = HTTPHeaders()
        var start: Message.Start?
        var lineStart = head.startIndex
        while let lineEnd = head[lineStart...].firstIndex(of: 13), lineEnd > lineStart {
            let line = head[lineStart..<lineEnd]
            lineStart = lineEnd + 2
            if start == nil {
                start = try Message.start(line)
            } else {
                guard headers.fields.count < limits.fields else { throw .headerTooLarge }
                try parseField(line, into: &headers)
            }
        }
        guard let start else { throw .startLine }
        guard headers.count(of: "transfer-encoding") == 0 else { throw .transferEncoding }
        try Message.check(start, headers)
        return Head(start: start, headers: headers, bodyLength: try bodyLength(start, headers))
    }

    private func parseField(_ line: ArraySlice<UInt8>, into headers: inout HTTPHeaders) throws(HTTPError) {
        // A name is followed by its colon at once; a line that begins with a blank would be a folded one.
        guard let colon = line.firstIndex(of: 58), colon > line.startIndex,
            line[..<colon].allSatisfy(HTTPSyntax.isToken)
        else { throw .header }
        headers.add(line[..<colon], HTTPSyntax.trimmed(line[(colon + 1)...]))
    }

    private func bodyLength(_ start: Message.Start, _ headers: HTTPHeaders) throws(HTTPError) -> Int {
        switch headers.count(of: "content-length") {
        case 0:
            guard Message.mayLackLength(start) else { throw .lengthRequired }
            return 0
        case 1:
            guard let text = headers.first("content-length"), !text.isEmpty, text.allSatisfy({ (48...57).contains($0) })
            else { throw .contentLength }
            guard let length = Decimal.parse(text) else {
                // A leading zero has two readings; more digits than fit is only too much.
                throw text[0] == 48 ? .contentLength : .bodyTooLarge
            }
            guard length <= Int64(limits.body) else { throw .bodyTooLarge }
            return Int(length)
        default: throw .contentLength
        }
    }
}
