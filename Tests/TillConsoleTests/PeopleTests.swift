// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import HTTPTypes
import Hummingbird
import NIOCore
import Testing

@testable import TillConsole

@Suite("people") struct PeopleTests {
    /// Two regions, an administrator of everything, one of the east, and people of each region.
    private struct Chain {
        let console: TestConsole
        let anna: Browser
        let annaID: Int64
        /// May look after users of the east, and see its payments.
        let ed: Browser
        let edID: Int64
        let east: Node
        let west: Node
        let eve: Int64
        let will: Int64

        init() async throws {
            console = try await TestConsole()
            east = try await console.addNode(.region, "EAST")
            west = try await console.addNode(.region, "WEST")
            annaID = try await console.addUser("anna", roles: [("admin", 1)])
            anna = try await console.session(of: annaID)
            let boxes = [("people.view", "on"), ("people.edit", "on"), ("payments.view", "on")]
            #expect(try await anna.post("/people/roles/new", [("name", "Clerk")] + boxes).status == 303)
            let payments = [("name", "Viewer"), ("payments.view", "on")]
            #expect(try await anna.post("/people/roles/new", payments).status == 303)
            edID = try await console.addUser("ed", roles: [("Clerk", east.id)])
            ed = try await console.session(of: edID)
            eve = try await console.addUser("eve", roles: [("Viewer", east.id)])
            will = try await console.addUser("will", roles: [("Viewer", west.id)])
        }

        func add(_ name: String, _ roles: [(String, String)], by browser: Browser) async throws -> Answer {
            let pairs = roles.enumerated().flatMap { [("role-\($0)", $1.0), ("place-\($0)", $1.1)] }
            return try await browser.post("/people/new", [("name", name), ("fullName", name.capitalized)] + pairs)
        }

        func exists(_ name: String) async throws -> Bool {
            try await console.console.pool.read {
                try Int.fetchOne($0, sql: "SELECT 1 FROM user WHERE name = ?", arguments: [name]) != nil
            }
        }

        func person(_ id: Int64) async throws -> Person {
            try #require(try await console.console.pool.read { try Person.of(id: id, $0) })
        }
    }

    @Test("a new user gets a password that is shown once, and has to change it first") func add() async throws {
        let chain = try await Chain()
        let answer = try await chain.add("nina", [("manager", "EAST"), ("auditor", "WEST")], by: chain.anna)
        let location = try #require(answer.location)
        let page = try await chain.anna.get(location)
        let password = String(try #require(page.body.firstMatch(of: /[a-z2-9]{4}(-[a-z2-9]{4}){3}/)?.0))
        #expect(try await chain.ed.get(location).status != 200)
        let signIn = try await chain.console.nobody.post("/sign-in", [("name", "nina"), ("password", password)])
        let token = try #require(signIn.headers[.setCookie]?.firstMatch(of: /tillbridge_session=([^;]+)/)?.1)
        let nina = Browser(console: chain.console, token: String(token), csrf: "")
        #expect(try await nina.get("/payments").location == "/me/password")
        let log = try await chain.anna.get("/audit").body
        #expect(log.contains("user:nina") && !log.contains(password))
    }

    @Test("a form that is sent twice adds one user, and both copies show the same password") func twice() async throws {
        let chain = try await Chain()
        let fields = [
            ("name", "nina"), ("fullName", "Nina"), ("role-0", "manager"), ("place-0", "EAST"), ("once", "token"),
        ]
        async let first = chain.anna.post("/people/new", fields)
        async let copy = chain.anna.post("/people/new", fields)
        let answers = try await [first, copy]
        #expect(answers.map(\.status) == [303, 303] && answers[0].location == answers[1].location)
        let entries = try await chain.console.console.pool.read {
            try Int.fetchOne($0, sql: "SELECT count(*) FROM audit WHERE subject = 'user:nina'")
        }
        #expect(entries == 1)
    }

    @Test("nobody gives what he does not hold himself at that place") func escalation() async throws {
        let chain = try await Chain()
        let beyond = [
            [("admin", "GROUP")], [("Clerk", "GROUP")], [("Clerk", "WEST")], [("finance", "EAST")],
            [("Viewer", "EAST"), ("Viewer", "WEST")], [("nonsense", "EAST")], [("Viewer", "NOWHERE")], [],
        ]
        for roles in beyond {
            let answer = try await chain.add("puppet", roles, by: chain.ed)
            #expect(answer.status == 422 && answer.body.contains("problem-role-0"))
        }
        #expect(try await !chain.exists("puppet"))
        #expect(try await chain.add("helper", [("Viewer", "EAST")], by: chain.ed).status == 303)
        // Roles hold everywhere: only who looks after everything makes them.
        #expect(try await chain.ed.post("/people/roles/new", [("name", "X"), ("payments.view", "on")]).status == 403)
        #expect(try await chain.ed.post("/people/roles/Clerk", [("version", "1"), ("audit.view", "on")]).status == 403)
        #expect(try await chain.ed.post("/people/roles/Viewer/delete").status == 403)
        #expect(
            try await chain.anna.post("/people/roles/admin", [("version", "1"), ("audit.view", "on")]).status == 404
        )
    }

    @Test("administrators appoint who moves money, and cannot appoint themselves") func keptApart() async throws {
        let chain = try await Chain()
        #expect(try await chain.add("fay", [("finance", "EAST")], by: chain.anna).status == 303)
        let own = try await chain.anna.post(
            "/people/\(chain.annaID)",
            [
                ("version", "1"), ("fullName", "Anna"), ("role-0", "admin"), ("place-0", "GROUP"),
                ("role-1", "finance"), ("place-1", "GROUP"),
            ]
        )
        #expect(own.status == 422 && own.body.contains("own roles"))
        let boxes = [("name", "Money"), ("refunds.request", "on")]
        #expect(try await chain.anna.post("/people/roles/new", boxes).status == 303)
        // Not by way of a role that she has already.
        try await chain.console.console.pool.write {
            try $0.execute(sql: "INSERT INTO user_role VALUES (?, 'Viewer', 1)", arguments: [chain.annaID])
        }
        let role = try await chain.anna.post(
            "/people/roles/Viewer",
            [("version", "1"), ("payments.view", "on"), ("refunds.request", "on")]
        )
        #expect(role.status == 422)
        #expect(try await chain.person(chain.annaID).grants.map(\.text) == ["Viewer@GROUP", "admin@GROUP"])
    }

    @Test("whoever is not in one's part of the organisation is not there, and cannot be touched") func scope()
        async throws
    {
        let chain = try await Chain()
        let list = try await chain.ed.get("/people").body
        #expect(list.contains("Eve") && list.contains(">Ed<") && !list.contains("Will") && !list.contains("Anna"))
        for id in [chain.annaID, chain.will] {
            #expect(try await chain.ed.get("/people/\(id)").status == 404)
            for action in PeopleDesk.Action.allCases {
                #expect(try await chain.ed.post("/people/\(id)/\(action.rawValue)").status == 403)
            }
            let edit = [("version", "1"), ("fullName", "Taken"), ("role-0", "Viewer"), ("place-0", "EAST")]
            #expect(try await chain.ed.post("/people/\(id)", edit).status == 403)
            #expect(try await chain.person(id).fullName != "Taken")
        }
        // Somebody of the east who is more than Ed could give is no more his.
        try await chain.console.console.pool.write {
            try $0.execute(sql: "INSERT INTO user_role VALUES (?, 'admin', 1)", arguments: [chain.eve])
        }
        #expect(try await chain.ed.get("/people/\(chain.eve)").status == 200)
        #expect(try await chain.ed.post("/people/\(chain.eve)/password").status == 403)
    }

    @Test("a new password, a reset and a disabled user end the sessions") func ends() async throws {
        let chain = try await Chain()
        for action in ["password", "second-factor", "sessions", "disable"] {
            let eve = try await chain.console.session(of: chain.eve)
            #expect(try await eve.get("/payments").status == 200)
            #expect(try await chain.ed.post("/people/\(chain.eve)/\(action)").status == 303)
            #expect(try await eve.get("/payments").location?.hasPrefix("/sign-in") == true, "\(action)")
            try await chain.console.console.pool.write {
                try $0.execute(sql: "UPDATE user SET password_is_given = 0")
            }
        }
        #expect(try await chain.person(chain.eve).isDisabled)
        #expect(try await chain.ed.post("/people/\(chain.eve)/enable").status == 303)
        #expect(try await !chain.person(chain.eve).isDisabled)
        for action in PeopleDesk.Action.allCases {
            #expect(try await chain.ed.post("/people/\(chain.edID)/\(action.rawValue)").status == 409)
        }
    }

    @Test("there is always an administrator of everything") func lastAdministrator() async throws {
        let chain = try await Chain()
        let second = try await chain.console.addUser("amir", roles: [("admin", 1)])
        // Both are signed in, and each disables the other: the gate let both in.
        let (anna, amir) = (try await call(chain.anna), try await call(chain.console.session(of: second)))
        try await PeopleDesk(call: anna).perform(.disable, on: second)
        await #expect(throws: PeopleDesk.Refusal.lastAdministrator) {
            try await PeopleDesk(call: amir).perform(.disable, on: chain.annaID)
        }
        await #expect(throws: PeopleDesk.Refusal.lastAdministrator) {
            let roles = [PeopleDesk.Wanted(role: "Viewer", place: "GROUP")]
            try await PeopleDesk(call: amir).edit(chain.annaID, version: 1, fullName: "Anna", wanted: roles)
        }
        #expect(try await !chain.person(chain.annaID).isDisabled)
    }

    /// A call that has passed the gate.
    private func call(_ browser: Browser) async throws -> Call {
        let console = browser.console
        let viewer = try await console.console.sessions.viewer(token: try #require(browser.token), at: console.now)
        let head = HTTPRequest(method: .post, scheme: "http", authority: TestConsole.host, path: "/people")
        return Call(
            console: console.console,
            request: Request(head: head, body: RequestBody(buffer: ByteBuffer())),
            parameters: Parameters(),
            language: .english,
            target: "/people",
            query: .empty,
            form: .empty,
            address: "127.0.0.1",
            now: console.now,
            visitor: viewer
        )
    }

    @Test("a page that somebody else has made stale shows both versions and overwrites nothing") func stale()
        async throws
    {
        let chain = try await Chain()
        func save(_ name: String, version: Int) async throws -> Answer {
            try await chain.anna.post(
                "/people/\(chain.eve)",
                [("version", "\(version)"), ("fullName", name), ("role-0", "Viewer"), ("place-0", "EAST")]
            )
        }
        #expect(try await save("First", version: 1).status == 303)
        let late = try await save("Second", version: 1)
        #expect(late.status == 409 && late.body.contains("First") && late.body.contains("Second"))
        #expect(late.body.contains("name=\"version\" value=\"2\""))
        #expect(try await chain.person(chain.eve).fullName == "First")
        #expect(try await save("Second", version: 2).status == 303)
        #expect(try await chain.person(chain.eve).fullName == "Second")
        let role = [("version", "1"), ("payments.view", "on"), ("statistics.view", "on")]
        #expect(try await chain.anna.post("/people/roles/Viewer", role).status == 303)
        let old = try await chain.anna.post("/people/roles/Viewer", [("version", "1"), ("payments.view", "on")])
        #expect(old.status == 409 && old.body.contains("View statistics"))
    }

    @Test(
        "what people type as names is shown as they typed it, and is never markup",
        arguments: [
            "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onmouseover='alert(1)",
            "</title><svg onload=alert(1)>", "{{csrf}}", "javascript:alert(1)", "&lt;b&gt;",
        ]
    )
    func markup(text: String) async throws {
        let chain = try await Chain()
        let added = try await chain.anna.post("/people/roles/new", [("name", text), ("payments.view", "on")])
        #expect(added.status == 303)
        let name = [("name", "nina"), ("fullName", text), ("role-0", text), ("place-0", "EAST")]
        #expect(try await chain.anna.post("/people/new", name).status == 303)
        try await chain.console.console.pool.write {
            try $0.execute(sql: "UPDATE node SET name = ? WHERE code = 'EAST'", arguments: [text])
        }
        let nina = try await chain.console.console.pool.read {
            try Int64.fetchOne($0, sql: "SELECT id FROM user WHERE name = 'nina'") ?? 0
        }
        let own = try await chain.console.session(of: nina)
        let role = try #require(added.location?.prefix { $0 != "?" })
        for path in ["/people", "/people/\(nina)", "/people/roles", String(role), "/audit", "/people/new"] {
            let body = try await chain.anna.get(path).body
            #expect(body.contains("<h1>"), "\(path)")
            #expect(!body.contains(text) || text.allSatisfy { !"<>\"'&".contains($0) }, "\(path)")
            #expect(body.matches(of: /<(script(?! src=)|img src=x|svg onload)/).isEmpty, "\(path)")
        }
        #expect(try await !own.get("/me").body.contains("<script>alert"))
    }
}
