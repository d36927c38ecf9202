// Part of Tillbridge. See LICENSE.
import GRDB
import HTTPTypes
import Testing

@testable import TillConsole

@Suite("gate") struct GateTests {
    @Test("without a session every page leads to the sign-in, and back to itself afterwards") func nobody() async throws
    {
        let console = try await TestConsole()
        let answer = try await console.nobody.get("/payments?tab=problems")
        #expect(answer.status == 303)
        #expect(answer.location == "/sign-in?next=%2Fpayments%3Ftab%3Dproblems")
    }

    @Test("a right password opens a session, and a wrong one says nothing about the name") func signIn() async throws {
        let console = try await TestConsole()
        try await console.addUser("alice", roles: [("operator", 1)])
        let good = try await console.nobody.post(
            "/sign-in",
            [("name", "alice"), ("password", TestConsole.password), ("next", "/payments?tab=paid")]
        )
        #expect(good.status == 303)
        #expect(good.location == "/payments?tab=paid")
        let cookie = good.headers[.setCookie] ?? ""
        #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Strict"))
        let wrong = try await console.nobody.post("/sign-in", [("name", "alice"), ("password", "wrong")])
        let unknown = try await console.nobody.post("/sign-in", [("name", "mallory"), ("password", "wrong")])
        #expect(wrong.status == 422 && unknown.status == 422)
        #expect(wrong.body.contains("do not fit together") && unknown.body.contains("do not fit together"))
    }

    @Test(
        "after the sign-in nobody is sent to another site",
        arguments: ["//evil.example", "https://evil.example", "/\\evil"]
    )
    func openRedirect(next: String) async throws {
        let console = try await TestConsole()
        try await console.addUser("alice", roles: [("operator", 1)])
        let answer = try await console.nobody.post(
            "/sign-in",
            [("name", "alice"), ("password", TestConsole.password), ("next", next)]
        )
        #expect(answer.location == "/")
    }

    @Test("a missing permission is named") func permission() async throws {
        let console = try await TestConsole()
        let user = try await console.addUser("bob")
        let answer = try await console.session(of: user).get("/payments")
        #expect(answer.status == 403)
        #expect(answer.body.contains("View payments"))
    }

    @Test("a form without the session's token, or from another origin, does nothing") func forged() async throws {
        let console = try await TestConsole()
        let user = try await console.addUser("alice", roles: [("operator", 1)])
        let alice = try await console.session(of: user)
        let stolen = Browser(console: console, token: alice.token, csrf: "guess")
        #expect(try await stolen.post("/sign-out").status == 403)
        #expect(try await alice.post("/sign-out", headers: [.origin: "https://evil.example"]).status == 403)
        #expect(try await alice.get("/payments").status == 200)
        #expect(try await alice.post("/sign-out").status == 303)
        #expect(try await alice.get("/payments").status == 303)
    }

    @Test("sessions end after half an hour without a request, and after twelve hours in any case") func sessionsEnd()
        async throws
    {
        let console = try await TestConsole()
        let user = try await console.addUser("alice", roles: [("operator", 1)])
        let idle = try await console.session(of: user)
        console.pass(milliseconds: Sessions.idleMilliseconds - 1)
        #expect(try await idle.get("/payments").status == 200)
        console.pass(milliseconds: Sessions.idleMilliseconds + 1)
        #expect(try await idle.get("/payments").status == 303)
        let busy = try await console.session(of: user)
        for _ in 0..<26 {
            console.pass(milliseconds: Sessions.idleMilliseconds - 60_000)
            _ = try await busy.get("/payments")
        }
        #expect(try await busy.get("/payments").status == 303)
    }

    @Test("whoever has not given the second factor sees nothing yet") func halfSession() async throws {
        let console = try await TestConsole()
        let user = try await console.addUser("alice", roles: [("admin", 1)])
        let half = try await console.session(of: user, isOpen: false)
        #expect(try await half.get("/payments").location == "/sign-in/second-factor")
        #expect(try await half.get("/").location == "/sign-in/second-factor")
        #expect(try await half.get("/sign-in/second-factor").status == 200)
    }

    @Test("the language changes and the page with its filter stays") func language() async throws {
        let console = try await TestConsole()
        let user = try await console.addUser("alice", roles: [("operator", 1)])
        let alice = try await console.session(of: user)
        let page = try await alice.get("/payments?tab=problems&q=12.50")
        #expect(page.body.contains("/language/zh?back=%2Fpayments%3Ftab%3Dproblems%26q%3D12.50"))
        let answer = try await alice.get("/language/zh?back=%2Fpayments%3Ftab%3Dproblems%26q%3D12.50")
        #expect(answer.location == "/payments?tab=problems&q=12.50")
        #expect(answer.headers[.setCookie]?.contains("tillbridge_language=zh") == true)
    }

    @Test("every page carries the strict content policy and no script or style of its own") func policy() async throws {
        let console = try await TestConsole()
        let user = try await console.addUser("alice", roles: [("operator", 1)])
        let page = try await console.session(of: user).get("/payments")
        #expect(page.headers[.contentSecurityPolicy]?.contains("script-src 'self'") == true)
        #expect(!page.body.contains("style=") && !page.body.contains("onclick"))
        #expect(page.body.matches(of: /<script(?![^>]*src=)/).isEmpty)
    }
}
