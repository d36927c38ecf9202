// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import HTTPTypes
import Synchronization
import Testing
import TillStore

@testable import TillConsole

/// Webhooks from the log's entry to the address, in virtual time.
@Suite("webhooks") struct WebhookTests {
    /// Another system's address: it notes what comes, and says what a test has it say.
    final class Receiver: Sendable {
        private let state = Mutex((parcels: [WebhookCourier.Parcel](), status: 200, dies: false))

        var parcels: [WebhookCourier.Parcel] { state.withLock { $0.parcels } }

        func set(status: Int) { state.withLock { $0.status = status } }

        /// The console ends when the next messages have arrived, before it has noted that.
        func set(consoleDies: Bool) { state.withLock { $0.dies = consoleDies } }

        func forget() { state.withLock { $0.parcels = [] } }

        func take(_ parcels: [WebhookCourier.Parcel]) throws -> [WebhookCourier.Answer] {
            let (status, dies) = state.withLock { state in
                state.parcels += parcels
                return (state.status, state.dies)
            }
            if dies { throw CancellationError() }
            return parcels.map { _ in WebhookCourier.Answer(status: status, milliseconds: 12) }
        }

        /// Types and ids in the order in which they came.
        var kinds: [String] {
            parcels.map { $0.body.firstMatch(of: /"type":"([a-z_.]+)"/).map { String($0.1) } ?? "" }
        }

        var ids: [String] { parcels.map { $0.headers.first { $0.0 == "webhook-id" }?.1 ?? "" } }
    }

    /// Two regions with a store each, and an administrator.
    private struct Chain {
        let console: TestConsole
        let admin: Browser
        let north: Node
        let receiver = Receiver()

        init(change: (inout ConsoleSettings) -> Void = { _ in }) async throws {
            console = try await TestConsole(
                change,
                resolve: { host in
                    switch host {
                    case "inside.example": [InternetAddress(bytes: [10, 1, 2, 3])]
                    case "both.example":
                        [InternetAddress(bytes: [93, 184, 216, 34]), InternetAddress(bytes: [169, 254, 169, 254])]
                    case "nowhere.example": []
                    default: await WebhookTests.literal(host)
                    }
                }
            )
            north = try await console.addNode(.region, "NORTH")
            _ = try await console.addNode(.store, "QF0001A", below: north.id)
            let south = try await console.addNode(.region, "SOUTH")
            _ = try await console.addNode(.store, "QF0002B", below: south.id)
            admin = try await console.session(of: console.addUser("anna", roles: [("admin", 1)]))
        }

        func make(
            _ kinds: [Webhook.Kind] = Webhook.Kind.allCases,
            url: String = "https://shop.example/hooks",
            place: String = "GROUP",
            by browser: Browser? = nil
        ) async throws -> Answer {
            try await (browser ?? admin).post(
                "/system/webhooks/new",
                [("url", url), ("place", place)] + kinds.map { ("kind-\($0.rawValue)", "on") }
            )
        }

        var sender: WebhookSender {
            WebhookSender(console: console.console, deliver: { [receiver] in try receiver.take($0) })
        }

        func take(_ payment: SamplePayment, _ displays: String...) async throws {
            for (version, display) in displays.enumerated() {
                var payment = payment
                payment.display = display
                payment.version = version + 1
                try await console.take(payment, sequence: version, after: Int64(version + 1) * 1_000)
            }
        }

        func delivery(_ id: Int64 = 1) async throws -> WebhookDelivery {
            try #require(try await console.console.pool.read { try WebhookDelivery.of(id: id, $0) })
        }

        func webhook(_ id: Int64 = 1) async throws -> Webhook {
            try #require(try await console.console.pool.read { try Webhook.of(id: id, $0) })
        }
    }

    /// Any address that is none of the own networks; numbers are what they are.
    private static func literal(_ host: String) async -> [InternetAddress] {
        let isNumber = host.allSatisfy { "0123456789abcdefx.:".contains($0) }
        return isNumber ? await InternetAddress.system(host) : [InternetAddress(bytes: [93, 184, 216, 34])]
    }

    // MARK: - What is told

    @Test("a change of a payment is told once, signed, without the shopper's identity") func told() async throws {
        let chain = try await Chain()
        let made = try await chain.make()
        let page = try await chain.admin.get(try #require(made.location))
        let text = try #require(page.body.firstMatch(of: /whsec_([A-Za-z0-9+\/=]{44})/).map { String($0.1) })
        let secret = try #require(Data(base64Encoded: text))
        let payment = SamplePayment()
        try await chain.take(payment, "paying", "unknown", "succeeded", "succeeded", "refunding", "part_refunded")
        try await chain.sender.round()
        #expect(chain.receiver.kinds == ["payment.unknown", "payment.succeeded"])
        let parcel = try #require(chain.receiver.parcels.last)
        #expect(parcel.body.contains("\(payment.number)") && parcel.body.contains("\"amount\":1250"))
        #expect(!parcel.body.contains("shopper-identity"))
        let headers = Dictionary(uniqueKeysWithValues: parcel.headers)
        #expect(headers["webhook-timestamp"] == "\(chain.console.now / 1_000)")
        let again = WebhookSignature.headers(
            id: try #require(headers["webhook-id"]),
            at: chain.console.now,
            body: parcel.body,
            secrets: [[UInt8](secret)]
        )
        #expect(again.map(\.1).last == headers["webhook-signature"])
        try await chain.console.expectNowhere([text])
        #expect(try await chain.delivery(2).state == .delivered)
        #expect(try await chain.delivery(2).milliseconds == 12)
    }

    @Test("the signature is that of the Standard Webhooks specification's own example") func vector() throws {
        let secret = try #require(Data(base64Encoded: "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"))
        let headers = WebhookSignature.headers(
            id: "msg_p5jXN8AQM9LWM0D4loKWxJek",
            at: 1_614_265_330_000,
            body: #"{"test": 2432232314}"#,
            secrets: [[UInt8](secret)]
        )
        #expect(headers.last?.1 == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
    }

    @Test("a refund is told when it is done, and when it has failed") func refunds() async throws {
        let chain = try await Chain()
        _ = try await chain.make()
        let payment = SamplePayment()
        try await chain.take(payment, "succeeded")
        for (sequence, state) in ["accepted", "failed", "done"].enumerated() {
            try await chain.console.takeRefund(of: payment, state: state, sequence: 10 + sequence)
        }
        try await chain.sender.round()
        #expect(chain.receiver.kinds == ["payment.succeeded", "refund.failed", "refund.succeeded"])
        #expect(chain.receiver.parcels.last?.body.contains("\"reference\":\"till-1\"") == true)
    }

    @Test("an address hears of its place and of what it has chosen, and of nothing before it was made") func choice()
        async throws
    {
        let chain = try await Chain()
        _ = try await chain.make([.paymentFailed], place: "NORTH")
        try await chain.take(SamplePayment(sequence: 1), "succeeded")
        try await chain.take(SamplePayment(sequence: 2), "failed")
        try await chain.take(SamplePayment(register: "QF0002B01", sequence: 3), "failed")
        // A promise of the other cloud is no payment that failed.
        try await chain.console.take(SamplePayment(sequence: 4, display: "closed", home: "B"), of: "A")
        // As old as it is, history is no news, also where it is read again.
        try await chain.take(SamplePayment(sequence: 5, startedAt: 1_764_300_000_000), "failed")
        try await chain.sender.round()
        #expect(chain.receiver.kinds == ["payment.failed"])
        #expect(chain.receiver.parcels.first?.body.contains("\(SamplePayment(sequence: 2).number)") == true)
        // An entry that is read once more, because a backup was restored, is the same event.
        try await chain.console.console.pool.write { try $0.execute(sql: "UPDATE payment SET state = 'paying'") }
        try await chain.take(SamplePayment(sequence: 2), "failed")
        try await chain.sender.round()
        #expect(chain.receiver.parcels.count == 1)
    }

    // MARK: - Delivery

    @Test("what is refused is sent again with growing pauses for a day, and then given up") func pauses() async throws {
        let chain = try await Chain()
        _ = try await chain.make()
        chain.receiver.set(status: 500)
        try await chain.take(SamplePayment(), "succeeded")
        let start = chain.console.now
        for (tries, pause) in WebhookSender.pauses.enumerated() {
            try await chain.sender.round()
            #expect(chain.receiver.parcels.count == tries + 1)
            chain.console.pass(milliseconds: pause - 1)
            try await chain.sender.round()
            #expect(chain.receiver.parcels.count == tries + 1)
            chain.console.pass(milliseconds: 1)
        }
        #expect(chain.console.now - start == 86_400_000)
        #expect(try await chain.delivery().state == .waiting)
        try await chain.sender.round()
        #expect(try await chain.delivery().state == .givenUp)
        #expect(try await chain.delivery().tries == 11)
        #expect(Set(chain.receiver.ids).count == 1)
        // The address has taken nothing for a day: it is paused, its page says so, and what comes is kept for it.
        #expect(try await chain.webhook().state == .paused)
        let admin = try await chain.console.session(of: 1)
        #expect(try await admin.get("/system/webhooks/1").body.contains("Paused: every try since"))
        chain.receiver.set(status: 200)
        try await chain.console.take(SamplePayment(sequence: 9, startedAt: chain.console.now))
        try await chain.sender.round()
        #expect(chain.receiver.parcels.count == 11)
        #expect(try await admin.post("/system/webhooks/1/act", [("act", "resume")]).status == 303)
        try await chain.sender.round()
        #expect(chain.receiver.parcels.count == 12)
        #expect(try await chain.webhook().failingSince == nil)
        // What was given up is sent when somebody wants it, under the same id.
        #expect(try await admin.post("/system/webhooks/1/deliveries/1/again").status == 303)
        try await chain.sender.round()
        #expect(chain.receiver.ids.last == chain.receiver.ids.first && chain.receiver.parcels.count == 13)
    }

    @Test("an address that has moved away for good is paused at once") func gone() async throws {
        let chain = try await Chain()
        _ = try await chain.make()
        chain.receiver.set(status: 410)
        try await chain.take(SamplePayment(), "succeeded")
        try await chain.sender.round()
        #expect(try await chain.webhook().state == .paused)
    }

    @Test("a redirect is no delivery", arguments: [301, 302, 307, 308, 199, 300, 400, 404]) func status(status: Int)
        async throws
    {
        let chain = try await Chain()
        _ = try await chain.make()
        chain.receiver.set(status: status)
        try await chain.take(SamplePayment(), "succeeded")
        try await chain.sender.round()
        #expect(try await chain.delivery().state == .waiting)
        #expect(try await chain.delivery().status == status)
    }

    @Test("a console that dies between a delivery and its note sends it again under the same id") func crash()
        async throws
    {
        let chain = try await Chain()
        _ = try await chain.make()
        try await chain.take(SamplePayment(), "succeeded")
        chain.receiver.set(consoleDies: true)
        await #expect(throws: CancellationError.self) { try await chain.sender.round() }
        #expect(try await chain.delivery().state == .waiting)
        chain.receiver.set(consoleDies: false)
        try await chain.sender.round()
        #expect(chain.receiver.ids.count == 2 && Set(chain.receiver.ids).count == 1)
        #expect(try await chain.delivery().state == .delivered)
    }

    @Test("one payment's messages keep their order, and another's do not wait for them") func order() async throws {
        let chain = try await Chain()
        _ = try await chain.make()
        try await chain.take(SamplePayment(sequence: 1), "unknown")
        chain.receiver.set(status: 503)
        try await chain.sender.round()
        chain.receiver.set(status: 200)
        chain.receiver.forget()
        try await chain.take(SamplePayment(sequence: 1), "unknown", "succeeded", "revoked")
        try await chain.take(SamplePayment(sequence: 2), "failed")
        try await chain.sender.round()
        #expect(chain.receiver.kinds == ["payment.failed"])
        chain.console.pass(milliseconds: WebhookSender.pauses[0])
        try await chain.sender.round()
        #expect(
            chain.receiver.kinds == ["payment.failed", "payment.unknown", "payment.succeeded", "payment.revoked"]
        )
    }

    @Test("a slow address holds up no other, and gets no more than a few messages at once") func slow() async throws {
        let chain = try await Chain()
        _ = try await chain.make(url: "https://slow.example/")
        _ = try await chain.make(url: "https://fast.example/")
        for sequence in 1...10 { try await chain.take(SamplePayment(sequence: UInt64(sequence)), "succeeded") }
        final class Most: Sendable { let parcels = Mutex(0) }
        let (receiver, most) = (chain.receiver, Most())
        let (gate, opener) = AsyncStream<Void>.makeStream()
        let sender = WebhookSender(
            console: chain.console.console,
            deliver: { parcels in
                if parcels[0].url.contains("slow") {
                    most.parcels.withLock { $0 = max($0, parcels.count) }
                    for await _ in gate { break }
                }
                return try receiver.take(parcels)
            }
        )
        let run = Task { try await sender.run() }
        while chain.receiver.parcels.count < 10 {
            chain.console.console.bell.ring()
            try await Task.sleep(for: .milliseconds(5))
        }
        #expect(chain.receiver.parcels.allSatisfy { $0.url.contains("fast") })
        #expect(most.parcels.withLock { $0 } == WebhookSender.atOnce)
        opener.finish()
        run.cancel()
        _ = try? await run.value
    }

    @Test("what is older than the log keeps is forgotten, with its body") func prune() async throws {
        let chain = try await Chain()
        _ = try await chain.make()
        try await chain.take(SamplePayment(), "succeeded")
        try await chain.sender.round()
        func rows() async throws -> Int {
            try await chain.console.console.pool.read {
                try Int.fetchOne(
                    $0,
                    sql: "SELECT (SELECT count(*) FROM webhook_delivery) + (SELECT count(*) FROM webhook_event)"
                ) ?? 0
            }
        }
        try await chain.sender.prune(at: chain.console.now + WebhookSender.keptMilliseconds)
        #expect(try await rows() == 2)
        try await chain.sender.prune(at: chain.console.now + WebhookSender.keptMilliseconds + 10_000)
        #expect(try await rows() == 0)
    }

    // MARK: - Addresses

    @Test(
        "what leads inside, or is no plain address, is refused at its field",
        arguments: [
            "http://shop.example/", "ftp://shop.example/", "https://", "https:///x", "shop.example",
            "https://a@shop.example/", "https://shop.example:0/", "https://shop.example:65536/",
            "https://shop.example/#x",
            "https://shop.example\\@10.0.0.1/", "https://shop.example/a b", "https://-a.example/", "https://a..b/",
            "https://localhost./", "https://127.0.0.1/", "http://127.0.0.1/", "https://127.1/", "https://2130706433/",
            "https://0x7f000001/", "https://0177.0.0.1/", "https://0.0.0.0/", "https://10.0.0.1/",
            "https://172.16.0.1/",
            "https://172.31.255.255/", "https://192.168.1.1/", "https://100.64.0.1/", "https://169.254.169.254/latest",
            "https://198.18.0.1/", "https://224.0.0.1/", "https://255.255.255.255/", "https://[::1]/", "https://[::]/",
            "https://[::ffff:127.0.0.1]/", "https://[::ffff:a9fe:a9fe]/", "https://[fe80::1]/", "https://[fc00::1]/",
            "https://[fd00:ec2::254]/", "https://[64:ff9b::a9fe:a9fe]/", "https://[2002:7f00:1::]/",
            "https://[2001:db8::1]/", "https://[2001:0:1::]/", "https://[ff02::1]/", "https://[fe80::1%25eth0]/",
            "https://inside.example/", "https://both.example/", "https://nowhere.example/",
            "https://shop.example/" + String(repeating: "a", count: 500),
        ]
    )
    func refused(url: String) async throws {
        let chain = try await Chain()
        let answer = try await chain.make(url: url)
        #expect(answer.status == 422 && answer.body.contains("problem-url"), "\(url)")
        #expect(try await chain.console.console.pool.read { try Webhook.all(in: Scope(paths: ["/1/"]), $0) }.isEmpty)
    }

    @Test(
        "what is public is taken, as it is written or a little tidier",
        arguments: [
            ("https://Shop.Example", "https://shop.example/"),
            ("HTTPS://shop.example:8443/a?b=c&d", "https://shop.example:8443/a?b=c&d"),
            ("https://93.184.216.34/x", "https://93.184.216.34/x"),
            ("https://[2606:4700::1111]/", "https://[2606:4700::1111]/"),
            ("https://172.32.0.1/", "https://172.32.0.1/"), ("https://100.128.0.1/", "https://100.128.0.1/"),
        ]
    )
    func taken(url: String, tidy: String) async throws {
        let chain = try await Chain()
        #expect(try await chain.make(url: url).status == 303, "\(url)")
        #expect(try await chain.webhook().url == tidy)
    }

    @Test("where a setting allows it, the own network may be called, and plain HTTP on this machine alone")
    func allowed()
        async throws
    {
        let chain = try await Chain(change: { $0.webhooksMayCallInside = true })
        for url in ["https://10.0.0.1/", "http://127.0.0.1:8080/x", "http://[::1]/"] {
            #expect(try await chain.make(url: url).status == 303, "\(url)")
        }
        for url in ["http://10.0.0.1/", "http://shop.example/"] {
            #expect(try await chain.make(url: url).status == 422, "\(url)")
        }
    }

    @Test("a name that leads inside when the message is sent leads nowhere") func rebinding() async throws {
        let parcels = [WebhookCourier.Parcel(url: "https://shop.example/", headers: [], body: "{}")]
        let inside = WebhookCourier(resolve: { _ in [InternetAddress(bytes: [127, 0, 0, 1])] }, mayCallInside: false)
        #expect(try await inside.deliver(parcels) == [WebhookCourier.Answer(failure: .inside)])
        let gone = WebhookCourier(resolve: { _ in [] }, mayCallInside: false)
        #expect(try await gone.deliver(parcels) == [WebhookCourier.Answer(failure: .unresolved)])
    }

    // MARK: - People

    @Test("whoever looks after one region sees and changes its addresses alone") func scope() async throws {
        let chain = try await Chain()
        _ = try await chain.make()
        let rosa = try await chain.console.session(
            of: chain.console.addUser("rosa", roles: [("admin", chain.north.id)])
        )
        for path in ["/system/webhooks/1", "/system/webhooks/1/secret", "/system/webhooks/1/deliveries/1"] {
            #expect(try await rosa.get(path).status == 404)
        }
        #expect(try await rosa.post("/system/webhooks/1/act", [("act", "delete")]).status == 404)
        #expect(try await chain.make(by: rosa).status == 422)
        #expect(try await chain.make(place: "NORTH", by: rosa).status == 303)
        #expect(!(try await rosa.get("/system/webhooks").body.contains("/system/webhooks/1\"")))
        // A delivery of another address is not reached through one's own.
        try await chain.take(SamplePayment(), "succeeded")
        #expect(try await chain.delivery(1).webhook == 1)
        #expect(try await rosa.get("/system/webhooks/2/deliveries/1").status == 404)
        #expect(try await rosa.post("/system/webhooks/2/deliveries/1/again").status == 404)
        #expect(try await rosa.get("/system/webhooks/2/deliveries/2").status == 200)
    }

    @Test("a stale page shows both versions and changes nothing; what was typed stays") func stale() async throws {
        let chain = try await Chain()
        _ = try await chain.make([.paymentFailed])
        func edit(_ url: String, version: String) async throws -> Answer {
            try await chain.admin.post(
                "/system/webhooks/1",
                [("url", url), ("place", "GROUP"), ("kind-payment.failed", "on"), ("on", "on"), ("version", version)]
            )
        }
        #expect(try await edit("https://first.example/", version: "1").status == 303)
        let stale = try await edit("https://second.example/", version: "1")
        #expect(stale.status == 409)
        #expect(
            stale.body.contains("https://first.example/") && stale.body.contains("value=\"https://second.example/\"")
        )
        #expect(try await chain.webhook().url == "https://first.example/")
        let none = try await chain.admin.post(
            "/system/webhooks/1",
            [("url", "x"), ("place", "GROUP"), ("version", "2")]
        )
        #expect(none.status == 422 && none.body.contains("problem-url") && none.body.contains("problem-kinds"))
    }

    @Test("a test event, a new secret beside the old one, switching off, deleting") func life() async throws {
        let chain = try await Chain()
        _ = try await chain.make([.paymentFailed])
        let test = try await chain.admin.post("/system/webhooks/1/act", [("act", "test")])
        #expect(test.location == "/system/webhooks/1/deliveries/1")
        _ = try await chain.admin.post("/system/webhooks/1/act", [("act", "rotate")])
        try await chain.sender.round()
        #expect(chain.receiver.kinds == ["webhook.test"])
        let headers = Dictionary(uniqueKeysWithValues: chain.receiver.parcels[0].headers)
        #expect(headers["webhook-signature"]?.split(separator: " ").count == 2)
        #expect(try await chain.admin.get("/system/webhooks/1/deliveries/1").body.contains("This is a test."))
        _ = try await chain.admin.post(
            "/system/webhooks/1",
            [("url", "https://shop.example/"), ("place", "GROUP"), ("kind-payment.failed", "on"), ("version", "1")]
        )
        #expect(try await chain.webhook().state == .off)
        try await chain.take(SamplePayment(), "failed")
        #expect(try await chain.admin.post("/system/webhooks/1/act", [("act", "test")]).status == 409)
        #expect(try await chain.admin.post("/system/webhooks/1/deliveries/1/again").status == 409)
        try await chain.sender.round()
        #expect(chain.receiver.parcels.count == 1)
        #expect(try await chain.admin.post("/system/webhooks/1/act", [("act", "delete")]).status == 303)
        #expect(try await chain.admin.get("/system/webhooks/1").status == 404)
        let audit = try await chain.console.console.pool.read {
            try String.fetchAll($0, sql: "SELECT action FROM audit WHERE subject = 'webhook:1' ORDER BY sequence")
        }
        #expect(
            audit == ["webhook.made", "webhook.tested", "webhook.rotated", "webhook.changed", "webhook.deleted"]
        )
    }

    @Test("a payment's page shows what was told of it, to those who look after webhooks") func onThePayment()
        async throws
    {
        let chain = try await Chain()
        _ = try await chain.make()
        let payment = SamplePayment()
        try await chain.take(payment, "succeeded")
        try await chain.sender.round()
        let page = try await chain.admin.get("/payments/\(payment.number)")
        #expect(page.body.contains("payment.succeeded") && page.body.contains("https://shop.example/hooks"))
        #expect(page.body.contains("/system/webhooks/1/deliveries/1/again"))
        let again = try await chain.admin.post(
            "/system/webhooks/1/deliveries/1/again",
            [("back", "/payments/\(payment.number)")]
        )
        #expect(again.location == "/payments/\(payment.number)?said=webhookResent")
        let otto = try await chain.console.session(of: chain.console.addUser("otto", roles: [("operator", 1)]))
        #expect(!(try await otto.get("/payments/\(payment.number)").body.contains("shop.example")))
    }
}

extension TestConsole {
    /// Has the read model take a payment's entry at a place of its own in the log.
    func take(_ payment: SamplePayment, sequence: Int, after milliseconds: Int64) async throws {
        try await take(
            .payment,
            payment,
            body: payment.body,
            place: Int(payment.sequence) * 100 + sequence,
            milliseconds
        )
    }

    /// A refund that somebody asked for at the till.
    func takeRefund(of payment: SamplePayment, state: String, sequence: Int) async throws {
        let body = """
            {"n":"\(payment.number)","reference":"till-1","amount":100,"reason":"goods-returned","operator":"7",\
            "state":"\(state)"}
            """
        try await take(.refund, payment, body: body, place: sequence, Int64(sequence) * 1_000)
    }

    private func take(_ kind: LogKind, _ payment: SamplePayment, body: String, place: Int, _ milliseconds: Int64)
        async throws
    {
        var entries = Entries()
        var entry: LogEntry?
        for _ in 0...place {
            entry = entries.next(kind, key: "\(payment.number)", body: body, at: payment.startedAt + milliseconds)
        }
        let (found, now) = (entry, now)
        try await console.pool.write { database in
            if let found { try ReadModel.apply(found, of: "A", at: now, database) }
        }
    }
}
