// Part of Tillbridge. See LICENSE.
import NIOCore
import TillDomain
import TillEngine
import Testing

@testable import TillProxy

@Suite("Requests are read strictly, from bytes in any pieces")
struct RequestFramerTests {
    private static let pay =
        "POST /v1/pay HTTP/1.1\r\nHost: proxy.tillbridge\r\nContent-Type: application/json\r\n"
        + "Tillbridge-Cloud: A\r\nContent-Length: 9\r\n\r\n{\"v\":1 }\n"

    /// The result of reading `text` in pieces of `step` bytes.
    private func read(_ text: String, step: Int) throws(FramingFault) -> (head: RequestHead?, consumed: Int) {
        var framer = RequestFramer()
        var buffer = ByteBuffer()
        let bytes = Array(text.utf8)
        var position = 0
        while position < bytes.count {
            let end = min(position + step, bytes.count)
            buffer.writeBytes(bytes[position..<end])
            position = end
            if let head = try framer.advance(buffer) { return (head, position) }
        }
        return (nil, position)
    }

    @Test("a request is the same however the reads cut it", arguments: 1...200)
    func pieces(step: Int) throws {
        let (head, consumed) = try read(Self.pay, step: step)
        let request = try #require(head)
        #expect(request.call == .forwarded)
        #expect(request.requestClass == .pay)
        #expect(request.target == .cloud(.a))
        #expect(request.bodyLength == 9)
        #expect(request.length == Self.pay.utf8.count)
        #expect(consumed == Self.pay.utf8.count)
        #expect(!request.closes)
    }

    @Test("a request is not there before its last byte")
    func incomplete() throws {
        for count in 0..<Self.pay.utf8.count {
            let (head, _) = try read(String(decoding: Self.pay.utf8.prefix(count), as: UTF8.self), step: 7)
            #expect(head == nil)
        }
    }

    @Test(
        "the path decides the class",
        arguments: [
            ("revoke", RequestClass.revoke), ("confirm", .confirm), ("query", .query), ("pay", .pay), ("hello", .rest),
            ("refund", .rest), ("activate", .rest), ("rest", .rest), ("payment", .rest), ("something-new", .rest),
        ]
    )
    func classes(name: String, expected: RequestClass) throws {
        let (head, _) = try read(
            "POST /v1/\(name) HTTP/1.1\r\nTillbridge-Cloud: any\r\nContent-Length: 0\r\n\r\n",
            step: 50
        )
        #expect(head?.requestClass == expected)
        #expect(head?.target == .any)
    }

    @Test("only a heartbeat needs no cloud")
    func heartbeat() throws {
        let (head, _) = try read("POST /v1/heartbeat HTTP/1.1\r\ncontent-length: 0\r\n\r\n", step: 3)
        #expect(head?.call == .heartbeat)
        #expect(head?.target == nil)
    }

    @Test(
        "header names in any case, blanks around values, and a list with close are understood",
        arguments: ["close", "Close", "keep-alive, close", "close ,keep-alive", "\t close"]
    )
    func tolerance(connection: String) throws {
        let (head, _) = try read(
            "POST /v1/query HTTP/1.1\r\nTILLBRIDGE-CLOUD:\tB \r\ncOnTeNt-LeNgTh:2\r\nconnection:\(connection)\r\n"
                + "x-other: a, b; c=\"d\"\r\n\r\n{}",
            step: 11
        )
        #expect(head?.target == .cloud(.b))
        #expect(head?.closes == true)
    }

    /// What two readers could understand differently, and what nobody should send.
    struct Hostile: Sendable, CustomTestStringConvertible {
        let name: String
        let text: String
        let fault: FramingFault
        var testDescription: String { name }
    }

    private static let hostile: [Hostile] = {
        func head(_ lines: String...) -> String {
            (["POST /v1/pay HTTP/1.1"] + lines).joined(separator: "\r\n") + "\r\n\r\n"
        }
        let cloud = "Tillbridge-Cloud: A"
        let cases: [(String, String, FramingFault)] = [
            ("two equal lengths", head(cloud, "Content-Length: 5", "Content-Length: 5"), .contentLength),
            ("two lengths", head(cloud, "Content-Length: 5", "content-length: 6"), .contentLength),
            ("a list of lengths", head(cloud, "Content-Length: 5, 5"), .contentLength),
            ("a signed length", head(cloud, "Content-Length: +5"), .contentLength),
            ("a negative length", head(cloud, "Content-Length: -1"), .contentLength),
            ("a hexadecimal length", head(cloud, "Content-Length: 0x5"), .contentLength),
            ("a leading zero", head(cloud, "Content-Length: 05"), .contentLength),
            ("an empty length", head(cloud, "Content-Length:"), .contentLength),
            ("a length with a blank inside", head(cloud, "Content-Length: 1 2"), .contentLength),
            ("a length beyond all bounds", head(cloud, "Content-Length: 99999999999999999999"), .contentLength),
            ("a fraction", head(cloud, "Content-Length: 5.0"), .contentLength),
            ("no length", head(cloud), .contentLength),
            ("a body beyond 16 KiB", head(cloud, "Content-Length: 16385"), .bodyTooLarge),
            ("chunks", head(cloud, "Transfer-Encoding: chunked"), .transferEncoding),
            (
                "chunks beside a length", head(cloud, "Content-Length: 5", "Transfer-Encoding: chunked"),
                .transferEncoding
            ),
            ("identity", head(cloud, "Content-Length: 5", "transfer-encoding: identity"), .transferEncoding),
            ("a blank before the colon", head(cloud, "Content-Length : 5"), .header),
            ("a tab before the colon", head(cloud, "Transfer-Encoding\t: chunked"), .header),
            ("a continued line", head(cloud, "X: a", " Content-Length: 5"), .header),
            ("a line without a colon", head(cloud, "Content-Length"), .header),
            ("a line without a name", head(cloud, ": 5"), .header),
            ("a NUL in a name", head(cloud, "Content\0-Length: 5"), .header),
            ("a NUL in a value", head(cloud, "X: a\0b", "Content-Length: 5"), .header),
            ("a lone CR in a value", head(cloud, "X: a\rContent-Length: 6", "Content-Length: 5"), .header),
            ("a delete character", head(cloud, "X: \u{7f}", "Content-Length: 5"), .header),
            ("letters beyond ASCII", head(cloud, "X: \u{e9}", "Content-Length: 5"), .header),
            ("a name beyond ASCII", head(cloud, "\u{e9}: x", "Content-Length: 5"), .header),
            ("a bare line feed after the request line", "POST /v1/pay HTTP/1.1\n\(cloud)\r\n\r\n", .bareLineFeed),
            ("bare line feeds", "POST /v1/pay HTTP/1.1\nContent-Length: 0\n\n", .bareLineFeed),
            ("a bare line feed inside a value", head(cloud, "X: a\nContent-Length: 5"), .bareLineFeed),
            ("a bare line feed at the end", "POST /v1/pay HTTP/1.1\r\n\(cloud)\r\n\n", .bareLineFeed),
            ("an empty line first", "\r\nPOST /v1/pay HTTP/1.1\r\n\r\n", .requestLine),
            ("a line feed first", "\nPOST /v1/pay HTTP/1.1\r\n\r\n", .bareLineFeed),
            ("another method", "GET /v1/pay HTTP/1.1\r\n\r\n", .method),
            ("a method in small letters", "post /v1/pay HTTP/1.1\r\n\r\n", .method),
            ("the answer to nothing", "HTTP/1.1 200 OK\r\n\r\n", .method),
            ("a tab in the request line", "POST\t/v1/pay HTTP/1.1\r\n\r\n", .method),
            ("two blanks", "POST  /v1/pay HTTP/1.1\r\n\r\n", .requestLine),
            ("a blank at the end", "POST /v1/pay HTTP/1.1 \r\n\r\n", .requestLine),
            ("no version", "POST /v1/pay\r\n\r\n", .requestLine),
            ("HTTP/1.0", "POST /v1/pay HTTP/1.0\r\n\r\n", .version),
            ("HTTP/2.0", "POST /v1/pay HTTP/2.0\r\n\r\n", .version),
            ("HTTP in small letters", "POST /v1/pay http/1.1\r\n\r\n", .requestLine),
            ("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", .method),
            ("a TLS hello", "\u{16}\u{3}\u{1}\u{2}\0\n", .bareLineFeed),
            ("a whole address", "POST http://a/v1/pay HTTP/1.1\r\n\r\n", .path),
            ("a query", "POST /v1/pay?a=b HTTP/1.1\r\n\r\n", .path),
            ("a way out", "POST /v1/../pay HTTP/1.1\r\n\r\n", .path),
            ("a deeper path", "POST /v1/peer/log HTTP/1.1\r\n\r\n", .path),
            ("an escape", "POST /v1/p%61y HTTP/1.1\r\n\r\n", .path),
            ("a capital letter", "POST /v1/Pay HTTP/1.1\r\n\r\n", .path),
            ("no call", "POST /v1/ HTTP/1.1\r\n\r\n", .path),
            ("no path", "POST  HTTP/1.1\r\n\r\n", .path),
            ("another version of the interface", "POST /v2/pay HTTP/1.1\r\n\r\n", .path),
            ("no cloud", head("Content-Length: 0"), .cloudName),
            ("two clouds", head(cloud, "tillbridge-cloud: B", "Content-Length: 0"), .cloudName),
            ("the same cloud twice", head(cloud, cloud, "Content-Length: 0"), .cloudName),
            ("a list of clouds", head("Tillbridge-Cloud: A, B", "Content-Length: 0"), .cloudName),
            ("a cloud in small letters", head("Tillbridge-Cloud: a", "Content-Length: 0"), .cloudName),
            ("an empty cloud", head("Tillbridge-Cloud:", "Content-Length: 0"), .cloudName),
            ("two hosts", head(cloud, "Host: a", "Host: a", "Content-Length: 0"), .unsupportedHeader),
            ("Expect", head(cloud, "Expect: 100-continue", "Content-Length: 0"), .unsupportedHeader),
            ("Upgrade", head(cloud, "Upgrade: h2c", "Content-Length: 0"), .unsupportedHeader),
            ("TE", head(cloud, "TE: trailers", "Content-Length: 0"), .unsupportedHeader),
            ("Trailer", head(cloud, "Trailer: X", "Content-Length: 0"), .unsupportedHeader),
            ("a head beyond 8 KiB", head(cloud, "X: " + String(repeating: "a", count: 8_200)), .headTooLarge),
            ("a line without an end", "POST /v1/" + String(repeating: "a", count: 8_200), .headTooLarge),
            (
                "65 headers", "POST /v1/pay HTTP/1.1\r\n" + String(repeating: "a: b\r\n", count: 65) + "\r\n",
                .tooManyHeaders
            ),
        ]
        return cases.map { Hostile(name: $0.0, text: $0.1, fault: $0.2) }
    }()

    @Test("what could be understood in two ways is refused, in one piece and byte by byte", arguments: hostile)
    func refusal(hostile: Hostile) {
        for step in [1, hostile.text.utf8.count] {
            let error = #expect(throws: FramingFault.self) { try read(hostile.text, step: step) }
            #expect(error == hostile.fault, "in pieces of \(step)")
        }
    }

    @Test("64 headers, an 8 KiB head and a 16 KiB body are still accepted")
    func bounds() throws {
        let start = "POST /v1/pay HTTP/1.1\r\nTillbridge-Cloud: A\r\nContent-Length: 16384\r\n"
        let many = start + String(repeating: "a: b\r\n", count: 62) + "\r\n" + String(repeating: "x", count: 16_384)
        #expect(try read(many, step: 1_000).head?.bodyLength == 16_384)
        let filler = String(repeating: "a", count: 8_192 - start.utf8.count - 7)
        let long = start + "X: " + filler + "\r\n\r\n" + String(repeating: "x", count: 16_384)
        #expect(try read(long, step: 1_000).head?.headLength == 8_192)
    }

    @Test("random bytes never stop the process")
    func noise() {
        var state: UInt64 = 20_261_123
        func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33
        }
        let source = Array(Self.pay.utf8)
        var refused = 0
        for _ in 0..<20_000 {
            var bytes = source
            for _ in 0...next() % 4 { bytes[Int(next()) % bytes.count] = UInt8(truncatingIfNeeded: next()) }
            if next() % 3 == 0 { bytes.removeSubrange(0..<Int(next()) % bytes.count) }
            var framer = RequestFramer()
            do { _ = try framer.advance(ByteBuffer(bytes: bytes)) } catch { refused += 1 }
        }
        #expect(refused > 10_000)
    }
}

@Suite("Answers of clouds are read as strictly")
struct AnswerFramerTests {
    private func read(_ text: String, step: Int) throws(FramingFault) -> AnswerHead? {
        var framer = AnswerFramer()
        var buffer = ByteBuffer()
        let bytes = Array(text.utf8)
        var position = 0
        while position < bytes.count {
            let end = min(position + step, bytes.count)
            buffer.writeBytes(bytes[position..<end])
            position = end
            if let head = try framer.advance(buffer) { return head }
        }
        return nil
    }

    @Test("an answer is the same however the reads cut it", arguments: 1...60)
    func pieces(step: Int) throws {
        let text = "HTTP/1.1 409 Conflict\r\nConnection: close\r\ncontent-length: 2\r\n\r\n{}"
        let head = try #require(try read(text, step: step))
        #expect(head == AnswerHead(status: 409, headLength: text.utf8.count - 2, bodyLength: 2, closes: true))
    }

    @Test(
        "an answer whose end is doubtful is no answer",
        arguments: [
            ("HTTP/1.1 200 OK\r\n\r\n", FramingFault.contentLength),
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n{}", .contentLength),
            ("HTTP/1.1 200 OK\r\nContent-Length: 16385\r\n\r\n", .bodyTooLarge),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", .transferEncoding),
            ("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", .statusLine),
            ("HTTP/1.1 304 Not Modified\r\nContent-Length: 0\r\n\r\n", .statusLine),
            ("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", .statusLine),
            ("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", .statusLine),
            ("HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n", .statusLine),
            ("HTTP/1.1 99 OK\r\nContent-Length: 0\r\n\r\n", .statusLine),
            ("HTTP/1.1 200 OK\nContent-Length: 0\r\n\r\n", .bareLineFeed),
            ("HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n", .header),
            ("{\"state\":\"paid\"}\r\n", .statusLine),
        ]
    )
    func refusal(text: String, fault: FramingFault) {
        for step in [1, text.utf8.count] {
            let error = #expect(throws: FramingFault.self) { try read(text, step: step) }
            #expect(error == fault)
        }
    }

    @Test("a status without a phrase is an answer")
    func noPhrase() throws {
        #expect(try read("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", step: 5)?.status == 200)
    }
}
