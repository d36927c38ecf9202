// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import Hummingbird
import TillPictures

/// What everybody may see and change of himself: sessions, password, second factor.
enum OwnRoutes {
    static let all: [ConsoleRoute] = [
        .get("/me", .session) { try await page($0) },
        .post("/me/sessions/end-others", .session) { try await endOthers($0) },
        .post("/me/sessions/:id/end", .session) { try await end($0) },
        .get("/me/password", .session) { try passwordPage($0) },
        .post("/me/password", .session) { try await changePassword($0) },
        .get("/me/second-factor", .session) { try await secondFactorPage($0) },
        .post("/me/second-factor", .session) { try await turnOn($0) },
        .post("/me/second-factor/off", .session) { try await turnOff($0) },
        .post("/me/second-factor/recovery-codes", .session) { try await drawRecoveryCodes($0) },
        .get("/me/second-factor/recovery-codes", .session) { try recoveryCodesPage($0) },
        .get("/me/proof", .session) { try proofPage($0) },
        .post("/me/proof", .session) { try await prove($0) },
    ]

    // MARK: - Own page

    private static func page(_ call: Call) async throws -> Response {
        let viewer = try call.viewer
        let (sessions, grants, codes) = try await call.console.pool.read { database in
            (
                try Sessions.open(of: viewer.id, at: call.now, database), try Grant.of(user: viewer.id, database),
                try SecondFactor.recoveryCodesLeft(of: viewer.id, database)
            )
        }
        return try call.page(
            "me",
            [
                "name": viewer.name,
                "fullName": viewer.fullName,
                "grants": grants.map { PeopleView.grant($0, call) },
                "hasGrants": !grants.isEmpty,
                "hasSecondFactor": viewer.hasSecondFactor,
                "codesLeft": call.text(Phrase("me.codesLeft", call.formats.count(codes))),
                "isDemo": viewer.isDemo,
                "sessions": sessions.map { session -> [String: Any] in
                    [
                        "id": session.id,
                        "address": session.address,
                        "browser": Browsers.name(session.agent, call),
                        "begun": call.formats.moment(session.createdAt),
                        "seen": call.formats.moment(session.seenAt),
                        "isThis": session.id == viewer.session,
                    ]
                },
                "hasOthers": sessions.count > 1,
            ]
        )
    }

    private static func end(_ call: Call) async throws -> Response {
        let (viewer, id) = (try call.viewer, try call.number("id"))
        let event = try call.event("sessions.ended", "user:\(viewer.name)")
        try await call.console.pool.write { database in
            try Sessions.end(user: viewer.id, session: id, at: call.now, database)
            guard database.changesCount > 0 else { throw ConsoleProblem.notFound }
            try AuditLog.append(event, at: call.now, database)
        }
        return call.redirect("/me", said: "sessionEnded")
    }

    private static func endOthers(_ call: Call) async throws -> Response {
        let viewer = try call.viewer
        let event = try call.event("sessions.ended", "user:\(viewer.name)")
        try await call.console.pool.write { database in
            try Sessions.end(user: viewer.id, except: viewer.session, at: call.now, database)
            try AuditLog.append(event, at: call.now, database)
        }
        return call.redirect("/me", said: "sessionEnded")
    }

    // MARK: - Password

    private static func passwordPage(_ call: Call, problems: Problems = Problems()) throws -> Response {
        let viewer = try call.viewer
        func field(_ name: String, _ label: Phrase, _ autocomplete: String, hint: Phrase? = nil) -> Field {
            Field(name: name, label: label, kind: .password, hint: hint, isRequired: true, autocomplete: autocomplete)
        }
        return try call.page(
            "me-password",
            [
                "isGiven": viewer.hurdle == .newPassword,
                "isDemo": viewer.isDemo,
                "fields": call.fields(
                    [
                        field("old", Phrase("me.oldPassword"), "current-password"),
                        field(
                            "new",
                            Phrase("me.newPassword"),
                            "new-password",
                            hint: Phrase("me.passwordHint", "\(PasswordRule.shortest)")
                        ),
                        field("again", Phrase("me.passwordAgain"), "new-password"),
                    ],
                    problems
                ),
            ],
            status: problems.isEmpty ? .ok : .unprocessableContent
        )
    }

    private static func changePassword(_ call: Call) async throws -> Response {
        let viewer = try call.viewer
        // The file beside the data folder tells it to everybody who tries the demo.
        guard !viewer.isDemo else { throw ConsoleProblem.refused(Phrase("me.demoPassword")) }
        let (old, new) = (call.form.raw("old"), call.form.raw("new"))
        var problems = Problems()
        problems.add("new", PasswordRule.problem(new, userName: viewer.name))
        if new == old { problems.add("new", Phrase("me.samePassword")) }
        if call.form.raw("again") != new { problems.add("again", Phrase("me.differs")) }
        guard problems.isEmpty else { return try passwordPage(call, problems: problems) }
        let isDone = try await call.console.signIn.changePassword(
            of: viewer,
            from: old,
            to: new,
            address: call.address,
            at: call.now
        )
        guard isDone else {
            problems.add("old", Phrase("me.proofRefused"))
            return try passwordPage(call, problems: problems)
        }
        return call.redirect("/me", said: "passwordChanged")
    }

    // MARK: - Second factor

    private static func secondFactorPage(_ call: Call, problem: Phrase? = nil) async throws -> Response {
        let viewer = try call.viewer
        guard !viewer.hasSecondFactor else {
            let left = try await call.console.pool.read { try SecondFactor.recoveryCodesLeft(of: viewer.id, $0) }
            return try call.page(
                "me-second-factor",
                ["isOn": true, "codesLeft": call.text(Phrase("me.codesLeft", call.formats.count(left)))]
            )
        }
        try call.requireFreshProof()
        // A form that comes back with an error keeps its secret: the app has it already.
        let secret = pendingSecret(call) ?? SecretBytes.random(OneTimePassword.secretBytes)
        let password = OneTimePassword(secret: secret)
        var problems = Problems()
        problems.add("code", problem)
        let sealed = try call.console.box.seal(secret, name: "totp-offer:\(viewer.session)")
        return try call.page(
            "me-second-factor",
            [
                "isOn": false,
                "isWanted": viewer.hurdle == .secondFactorSetUp,
                "secret": grouped(password.secretText),
                "picture": try picture(password.address(user: viewer.name)),
                "fields": call.fields(
                    [
                        Field(
                            name: "sealed",
                            label: Phrase("me.code"),
                            kind: .hidden,
                            value: sealed.base64EncodedString()
                        ),
                        Field(
                            name: "code",
                            label: Phrase("me.code"),
                            hint: Phrase("me.codeHint"),
                            isRequired: true,
                            autocomplete: "one-time-code"
                        ),
                    ],
                    problems
                ),
            ],
            status: problem == nil ? .ok : .unprocessableContent
        )
    }

    private static func pendingSecret(_ call: Call) -> [UInt8]? {
        guard let viewer = call.visitor, let sealed = Data(base64Encoded: call.form["sealed"]) else { return nil }
        return try? call.console.box.open(sealed, name: "totp-offer:\(viewer.session)")
    }

    private static func turnOn(_ call: Call) async throws -> Response {
        let viewer = try call.viewer
        guard !viewer.hasSecondFactor else { return call.redirect("/me/second-factor") }
        try call.requireFreshProof()
        let digits = call.form["code"].filter { !$0.isWhitespace }
        guard let secret = pendingSecret(call),
            let step = OneTimePassword(secret: secret).step(of: digits, at: call.now, after: 0)
        else { return try await secondFactorPage(call, problem: Phrase("me.codeWrong")) }
        let event = try call.event("second-factor.on", "user:\(viewer.name)")
        let box = call.console.box
        let codes = try await call.console.pool.write { database in
            let codes = try SecondFactor.turnOn(secret, step: step, of: viewer.id, box, database)
            try AuditLog.append(event, at: call.now, database)
            return codes
        }
        return try show(codes, call)
    }

    private static func turnOff(_ call: Call) async throws -> Response {
        let viewer = try call.viewer
        try call.requireFreshProof()
        let event = try call.event("second-factor.off", "user:\(viewer.name)")
        try await call.console.pool.write { database in
            try SecondFactor.turnOff(of: viewer.id, database)
            try AuditLog.append(event, at: call.now, database)
        }
        return call.redirect("/me/second-factor", said: "secondFactorOff")
    }

    private static func drawRecoveryCodes(_ call: Call) async throws -> Response {
        let viewer = try call.viewer
        guard viewer.hasSecondFactor else { return call.redirect("/me/second-factor") }
        try call.requireFreshProof()
        let event = try call.event("recovery-codes.drawn", "user:\(viewer.name)")
        let codes = try await call.console.pool.write { database in
            let codes = try SecondFactor.drawRecoveryCodes(of: viewer.id, database)
            try AuditLog.append(event, at: call.now, database)
            return codes
        }
        return try show(codes, call)
    }

    private static func show(_ codes: [String], _ call: Call) throws -> Response {
        let note = try SealedNote.seal(
            codes.joined(separator: "\n"),
            for: call.viewer,
            in: call.console.box,
            at: call.now
        )
        return call.redirect("/me/second-factor/recovery-codes?note=\(note)")
    }

    private static func recoveryCodesPage(_ call: Call) throws -> Response {
        let note = SealedNote.open(call.query["note"], for: try call.viewer, in: call.console.box, at: call.now)
        guard let note else { return call.redirect("/me/second-factor") }
        return try call.page(
            "note",
            [
                "title": call.text(Phrase("me.recoveryCodes")),
                "help": call.text(Phrase("me.recoveryHelp")),
                "lines": note.split(separator: "\n").map(String.init),
                "next": "/me",
            ]
        )
    }

    private static func grouped(_ text: String) -> String {
        stride(from: 0, to: text.count, by: 4).map { String(text.dropFirst($0).prefix(4)) }.joined(separator: " ")
    }

    /// A picture as an address of its own: the content policy allows no markup that a page brings along.
    private static func picture(_ text: String) throws -> String {
        guard let code = QRCode(text: text) else { throw ConsoleProblem.notFound }
        let size = code.modules.count + 8
        var path = ""
        for (row, line) in code.modules.enumerated() {
            for (column, isDark) in line.enumerated() where isDark { path += "M\(column + 4) \(row + 4)h1v1h-1z" }
        }
        let svg =
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 \(size) \(size)\">"
            + "<path fill=\"#fff\" d=\"M0 0h\(size)v\(size)H0z\"/><path d=\"\(path)\"/></svg>"
        return "data:image/svg+xml;base64,\(Data(svg.utf8).base64EncodedString())"
    }

    // MARK: - Proof

    private static func proofPage(_ call: Call, problem: Phrase? = nil) throws -> Response {
        let viewer = try call.viewer
        var problems = Problems()
        problems.add("password", problem)
        var fields = [
            Field(
                name: "password",
                label: Phrase("signIn.password"),
                kind: .password,
                isRequired: true,
                autocomplete: "current-password"
            )
        ]
        if viewer.hasSecondFactor {
            fields.append(
                Field(
                    name: "code",
                    label: Phrase("signIn.code"),
                    hint: Phrase("signIn.codeHint"),
                    isRequired: true,
                    autocomplete: "one-time-code"
                )
            )
        }
        return try call.page(
            "me-proof",
            [
                "fields": call.fields(fields, problems),
                "next": call.form.has("next") ? call.form["next"] : call.query["next"],
            ],
            status: problem == nil ? .ok : .unprocessableContent
        )
    }

    private static func prove(_ call: Call) async throws -> Response {
        let isProved = try await call.console.signIn.proveAgain(
            of: call.viewer,
            password: call.form.raw("password"),
            code: call.form["code"],
            address: call.address,
            at: call.now
        )
        guard isProved else { return try proofPage(call, problem: Phrase("me.proofRefused")) }
        return call.redirect(Gate.ownPath(call.form["next"]) ?? "/me")
    }
}

/// Browsers by the names that people know.
enum Browsers {
    static func name(_ agent: String, _ call: Call) -> String {
        // The order matters: each of them claims to be those after it.
        let known = [
            ("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"),
        ]
        let systems = [
            ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"),
            ("Mac OS X", "macOS"),
            ("Linux", "Linux"),
        ]
        guard let browser = known.first(where: { agent.contains($0.0) })?.1 else {
            return agent.isEmpty ? call.text(Phrase("me.unknownBrowser")) : String(agent.prefix(40))
        }
        return ([browser] + systems.filter { agent.contains($0.0) }.prefix(1).map(\.1))
            .joined(separator: " · ")
    }
}
