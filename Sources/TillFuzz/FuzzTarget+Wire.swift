// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

@testable import TillProtocol

/// What plug-ins, proxies and clouds send to each other, and what lies on a register's disk.
extension FuzzTarget {
    private static func check<Message: WireMessage>(_ type: Message.Type, _ object: JSONObject) {
        guard let message = try? Message(object) else { return }
        require((try? Message(decoding: message.encode())) == message, "what was read is not read again")
    }

    /// The first byte says into how many pieces the rest is cut.
    private static func parse<Message: HTTPMessage & Equatable>(_ type: Message.Type, _ bytes: [UInt8]) {
        func messages(_ size: Int) -> [Message] {
            var parser = HTTPParser<Message>()
            var found: [Message] = []
            var rest = bytes.dropFirst()[...]
            while !rest.isEmpty {
                parser.feed(rest.prefix(size))
                rest = rest.dropFirst(size)
                do {
                    while let message = try parser.next() { found.append(message) }
                } catch { return found }
            }
            return found
        }
        let whole = messages(.max)
        require(messages(1 + Int(bytes.first ?? 0) % 32) == whole, "pieces are read in another way")
    }

    private static let intent =
        "1|TQF000K703343G7H2000016R|S-1|1290|CNY|28|18|1|1795343400000|9f86d081884c7d65"
    private static let hash = String(repeating: "00", count: 32)
    private static let head = #""v":1,"id":"00000000000000000000000000","cloud":"A","time":1795343400123"#
    private static let request = """
        \u{7}POST /v1/payments HTTP/1.1\r\nHost: 127.0.0.1:7600\r\nAuthorization: Bearer x\r\n\
        Content-Type: application/json\r\nContent-Length: 78\r\n\r\n\
        {"saleRef":"S-1","amount":1290,"currency":"CNY","paymentCode":"28345678901234"}
        """

    static let wire: [FuzzTarget] = [
        FuzzTarget("http-request", seeds: [request]) { parse(HTTPRequest.self, $0) },
        FuzzTarget(
            "http-response",
            seeds: ["\u{3}HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 7\r\n\r\n{\"v\":1}"]
        ) { parse(HTTPResponse.self, $0) },
        FuzzTarget("wire-json", corpus: ["docs/wire.md"], seeds: [#"{"v":1,"a":[1,-2,"\u00e9",true,null]}"#]) { bytes in
            _ = try? JSONObject(parsing: bytes)
            _ = try? JSONObject(parsing: bytes, limits: JSONLimits(depth: 16, members: 500, allowsFractions: true))
        },
        FuzzTarget(
            "wire-messages",
            seeds: bodies + [
                #"{\#(head),"intent":"\#(intent)","home":"A","send":1,"code":"281234567890123456","operator":"ann","#
                    + #""items":[{"sku":"1","name":"milk","quantity":2,"unitPrice":645}],"reason":"timeout","#
                    + #""implicit":false,"journalIndex":1,"wait":1000}"#,
                #"{\#(head),"n":"TQF000K703343G7H2000016R","reference":"R-1","amount":290,"reason":"x","operator":"a"}"#,
                #"{\#(head),"register":"QF000K703","lane":"free"}"#,
                #"{"v":1,"registers":["QF000K703","QF000K704"]}"#,
                #"{\#(head),"epoch":1,"sequence":2,"journalIndex":3,"journalHash":"\#(hash.prefix(32))","version":"1","#
                    + #""acknowledges":true,"open":["TQF000K703343G7H2000016R"],"#
                    + #""unknown":[{"prefix":"44","length":18,"count":3}]}"#,
                #"{\#(head),"after":0,"limit":10,"wait":0,"routing":1}"#,
                #"{\#(head),"entries":[{"sequence":1,"time":1,"kind":"store","key":"QF00001","body":"{}","#
                    + #""hash":"\#(hash)"}],"promotedAt":0}"#,
                #"{\#(head),"code":"K7Q2","publicKey":"BA\#(String(repeating: "A", count: 85))=","proof":"\#(hash)","#
                    + #""version":"1","acknowledges":true}"#,
            ]
        ) { bytes in
            guard let object = try? JSONObject(parsing: bytes, limits: .wire) else { return }
            check(PayRequest.self, object)
            check(QueryRequest.self, object)
            check(RevokeRequest.self, object)
            check(ConfirmRequest.self, object)
            check(PaymentAnswer.self, object)
            check(UndoAnswer.self, object)
            check(ConfirmAnswer.self, object)
            check(RefundRequest.self, object)
            check(RefundAnswer.self, object)
            check(ActivationRequest.self, object)
            check(ActivationAnswer.self, object)
            check(PeerLogRequest.self, object)
            check(PeerLogAnswer.self, object)
            check(HelloRequest.self, object)
            check(HelloAnswer.self, object)
            check(HeartbeatRequest.self, object)
            check(HeartbeatAnswer.self, object)
            check(PresenceReport.self, object)
            _ = try? Problem(decoding: bytes)
            _ = try? RoutingDocument(decoding: bytes)
            _ = try? ConfigurationDocument(decoding: bytes)
        },
        FuzzTarget(
            "wire-words",
            seeds: [intent, "TQF000K703343G7H2000016R", "9f86d081884c7d65", "AAAAAAAAAAAAAAAAAAAAAA", "28345678901234"]
        ) { bytes in
            if let intent = Intent(line: bytes) { require(Intent(line: intent.line) == intent, "an intent changed") }
            if let number = OrderNumber(bytes) { require(number.bytes == bytes, "a number is written otherwise") }
            if let key = KeyID(bytes) { require(key.bytes == bytes, "a key's name is written otherwise") }
            _ = RefundNumber(bytes)
            _ = Endpoint(path: bytes)
            _ = Decimal.parse(bytes)
            _ = PaymentCode(scanned: bytes)
            if let plain = Base64.decode(bytes) {
                require(Base64.decode(Base64.encode(plain)) == plain, "Base64 changed")
            }
            if let plain = Hex.decode(bytes) { require(Hex.decode(Hex.encode(plain)) == plain, "hex changed") }
        },
        FuzzTarget("journal", seeds: [String(repeating: "\u{40}\u{0}\u{0}\u{0}", count: 32)]) { bytes in
            var records = 0
            let (_, _, offset) = JournalCodec.read(bytes, after: nil) { _ in records += 1 }
            require(offset <= bytes.count && records <= bytes.count / 8, "more was read than there is")
            // A good segment that was cut, or of which bytes were changed.
            var writer = JournalWriter()
            var segment: [UInt8] = []
            for index in 0..<4 {
                let entry = JournalEntry(
                    kind: JournalKind.allCases[index % JournalKind.allCases.count],
                    flags: 0,
                    time: Timestamp(milliseconds: 1_795_343_400_000),
                    payload: Array(bytes.prefix(64))
                )
                segment += writer.encode(entry)
            }
            for (place, byte) in bytes.prefix(8).enumerated() where byte & 1 == 1 {
                segment[(place * 131 + Int(byte) * 7) % segment.count] ^= byte
            }
            _ = JournalCodec.read(segment, after: nil) { _ in }
        },
    ]
}
