// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import HTTPTypes
import Testing

@testable import TillConsole

@Suite("steps of a payment") struct StepTests {
    private static let call = """
        {"call":"pay","account":"alipay-1","host":"openapi.example:443","target":"POST /gateway.do","milliseconds":412,\
        "status":200,"asked":["method=alipay.trade.pay","total_amount=12.50"],"answered":["code=10000","note=a=b"],\
        "payer":"shopper-identity-9","sign":"canary-signature"}
        """

    private func page(_ payment: SamplePayment, _ language: String = "en") async throws -> (String, TestConsole) {
        let console = try await TestConsole()
        let user = try await console.addUser("alice", roles: [("operator", 1)])
        try await console.take(payment)
        let alice = try await console.session(of: user)
        let answer = try await alice.get("/payments/\(payment.number)", headers: [.acceptLanguage: language])
        #expect(answer.status == 200)
        return (answer.body, console)
    }

    @Test("a step opens its request and answer: host, call, status, time, the wallet's own words")
    func call() async throws {
        let (page, _) = try await page(SamplePayment(calls: "[\(StepTests.call)]"))
        for text in [
            "Call to the wallet: pay", "openapi.example:443", "POST /gateway.do", "alipay-1", "412 ms", "HTTP status",
            "alipay.trade.pay", "10000", "a=b", "A · 1", "Wallet answers: paid", "are not kept",
        ] {
            #expect(page.contains(text), "\(text)")
        }
        let (chinese, _) = try await self.page(SamplePayment(calls: "[\(StepTests.call)]"), "zh-CN")
        #expect(chinese.contains("钱包调用：支付") && chinese.contains("HTTP 状态码"))
    }

    @Test("what the log holds beyond the named fields is neither stored nor shown") func masked() async throws {
        let (page, console) = try await page(SamplePayment(calls: "[\(StepTests.call)]"))
        let stored = try await console.console.pool.read {
            try String.fetchAll($0, sql: "SELECT body FROM step").joined()
        }
        for text in [page, stored] {
            #expect(!text.contains("shopper-identity") && !text.contains("canary-signature"))
        }
        #expect(stored.contains("alipay.trade.pay"))
    }

    @Test("a call without an answer says why, and a word that has no text is shown itself") func trouble()
        async throws
    {
        func call(_ name: String, _ trouble: String) -> String {
            #"{"call":"\#(name)","account":"a","host":"h","target":"POST /","milliseconds":5000,"trouble":"\#(trouble)"}"#
        }
        let (page, _) = try await page(
            SamplePayment(calls: "[\(call("query", "silent")),\(call("later-call", "later-trouble"))]")
        )
        for text in ["Call to the wallet: query", "No answer came.", "5.0 s", "later-call", "later-trouble"] {
            #expect(page.contains(text), "\(text)")
        }
        #expect(!page.contains("HTTP status"))
    }

    @Test(
        "each state of a refund has a text",
        arguments: ["requested", "sent", "accepted", "unknown", "done", "failed"]
    )
    func refundStates(state: String) {
        for language in Language.allCases {
            #expect(Words.of(language).texts["refundState.\(state)"] != nil)
        }
    }

    @Test("steps of an older log have no call, and are shown as before") func older() async throws {
        let (page, _) = try await page(SamplePayment())
        #expect(page.contains("Wallet answers: paid") && page.contains("confirmed"))
        #expect(!page.contains("Call to the wallet") && !page.contains("are not kept"))
    }

    @Test("what a wallet says is never read as HTML") func scripts() async throws {
        let attack = #"<script>alert(1)</script>"#
        let calls =
            #"[{"call":"pay","account":"\#(attack)","host":"\#(attack)","target":"\#(attack)","milliseconds":1,"asked":["\#(attack)=1"],"answered":["code=\#(attack)"],"trouble":"\#(attack)"}]"#
        let (page, _) = try await page(SamplePayment(calls: calls))
        #expect(page.contains("&lt;script&gt;alert") && !page.contains("<script>alert"))
    }
}
