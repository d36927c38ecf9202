// Part of Tillbridge. See LICENSE.
import Crypto
import Testing
import TillDomain
import TillProtocol

/// The written forms of `docs/wire.md`, sections 5 to 9, and what their receivers make of surprises.
@Suite struct MessageFormTests {
    private static let head =
        "\"id\":\"7QK2M4T9XW3P8DHC5NRA6V0BEF\",\"n\":\"TQF000K703343G7H2000016R\",\"cloud\":\"A\",\"time\":1795343404010"

    private func decodePayment(_ rest: String) throws -> PaymentState {
        try PaymentAnswer(decoding: utf8("{\"v\":1,\(Self.head),\(rest)}")).state
    }

    private func decodeUndo(_ rest: String) throws -> UndoState {
        try UndoAnswer(decoding: utf8("{\"v\":1,\(Self.head),\(rest)}")).state
    }

    @Test("the heartbeat examples")
    func heartbeat() throws {
        let request = HeartbeatRequest(register: try Sample.register(), lane: .free)
        #expect(text(request.encode()) == "{\"v\":1,\"register\":\"QF000K703\",\"lane\":\"free\"}")
        let source =
            "{\"v\":1,\"time\":1795343400123,\"next\":\"A\",\"clouds\":[{\"name\":\"A\",\"up\":true},"
            + "{\"name\":\"B\",\"up\":true}],\"routing\":12,\"configuration\":7,\"dark\":[\"wechatpay\"]}"
        let answer = try HeartbeatAnswer(decoding: utf8(source))
        #expect(answer.next == .a)
        #expect(answer.clouds == [.init(name: .a, isUp: true), .init(name: .b, isUp: true)])
        #expect(answer.routing == 12)
        #expect(answer.configuration == 7)
        #expect(answer.dark == [.weChatPay])
        #expect(text(answer.encode()) == source)
    }

    @Test("a cloud that this build does not know is left out, not trusted")
    func unknownCloud() throws {
        let answer = try HeartbeatAnswer(
            decoding: utf8(
                "{\"v\":1,\"time\":1,\"next\":\"C\",\"clouds\":[{\"name\":\"C\",\"up\":true},{\"name\":\"A\",\"up\":false}]}"
            )
        )
        #expect(answer.next == nil)
        #expect(answer.clouds == [.init(name: .a, isUp: false)])
        #expect(answer.dark.isEmpty)
    }

    @Test("names that a newer cloud may use decode to what the receiver treats as unknown")
    func newerNames() throws {
        #expect(try decodePayment("\"state\":\"on-hold\"") == .other(utf8("on-hold")))
        #expect(try decodePayment("\"state\":\"declined\",\"reason\":\"moon\"") == .declined(.other(utf8("moon"))))
        #expect(try decodePayment("\"state\":\"refused\",\"reason\":\"moon\"") == .refused(.other(utf8("moon"))))
        #expect(try decodePayment("\"state\":\"pending\",\"waitingFor\":\"moon\"") == .pending(nil))
        #expect(try decodePayment("\"state\":\"pending\"") == .pending(nil))
        #expect(try decodeUndo("\"state\":\"asleep\"") == .other(utf8("asleep")))
        #expect(try decodeUndo("\"state\":\"revoked\",\"kind\":\"moon\"") == .revoked(kind: .other(utf8("moon"))))
        #expect(
            try decodeUndo("\"state\":\"revoking\",\"step\":\"moon\",\"nextSeconds\":3")
                == .revoking(step: .other(utf8("moon")), nextSeconds: 3)
        )
        let paid =
            "\"state\":\"paid\",\"amount\":1,\"currency\":\"CNY\",\"wallet\":\"moonpay\",\"walletTransaction\":\"1\""
        guard case .paid(let facts) = try decodePayment(paid) else {
            Issue.record("not paid")
            return
        }
        #expect(facts.wallet.description == "moonpay")
    }

    @Test("names that nobody has told us of, and more members, are ignored")
    func moreMembers() throws {
        #expect(try decodePayment("\"state\":\"conflict\",\"mood\":{\"a\":[1]},\"reason\":null") == .conflict)
    }

    @Test(
        "paid always comes with amount, currency, wallet and transaction",
        arguments: [
            (
                "\"currency\":\"CNY\",\"wallet\":\"alipay\",\"walletTransaction\":\"1\"",
                JSONError.missing(field: utf8("amount"))
            ),
            (
                "\"amount\":0,\"currency\":\"CNY\",\"wallet\":\"alipay\",\"walletTransaction\":\"1\"",
                .invalid(field: utf8("amount"))
            ),
            (
                "\"amount\":-1,\"currency\":\"CNY\",\"wallet\":\"alipay\",\"walletTransaction\":\"1\"",
                .invalid(field: utf8("amount"))
            ),
            ("\"amount\":1,\"wallet\":\"alipay\",\"walletTransaction\":\"1\"", .missing(field: utf8("currency"))),
            (
                "\"amount\":1,\"currency\":\"USD\",\"wallet\":\"alipay\",\"walletTransaction\":\"1\"",
                .invalid(field: utf8("currency"))
            ),
            ("\"amount\":1,\"currency\":\"CNY\",\"walletTransaction\":\"1\"", .missing(field: utf8("wallet"))),
            ("\"amount\":1,\"currency\":\"CNY\",\"wallet\":\"alipay\"", .missing(field: utf8("walletTransaction"))),
            (
                "\"amount\":1,\"currency\":\"CNY\",\"wallet\":\"alipay\",\"walletTransaction\":\"\"",
                .invalid(field: utf8("walletTransaction"))
            ),
        ]
    )
    func paidFacts(rest: String, error: JSONError) {
        #expect(throws: error) { try decodePayment("\"state\":\"paid\",\(rest)") }
    }

    @Test("an answer without its state, number, cloud, time or reason is none")
    func incomplete() {
        #expect(throws: JSONError.missing(field: utf8("state"))) { try decodePayment("\"x\":1") }
        #expect(throws: JSONError.missing(field: utf8("reason"))) { try decodePayment("\"state\":\"declined\"") }
        #expect(throws: JSONError.missing(field: utf8("reason"))) { try decodePayment("\"state\":\"refused\"") }
        #expect(throws: JSONError.missing(field: utf8("kind"))) { try decodeUndo("\"state\":\"revoked\"") }
        #expect(throws: JSONError.missing(field: utf8("nextSeconds"))) { try decodeUndo("\"state\":\"duty\"") }
        for name in ["id", "n", "cloud", "time"] {
            let source = "{\"v\":1,\(Self.head),\"state\":\"unknown\"}".replacing("\"\(name)\":", with: "\"no\":")
            #expect(throws: JSONError.missing(field: utf8(name))) { try PaymentAnswer(decoding: utf8(source)) }
        }
        #expect(throws: JSONError.invalid(field: utf8("cloud"))) {
            try PaymentAnswer(
                decoding: utf8("{\"v\":1,\(Self.head),\"state\":\"unknown\"}".replacing("\"A\"", with: "\"C\""))
            )
        }
    }

    @Test("the payment code must be the one the intent speaks of")
    func codeOfTheIntent() throws {
        let body = { (code: String) in
            utf8(
                "{\"v\":1,\"id\":\"7QK2M4T9XW3P8DHC5NRA6V0BEF\",\"intent\":\"\(Sample.intentLine)\",\"home\":\"A\","
                    + "\"send\":1,\"code\":\"\(code)\",\"wait\":2500}"
            )
        }
        #expect(try PayRequest(decoding: body("286344382566439412")).code.secret == utf8("286344382566439412"))
        for other in ["276344382566439412", "2863443825664394123", "28634438256643941", ""] {
            #expect(throws: JSONError.invalid(field: utf8("code"))) { try PayRequest(decoding: body(other)) }
        }
    }

    @Test("a basket that does not fit 16 KiB is left out, never the sale")
    func basket() throws {
        var maker = MessageMaker(seed: 70)
        let pay = maker.pay()
        let item = BasketItem(
            sku: utf8("6901234567892"),
            name: [UInt8](repeating: 97, count: 256),
            quantity: 1,
            unitPrice: Money(fen: 100)
        )
        let large = PayRequest(
            id: pay.id,
            intent: pay.intent,
            home: pay.home,
            send: 1,
            code: pay.code,
            operatorName: [],
            items: [BasketItem](repeating: item, count: 100),
            wait: 2500
        )
        #expect(large.encode().count > 16_384)
        #expect(large.fitted().encode().count < 16_384)
        #expect(large.fitted().items.isEmpty)
        #expect(large.fitted().intent == large.intent)
        #expect(pay.fitted() == pay)
        #expect(throws: JSONError.invalid(field: utf8("items"))) {
            try PayRequest(
                decoding: PayRequest(
                    id: pay.id,
                    intent: pay.intent,
                    home: pay.home,
                    send: 1,
                    code: pay.code,
                    operatorName: [],
                    items: [BasketItem](repeating: item, count: 101),
                    wait: 2500
                ).encode()
            )
        }
    }

    @Test("the largest HELLO answer that its limits allow fits a body")
    func helloSize() throws {
        var maker = MessageMaker(seed: 71)
        var rules: [SignFlagRule] = []
        for index in 0..<SignFlagTable.maxRules {
            rules.append(
                SignFlagRule(
                    low: utf8("10"),
                    high: utf8("15"),
                    minLength: 16 + index,
                    maxLength: 16 + index,
                    wallet: .weChatPay,
                    enabled: true
                )
            )
        }
        let table = try SignFlagTable(version: 1_000, signLength: 2, rules: rules)
        let supervisors = (0..<ConfigurationDocument.maxSupervisors).map { _ in
            Supervisor(
                id: [UInt8](repeating: 97, count: 16),
                salt: maker.generator.bytes(16),
                hash: maker.generator.bytes(32)
            )
        }
        let open = (0..<HelloAnswer.maxOpen / 2).map { _ in
            HelloAnswer.Open(orderNumber: maker.orderNumber(), state: .known(.revoking))
        }
        let answer = HelloAnswer(
            head: maker.head(),
            sequence: 1,
            journalIndex: 1,
            open: open,
            routing: RoutingDocument(table),
            configuration: ConfigurationDocument(
                version: 7,
                amountLimit: Money(fen: 500_000),
                refundLimit: .zero,
                supervisors: supervisors,
                isEnabled: true
            ),
            keys: maker.keys(),
            authority: [UInt8](repeating: 65, count: 1024),
            times: ProtocolTimes()
        )
        #expect(answer.encode().count < HTTPLimits.wire.body)
        #expect(try HelloAnswer(decoding: answer.encode()) == answer)
    }

    @Test("the routing and configuration examples")
    func documents() throws {
        let routing =
            "{\"version\":12,\"signLength\":2,\"rules\":[{\"low\":\"25\",\"high\":\"30\",\"minLength\":16,\"maxLength\":24,"
            + "\"wallet\":\"alipay\",\"enabled\":true}]}"
        let document = try RoutingDocument(decoding: utf8(routing))
        #expect(document.table.version == 12)
        #expect(text(document.encode()) == routing)
        #expect(
            document.table.classify(scanned: utf8("286344382566439412"), at: Timestamp(milliseconds: 1))
                == .wallet(.alipay)
        )
        let overlapping = routing.replacing(
            "}]}",
            with:
                "},{\"low\":\"30\",\"high\":\"30\",\"minLength\":18,\"maxLength\":18,\"wallet\":\"x\",\"enabled\":true}]}"
        )
        #expect(throws: JSONError.invalid(field: utf8("rules"))) { try RoutingDocument(decoding: utf8(overlapping)) }

        let salt = String(repeating: "00", count: 16)
        let hash = text(
            Hex.encode(PBKDF2.key(password: utf8("4711"), salt: [UInt8](repeating: 0, count: 16), rounds: 20_000))
        )
        let configuration =
            "{\"version\":7,\"amountLimit\":500000,\"refundLimit\":0,\"supervisors\":[{\"id\":\"anna\",\"salt\":\"\(salt)\","
            + "\"hash\":\"\(hash)\"}],\"enabled\":true}"
        let read = try ConfigurationDocument(decoding: utf8(configuration))
        #expect(text(read.encode()) == configuration)
        #expect(read.supervisors[0].accepts(code: utf8("4711")))
        #expect(!read.supervisors[0].accepts(code: utf8("4712")))
    }

    @Test("the time factor travels as a whole number of thousandths, from 1 to 1000")
    func timeFactor() throws {
        var maker = MessageMaker(seed: 72)
        let source = text(maker.activationAnswer().encode())
        let factor = try #require(source.firstRange(of: /"timeFactorThousandths":[0-9]+/))
        for wrong in ["0", "1001", "0.2", "\"1\""] {
            var changed = source
            changed.replaceSubrange(factor, with: "\"timeFactorThousandths\":\(wrong)")
            #expect(throws: JSONError.invalid(field: utf8("timeFactorThousandths"))) {
                try ActivationAnswer(decoding: utf8(changed))
            }
        }
    }

    @Test("a log entry's hash covers the one before it and every part, as written in the document")
    func logChain() throws {
        let previous = [UInt8](repeating: 7, count: 32)
        let entry = PeerLogEntry(
            following: previous,
            sequence: 12,
            time: Timestamp(milliseconds: 1_795_343_400_123),
            kind: .known(.payment),
            key: utf8("TQF000K703343G7H2000016R"),
            body: utf8("{\"state\":\"paid\"}")
        )
        let line = utf8("12|1795343400123|payment|TQF000K703343G7H2000016R|{\"state\":\"paid\"}")
        #expect(entry.hash == [UInt8](Crypto.SHA256.hash(data: previous + line)))
        #expect(entry.follows(previous))
        #expect(!entry.follows(PeerLogEntry.firstPreviousHash))
        let changed = PeerLogEntry(
            sequence: entry.sequence,
            time: entry.time,
            kind: entry.kind,
            key: entry.key,
            body: utf8("{\"state\":\"PAID\"}"),
            hash: entry.hash
        )
        #expect(!changed.follows(previous))
    }

    @Test("problems are RFC 9457 documents with the status of their kind")
    func problems() throws {
        let problem = Problem(JSONError.missing(field: utf8("amount")))
        #expect(
            text(problem.encode())
                == "{\"type\":\"/problems/malformed\",\"title\":\"The request is malformed\",\"status\":400,"
                + "\"detail\":\"The field amount is missing.\",\"field\":\"amount\"}"
        )
        let statuses: [(ProblemType, Int)] = [
            (.malformed, 400), (.badSignature, 401), (.unknownKey, 401), (.revokedKey, 403), (.notYours, 403),
            (.notHome, 409), (.tooLarge, 413), (.stale, 401), (.busy, 503), (.notForwarded, 503), (.noAnswer, 504),
        ]
        for (type, status) in statuses { #expect(type.status == status) }
        for type in ProblemType.allCases {
            let problem = Problem(type, detail: "Something.")
            #expect(try Problem(decoding: problem.encode()) == problem)
            #expect(HTTPStatus.reason(type.status).utf8CodeUnitCount > 6 || type.status == 200)
        }
        let newer = try Problem(decoding: utf8("{\"type\":\"/problems/moon\",\"title\":\"x\",\"status\":418}"))
        #expect(newer.type == .other(utf8("moon")))
        #expect(throws: JSONError.self) { try Problem(decoding: utf8("{\"type\":\"about:blank\",\"status\":500}")) }
        for error in [
            SignatureError.tooLarge, .header(.signature), .digest, .unknownKey, .revokedKey, .notAllowed, .signature,
            .stale,
        ] {
            #expect(Problem(error).status == error.problem.status)
            #expect(!Problem(error).detail.isEmpty)
        }
    }

    @Test("calls that settle money pass before new payments, and those before the rest")
    func priorities() {
        #expect(Endpoint(path: utf8("/v1/revoke"))?.priority == .settle)
        #expect(Endpoint(path: utf8("/v1/confirm"))?.priority == .settle)
        #expect(Endpoint(path: utf8("/v1/query"))?.priority == .settle)
        #expect(Endpoint(path: utf8("/v1/pay"))?.priority == .pay)
        #expect(Endpoint(path: utf8("/v1/hello"))?.priority == .rest)
        #expect(Endpoint(path: utf8("/v1/peer/log"))?.priority == .rest)
        #expect(Endpoint(path: utf8("/v1/payments")) == nil)
        #expect(Endpoint.Priority.settle < .pay && Endpoint.Priority.pay < .rest)
        #expect(CloudSelector(utf8("any")) == .any)
        #expect(CloudSelector(utf8("B")) == .only(.b))
        #expect(CloudSelector(utf8("ANY")) == nil)
        for verdict in ProxyVerdict.allCases { #expect(ProxyVerdict(wireName: verdict.wireBytes) == verdict) }
    }
}
