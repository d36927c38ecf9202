// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import HTTPTypes
import Hummingbird
import Logging
import NIOCore
import TillCloud
import TillDomain

/// What every request passes before its route: host, session, hurdles, permission, origin, token; and what every
/// answer carries.
struct Gate: Sendable {
    static let sessionCookie = "tillbridge_session"
    static let languageCookie = "tillbridge_language"
    /// How long a second copy of a form waits for the first one's answer.
    private static let submissionTries = 50

    /// Every address that there is not.
    static let nowhere = ConsoleRoute.get("/**", .session) { _ in throw ConsoleProblem.notFound }

    let console: Console

    func answer(_ request: Request, _ context: ConsoleContext, _ route: ConsoleRoute) async -> Response {
        var response: Response
        do {
            response = try await checked(request, context, route)
        } catch {
            response = plain(.internalServerError, "The console failed; nothing is lost. Try again.")
            console.logger.error("request failed", metadata: ["path": "\(route.path)", "error": "\(error)"])
        }
        response.headers[.contentSecurityPolicy] =
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
            + "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        response.headers[.xContentTypeOptions] = "nosniff"
        if let referrerPolicy = HTTPField.Name("Referrer-Policy") { response.headers[referrerPolicy] = "same-origin" }
        return response
    }

    private func checked(_ request: Request, _ context: ConsoleContext, _ route: ConsoleRoute) async throws -> Response
    {
        // A page from elsewhere that points a name of its own at this address is not answered.
        guard console.allows(host: request.head.authority) else { return plain(.misdirectedRequest, "Unknown host.") }
        if case .key(let rights) = route.need {
            return await ApiGate(console: console).answer(request, context, route, rights)
        }
        if request.uri.path.hasPrefix(ApiGate.pathPrefix) { return ApiProblem.notFound.response }
        var request = request
        let now = console.now()
        var form = Form.empty
        if route.method == .post {
            guard request.headers[.contentType]?.hasPrefix("application/x-www-form-urlencoded") == true else {
                return plain(.unsupportedMediaType, "Send a form.")
            }
            do {
                form = Form(String(buffer: try await request.collectBody(upTo: route.bodyLimit)))
            } catch {
                return plain(.contentTooLarge, "The form is larger than \(route.bodyLimit) bytes.")
            }
        }
        let cookies = request.cookies
        var visitor: Viewer?
        if let token = cookies[Gate.sessionCookie]?.value {
            visitor = try await console.sessions.viewer(token: token, at: now)
        }
        var alerts: Int?
        if let visitor, visitor.hurdle == nil, route.need != .nothing {
            alerts = try await AlertView.badge(visitor, in: console.pool)
        }
        let call = Call(
            console: console,
            request: request,
            parameters: context.parameters,
            language: cookies[Gate.languageCookie].flatMap { Language(rawValue: $0.value) }
                ?? Language(accepted: request.headers[.acceptLanguage]),
            target: request.uri.string,
            query: Form(request.uri.query ?? ""),
            form: form,
            address: context.remoteAddress,
            now: now,
            visitor: visitor,
            alerts: alerts
        )
        do {
            return try await passed(call, route)
        } catch let problem as ConsoleProblem {
            return try problemPage(problem, call)
        } catch let error as StartError {
            return try problemPage(.cloudRefused(error.sentence), call)
        } catch CloudLines.Silence.noCloud {
            return try problemPage(.refused(Phrase("refused.noCloud")), call)
        }
    }

    private func passed(_ call: Call, _ route: ConsoleRoute) async throws -> Response {
        if route.method == .post, !hasOwnOrigin(call.request) { return try forged(call) }
        guard route.need != .nothing else { return try await route.handle(call) }
        guard let viewer = call.visitor else {
            let next = route.method == .get ? "?next=\(Form.encoded(call.target))" : ""
            return call.redirect("/sign-in\(next)")
        }
        if route.method == .post {
            guard ConstantTime.equal(Array(call.form.raw("csrf").utf8), Array(viewer.csrf.utf8)) else {
                return try forged(call)
            }
        }
        if viewer.hurdle == .secondFactor, route.need != .halfSession { return call.redirect("/sign-in/second-factor") }
        if case .permission(let permission) = route.need {
            switch viewer.hurdle {
            case .newPassword: return call.redirect("/me/password")
            case .secondFactorSetUp: return call.redirect("/me/second-factor")
            case .secondFactor, nil: break
            }
            guard viewer.may(permission) else { throw ConsoleProblem.forbidden(permission) }
        }
        guard route.method == .post, call.form.has("once") else { return try await route.handle(call) }
        return try await once(call.form["once"], call) { try await route.handle(call) }
    }

    /// Browsers name the origin of each form that is sent. Without one, it was none of ours.
    private func hasOwnOrigin(_ request: Request) -> Bool {
        request.headers[.origin].map { console.allows(origin: $0) } ?? false
    }

    private func forged(_ call: Call) throws -> Response {
        try call.page(
            "problem",
            ["title": call.text(Phrase("refused.forged")), "help": call.text(Phrase("refused.forgedHelp"))],
            status: .forbidden
        )
    }

    // MARK: - Forms that are sent twice

    /// A form does its work once. A second copy, from a second click or a reload, gets the first one's answer.
    private func once(
        _ token: String,
        _ call: Call,
        _ work: () async throws -> Response
    ) async throws -> Response {
        let key = "\(try call.viewer.id):\(token.prefix(100))"
        let isFirst = try await console.pool.write { database in
            // No session lives longer, and without its session a form is not taken.
            try database.execute(
                sql: "DELETE FROM submission WHERE at < ?",
                arguments: [call.now - Sessions.longestMilliseconds]
            )
            try database.execute(
                sql: "INSERT OR IGNORE INTO submission (token, at) VALUES (?, ?)",
                arguments: [key, call.now]
            )
            return database.changesCount == 1
        }
        guard isFirst else { return try await answerOfFirst(key, call) }
        do {
            let response = try await work()
            // A form that came back with its errors may be sent again.
            try await settle(key, location: response.status == .seeOther ? response.headers[.location] : nil)
            return response
        } catch {
            try await settle(key, location: nil)
            throw error
        }
    }

    private func settle(_ key: String, location: String?) async throws {
        try await console.pool.write { database in
            if let location {
                try database.execute(
                    sql: "UPDATE submission SET location = ? WHERE token = ?",
                    arguments: [location, key]
                )
            } else {
                try database.execute(sql: "DELETE FROM submission WHERE token = ?", arguments: [key])
            }
        }
    }

    private func answerOfFirst(_ key: String, _ call: Call) async throws -> Response {
        for _ in 0..<Gate.submissionTries {
            let found = try await console.pool.read { database -> String?? in
                let row = try Row.fetchOne(
                    database,
                    sql: "SELECT location FROM submission WHERE token = ?",
                    arguments: [key]
                )
                return row.map { $0["location"] as String? }
            }
            guard let location = found else { break }
            if let location { return call.redirect(location) }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw ConsoleProblem.refused(Phrase("refused.twice"))
    }

    // MARK: - Refusals

    private func problemPage(_ problem: ConsoleProblem, _ call: Call) throws -> Response {
        switch problem {
        case .notFound:
            return try call.page(
                "problem",
                ["title": call.text(Phrase("refused.notFound")), "help": call.text(Phrase("refused.notFoundHelp"))],
                status: .notFound
            )
        case .forbidden(let permission):
            let name = call.text(permission.phrase)
            return try call.page(
                "problem",
                [
                    "title": call.text(Phrase("refused.permission")),
                    "help": call.text(Phrase("refused.permissionHelp", name)),
                ],
                status: .forbidden
            )
        case .proofNeeded:
            // A form is filled in once more after it; a page is shown by itself.
            let next = call.request.method == .get ? call.target : Gate.page(before: call) ?? "/"
            return call.redirect("/me/proof?next=\(Form.encoded(next))")
        case .refused(let phrase):
            return try call.page(
                "problem",
                ["title": call.text(Phrase("refused.title")), "help": call.text(phrase)],
                status: .conflict
            )
        case .cloudRefused(let sentence):
            return try call.page(
                "problem",
                ["title": call.text(Phrase("refused.cloud")), "help": sentence],
                status: .conflict
            )
        }
    }

    /// The own page that a form was sent from.
    private static func page(before call: Call) -> String? {
        guard let referer = call.request.headers[.referer], let url = URL(string: referer) else { return nil }
        return url.path + (url.query.map { "?\($0)" } ?? "")
    }

    /// A path of this console: nothing that leads elsewhere.
    static func ownPath(_ text: String) -> String? {
        guard text.hasPrefix("/"), !text.hasPrefix("//"), !text.contains("\\"),
            text.utf8.allSatisfy({ (33...126).contains($0) })
        else { return nil }
        return text
    }

    private func plain(_ status: HTTPResponse.Status, _ text: String) -> Response {
        Response(
            status: status,
            headers: [.contentType: "text/plain; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text))
        )
    }
}
