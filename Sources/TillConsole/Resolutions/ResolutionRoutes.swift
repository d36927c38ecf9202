// Part of Tillbridge. See LICENSE.
import GRDB
import Hummingbird
import TillCloud

/// What people do to a payment: have the wallet asked now, and decide by hand as two persons.
enum ResolutionRoutes {
    private static let longestEvidence = 500

    static let all: [ConsoleRoute] = [
        .post("/payments/:number/ask", .permission(.actOnPayments)) { try await ask($0) },
        .get("/payments/:number/resolve", .permission(.resolvePayments)) { try await page($0) },
        .post("/payments/:number/resolve", .permission(.resolvePayments)) { try await propose($0) },
        .post("/payments/:number/resolve/:id", .permission(.resolvePayments)) { try await decide($0) },
    ]

    /// The cloud asks the wallet, or tries its undo again, at once.
    private static func ask(_ call: Call) async throws -> Response {
        let payment = try await payment(call, .actOnPayments)
        let viewer = try call.viewer
        _ = try await call.console.clouds.perform(
            .resolve(
                AdminRequest.Resolution(
                    number: payment.number,
                    decision: .ask,
                    first: viewer.name,
                    second: "",
                    evidence: ""
                )
            ),
            by: viewer.name
        )
        let event = try call.event("payment.asked", "payment:\(payment.number)")
        try await call.console.pool.write { try AuditLog.append(event, at: call.now, $0) }
        return call.redirect("/payments/\(payment.number)", said: "walletAsked")
    }

    private static func payment(_ call: Call, _ permission: Permission) async throws -> PaymentRow {
        let number = try call.parameter("number")
        let payment = try await call.console.pool.read { try PaymentRow.of(number: number, $0) }
        guard let payment else { throw ConsoleProblem.notFound }
        try await call.require(permission, store: payment.store)
        return payment
    }

    // MARK: - Two persons

    private static func page(_ call: Call, problems: Problems = Problems()) async throws -> Response {
        let payment = try await payment(call, .resolvePayments)
        let resolutions = try await call.console.pool.read { try Resolution.of(number: payment.number, $0) }
        let viewer = try call.viewer
        let decisions = Resolution.decisions(rawState: payment.rawState)
        var model = payment.model(call)
        model["isOpen"] = !decisions.isEmpty && !resolutions.contains { $0.state == .waiting }
        model["fields"] = call.fields(
            [
                Field(
                    name: "decision",
                    label: Phrase("resolve.decision"),
                    kind: .choice,
                    value: call.form["decision"],
                    options: [(value: "", label: "")]
                        + decisions.map {
                            (value: $0.rawValue, label: call.text(Phrase(family: "decision", $0.rawValue)))
                        }
                ),
                Field(
                    name: "evidence",
                    label: Phrase("resolve.evidence"),
                    kind: .textarea,
                    value: call.form["evidence"],
                    hint: Phrase("resolve.evidenceHint"),
                    isRequired: true
                ),
            ],
            problems
        )
        model["resolutions"] = resolutions.map { resolution -> [String: Any] in
            [
                "id": resolution.id,
                "decision": call.text(Phrase(family: "decision", resolution.decision.rawValue)),
                "evidence": resolution.evidence,
                "state": call.text(Phrase(family: "resolutionState", resolution.state.rawValue)),
                "first": resolution.firstName,
                "second": resolution.secondName ?? "",
                "answer": resolution.answer ?? "",
                "created": call.formats.moment(resolution.createdAt),
                "mayDecide": resolution.state == .waiting && resolution.first != viewer.id,
                "isOwn": resolution.state == .waiting && resolution.first == viewer.id,
            ]
        }
        model["hasResolutions"] = !resolutions.isEmpty
        return try call.page("resolve", model, status: problems.isEmpty ? .ok : .unprocessableContent)
    }

    private static func propose(_ call: Call) async throws -> Response {
        let payment = try await payment(call, .resolvePayments)
        var problems = Problems()
        let decision = AdminRequest.Resolution.Decision(rawValue: call.form["decision"])
        let evidence = call.form["evidence"]
        if decision == nil { problems.add("decision", Phrase("problem.missing")) }
        if evidence.isEmpty { problems.add("evidence", Phrase("problem.missing")) }
        if evidence.count > longestEvidence { problems.add("evidence", Phrase("problem.long", "\(longestEvidence)")) }
        if let decision, !Resolution.decisions(rawState: payment.rawState).contains(decision) {
            problems.add("decision", Phrase("resolve.notNow"))
        }
        guard let decision, problems.isEmpty else { return try await page(call, problems: problems) }
        let viewer = try call.viewer
        let event = try call.event(
            "payment.resolution-proposed",
            "payment:\(payment.number)",
            after: "\(decision.rawValue): \(evidence)"
        )
        let isStored = try await call.console.pool.write { database in
            guard try !Resolution.of(number: payment.number, database).contains(where: { $0.state == .waiting }) else {
                return false
            }
            try database.execute(
                sql: """
                    INSERT INTO resolution (number, store, decision, evidence, state, first, first_name, created_at)
                    VALUES (?, ?, ?, ?, 'waiting', ?, ?, ?)
                    """,
                arguments: [
                    payment.number, payment.store, decision.rawValue, evidence, viewer.id, viewer.name, call.now,
                ]
            )
            try AuditLog.append(event, at: call.now, database)
            return true
        }
        guard isStored else { throw ConsoleProblem.refused(Phrase("resolve.waits")) }
        return call.redirect("/payments/\(payment.number)/resolve", said: "resolutionStored")
    }

    private static func decide(_ call: Call) async throws -> Response {
        let payment = try await payment(call, .resolvePayments)
        let id = try call.number("id")
        let viewer = try call.viewer
        let agrees = call.form["decision"] == "agree"
        let found = try await call.console.pool.read { database in
            try Resolution.of(number: payment.number, database).first { $0.id == id }
        }
        guard let resolution = found else { throw ConsoleProblem.notFound }
        guard resolution.state == .waiting else { throw ConsoleProblem.refused(Phrase("refund.decided")) }
        guard resolution.first != viewer.id else { throw ConsoleProblem.refused(Phrase("resolve.own")) }
        var answer = ""
        if agrees {
            // The cloud refuses what does not apply any more, so doing it twice changes nothing.
            answer = try await call.console.clouds.perform(
                .resolve(
                    AdminRequest.Resolution(
                        number: payment.number,
                        decision: resolution.decision,
                        first: resolution.firstName,
                        second: viewer.name,
                        evidence: resolution.evidence
                    )
                ),
                by: viewer.name
            ).text
        }
        let event = try call.event(
            agrees ? "payment.resolved" : "payment.resolution-refused",
            "payment:\(payment.number)",
            after: "\(resolution.decision.rawValue) of \(resolution.firstName)"
        )
        let said = answer
        try await call.console.pool.write { database in
            try database.execute(
                sql: "UPDATE resolution SET state = ?, second_name = ?, answer = ? WHERE id = ? AND state = 'waiting'",
                arguments: [(agrees ? Resolution.State.done : .refused).rawValue, viewer.name, said, id]
            )
            try AuditLog.append(event, at: call.now, database)
        }
        return call.redirect(
            "/payments/\(payment.number)/resolve",
            said: agrees ? "resolutionDone" : "resolutionRefused"
        )
    }
}
