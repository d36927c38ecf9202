// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import HTTPTypes
import Hummingbird
import NIOCore
import Testing

@testable import TillConsole

/// Every route × every kind of visitor: nobody gets what is not for him, and everybody gets what is.
@Suite("sweep") struct SweepTests {
    private enum Visitor: Equatable {
        case nobody, half
        case role(BuiltInRole)

        static let all: [Visitor] = [.nobody, .half] + BuiltInRole.allCases.map { .role($0) }
    }

    private let console: TestConsole

    init() async throws { console = try await TestConsole() }

    @Test("each route opens for the roles that hold its permission, and for nobody else") func permissions()
        async throws
    {
        var users: [BuiltInRole: Int64] = [:]
        for role in BuiltInRole.allCases {
            users[role] = try await console.addUser(role.rawValue, roles: [(role.rawValue, 1)])
        }
        let half = try await console.addUser("half", roles: [("admin", 1)])
        var holes: [String] = []
        for route in Console.routes {
            for visitor in Visitor.all {
                let browser =
                    switch visitor {
                    case .nobody: console.nobody
                    case .half: try await console.session(of: half, isOpen: false)
                    case .role(let role): try await console.session(of: try #require(users[role]))
                    }
                let answer = try await status(route, browser)
                if let hole = hole(route, visitor, answer) {
                    holes.append("\(route.method) \(route.path) as \(visitor): \(answer.status), \(hole)")
                }
            }
        }
        #expect(holes == [])
        try report(holes.count)
    }

    @Test("a form without the session's token, from elsewhere or from nowhere is refused by each route") func forged()
        async throws
    {
        let user = try await console.addUser("all", roles: BuiltInRole.allCases.map { ($0.rawValue, 1) })
        var holes: [String] = []
        for route in Console.routes where route.method == .post {
            // Programs have no session that could be used against them.
            if case .key = route.need { continue }
            let browser = try await console.session(of: user)
            let stolen = Browser(console: console, token: browser.token, csrf: "")
            // Signing in is for those without a session: its origin alone is checked.
            if route.need != .nothing, try await status(route, stolen).status != 403 {
                holes.append("\(route.path) without a token")
            }
            for origin in ["https://evil.example", "null", "http://127.0.0.1.evil.example", nil] {
                if try await status(route, browser, origin: origin).status != 403 {
                    holes.append("\(route.path) from \(origin ?? "nowhere")")
                }
            }
        }
        #expect(holes == [])
    }

    /// What is wrong with an answer; nil if nothing is.
    private func hole(_ route: ConsoleRoute, _ visitor: Visitor, _ answer: (status: Int, location: String)) -> String? {
        if answer.status >= 500 { return "failed" }
        switch (route.need, visitor) {
        case (.nothing, _): return answer.status == 403 ? "refused" : nil
        case (.key, _): return answer.status == 401 ? nil : "open without a key"
        case (_, .nobody): return answer.location.hasPrefix("/sign-in") ? nil : "open without a session"
        case (.halfSession, _): return answer.status == 403 ? "refused" : nil
        case (_, .half): return answer.location == "/sign-in/second-factor" ? nil : "open without second factor"
        case (.session, .role): return answer.status == 403 ? "refused" : nil
        case (.permission(let permission), .role(let role)):
            let isHeld = role.permissions.contains(permission)
            return isHeld == (answer.status != 403) ? nil : isHeld ? "refused" : "open without permission"
        }
    }

    private func status(
        _ route: ConsoleRoute,
        _ browser: Browser,
        origin: String? = "http://\(TestConsole.host)"
    ) async throws -> (status: Int, location: String) {
        var parameters = Parameters()
        let parts = route.path.split(separator: "/").map { part -> Substring in
            guard part.hasPrefix(":") else { return part }
            // What there is not: nothing that a route does here has a consequence.
            let value: Substring = part == ":language" ? "en" : "999999"
            parameters[part.dropFirst()] = value
            return value
        }
        var headers = HTTPFields()
        if let token = browser.token { headers[.cookie] = "\(Gate.sessionCookie)=\(token)" }
        if route.method == .post {
            headers[.origin] = origin
            headers[.contentType] = "application/x-www-form-urlencoded"
        }
        let request = Request(
            head: HTTPRequest(
                method: route.method,
                scheme: "http",
                authority: TestConsole.host,
                path: "/" + parts.joined(separator: "/"),
                headerFields: headers
            ),
            body: RequestBody(buffer: ByteBuffer(string: "csrf=\(Form.encoded(browser.csrf))"))
        )
        var context = ConsoleContext(address: "127.0.0.1")
        context.coreContext.parameters = parameters
        // The body is not read: some never end.
        let response = await Gate(console: console.console).answer(request, context, route)
        return (response.status.code, response.headers[.location] ?? "")
    }

    private func report(_ holes: Int) throws {
        guard let path = ProcessInfo.processInfo.environment["TILLBRIDGE_CONSOLE_SWEEP"] else { return }
        let text = "{\"routesSwept\":\(Console.routes.count),\"holes\":\(holes)}\n"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }
}
