// Part of Tillbridge. See LICENSE.
import GRDB
import Synchronization
import Testing

@testable import TillCloud
@testable import TillConsole

@Suite("ordering an undo") struct RevokeTests {
    /// A console with a payment of ¥100.00 whose register is silent, a cloud that notes what it is told, and two persons.
    private struct Shop {
        let console: TestConsole
        let operatorAtWork: Browser
        let finance: Browser
        let number: String
        let cloud: Cloud

        /// What a cloud would say; nil: nobody answers.
        final class Cloud: Sendable {
            private let state = Mutex((requests: [AdminRequest](), refusal: String?.none, isDeaf: false, fails: false))

            var orders: [AdminRequest.Resolution] {
                state.withLock(\.requests).compactMap { request -> AdminRequest.Resolution? in
                    if case .resolve(let resolution) = request { resolution } else { nil }
                }
            }

            func refuse(_ sentence: String) { state.withLock { $0.refusal = sentence } }
            func set(isDeaf: Bool) { state.withLock { $0.isDeaf = isDeaf } }
            func set(fails: Bool) { state.withLock { $0.fails = fails } }

            var send: CloudLines.Send {
                { request, _, _ in
                    let (refusal, isDeaf, fails) = self.state.withLock { state -> (String?, Bool, Bool) in
                        state.requests.append(request)
                        return (state.refusal, state.isDeaf, state.fails)
                    }
                    if isDeaf { return nil }
                    if fails { throw AdminClient.UnknownOutcome("The command failed: disk full") }
                    if let refusal { throw StartError(refusal) }
                    return AdminReply(text: "Payment is revoking now.", json: "{}")
                }
            }
        }

        init(rawState: String = "unknown", display: String = "unknown", limits: NodeSettings? = nil) async throws {
            cloud = Cloud()
            console = try await TestConsole(send: cloud.send)
            _ = try await console.addNode(.store, "QF0001A")
            if let limits {
                try await console.console.pool.write {
                    try $0.execute(sql: "UPDATE node SET settings = ? WHERE code = 'QF0001A'", arguments: [limits.json])
                }
            }
            let payment = SamplePayment(amount: 10_000, state: rawState, display: display)
            number = "\(payment.number)"
            try await console.take(payment)
            operatorAtWork = try await console.session(of: console.addUser("olga", roles: [("operator", 1)]))
            finance = try await console.session(of: console.addUser("carl", roles: [("finance", 1)]))
        }

        var path: String { "/payments/\(number)/revoke" }

        func order(
            _ reason: String = "register-down",
            note: String = "",
            fen: String = "10000",
            by browser: Browser? = nil
        ) async throws -> Answer {
            try await (browser ?? operatorAtWork).post(path, [("reason", reason), ("note", note), ("fen", fen)])
        }

        func requests() async throws -> [RefundRequest] {
            try await console.console.pool.read { database in
                try Row.fetchAll(database, sql: "SELECT * FROM refund_request ORDER BY id").map { RefundRequest($0) }
            }
        }
    }

    @Test(
        "the button comes when the register has had its time, and only for who may",
        arguments: [
            ("unknown", 60_005), ("paid", 360_005),
        ] as [(String, Int64)]
    )
    func button(rawState: String, silence: Int64) async throws {
        let shop = try await Shop(rawState: rawState, display: rawState == "paid" ? "succeeded" : "unknown")
        let page = "/payments/\(shop.number)"
        shop.console.pass(milliseconds: silence - 1)
        #expect(try await !shop.operatorAtWork.get(page).body.contains(shop.path))
        let early = try await shop.operatorAtWork.get(shop.path)
        #expect(
            early.status == 200 && early.body.contains("decides by itself until")
                && !early.body.contains("name=\"fen\"")
        )
        shop.console.pass(milliseconds: 1)
        #expect(try await shop.operatorAtWork.get(page).body.contains(shop.path))
        #expect(try await shop.operatorAtWork.get(shop.path).body.contains("name=\"fen\""))
        let auditor = try await shop.console.session(of: shop.console.addUser("aud", roles: [("auditor", 1)]))
        #expect(try await !auditor.get(page).body.contains(shop.path))
    }

    @Test("an order reaches the cloud once, with who gave it and why, and stands in the audit log") func order()
        async throws
    {
        let shop = try await Shop()
        shop.console.pass(milliseconds: 100_000)
        #expect(try await shop.order("other", note: "till on fire").status == 303)
        let order = try #require(shop.cloud.orders.first)
        #expect(order.number == shop.number && order.decision == .revoke && order.first == "olga")
        #expect(order.second.isEmpty && order.evidence == "other: till on fire")
        #expect(try await shop.requests().map(\.state) == [.sent])
        // The list still shows it as it was: a second click orders nothing more.
        let again = try await shop.order()
        #expect(again.status == 422 && again.body.contains("is ordered"))
        #expect(shop.cloud.orders.count == 1)
        let actions = try await shop.console.console.pool.read {
            try String.fetchAll($0, sql: "SELECT action FROM audit ORDER BY sequence")
        }
        #expect(actions.contains("payment.revoke-ordered"))
    }

    @Test("an order that no cloud has answered is sent again, and one that the cloud refuses stays refused")
    func sending() async throws {
        let shop = try await Shop()
        shop.console.pass(milliseconds: 100_000)
        shop.cloud.set(isDeaf: true)
        #expect(try await shop.order().status == 303)
        let waiting = try #require(try await shop.requests().first)
        #expect(waiting.state == .approved)
        shop.cloud.set(isDeaf: false)
        // It may have stored the order before it failed: nobody has refused it.
        shop.cloud.set(fails: true)
        await #expect(throws: CloudLines.Silence.noCloud) {
            try await RefundDesk(console: shop.console.console).send(waiting)
        }
        #expect(try await shop.requests().map(\.state) == [.approved])
        shop.cloud.set(fails: false)
        shop.cloud.refuse("Payment is confirmed: 'revoke' does not apply.")
        let refused = try await RefundDesk(console: shop.console.console).send(waiting)
        #expect(refused.state == .refused && refused.answer?.contains("does not apply") == true)
        // Whoever looks again may order again.
        #expect(try await shop.order().status == 303)
    }

    @Test("above the limit a second person agrees; the limits of a day count refunds and undos together")
    func limits() async throws {
        let shop = try await Shop(limits: NodeSettings(approvalAbove: 5_000, personDailyLimit: 10_000))
        shop.console.pass(milliseconds: 100_000)
        #expect(try await shop.operatorAtWork.get(shop.path).body.contains("second person"))
        #expect(try await shop.order(by: shop.finance).status == 303)
        #expect(try await shop.requests().map(\.state) == [.waiting] && shop.cloud.orders.isEmpty)
        #expect(try await shop.finance.get("/refunds").body.contains("Revoke"))
        #expect(try await shop.finance.post("/refunds/1/decision", [("decision", "agree")]).status == 409)
        let second = try await shop.console.session(of: shop.console.addUser("dora", roles: [("finance", 1)]))
        #expect(try await second.post("/refunds/1/decision", [("decision", "agree")]).status == 303)
        let order = try #require(shop.cloud.orders.first)
        #expect(order.first == "carl" && order.second == "dora")
        let other = SamplePayment(sequence: 2, amount: 1)
        try await shop.console.take(other)
        let above = try await shop.finance.post(
            "/payments/\(other.number)/refund",
            [("amount", "0.01"), ("reason", "duplicate"), ("note", "")]
        )
        #expect(above.status == 422 && above.body.contains("your limit"))
    }

    @Test("a wrong form keeps what was typed; what is over, or another amount, is not undone") func refusals()
        async throws
    {
        let shop = try await Shop()
        shop.console.pass(milliseconds: 100_000)
        let empty = try await shop.order("")
        #expect(empty.status == 422 && empty.body.contains("problem-reason"))
        let bare = try await shop.order("other")
        #expect(bare.status == 422 && bare.body.contains("problem-note"))
        #expect(try await shop.order("duplicate", note: "kept words", fen: "9999").status == 422)
        #expect(try await shop.requests().isEmpty)
        let manager = try await shop.console.session(of: shop.console.addUser("admin", roles: [("admin", 1)]))
        #expect(try await shop.order(by: manager).status == 403)
        let confirmed = try await Shop(rawState: "confirmed", display: "succeeded")
        confirmed.console.pass(milliseconds: 1_000_000)
        #expect(try await confirmed.operatorAtWork.get(confirmed.path).body.contains("nothing to undo"))
        #expect(try await confirmed.order().status == 422)
        #expect(confirmed.cloud.orders.isEmpty)
    }
}
