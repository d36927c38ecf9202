// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import HTTPTypes
import Testing

@testable import TillConsole

/// Keys from their making to their end, and what programs do with them.
@Suite("API") struct ApiTests {
    /// Two stores in two regions with a payment each, and somebody who may give a key both rights everywhere.
    private struct Shop {
        let console: TestConsole
        let maker: Browser
        let north: Node
        let northNumber: String
        let southNumber: String

        init(limits: NodeSettings? = nil) async throws {
            console = try await TestConsole()
            north = try await console.addNode(.region, "NORTH")
            let south = try await console.addNode(.region, "SOUTH")
            _ = try await console.addNode(.store, "QF0001A", below: north.id)
            _ = try await console.addNode(.store, "QF0002B", below: south.id)
            if let limits {
                try await console.console.pool.write {
                    try $0.execute(sql: "UPDATE node SET settings = ? WHERE code = 'QF0001A'", arguments: [limits.json])
                }
            }
            let (first, second) = (
                SamplePayment(amount: 10_000), SamplePayment(register: "QF0002B01", sequence: 2, amount: 500)
            )
            (northNumber, southNumber) = ("\(first.number)", "\(second.number)")
            try await console.take(first)
            try await console.take(second)
            maker = try await console.session(
                of: console.addUser("mona", roles: [("admin", 1), ("finance", 1)])
            )
        }

        /// Makes a key as a person does.
        /// - Returns: Its secret, as the page shows it once.
        func key(
            _ name: String,
            _ rights: [String] = ["payments", "refunds"],
            place: String = "GROUP",
            expires: String = ""
        ) async throws -> String {
            let answer = try await maker.post(
                "/system/api-keys/new",
                [("name", name), ("place", place), ("expires", expires)] + rights.map { ("right-\($0)", "on") }
            )
            return try await secret(answer)
        }

        func secret(_ answer: Answer) async throws -> String {
            let page = try await maker.get(try #require(answer.location, "\(answer.body)"))
            return try #require(page.body.firstMatch(of: /tbk_[A-Za-z0-9_\-]{51}/).map { String($0.0) })
        }

        func call(
            _ secret: String,
            _ path: String,
            _ method: HTTPRequest.Method = .get,
            body: String? = nil,
            name: String? = nil
        ) async throws -> Answer {
            var headers: HTTPFields = [.authorization: "Bearer \(secret)", .contentType: "application/json"]
            if let name, let field = HTTPField.Name("Idempotency-Key") { headers[field] = name }
            return try await console.nobody.send(method, path, body: body, headers: headers)
        }

        func refund(_ secret: String, _ name: String, amount: Int64 = 700, number: String? = nil) async throws -> Answer
        {
            try await call(
                secret,
                "/api/v1/refunds",
                .post,
                body: """
                    {"payment":"\(number ?? northNumber)","amount":\(amount),"reason":"goods-returned"}
                    """,
                name: name
            )
        }

        func requests() async throws -> Int {
            try await console.console.pool.read {
                try Int.fetchOne($0, sql: "SELECT count(*) FROM refund_request") ?? 0
            }
        }
    }

    private static func json(_ answer: Answer) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: Data(answer.body.utf8)) as? [String: Any])
    }

    // MARK: - Keys

    @Test("a key is shown once, works at once, and stands nowhere in the database") func shownOnce() async throws {
        let shop = try await Shop()
        let answer = try await shop.maker.post(
            "/system/api-keys/new",
            [("name", "till-app"), ("place", "GROUP"), ("right-payments", "on"), ("once", "1")]
        )
        let secret = try await shop.secret(answer)
        #expect(try await shop.call(secret, "/api/v1/payments?period=all").status == 200)
        try await shop.console.expectNowhere([secret])
        #expect(!(try await shop.maker.get("/system/api-keys/1").body.contains(secret)))
        // Its page shows how it begins, so that people can tell which is which.
        #expect(try await shop.maker.get("/system/api-keys/1").body.contains(String(secret.prefix(12))))
        // The page with the secret is of one session and of two minutes.
        let other = try await shop.console.session(of: shop.console.addUser("anna", roles: [("admin", 1)]))
        let page = try #require(answer.location)
        #expect(try await other.get(page).status == 303)
        shop.console.pass(milliseconds: SealedNote.milliseconds)
        #expect(try await shop.maker.get(page).status == 303)
    }

    @Test("a secret that is unknown, altered, ended or revoked gets one and the same answer") func unknown()
        async throws
    {
        let shop = try await Shop()
        let secret = try await shop.key("one")
        let revoked = try await shop.key("two")
        #expect(try await shop.maker.post("/system/api-keys/2/revoke").status == 303)
        let ending = try await shop.key("three", expires: "2025-11-29 15:07")
        let altered = String(secret.dropLast()) + (secret.hasSuffix("A") ? "B" : "A")
        var answers: [Answer] = []
        for wrong in [altered, "tbk_", "", "nothing", String(repeating: "x", count: 5_000), revoked, "\(secret) x"] {
            answers.append(try await shop.call(wrong, "/api/v1/payments"))
        }
        #expect(try await shop.call(ending, "/api/v1/payments").status == 200)
        shop.console.pass(milliseconds: 1_764_400_020_000 - shop.console.now)
        answers.append(try await shop.call(ending, "/api/v1/payments"))
        answers.append(try await shop.console.nobody.get("/api/v1/payments"))
        answers.append(try await shop.maker.get("/api/v1/payments"))
        #expect(Set(answers.map { "\($0.status) \($0.body) \($0.headers)" }).count == 1)
        #expect(answers.allSatisfy { $0.status == 401 && $0.headers[.wwwAuthenticate] != nil })
        #expect(try await shop.call(secret, "/api/v1/payments").status == 200)
    }

    @Test("a rotation overlaps for as long as was chosen, and the key stays who it is") func rotation() async throws {
        let shop = try await Shop()
        let first = try await shop.key("app")
        let second = try await shop.secret(
            shop.maker.post("/system/api-keys/1/rotate", [("overlap", "hour"), ("once", "r")])
        )
        #expect(first != second)
        #expect(try await shop.refund(first, "n-1").status == 201)
        // The new secret knows what was asked for with the old one.
        #expect(try await shop.refund(second, "n-1").status == 200)
        #expect(try await shop.requests() == 1)
        shop.console.pass(milliseconds: 3_600_000 - 1)
        #expect(try await shop.call(first, "/api/v1/payments").status == 200)
        shop.console.pass(milliseconds: 1)
        #expect(try await shop.call(first, "/api/v1/payments").status == 401)
        #expect(try await shop.call(second, "/api/v1/payments").status == 200)
        let audit = try await shop.console.console.pool.read {
            try String.fetchAll($0, sql: "SELECT action FROM audit WHERE subject = 'key:app' ORDER BY sequence")
        }
        #expect(audit == ["apikey.made", "apikey.rotated"])
    }

    @Test("nobody gives a key what he does not hold himself there, and forms say so at the field") func beyond()
        async throws
    {
        let shop = try await Shop()
        let admin = try await shop.console.session(of: shop.console.addUser("anna", roles: [("admin", 1)]))
        #expect(!(try await admin.get("/system/api-keys/new").body.contains("right-refunds")))
        let fields = [("name", "app"), ("place", "GROUP"), ("right-refunds", "on")]
        let refused = try await admin.post("/system/api-keys/new", fields)
        #expect(refused.status == 422 && refused.body.contains("problem-rights"))
        #expect(refused.body.contains("value=\"app\""))
        // Whoever looks after one region makes keys for it, and sees no others.
        let rosa = try await shop.console.session(of: shop.console.addUser("rosa", roles: [("admin", shop.north.id)]))
        let above = try await rosa.post(
            "/system/api-keys/new",
            [("name", "app"), ("place", "GROUP"), ("right-payments", "on")]
        )
        #expect(above.status == 422 && above.body.contains("problem-place"))
        _ = try await shop.key("everywhere")
        #expect(try await rosa.get("/system/api-keys/1").status == 404)
        #expect(try await rosa.post("/system/api-keys/1/revoke").status == 404)
        #expect(!(try await rosa.get("/system/api-keys").body.contains("everywhere")))
        let taken = try await shop.maker.post(
            "/system/api-keys/new",
            [("name", "everywhere"), ("place", "GROUP"), ("right-payments", "on"), ("expires", "2020-01-01 00:00")]
        )
        #expect(taken.status == 422 && taken.body.contains("problem-expires"))
        let wrong = try await shop.maker.post("/system/api-keys/new", [("name", "X Y"), ("place", "GROUP")])
        #expect(wrong.body.contains("problem-name") && wrong.body.contains("problem-rights"))
    }

    @Test("a key of a demo user ends where demo users do: beside an account that moves real money") func demoUsers()
        async throws
    {
        let shop = try await Shop()
        let secret = try await shop.key("app")
        try await shop.console.console.pool.write { try $0.execute(sql: "UPDATE user SET is_demo = 1") }
        #expect(try await shop.call(secret, "/api/v1/payments").status == 200)
        try await shop.console.console.pool.write {
            try $0.execute(sql: "INSERT INTO account VALUES ('live', 'alipay', 'v', 0, 'https://x.example', 1)")
        }
        #expect(try await shop.call(secret, "/api/v1/payments").status == 401)
    }

    @Test("a key waits when it asks too often, and others do not") func rate() async throws {
        let shop = try await Shop()
        let (busy, other) = (try await shop.key("busy"), try await shop.key("other"))
        for _ in 0..<RateLimiter.burst { #expect(try await shop.call(busy, "/api/v1/payments").status == 200) }
        let late = try await shop.call(busy, "/api/v1/payments")
        #expect(late.status == 429 && late.headers[.retryAfter] == "1")
        #expect(try await shop.call(other, "/api/v1/payments").status == 200)
        shop.console.pass(milliseconds: 60_000 / RateLimiter.perMinute - 1)
        #expect(try await shop.call(busy, "/api/v1/payments").status == 429)
        shop.console.pass(milliseconds: 1)
        #expect(try await shop.call(busy, "/api/v1/payments").status == 200)
        #expect(try await shop.call(busy, "/api/v1/payments").status == 429)
    }

    // MARK: - Payments

    @Test("a key sees its place: what lies elsewhere does not exist") func scope() async throws {
        let shop = try await Shop()
        let secret = try await shop.key("north", place: "NORTH")
        let list = try await shop.call(secret, "/api/v1/payments?period=all")
        #expect(list.body.contains(shop.northNumber) && !list.body.contains(shop.southNumber))
        #expect(try await shop.call(secret, "/api/v1/payments/\(shop.northNumber)").status == 200)
        let elsewhere = try await shop.call(secret, "/api/v1/payments/\(shop.southNumber)")
        let missing = try await shop.call(secret, "/api/v1/payments/\(shop.southNumber.dropLast())X")
        #expect(elsewhere.status == 404 && elsewhere.body == missing.body)
        #expect(try await shop.refund(secret, "n", number: shop.southNumber).status == 404)
        let whole = try await shop.key("whole")
        #expect(try await shop.refund(whole, "n", amount: 100, number: shop.southNumber).status == 201)
        #expect(try await shop.call(whole, "/api/v1/refunds/console-1").status == 200)
        #expect(try await shop.call(secret, "/api/v1/refunds/console-1").status == 404)
        for reference in ["console-01", "console-2", "x", "console-"] {
            #expect(try await shop.call(whole, "/api/v1/refunds/\(reference)").status == 404)
        }
        #expect(try await shop.requests() == 1)
    }

    @Test("a key does what its rights say, and nothing else") func rights() async throws {
        let shop = try await Shop()
        let (reads, refunds) = (try await shop.key("reads", ["payments"]), try await shop.key("refunds", ["refunds"]))
        #expect(try await shop.refund(reads, "n").status == 403)
        #expect(try await shop.call(refunds, "/api/v1/payments").status == 403)
        #expect(try await shop.call(refunds, "/api/v1/payments/\(shop.northNumber)").status == 403)
        #expect(try await shop.refund(refunds, "n").status == 201)
        #expect(try await shop.requests() == 1)
    }

    @Test("amounts are fen, times RFC 3339, pages follow each other, and the payer is nowhere") func list()
        async throws
    {
        let shop = try await Shop()
        let secret = try await shop.key("app")
        var numbers: [String] = []
        var next = ""
        repeat {
            let page = try Self.json(try await shop.call(secret, "/api/v1/payments?period=all&limit=1\(next)"))
            let rows = try #require(page["payments"] as? [[String: Any]])
            #expect(rows.count == 1)
            numbers += rows.compactMap { $0["number"] as? String }
            next = (page["next"] as? String).map { "&after=\($0)" } ?? ""
        } while !next.isEmpty
        #expect(Set(numbers) == [shop.northNumber, shop.southNumber] && numbers.count == 2)
        let answer = try await shop.call(secret, "/api/v1/payments/\(shop.northNumber)")
        #expect(!answer.body.contains("shopper-identity"))
        let detail = try Self.json(answer)
        let payment = try #require(detail["payment"] as? [String: Any])
        #expect(payment["amount"] as? Int == 10_000)
        #expect(payment["createdAt"] as? String == "2025-11-29T07:06:40.005Z")
        #expect(payment["resultMilliseconds"] as? Int == 900)
        #expect((detail["timeline"] as? [[String: Any]])?.first?["cause"] as? String == "pay-paid")
        let fen = try await shop.call(secret, "/api/v1/payments?period=all&least=500&most=500")
        #expect(fen.body.contains(shop.southNumber) && !fen.body.contains(shop.northNumber))
    }

    @Test(
        "a parameter that is misspelt or wrong is named, and nothing is shown in its place",
        arguments: [
            ("limit=0", "limit"), ("limit=201", "limit"), ("limit=x", "limit"), ("state=payed", "state"),
            ("tab=x", "tab"), ("period=x", "period"), ("stat=paid", "stat"), ("after=1", "after"),
            ("least=1.5", "least"), ("period=custom&from=1.1.2026", "from"),
        ]
    )
    func wrongParameter(query: String, field: String) async throws {
        let shop = try await Shop()
        let answer = try await shop.call(try await shop.key("app"), "/api/v1/payments?\(query)")
        #expect(answer.status == 400)
        #expect(answer.headers[.contentType] == "application/problem+json")
        let problem = try Self.json(answer)
        #expect(problem["field"] as? String == field && problem["status"] as? Int == 400)
    }

    // MARK: - Refunds

    @Test("twenty copies of one request at once are one refund, also where it is all that is left") func idempotent()
        async throws
    {
        let shop = try await Shop()
        let secret = try await shop.key("app")
        for (name, amount) in [("n-1", Int64(700)), ("n-2", 9_300)] {
            let answers = try await withThrowingTaskGroup(of: Answer.self) { tasks in
                for _ in 0..<20 { tasks.addTask { try await shop.refund(secret, name, amount: amount) } }
                return try await tasks.reduce(into: [Answer]()) { $0.append($1) }
            }
            #expect(answers.count { $0.status == 201 } == 1 && answers.count { $0.status == 200 } == 19)
            #expect(Set(answers.map(\.body)).count == 1)
        }
        #expect(try await shop.requests() == 2)
        let other = try await shop.refund(secret, "n-1", amount: 701)
        #expect(other.status == 422 && other.body.contains("idempotency-key-reused"))
        // Another key's name is another name.
        #expect(try await shop.refund(try await shop.key("second"), "n-1", amount: 1).body.contains("too-much"))
    }

    @Test("a refund by a key keeps to limits and second person, and its maker is not the second") func approval()
        async throws
    {
        let shop = try await Shop(limits: NodeSettings(approvalAbove: 500, personDailyLimit: 2_000))
        let secret = try await shop.key("app")
        let waiting = try Self.json(try await shop.refund(secret, "n-1", amount: 501))
        #expect(waiting["state"] as? String == "waiting_for_approval")
        #expect(waiting["requestedBy"] as? String == "key app")
        // It is not offered, and not taken.
        #expect(!(try await shop.maker.get("/refunds").body.contains("/refunds/1/decision")))
        #expect(try await shop.maker.post("/refunds/1/decision", [("decision", "agree")]).status == 409)
        let second = try await shop.console.session(of: shop.console.addUser("dora", roles: [("finance", 1)]))
        #expect(try await second.post("/refunds/1/decision", [("decision", "agree")]).status == 303)
        let sending = try Self.json(try await shop.call(secret, "/api/v1/refunds/console-1"))
        #expect(sending["state"] as? String == "sending" && sending["decidedBy"] as? String == "dora")
        let above = try await shop.refund(secret, "n-2", amount: 1_500)
        #expect(above.status == 422 && above.body.contains("key-limit") && above.body.contains("1499 fen"))
        // What was refused left nothing behind: the name is free.
        #expect(try await shop.refund(secret, "n-2", amount: 100).status == 201)
        let actors = try await shop.console.console.pool.read {
            try String.fetchAll($0, sql: "SELECT actor FROM audit WHERE action = 'refund.requested'")
        }
        #expect(actors == ["key app", "key app"])
    }

    @Test(
        "a wrong request is told by its field, and nothing is stored",
        arguments: [
            (#"{"payment":"N","amount":0,"reason":"duplicate"}"#, "amount"),
            (#"{"payment":"N","amount":-5,"reason":"duplicate"}"#, "amount"),
            (#"{"payment":"N","amount":1.5,"reason":"duplicate"}"#, "amount"),
            (#"{"payment":"N","amount":"5","reason":"duplicate"}"#, "amount"),
            (#"{"payment":"N","reason":"duplicate"}"#, "amount"),
            (#"{"payment":"N","amount":5,"reason":"because"}"#, "reason"),
            (#"{"payment":"N","amount":5,"reason":"other"}"#, "note"),
            (#"{"payment":null,"amount":5,"reason":"other"}"#, "payment"),
            (#"[]"#, nil), (#"{"#, nil), (#""#, nil),
        ] as [(String, String?)]
    )
    func wrongRefund(body: String, field: String?) async throws {
        let shop = try await Shop()
        let secret = try await shop.key("app")
        let content = body.replacing("\"N\"", with: "\"\(shop.northNumber)\"")
        let answer = try await shop.call(secret, "/api/v1/refunds", .post, body: content, name: "n")
        #expect(answer.status == 400, "\(answer.body)")
        #expect(try Self.json(answer)["field"] as? String == field)
        #expect(try await shop.requests() == 0)
    }

    @Test("a refund without a name for itself, or as a form, is refused") func unnamed() async throws {
        let shop = try await Shop()
        let secret = try await shop.key("app")
        let body = #"{"payment":"\#(shop.northNumber)","amount":5,"reason":"duplicate"}"#
        let unnamed = try await shop.call(secret, "/api/v1/refunds", .post, body: body)
        #expect(unnamed.status == 400)
        #expect(try Self.json(unnamed)["field"] as? String == "Idempotency-Key")
        let form = try await shop.console.nobody.send(
            .post,
            "/api/v1/refunds",
            body: body,
            headers: [.authorization: "Bearer \(secret)", .contentType: "application/x-www-form-urlencoded"]
        )
        #expect(form.status == 415)
        #expect(try await shop.requests() == 0)
    }
}
