// Part of Tillbridge. See LICENSE.
import GRDB
import HTTPTypes
import Hummingbird

/// Coming in and going out, and the language.
enum SignInRoutes {
    static let all: [ConsoleRoute] = [
        .get("/", .session) { call in call.redirect(Navigation.home(of: try call.viewer)) },
        .get("/sign-in", .nothing) { try await page($0) },
        .post("/sign-in", .nothing) { try await signIn($0) },
        .get("/sign-in/second-factor", .halfSession) { try secondFactorPage($0) },
        .post("/sign-in/second-factor", .halfSession) { try await secondFactor($0) },
        .post("/sign-out", .halfSession) { try await signOut($0) },
        .get("/language/:language", .nothing) { try language($0) },
    ]

    private static func page(_ call: Call, problem: Phrase? = nil) async throws -> Response {
        if problem == nil, call.visitor != nil { return call.redirect("/") }
        let isEmpty = try await call.console.pool.read { database in
            try Bool.fetchOne(database, sql: "SELECT NOT EXISTS (SELECT 1 FROM user)") ?? false
        }
        var problems = Problems()
        problems.add("password", problem)
        let next = call.form.has("next") ? call.form["next"] : call.query["next"]
        return try call.page(
            "sign-in",
            [
                "fields": call.fields(
                    [
                        Field(
                            name: "name",
                            label: Phrase("signIn.name"),
                            value: call.form["name"],
                            isRequired: true,
                            autocomplete: "username"
                        ),
                        Field(
                            name: "password",
                            label: Phrase("signIn.password"),
                            kind: .password,
                            isRequired: true,
                            autocomplete: "current-password"
                        ),
                    ],
                    problems
                ),
                "next": next,
                "isEmpty": isEmpty,
            ],
            status: problem == nil ? .ok : .unprocessableContent
        )
    }

    private static func signIn(_ call: Call) async throws -> Response {
        let outcome = try await call.console.signIn.signIn(
            name: call.form["name"],
            password: call.form.raw("password"),
            address: call.address,
            agent: call.request.headers[.userAgent] ?? "",
            at: call.now
        )
        switch outcome {
        case .welcome(let token):
            var response = call.redirect(Gate.ownPath(call.form["next"]) ?? "/")
            response.setCookie(
                Cookie(
                    name: Gate.sessionCookie,
                    value: token,
                    path: "/",
                    secure: call.console.settings.isSecure,
                    httpOnly: true,
                    sameSite: .strict
                )
            )
            return response
        case .refused: return try await page(call, problem: Phrase("signIn.refused"))
        case .demoOnly: return try await page(call, problem: Phrase("signIn.demoOnly"))
        case .locked(let until):
            return try await page(call, problem: Phrase("signIn.locked", call.formats.time(until)))
        }
    }

    private static func secondFactorPage(_ call: Call, problem: Phrase? = nil) throws -> Response {
        guard try call.viewer.hurdle == .secondFactor else { return call.redirect("/") }
        var problems = Problems()
        problems.add("code", problem)
        return try call.page(
            "second-factor",
            [
                "fields": call.fields(
                    [
                        Field(
                            name: "code",
                            label: Phrase("signIn.code"),
                            hint: Phrase("signIn.codeHint"),
                            isRequired: true,
                            autocomplete: "one-time-code"
                        )
                    ],
                    problems
                )
            ],
            status: problem == nil ? .ok : .unprocessableContent
        )
    }

    private static func secondFactor(_ call: Call) async throws -> Response {
        // In an open session a code would take the place of the whole proof.
        guard try call.viewer.hurdle == .secondFactor else { return call.redirect("/") }
        let isProved = try await call.console.signIn.proveSecondFactor(
            of: call.viewer,
            code: call.form["code"],
            address: call.address,
            at: call.now
        )
        return isProved ? call.redirect("/") : try secondFactorPage(call, problem: Phrase("signIn.codeRefused"))
    }

    private static func signOut(_ call: Call) async throws -> Response {
        let viewer = try call.viewer
        let event = try call.event("sign-out", "user:\(viewer.name)")
        try await call.console.pool.write { database in
            try Sessions.end(user: viewer.id, session: viewer.session, at: call.now, database)
            try AuditLog.append(event, at: call.now, database)
        }
        return call.redirect("/sign-in", said: "signedOut")
    }

    /// Changes the language and comes back to the same page with the same filter.
    private static func language(_ call: Call) throws -> Response {
        guard let language = Language(rawValue: try call.parameter("language")) else { throw ConsoleProblem.notFound }
        var response = call.redirect(Gate.ownPath(call.query["back"]) ?? "/")
        response.setCookie(
            Cookie(
                name: Gate.languageCookie,
                value: language.rawValue,
                maxAge: 31_536_000,
                path: "/",
                secure: call.console.settings.isSecure,
                httpOnly: true,
                sameSite: .lax
            )
        )
        return response
    }
}
