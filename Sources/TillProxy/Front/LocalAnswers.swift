// Part of Tillbridge. See LICENSE.
import NIOCore
import TillDomain

/// The answers that the proxy gives by itself. It signs nothing: nothing in them can move money.
enum LocalAnswers {
    static let notForwardedHeader: StaticString = "Tillbridge-Proxy: not-forwarded\r\n"
    static let unknownHeader: StaticString = "Tillbridge-Proxy: unknown\r\n"
    static let closeHeader: StaticString = "Connection: close\r\n"

    /// No byte of the request was written to any cloud.
    static func notForwarded(_ reason: NotForwardedReason, closing: Bool) -> ByteBuffer {
        problem(
            status: 503,
            type: "not-forwarded",
            title: "Not forwarded",
            detail: reason.detail,
            header: notForwardedHeader,
            closing: closing
        )
    }

    /// The request was sent, at least in part, and no whole answer came: nobody here knows what became of it.
    static func unknown(closing: Bool) -> ByteBuffer {
        problem(
            status: 504,
            type: "unknown-outcome",
            title: "Outcome unknown",
            detail: "The request was sent to the cloud and no answer came in time.",
            header: unknownHeader,
            closing: closing
        )
    }

    /// A request that breaks the rules. It was not forwarded either.
    static func refused(_ fault: FramingFault) -> ByteBuffer {
        switch fault {
        case .bodyTooLarge, .headTooLarge:
            problem(
                status: fault.status,
                type: "too-large",
                title: "Too large",
                detail: fault.detail,
                header: notForwardedHeader,
                closing: true
            )
        default:
            problem(
                status: fault.status,
                type: "malformed",
                title: "Malformed request",
                detail: fault.detail,
                header: notForwardedHeader,
                closing: true
            )
        }
    }

    /// A heartbeat whose body is not understood.
    static func malformedHeartbeat(closing: Bool) -> ByteBuffer {
        problem(
            status: 400,
            type: "malformed",
            title: "Malformed request",
            detail: "A heartbeat must hold v, register and lane.",
            header: notForwardedHeader,
            closing: closing
        )
    }

    static func json(_ body: [UInt8], closing: Bool) -> ByteBuffer {
        answer(status: 200, contentType: "application/json", header: "", body: body, closing: closing)
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

    private static func problem(
        status: Int,
        type: StaticString,
        title: StaticString,
        detail: StaticString,
        header: StaticString,
        closing: Bool
    ) -> ByteBuffer {
        var body = ("{\"type\":\"/problems/" as StaticString).bytes + type.bytes
        body += ("\",\"title\":\"" as StaticString).bytes + title.bytes
        body += ("\",\"status\":" as StaticString).bytes + Decimal.text(Int64(status))
        body += (",\"detail\":\"" as StaticString).bytes + detail.bytes + ("\"}" as StaticString).bytes
        return answer(
            status: status,
            contentType: "application/problem+json",
            header: header,
            body: body,
            closing: closing
        )
    }

    private static func answer(
        status: Int,
        contentType: StaticString,
        header: StaticString,
        body: [UInt8],
        closing: Bool
    ) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(192 + body.count)
        buffer.writeStaticString("HTTP/1.1 ")
        buffer.writeBytes(Decimal.text(Int64(status)))
        buffer.writeStaticString(" ")
        buffer.writeStaticString(phrase(status))
        buffer.writeStaticString("\r\nContent-Type: ")
        buffer.writeStaticString(contentType)
        buffer.writeStaticString("\r\nContent-Length: ")
        buffer.writeBytes(Decimal.text(Int64(body.count)))
        buffer.writeStaticString("\r\n")
        buffer.writeStaticString(header)
        if closing { buffer.writeStaticString(closeHeader) }
        buffer.writeStaticString("\r\n")
        buffer.writeBytes(body)
        return buffer
    }

    private static func phrase(_ status: Int) -> StaticString {
        switch status {
        case 200: "OK"
        case 400: "Bad Request"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 413: "Content Too Large"
        case 431: "Request Header Fields Too Large"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        default: "Refused"
        }
    }
}
