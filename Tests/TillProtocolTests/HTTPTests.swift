// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain
import TillProtocol

@Suite struct HTTPRequestTests {
    private static let post =
        "POST /v1/payments?x=1 HTTP/1.1\r\nHost: 127.0.0.1:7600\r\nContent-Type: application/json\r\n"
        + "Content-Length: 7\r\nX-Empty:\r\nX-Blank: \t a b \t\r\n\r\n{\"a\":1}"

    private func parse(_ source: [UInt8], limits: HTTPLimits = .wire) throws -> HTTPRequest? {
        var parser = HTTPRequestParser(limits: limits)
        parser.feed(source)
        return try parser.next()
    }

    private func parse(_ source: String) throws -> HTTPRequest? { try parse(utf8(source)) }

    /// A request with some header lines.
    private func get(_ lines: String, version: String = "1.1") throws -> HTTPRequest? {
        try parse("GET / HTTP/\(version)\r\n\(lines)\r\n")
    }

    @Test("a request is read, however its bytes are cut")
    func pieces() throws {
        let bytes = utf8(Self.post)
        for cut in 0...bytes.count {
            var parser = HTTPRequestParser()
            parser.feed(bytes[..<cut])
            let early = try parser.next()
            #expect((early != nil) == (cut == bytes.count))
            parser.feed(bytes[cut...])
            guard let request = try early ?? parser.next() else {
                Issue.record("not read when cut at \(cut)")
                continue
            }
            #expect(text(request.method) == "POST")
            #expect(text(request.target) == "/v1/payments?x=1")
            #expect(text(request.path) == "/v1/payments")
            #expect(request.query == utf8("x=1"))
            #expect(request.body == utf8("{\"a\":1}"))
            #expect(request.headers.first("x-empty") == [])
            #expect(request.headers.first("x-blank") == utf8("a b"))
            #expect(request.headers.only("host") == utf8("127.0.0.1:7600"))
            #expect(request.keepsAlive)
            #expect(!parser.isInsideMessage)
        }
    }

    @Test("byte by byte it is the same request")
    func singleBytes() throws {
        var parser = HTTPRequestParser()
        var requests: [HTTPRequest] = []
        for byte in utf8(Self.post + Self.post) {
            parser.feed([byte])
            if let request = try parser.next() { requests.append(request) }
        }
        #expect(requests.count == 2)
        #expect(requests.first == requests.last)
    }

    @Test("what follows a request stays for the next one")
    func pipelining() throws {
        var parser = HTTPRequestParser()
        let second = "GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n"
        parser.feed(utf8(Self.post + second + Self.post.prefix(10)))
        #expect(try parser.next()?.path == utf8("/v1/payments"))
        #expect(try parser.next()?.path == utf8("/v1/status"))
        #expect(try parser.next() == nil)
        #expect(parser.isInsideMessage)
        parser.feed(utf8(String(Self.post.dropFirst(10))))
        #expect(try parser.next()?.body == utf8("{\"a\":1}"))
    }

    @Test("keep-alive is the rule in 1.1 and the exception in 1.0")
    func keepAlive() throws {
        #expect(try get("Host: x\r\n")?.keepsAlive == true)
        #expect(try get("Host: x\r\nConnection: close\r\n")?.keepsAlive == false)
        #expect(try get("Host: x\r\nConnection: Upgrade, Close\r\n")?.keepsAlive == false)
        #expect(try get("", version: "1.0")?.keepsAlive == false)
        #expect(try get("Connection: keep-alive\r\n", version: "1.0")?.keepsAlive == true)
        #expect(try get("Connection: keep-alive, close\r\n", version: "1.0")?.keepsAlive == false)
    }

    @Test("path segments are unescaped one by one")
    func segments() throws {
        let segments = { (target: String) in
            try parse("GET \(target) HTTP/1.1\r\nHost: x\r\n\r\n")?.segments.map { $0.map { text($0) } }
        }
        #expect(try segments("/v1/payments/T%3A1/acknowledge?a=/") == ["v1", "payments", "T:1", "acknowledge"])
        #expect(try segments("/") == [""])
        #expect(try segments("/a%2Fb//c") == ["a/b", "", "c"])
        for broken in ["/%", "/%4", "/%zz", "/a%2"] {
            let request = try #require(try parse("GET \(broken) HTTP/1.1\r\nHost: x\r\n\r\n"))
            #expect(request.segments == nil)
        }
    }

    @Test(
        "the first line has one form",
        arguments: [
            ("GET  / HTTP/1.1", HTTPError.startLine), (" GET / HTTP/1.1", .startLine), ("GET / HTTP/1.1 ", .startLine),
            ("GET /", .startLine), ("GET", .startLine), ("GET / a HTTP/1.1", .startLine),
            ("G\"T / HTTP/1.1", .startLine),
            ("GET http://x/ HTTP/1.1", .startLine), ("GET * HTTP/1.1", .startLine), ("GET /é HTTP/1.1", .startLine),
            ("GET /#a HTTP/1.1", .startLine), ("GET / http/1.1", .startLine), ("GET / FTP/1.1", .startLine),
            ("GET / HTTP/2.0", .version), ("GET / HTTP/1.2", .version), ("GET / HTTP/1.10", .version),
            ("GET\t/ HTTP/1.1", .startLine), ("AVERYVERYLONGMETHODNAME / HTTP/1.1", .startLine),
            ("GET /\u{1} HTTP/1.1", .header),
        ]
    )
    func firstLine(line: String, error: HTTPError) {
        #expect(throws: error) { try parse("\(line)\r\nHost: x\r\n\r\n") }
    }

    @Test(
        "header lines have one form",
        arguments: [
            ("Host : x\r\n", HTTPError.header), (" Host: x\r\n", .header), ("Host: x\r\n folded\r\n", .header),
            ("Host: x\r\n\tfolded\r\n", .header), (": x\r\n", .header), ("Host\r\n", .header),
            ("Ho st: x\r\n", .header),
            ("Host: x\n", .header), ("Host: x\r", .header), ("Host: a\rb\r\n", .header), ("Host: a\u{0}b\r\n", .header),
            ("Host: a\u{7f}b\r\n", .header), ("X(): y\r\nHost: x\r\n", .header), ("é: y\r\nHost: x\r\n", .header),
            ("", .host), ("Host: x\r\nHost: x\r\n", .host), ("Host: x\r\nhost: y\r\n", .host),
            ("Host: x\r\nExpect: 100-continue\r\n", .expectation),
            ("Host: x\r\nTransfer-Encoding: chunked\r\n", .transferEncoding),
            ("Host: x\r\nTransfer-Encoding: identity\r\nContent-Length: 0\r\n", .transferEncoding),
            ("Host: x\r\nContent-Length: 1\r\nContent-Length: 1\r\n", .contentLength),
            ("Host: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n", .contentLength),
            ("Host: x\r\nContent-Length: 1, 1\r\n", .contentLength),
            ("Host: x\r\nContent-Length: -1\r\n", .contentLength),
            ("Host: x\r\nContent-Length: +1\r\n", .contentLength),
            ("Host: x\r\nContent-Length: 1 1\r\n", .contentLength),
            ("Host: x\r\nContent-Length: 0x1\r\n", .contentLength),
            ("Host: x\r\nContent-Length: 01\r\n", .contentLength),
            ("Host: x\r\nContent-Length:\r\n", .contentLength), ("Host: x\r\nContent-Length: 1.0\r\n", .contentLength),
            ("Host: x\r\nContent-Length: １\r\n", .contentLength),
            ("Host: x\r\nContent-Length: 16385\r\n", .bodyTooLarge),
            ("Host: x\r\nContent-Length: 99999999999999999999999\r\n", .bodyTooLarge),
            ("Host: x\r\nContent-Length: 9223372036854775808\r\n", .bodyTooLarge),
        ]
    )
    func headerLines(lines: String, error: HTTPError) {
        #expect(throws: error) { try get(lines) }
    }

    @Test("a POST tells its length; a GET may have none")
    func lengths() throws {
        #expect(throws: HTTPError.lengthRequired) { try parse("POST / HTTP/1.1\r\nHost: x\r\n\r\n") }
        #expect(throws: HTTPError.lengthRequired) { try parse("PUT / HTTP/1.1\r\nHost: x\r\n\r\n") }
        #expect(try get("Host: x\r\n")?.body == [])
        #expect(try parse("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n")?.body == [])
    }

    @Test("a header section above 8 KiB, or of more than 64 fields, is refused, finished or not")
    func largeHead() throws {
        let padding = String(repeating: "a", count: 8_000)
        #expect(throws: HTTPError.headerTooLarge) {
            try parse("GET / HTTP/1.1\r\nHost: x\r\nX: \(padding)\r\nY: \(padding)\r\n\r\n")
        }
        #expect(throws: HTTPError.headerTooLarge) { try parse("GET /" + padding + padding) }
        let many = { (count: Int) in (0..<count).map { "X\($0): y\r\n" }.joined() }
        #expect(try get("Host: x\r\n" + many(63)) != nil)
        #expect(throws: HTTPError.headerTooLarge) { try get("Host: x\r\n" + many(64)) }
        // Exactly at the limit.
        let start = "GET / HTTP/1.1\r\nHost: x\r\nX: "
        let fill = { (size: Int) in start + String(repeating: "a", count: size - start.utf8.count - 4) + "\r\n\r\n" }
        #expect(try parse(fill(8_192)) != nil)
        #expect(throws: HTTPError.headerTooLarge) { try parse(fill(8_193)) }
    }

    @Test("a body may be as large as the limit")
    func largeBody() throws {
        let body = [UInt8](repeating: 120, count: 16_384)
        let head = utf8("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 16384\r\n\r\n")
        #expect(try parse(head + body)?.body.count == 16_384)
        #expect(throws: HTTPError.bodyTooLarge) { try parse(head, limits: HTTPLimits(body: 16_383)) }
    }

    @Test("one empty line in front of a request is forgiven, two are not")
    func leadingLine() throws {
        #expect(try parse("\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n")?.path == utf8("/"))
        #expect(throws: HTTPError.startLine) { try parse("\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n") }
        #expect(throws: HTTPError.header) { try parse("\nGET / HTTP/1.1\r\nHost: x\r\n\r\n") }
        var parser = HTTPRequestParser()
        for byte in utf8("\r\n\r\n") { parser.feed([byte]) }
        #expect(throws: HTTPError.startLine) { try parser.next() }
    }

    @Test("so is it where the bytes come one by one, and once for each message")
    func leadingLineInPieces() throws {
        func paths(_ text: String) throws -> [[UInt8]] {
            var parser = HTTPRequestParser()
            return try utf8(text).compactMap { byte in
                parser.feed([byte])
                return try parser.next()?.path
            }
        }
        let message = "\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n"
        #expect(try paths(message + message) == [utf8("/"), utf8("/")])
        #expect(throws: HTTPError.startLine) { try paths("\r\n" + message) }
        #expect(throws: HTTPError.startLine) { try paths(message + "\r\n" + message) }
    }

    @Test("after an error the connection is dead, whatever comes")
    func errorsStay() throws {
        var parser = HTTPRequestParser()
        parser.feed(utf8("BAD\r\n\r\n"))
        #expect(throws: HTTPError.startLine) { try parser.next() }
        parser.feed(utf8(Self.post))
        #expect(throws: HTTPError.startLine) { try parser.next() }
    }

    @Test("every error has a status and a sentence")
    func statuses() {
        let all: [(HTTPError, Int)] = [
            (.startLine, 400), (.version, 505), (.header, 400), (.headerTooLarge, 431), (.host, 400),
            (.contentLength, 400), (.lengthRequired, 411), (.bodyTooLarge, 413), (.transferEncoding, 501),
            (.expectation, 417),
        ]
        for (error, status) in all {
            #expect(error.status == status)
            #expect(error.detail.utf8CodeUnitCount > 10)
            #expect(Problem(error).status == status)
        }
    }

    @Test("thousands of mutated requests never trap, and cutting them changes nothing")
    func mutations() throws {
        var generator = SeededGenerator(seed: 50)
        let seed = utf8(Self.post + "GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n")
        let alphabet = utf8("\r\n :;,0129-+azAZ/?%\t\u{0}\u{7f}é")
        var read = 0
        for _ in 0..<4_000 {
            var bytes = seed
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let index = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0...2, using: &generator) {
                case 0: bytes[index] = alphabet.randomElement(using: &generator) ?? 0
                case 1: bytes.remove(at: index)
                default: bytes.insert(alphabet.randomElement(using: &generator) ?? 0, at: index)
                }
            }
            let whole = transcript(of: bytes, pieces: [bytes.count])
            let cuts = [Int.random(in: 0...bytes.count, using: &generator), bytes.count]
            #expect(transcript(of: bytes, pieces: cuts) == whole)
            if !whole.requests.isEmpty { read += 1 }
        }
        #expect(read > 400)
    }

    private struct Transcript: Equatable {
        var requests: [HTTPRequest] = []
        var error: HTTPError?
    }

    /// Feeds up to each end in turn and drains after each.
    private func transcript(of bytes: [UInt8], pieces ends: [Int]) -> Transcript {
        var transcript = Transcript()
        var parser = HTTPRequestParser()
        var start = 0
        for end in ends {
            parser.feed(bytes[start..<end])
            start = end
            do throws(HTTPError) {
                while let request = try parser.next() { transcript.requests.append(request) }
            } catch {
                transcript.error = error
            }
        }
        return transcript
    }
}

@Suite struct HTTPResponseTests {
    private func parse(_ source: String) throws -> HTTPResponse? {
        var parser = HTTPResponseParser()
        parser.feed(utf8(source))
        return try parser.next()
    }

    @Test("responses are read")
    func reads() throws {
        let response = try #require(try parse("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nA: b\r\n\r\n{}"))
        #expect(response.status == 200)
        #expect(response.body == utf8("{}"))
        #expect(response.keepsAlive)
        #expect(try parse("HTTP/1.1 503 \r\nContent-Length: 0\r\n\r\n")?.status == 503)
        #expect(try parse("HTTP/1.1 503\r\nContent-Length: 0\r\n\r\n")?.status == 503)
        #expect(try parse("HTTP/1.1 204 No Content\r\n\r\n")?.body == [])
        #expect(try parse("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n")?.keepsAlive == false)
        #expect(try parse("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")?.keepsAlive == false)
        #expect(try parse("HTTP/1.1 200 好\r\nContent-Length: 0\r\n\r\n")?.status == 200)
    }

    @Test(
        "what is no answer",
        arguments: [
            ("HTTP/1.1 100 Continue\r\n\r\n", HTTPError.startLine), ("HTTP/1.1 099 X\r\n\r\n", .startLine),
            ("HTTP/1.1 600 X\r\n\r\n", .startLine), ("HTTP/1.1 20 OK\r\n\r\n", .startLine),
            ("HTTP/1.1 2000 OK\r\n\r\n", .startLine), ("HTTP/1.1  200 OK\r\n\r\n", .startLine),
            ("HTTP/2.0 200 OK\r\n\r\n", .version), ("ICY 200 OK and more\r\n\r\n", .startLine),
            ("\r\n\r\n", .startLine),
            ("HTTP/1.1 200 OK\r\n\r\n", .lengthRequired),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", .transferEncoding),
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 2\r\n\r\n", .contentLength),
            ("HTTP/1.1 200 OK\r\nContent-Length: 16385\r\n\r\n", .bodyTooLarge), ("HTTP/1.1 200 OK\n\n", .header),
        ]
    )
    func refused(source: String, error: HTTPError) {
        #expect(throws: error) { try parse(source) }
    }

    @Test("what the serialisers write, the parsers read")
    func roundTrip() throws {
        var headers = HTTPHeaders()
        headers.add("Content-Type", MediaType.json)
        headers.add("X-Note", "a: b")
        let body = utf8("{\"v\":1}")
        let sent = HTTPSerializer.request(
            method: "POST",
            target: utf8("/v1/pay"),
            host: utf8("[::1]:7500"),
            headers: headers,
            body: body
        )
        var requests = HTTPRequestParser()
        requests.feed(sent + sent)
        for _ in 0..<2 {
            let request = try #require(try requests.next())
            #expect(request.method == utf8("POST"))
            #expect(request.path == utf8("/v1/pay"))
            #expect(request.headers.only("host") == utf8("[::1]:7500"))
            #expect(request.headers.only("x-note") == utf8("a: b"))
            #expect(request.body == body)
        }
        for status in [
            200, 202, 400, 401, 403, 404, 405, 408, 409, 411, 413, 415, 417, 429, 431, 500, 501, 503, 504, 505,
        ] {
            let closes = status >= 500
            var responses = HTTPResponseParser()
            responses.feed(HTTPSerializer.response(status: status, headers: headers, body: body, closes: closes))
            let response = try #require(try responses.next())
            #expect(response.status == status)
            #expect(response.body == body)
            #expect(response.keepsAlive == !closes)
            #expect(response.headers.only("content-type") == utf8("application/json"))
            #expect(HTTPStatus.reason(status).utf8CodeUnitCount > 1)
        }
    }

    @Test("a value cannot break a line")
    func injection() throws {
        var headers = HTTPHeaders()
        headers.add("X", utf8("a\r\nSet-Cookie: b\0"))
        let bytes = HTTPSerializer.response(status: 200, headers: headers, body: [])
        var parser = HTTPResponseParser()
        parser.feed(bytes)
        let response = try #require(try parser.next())
        #expect(response.headers.fields.count == 2)
        #expect(response.headers.first("x") == utf8("a  Set-Cookie: b"))
    }

    @Test("random bytes never trap")
    func noise() {
        var generator = SeededGenerator(seed: 51)
        for _ in 0..<3_000 {
            var parser = HTTPResponseParser()
            parser.feed(utf8("HTTP/1.1 200 OK\r\n") + generator.bytes(Int.random(in: 0...60, using: &generator)))
            _ = try? parser.next()
            parser = HTTPResponseParser()
            parser.feed(generator.bytes(Int.random(in: 0...60, using: &generator)))
            _ = try? parser.next()
        }
    }
}
