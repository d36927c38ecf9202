// Part of Tillbridge. See LICENSE.
import NIOCore

@testable import TillProxy

/// What registers and clouds send to the proxy. A request or an answer that is framed in another way than its sender
/// meant would give one register what is another's.
extension FuzzTarget {
    /// All messages of a connection, and why it ends. The bytes come in pieces of `size`.
    private static func frame<Framing: Framer>(
        _ framing: Framing,
        _ bytes: ArraySlice<UInt8>,
        pieces size: Int
    ) -> (heads: [Framing.Head], fault: FramingFault?) {
        var framing = framing
        var heads: [Framing.Head] = []
        var buffer = ByteBuffer()
        var rest = bytes
        while !rest.isEmpty {
            buffer.writeBytes(rest.prefix(size))
            rest = rest.dropFirst(size)
            do throws(FramingFault) {
                while let head = try framing.advance(buffer) {
                    let length = Framing.length(of: head)
                    require(length > 0 && length <= buffer.readableBytes, "a message is longer than its bytes")
                    buffer.moveReaderIndex(forwardBy: length)
                    framing.reset()
                    heads.append(head)
                }
            } catch { return (heads, error) }
        }
        return (heads, nil)
    }

    /// The first byte says into how many pieces the rest is cut.
    private static func frame<Framing: Framer>(_ framing: Framing, _ bytes: [UInt8]) -> [Framing.Head] {
        let whole = frame(framing, bytes.dropFirst(), pieces: .max)
        let pieces = frame(framing, bytes.dropFirst(), pieces: 1 + Int(bytes.first ?? 0) % 32)
        require(pieces.heads == whole.heads && pieces.fault == whole.fault, "pieces are framed in another way")
        return whole.heads
    }

    static let proxy: [FuzzTarget] = [
        FuzzTarget(
            "proxy-request",
            seeds: [
                "\u{7}POST /v1/pay HTTP/1.1\r\nHost: proxy\r\nTillbridge-Cloud: A\r\nContent-Length: 7\r\n\r\n{\"v\":1}",
                "\u{1f}POST /v1/heartbeat HTTP/1.1\r\nContent-Length: 2\r\nConnection: x, close\r\n\r\n{}"
                    + "POST /v1/activate HTTP/1.1\r\nTillbridge-Cloud: any\r\nContent-Length: 0\r\n\r\n",
            ]
        ) { bytes in
            var start = 1
            for head in frame(RequestFramer(), bytes) {
                let name = bytes[(start + head.name.lowerBound)..<(start + head.name.upperBound)]
                require(name.allSatisfy { (97...122).contains($0) || $0 == 45 }, "a call's name is no name")
                require(head.target != nil || head.call == .heartbeat, "nobody knows where a request goes")
                require(
                    head.headLength <= FramingLimits.wire.head && head.bodyLength <= FramingLimits.wire.body,
                    "a request is above the limits"
                )
                start += head.length
                require(bytes[..<(start - head.bodyLength)].suffix(4) == [13, 10, 13, 10], "a head has no end")
            }
        },
        FuzzTarget(
            "proxy-answer",
            seeds: [
                "\u{7}HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"v\":1}",
                "\u{3}HTTP/1.1 409 Conflict\r\nContent-Length: 67\r\n\r\n"
                    + #"{"type":"/problems/not-home","title":"x","status":409,"detail":""} "#
                    + "HTTP/1.1 503 \r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
            ]
        ) { bytes in
            var rest = ByteBuffer(bytes: bytes.dropFirst())
            for head in frame(AnswerFramer(), bytes) {
                guard let answer = rest.readSlice(length: head.length) else { return }
                _ = NotHome.isSaid(by: head, answer)
                // One header more, which the sender of the answer need not have left room for.
                let closing = LocalAnswers.closing(answer)
                var framing = AnswerFramer(limits: FramingLimits(head: 1 << 14, headerCount: 128))
                let again = try? framing.advance(closing)
                require(again?.closes == true && again?.status == head.status, "a closing answer is another")
                require(again?.bodyLength == head.bodyLength, "a closing answer has another body")
            }
        },
        FuzzTarget(
            "proxy-report",
            seeds: [
                #"{"time":1795343400123,"takesPayments":true,"load":120,"routing":12,"configuration":7,"#
                    + #""dark":["wechatpay"]}"#
            ]
        ) { bytes in
            guard let report = try? CloudReport(json: ByteBuffer(bytes: bytes)) else { return }
            require((0...1_000).contains(report.load), "a load is out of range")
            var view = HealthView(time: report.time, readAt: 0)
            view.a = HealthView.Cloud(isUp: true, report: report)
            require(view.time(at: .max) >= report.time, "time runs backwards")
            require(view.routing == report.routing && view.dark(at: nil) == report.dark, "a report is another")
        },
    ]
}

/// What both of the proxy's readers have.
private protocol Framer {
    associatedtype Head: Equatable
    mutating func advance(_ buffer: ByteBuffer) throws(FramingFault) -> Head?
    mutating func reset()
    static func length(of head: Head) -> Int
}

extension RequestFramer: Framer {
    static func length(of head: RequestHead) -> Int { head.length }
}

extension AnswerFramer: Framer {
    static func length(of head: AnswerHead) -> Int { head.length }
}
