// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import HTTPTypes
import Testing

@testable import TillConsole

@Suite("sign-in") struct SignInTests {
    private static let secret = [UInt8](repeating: 7, count: 20)

    /// Somebody with a second factor.
    private func withSecondFactor(_ console: TestConsole) async throws -> (user: Int64, codes: [String]) {
        let user = try await console.addUser("alice", roles: [("operator", 1)])
        let box = console.console.box
        let codes = try await console.console.pool.write {
            try SecondFactor.turnOn(Self.secret, step: 0, of: user, box, $0)
        }
        return (user, codes)
    }

    private func code(_ console: TestConsole) -> String {
        OneTimePassword(secret: Self.secret).digits(step: OneTimePassword.step(at: console.now))
    }

    @Test("five wrong passwords lock a name for a quarter of an hour, the right one too") func lock() async throws {
        let console = try await TestConsole()
        try await console.addUser("alice", roles: [("operator", 1)])
        func attempt(_ password: String) async throws -> Answer {
            try await console.nobody.post("/sign-in", [("name", "alice"), ("password", password)])
        }
        for _ in 0..<4 { #expect(try await attempt("wrong").body.contains("do not fit together")) }
        #expect(try await attempt("wrong").body.contains("locked until"))
        #expect(try await attempt(TestConsole.password).status == 422)
        console.pass(milliseconds: SignIn.lockMilliseconds - 1)
        #expect(try await attempt(TestConsole.password).status == 422)
        console.pass(milliseconds: 1)
        #expect(try await attempt(TestConsole.password).status == 303)
        // The count begins anew.
        for _ in 0..<4 { _ = try await attempt("wrong") }
        #expect(try await attempt(TestConsole.password).status == 303)
    }

    @Test("a name that there is not is answered like a wrong password, to the letter") func unknown() async throws {
        let console = try await TestConsole()
        try await console.addUser("alice", roles: [("operator", 1)])
        let known = try await console.nobody.post("/sign-in", [("name", "alice"), ("password", "wrong")])
        let unknown = try await console.nobody.post("/sign-in", [("name", "mally"), ("password", "wrong")])
        #expect(known.status == unknown.status)
        #expect(known.body == unknown.body.replacing("mally", with: "alice"))
        #expect(known.headers == unknown.headers)
    }

    @Test("a code of the second factor is taken once, and no earlier one after it") func replay() async throws {
        let console = try await TestConsole()
        let (user, _) = try await withSecondFactor(console)
        let before = code(console)
        console.pass(milliseconds: 30_000)
        func attempt(_ code: String) async throws -> Int {
            try await console.session(of: user, isOpen: false).post("/sign-in/second-factor", [("code", code)]).status
        }
        let now = code(console)
        #expect(try await attempt("000000") == 422)
        #expect(try await attempt(now) == 303)
        #expect(try await attempt(now) == 422)
        #expect(try await attempt(before) == 422)
        console.pass(milliseconds: 30_000)
        #expect(try await attempt(code(console)) == 303)
    }

    @Test("a recovery code opens once") func recovery() async throws {
        let console = try await TestConsole()
        let (user, codes) = try await withSecondFactor(console)
        #expect(codes.count == 10 && Set(codes).count == 10)
        func attempt(_ code: String) async throws -> Int {
            try await console.session(of: user, isOpen: false).post("/sign-in/second-factor", [("code", code)]).status
        }
        #expect(try await attempt(codes[0].lowercased()) == 303)
        #expect(try await attempt(codes[0]) == 422)
        #expect(try await attempt(codes[1].replacing("-", with: " ")) == 303)
    }

    @Test("five wrong codes lock, a right one too") func lockedCode() async throws {
        let console = try await TestConsole()
        let (user, codes) = try await withSecondFactor(console)
        let half = try await console.session(of: user, isOpen: false)
        for _ in 0..<5 { #expect(try await half.post("/sign-in/second-factor", [("code", "000000")]).status == 422) }
        #expect(try await half.post("/sign-in/second-factor", [("code", codes[0])]).status == 422)
    }

    @Test("a changed password ends all other sessions, and opens the next one") func newPassword() async throws {
        let console = try await TestConsole()
        let user = try await console.addUser("alice", roles: [("operator", 1)])
        let (here, elsewhere) = (try await console.session(of: user), try await console.session(of: user))
        func change(_ old: String, _ new: String, _ again: String) async throws -> Answer {
            try await here.post("/me/password", [("old", old), ("new", new), ("again", again)])
        }
        #expect(try await change("wrong", "a fine new 1 pass", "a fine new 1 pass").body.contains("problem-old"))
        #expect(try await change(TestConsole.password, "short", "short").body.contains("problem-new"))
        #expect(try await change(TestConsole.password, "a fine new 1 pass", "another").body.contains("problem-again"))
        #expect(try await change(TestConsole.password, TestConsole.password, TestConsole.password).status == 422)
        #expect(try await elsewhere.get("/payments").status == 200)
        #expect(try await change(TestConsole.password, "a fine new 1 pass", "a fine new 1 pass").status == 303)
        #expect(try await elsewhere.get("/payments").location?.hasPrefix("/sign-in") == true)
        #expect(try await here.get("/payments").status == 200)
        let signIn = [("name", "alice"), ("password", "a fine new 1 pass")]
        #expect(try await console.nobody.post("/sign-in", signIn).status == 303)
    }

    @Test("the second factor is set up with a code, and its recovery codes are shown to this session, for two minutes")
    func setUp() async throws {
        let console = try await TestConsole()
        let user = try await console.addUser("alice", roles: [("operator", 1)], secondFactorIsOff: false)
        let alice = try await console.session(of: user)
        #expect(try await alice.get("/payments").location == "/me/second-factor")
        let page = try await alice.get("/me/second-factor")
        #expect(page.body.contains("src=\"data:image/svg+xml;base64,"))
        let sealed = try #require(page.body.firstMatch(of: /name="sealed" value="([^"]+)"/)?.1)
        let encoded = String(sealed).replacing("&#x3D;", with: "=")
        let wrong = try await alice.post("/me/second-factor", [("sealed", encoded), ("code", "000000")])
        #expect(wrong.status == 422 && wrong.body.contains("problem-code"))
        let box = console.console.box
        let bytes = try box.open(
            try #require(Data(base64Encoded: encoded)),
            name: "totp-offer:\(try await session(of: alice))"
        )
        let digits = OneTimePassword(secret: bytes).digits(step: OneTimePassword.step(at: console.now))
        let done = try await alice.post("/me/second-factor", [("sealed", encoded), ("code", digits)])
        let location = try #require(done.location)
        let codes = try await alice.get(location)
        #expect(codes.body.matches(of: /[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}-[A-Z2-9]{4}/).count == 10)
        let other = try await console.session(of: user)
        #expect(try await other.get(location).status == 303)
        #expect(try await alice.get("/payments").status == 200)
        console.pass(milliseconds: SealedNote.milliseconds)
        #expect(try await alice.get(location).status == 303)
        // The code that confirmed it opens nothing more.
        let half = try await console.session(of: user, isOpen: false)
        #expect(try await half.post("/sign-in/second-factor", [("code", digits)]).status == 422)
    }

    private func session(of browser: Browser) async throws -> Int64 {
        let token = try #require(browser.token)
        return try #require(
            try await browser.console.console.sessions.viewer(token: token, at: browser.console.now)?.session
        )
    }

    @Test(
        "what matters wants a proof that is fresh, and the way back is a path of this console",
        arguments: [
            "//evil.example", "https://evil.example", "/\\evil", "/me\r\nSet-Cookie: a=b", "javascript:alert(1)",
        ]
    )
    func proof(next: String) async throws {
        let console = try await TestConsole()
        let user = try await console.addUser("anna", roles: [("admin", 1)])
        let anna = try await console.session(of: user)
        #expect(try await anna.get("/people/new").status == 200)
        console.pass(milliseconds: 5 * 60_000)
        #expect(try await anna.get("/people/new").location == "/me/proof?next=%2Fpeople%2Fnew")
        let fields = [("password", TestConsole.password), ("next", next)]
        #expect(try await anna.post("/me/proof", [("password", "wrong"), ("next", "/people")]).status == 422)
        #expect(try await anna.post("/me/proof", fields).location == "/me")
        #expect(try await anna.get("/people/new").status == 200)
        let welcome = try await console.nobody.post("/sign-in", [("name", "anna")] + fields)
        #expect(welcome.location == "/" && welcome.headers[values: .setCookie].count == 1)
    }

    @Test("a code or a password by itself is no fresh proof for whoever has both") func halfProof() async throws {
        let console = try await TestConsole()
        let user = try await console.addUser("anna", roles: [("admin", 1)])
        let box = console.console.box
        _ = try await console.console.pool.write {
            try SecondFactor.turnOn(Self.secret, step: 0, of: user, box, $0)
        }
        let anna = try await console.session(of: user)
        console.pass(milliseconds: 5 * 60_000)
        #expect(try await anna.post("/sign-in/second-factor", [("code", code(console))]).location == "/")
        #expect(try await anna.get("/people/new").status == 303)
        let new = "a fine new 1 pass"
        let fields = [("old", TestConsole.password), ("new", new), ("again", new)]
        #expect(try await anna.post("/me/password", fields).status == 303)
        #expect(try await anna.get("/people/new").status == 303)
        #expect(try await anna.post("/me/proof", [("password", new), ("code", "000000")]).status == 422)
        console.pass(milliseconds: 30_000)
        #expect(try await anna.post("/me/proof", [("password", new), ("code", code(console))]).location == "/me")
        #expect(try await anna.get("/people/new").status == 200)
    }

    @Test("own sessions are ended one by one or all others; nobody else's") func sessions() async throws {
        let console = try await TestConsole()
        let user = try await console.addUser("alice", roles: [("operator", 1)])
        let stranger = try await console.session(of: console.addUser("bob", roles: [("operator", 1)]))
        let (here, second, third) = (
            try await console.session(of: user), try await console.session(of: user),
            try await console.session(of: user)
        )
        let strangers = try await session(of: stranger)
        #expect(try await here.post("/me/sessions/\(strangers)/end").status == 404)
        #expect(try await stranger.get("/payments").status == 200)
        #expect(try await here.post("/me/sessions/\(session(of: second))/end").status == 303)
        #expect(try await second.get("/payments").status == 303)
        #expect(try await third.get("/payments").status == 200)
        #expect(try await here.post("/me/sessions/end-others").status == 303)
        #expect(try await third.get("/payments").status == 303)
        #expect(try await here.get("/me").status == 200)
    }

    @Test("a console without users says how the first one is made") func firstUser() async throws {
        let console = try await TestConsole()
        #expect(try await console.nobody.get("/sign-in").body.contains("tillbridge console-user add"))
        let password = try await FirstUser.add(data: console.folder, name: "anna", fullName: "Anna", role: "admin")
        #expect(try await !console.nobody.get("/sign-in").body.contains("console-user"))
        let answer = try await console.nobody.post("/sign-in", [("name", "anna"), ("password", password)])
        let cookie = try #require(answer.headers[.setCookie]?.firstMatch(of: /tillbridge_session=([^;]+)/)?.1)
        let anna = Browser(console: console, token: String(cookie), csrf: "")
        // First a password of her own, then the second factor.
        #expect(try await anna.get("/people").location == "/me/password")
    }
}
