// Part of Tillbridge. See LICENSE.
import TillDomain

@testable import TillEngine
@testable import TillPlugin
@testable import TillProtocol

/// What clouds and the proxy answer to a plug-in: with a forged signature, and read as if it was the cloud's.
extension FuzzTarget {
    private static let now = Timestamp(milliseconds: 1_795_343_400_000)
    private static let id = MessageID(0, 0)
    private static let line =
        "1|TQF000K703343G7H2000016R|T000123|1290|CNY|28|18|12|1795343400123|9f86d081884c7d65"

    private static let codec: UpstreamCodec? = {
        guard let key = SigningKey(secret: [UInt8](repeating: 1, count: 32)) else { return nil }
        let identity = JSONWriter.object { json in
            json.integer("format", 1)
            json.string("register", Array("QF000K703".utf8))
            json.integer("generation", 1)
            json.string("installation", Array("T".utf8))
            json.string("storeCode", [])
            json.string("storeName", [])
            json.array("keys") { json in
                json.object { json in
                    json.string("id", Array("A.1".utf8))
                    json.string("publicKey", Base64.encode(key.publicKey.bytes))
                }
            }
            json.string("ca", Array("x".utf8))
            json.array("proxies") { $0.string(Array("127.0.0.1:7500".utf8)) }
            json.integer("timeFactorThousandths", 1000)
        }
        return Identity(decoding: identity).map { UpstreamCodec(identity: $0, key: key, acknowledges: true) }
    }()

    /// One call of each kind, all with the same id.
    private static let calls: [UpstreamCodec.Sent] = {
        guard let intent = Intent(line: Array(line.utf8)), let reference = SaleReference("R-1".utf8) else { return [] }
        let refund = TillEngine.RefundRequest(
            reference: reference,
            target: .order(intent.orderNumber),
            amount: Money(fen: 290),
            reason: []
        )
        let hello = HelloFacts(
            epoch: 1,
            sequence: 1,
            journalIndex: 1,
            journalHash: [UInt8](repeating: 0, count: 16),
            open: [],
            unknown: []
        )
        let kinds: [(LaneCall.Kind, Endpoint)] = [
            (.heartbeat(.free), .heartbeat), (.hello(hello), .hello), (.query, .query), (.revoke(.timeout), .revoke),
            (.confirm(implicit: false, journalIndex: 1), .confirm), (.refund(refund, intent.orderNumber), .refund),
        ]
        return kinds.map { kind, endpoint in
            let call = LaneCall(
                id: 1,
                kind: kind,
                cloud: endpoint == .heartbeat ? nil : .a,
                intent: intent,
                home: .a,
                waitMilliseconds: 0,
                timeoutMilliseconds: 1,
                createdAt: now
            )
            let binding = RequestBinding(path: endpoint.wireBytes, contentDigest: ContentDigest.value(of: []))
            return UpstreamCodec.Sent(
                call: call,
                id: id,
                bytes: [],
                binding: endpoint == .heartbeat ? nil : binding
            )
        }
    }()

    private static func answer(_ status: Int, _ body: [UInt8]) -> HTTPResponse {
        HTTPResponse(HTTPResponse.Start(status: status, minorVersion: 1), headers: HTTPHeaders(), body: body)
    }

    private static let head = #""v":1,"id":"00000000000000000000000000","cloud":"A","time":1795343400123"#

    /// Good bodies, one of each message.
    static let bodies: [String] = [
        #"{"v":1,"time":1795343400123,"next":"A","clouds":[{"name":"A","up":true}],"routing":1,"dark":["alipay"]}"#,
        #"{\#(head),"n":"TQF000K703343G7H2000016R","state":"paid","amount":1290,"currency":"CNY","wallet":"alipay","#
            + #""walletTransaction":"1","payer":"a*"}"#,
        #"{\#(head),"n":"TQF000K703343G7H2000016R","state":"pending","waitingFor":"shopper"}"#,
        #"{\#(head),"n":"TQF000K703343G7H2000016R","state":"revoking","step":"verifying","nextSeconds":3}"#,
        #"{\#(head),"n":"TQF000K703343G7H2000016R","state":"revoked","kind":"closed"}"#,
        #"{\#(head),"n":"TQF000K703343G7H2000016R","state":"confirmed"}"#,
        #"{\#(head),"n":"TQF000K703343G7H2000016R","reference":"R-1","state":"done","#
            + #""refundNumber":"TQF000K703343G7H2000016RR01","refunded":290}"#,
        #"{\#(head),"sequence":1,"journalIndex":1,"open":[{"n":"TQF000K703343G7H2000016R","state":"unknown"}],"#
            + #""routing":{"version":1,"signLength":2,"rules":[{"low":"25","high":"30","minLength":16,"maxLength":24,"#
            + #""wallet":"alipay","enabled":true}]},"configuration":{"version":1,"amountLimit":500000,"#
            + #""refundLimit":0,"supervisors":[],"enabled":true},"keys":[],"ca":"x","timeFactorThousandths":1000}"#,
        #"{"type":"/problems/busy","title":"busy","status":503,"detail":"x"}"#,
    ]

    /// A whole answer, headers of a signature included.
    private static let forged =
        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n"
        + "Content-Digest: sha-256=:RBNvo1WzZ4oRRq0W9+hknpT7T8If536DEMBg9hyq/4o=:\r\n"
        + "Signature-Input: tb=(\"@status\" \"content-digest\" \"@path\";req \"content-digest\";req)"
        + ";created=1795343400;keyid=\"A.1\";alg=\"ecdsa-p256-sha256\"\r\n"
        + "Signature: tb=:\(String(repeating: "A", count: 86))==:\r\n\r\n{}"

    static let plugin: [FuzzTarget] = [
        FuzzTarget("plugin-answer", seeds: bodies + [forged]) { bytes in
            guard let codec, !calls.isEmpty else { fatalError("there is no call") }
            var parser = HTTPResponseParser()
            parser.feed(bytes)
            if let response = try? parser.next() {
                let accepted = try? codec.decode(response, to: calls[2], now: now)
                require(accepted == nil, "a forgery is an answer")
            }
            _ = try? codec.decode(answer(503, bytes), to: calls[0], now: now)
            for sent in calls {
                if sent.binding != nil {
                    let accepted = try? codec.decode(answer(200, bytes), to: sent, now: now)
                    require(accepted == nil, "an answer needs no signature")
                }
                guard let read = try? codec.read(answer(200, bytes), to: sent) else { continue }
                if case .payment(let payment) = read.result, case .paid(let paid) = payment.state {
                    require(paid.amount.fen >= 0, "an amount is negative")
                }
                guard let hello = read.hello else { continue }
                var identity = codec.identity
                _ = identity.learn(hello)
                require(identity.keys.count <= 64, "there are too many keys")
                require(Identity(decoding: identity.encode()) == identity, "what was learned is not read again")
            }
        }
    ]
}
