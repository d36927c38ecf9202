// Part of Tillbridge. See LICENSE.
import NIOCore
import TillDomain
import TillProtocol

/// The answers that the proxy gives by itself. It signs nothing: nothing in them can move money.
enum LocalAnswers {
    static let closeHeader: StaticString = "Connection: close\r\n"

    /// No byte of the request was written to any cloud.
    static func notForwarded(_ reason: NotForwardedReason, closing: Bool) -> ByteBuffer {
        answer(Problem(.notForwarded, detail: reason.detail), .notForwarded, closing: closing)
    }

    /// The request was sent, at least in part, and no whole answer came: nobody here knows what became of it.
    static func unknown(closing: Bool) -> ByteBuffer {
        let detail: StaticString = "The request was sent to the cloud, and no whole answer came."
        return answer(Problem(.noAnswer, detail: detail), .unknown, closing: closing)
    }

    /// A request that breaks the rules of framing. It was not forwarded either.
    static func refused(_ fault: FramingFault) -> ByteBuffer {
        answer(
            Problem(fault.problem, detail: fault.detail.bytes, status: fault.status),
            .notForwarded,
            closing: true
        )
    }

    /// A heartbeat whose body is not understood.
    static func malformed(_ error: MessageError, closing: Bool) -> ByteBuffer {
        answer(Problem(error), .notForwarded, closing: closing)
    }

    static func heartbeat(_ answer: HeartbeatAnswer, closing: Bool) -> ByteBuffer {
        message(status: 200, MediaType.json, nil, answer.encode(), closing: closing)
    }

    /// `answer` with one more header after its status line, for a cloud's answer when this proxy is about to close.
    static func closing(_ answer: ByteBuffer) -> ByteBuffer {
        let bytes = answer.readableBytesView
        guard let lineFeed = bytes.firstIndex(of: ASCII.lineFeed) else { return answer }
        let statusLine = bytes.distance(from: bytes.startIndex, to: lineFeed) + 1
        var rest = answer
        var result = ByteBuffer()
        result.reserveCapacity(answer.readableBytes + closeHeader.utf8CodeUnitCount)
        if var line = rest.readSlice(length: statusLine) { result.writeBuffer(&line) }
        result.writeStaticString(closeHeader)
        result.writeBuffer(&rest)
        return result
    }

    private static func answer(_ problem: Problem, _ verdict: ProxyVerdict, closing: Bool) -> ByteBuffer {
        message(status: problem.status, MediaType.problem, verdict, problem.encode(), closing: closing)
    }

    private static func message(
        status: Int,
        _ contentType: StaticString,
        _ verdict: ProxyVerdict?,
        _ body: [UInt8],
        closing: Bool
    ) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(192 + body.count)
        buffer.writeStaticString("HTTP/1.1 ")
        buffer.writeBytes(Decimal.text(Int64(status)))
        buffer.writeStaticString(" ")
        buffer.writeStaticString(HTTPStatus.reason(status))
        buffer.writeStaticString("\r\nContent-Type: ")
        buffer.writeStaticString(contentType)
        buffer.writeStaticString("\r\nContent-Length: ")
        buffer.writeBytes(Decimal.text(Int64(body.count)))
        buffer.writeStaticString("\r\n")
        if let verdict {
            buffer.writeStaticString("Tillbridge-Proxy: ")
            buffer.writeStaticString(verdict.wireName)
            buffer.writeStaticString("\r\n")
        }
        if closing { buffer.writeStaticString(closeHeader) }
        buffer.writeStaticString("\r\n")
        buffer.writeBytes(body)
        return buffer
    }
}
