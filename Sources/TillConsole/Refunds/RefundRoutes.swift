// Part of Tillbridge. See LICENSE.
import GRDB
import Hummingbird

/// Giving money back: the dialog of a payment, what waits for a second person, what became of each.
enum RefundRoutes {
    static let all: [ConsoleRoute] = [
        .get("/payments/:number/refund", .permission(.requestRefunds)) { try await dialog($0) },
        .post("/payments/:number/refund", .permission(.requestRefunds)) { try await request($0) },
        .get("/refunds", .permission(.viewPayments)) { try await list($0) },
        .post("/refunds/:id/decision", .permission(.approveRefunds)) { try await decide($0) },
    ]

    // MARK: - Dialog

    private static func dialog(_ call: Call, problems: Problems = Problems()) async throws -> Response {
        let number = try call.parameter("number")
        let found = try await call.console.pool.read {
            database -> (PaymentRow, Refundable, NodeSettings, [RefundRequest], Basket?)? in
            guard let payment = try PaymentRow.of(number: number, database) else { return nil }
            return (
                payment, try Refundable(number: number, database),
                try NodeSettings.effective(store: payment.store, database),
                try Row.fetchAll(
                    database,
                    sql: """
                        SELECT \(RefundRequest.columns) FROM refund_request WHERE number = ? AND kind = 'refund'
                        ORDER BY id DESC
                        """,
                    arguments: [number]
                ).map { RefundRequest($0) },
                try Basket(number: number, database)
            )
        }
        guard let (payment, refundable, limits, requests, basket) = found else { throw ConsoleProblem.notFound }
        try await call.require(.requestRefunds, store: payment.store)
        let formats = call.formats
        // All that is left is a fair proposal for an amount, but never for some lines of a basket.
        let proposal = basket.map { RefundForm.linesGiveAmount($0, paid: refundable.paid) } ?? true
        let amount =
            call.form.has("amount") ? call.form["amount"] : proposal ? Formats.yuan(refundable.left) : ""
        var model = payment.model(call)
        model["paid"] = formats.money(refundable.paid)
        model["done"] = formats.money(refundable.done)
        model["pending"] = formats.money(refundable.pending)
        model["left"] = formats.money(refundable.left)
        model["isOpen"] = refundable.left > 0 && RefundDesk.refundableStates.contains(payment.state)
        if let limit = limits.approvalAbove {
            model["approval"] = call.text(Phrase("refund.approval", formats.money(limit)))
        }
        model.merge(RefundFormView.model(call, basket, refundable, problems)) { $1 }
        // The script fills the amount in.
        model["sumText"] = call.text(
            Phrase("refund.sum", "{0}", PaymentRow.walletName(payment.wallet, call.words), payment.storeTitle)
        )
        model["amountField"] = call.fields(
            [
                Field(
                    name: "amount",
                    label: Phrase("refund.amount"),
                    kind: .number,
                    value: amount,
                    hint: Phrase("refund.amountHint", formats.money(refundable.left))
                )
            ],
            problems
        )
        let reasons = RefundRequest.Reason.allCases.map(\.rawValue)
        model["fields"] = RefundFormView.reasonFields(reasons, call, problems)
        model["requests"] = requests.map { RefundView.model($0, call) }
        model["hasRequests"] = !requests.isEmpty
        return try call.page("refund", model, status: problems.isEmpty ? .ok : .unprocessableContent)
    }

    private static func request(_ call: Call) async throws -> Response {
        let number = try call.parameter("number")
        let found = try await call.console.pool.read { database in
            try PaymentRow.of(number: number, database).map { ($0, try Basket(number: number, database)) }
        }
        guard let (payment, basket) = found else { throw ConsoleProblem.notFound }
        try await call.require(.requestRefunds, store: payment.store)
        let wanted = RefundForm(call.form, basket: basket, paid: payment.amount)
        var problems = wanted.problems
        let reason = RefundRequest.Reason(rawValue: call.form["reason"])
        if reason == nil { problems.add("reason", Phrase("problem.missing")) }
        let note = RefundForm.note(call.form, isWanted: reason == .other, &problems)
        guard let fen = wanted.amount, let reason, problems.isEmpty else {
            return try await dialog(call, problems: problems)
        }
        let lines = wanted.picks.map { "line \($0.place): \($0.quantity)" }
        let desk = RefundDesk(console: call.console)
        do {
            let request = try await desk.request(
                RefundDesk.Wish(
                    number: number,
                    amount: fen,
                    reason: reason.rawValue,
                    note: note,
                    picks: wanted.picks,
                    isWhole: wanted.way == .whole
                ),
                by: call.viewer,
                event: call.event(
                    "refund.requested",
                    "payment:\(number)",
                    after: (["\(fen) fen", RefundRequest.why(reason.rawValue, note)] + lines)
                        .joined(separator: ", ")
                ),
                at: call.now
            )
            // No cloud answers: the sender goes on, and the page says that it is on its way.
            _ = try? await desk.send(request)
        } catch let refusal as RefundDesk.Refusal {
            problems.add(wanted.mainField, RefundView.phrase(refusal, call))
            return try await dialog(call, problems: problems)
        }
        return call.redirect("/payments/\(number)/refund", said: "refundStored")
    }

    // MARK: - Approval

    private static func list(_ call: Call) async throws -> Response {
        let scope = try call.viewer.scope(of: .viewPayments)
        let viewer = try call.viewer
        let (waiting, own, recent) = try await call.console.pool.read { database in
            let within = scope.storeCondition("store")
            let waiting = try Row.fetchAll(
                database,
                sql:
                    """
                    SELECT \(RefundRequest.columns) FROM refund_request
                    WHERE state IN ('waiting', 'approved') AND \(within.sql) ORDER BY id
                    """,
                arguments: within.arguments
            )
            let recent = try Row.fetchAll(
                database,
                sql: """
                    SELECT \(RefundRequest.columns) FROM refund_request WHERE state IN ('sent', 'refused') AND \(within.sql)
                    ORDER BY id DESC LIMIT 100
                    """,
                arguments: within.arguments
            )
            let requests = waiting.map { RefundRequest($0) }
            let own = try requests.filter { try ApiKey.isOwn(requester: $0.requester, of: viewer.id, database) }
            return (requests, Set(own.map(\.id)), recent.map { RefundRequest($0) })
        }
        return try call.page(
            "refunds",
            [
                "waiting": waiting.map { request in
                    RefundView.model(request, call).merging([
                        "mayDecide": request.state == .waiting && viewer.may(.approveRefunds)
                            && !own.contains(request.id),
                        "isOwn": request.state == .waiting && own.contains(request.id),
                    ]) { $1 }
                },
                "hasWaiting": !waiting.isEmpty,
                "recent": recent.map { RefundView.model($0, call) },
                "hasRecent": !recent.isEmpty,
            ]
        )
    }

    private static func decide(_ call: Call) async throws -> Response {
        let id = try call.number("id")
        let agrees = call.form["decision"] == "agree"
        let request = try await call.console.pool.read { try RefundDesk.stored(id, $0) }
        try await call.require(.approveRefunds, store: request.store)
        let desk = RefundDesk(console: call.console)
        let action =
            switch request.kind {
            case .refund: agrees ? "refund.approved" : "refund.refused"
            case .revoke: agrees ? "payment.revoke-approved" : "payment.revoke-refused"
            }
        do {
            let decided = try await desk.decide(
                id,
                agrees: agrees,
                by: call.viewer,
                event: call.event(
                    action,
                    "payment:\(request.number)",
                    after: "\(request.amount) fen of \(request.requesterName)"
                ),
                at: call.now
            )
            _ = try? await desk.send(decided)
        } catch let refusal as RefundDesk.Refusal {
            throw ConsoleProblem.refused(RefundView.phrase(refusal, call))
        }
        let said =
            switch request.kind {
            case .refund: agrees ? "refundApproved" : "refundRefused"
            case .revoke: agrees ? "revokeApproved" : "revokeRefused"
            }
        return call.redirect("/refunds", said: said)
    }
}

enum RefundView {
    static func model(_ request: RefundRequest, _ call: Call) -> [String: Any] {
        [
            "id": request.id,
            "number": request.number,
            "store": request.store,
            "isRevoke": request.kind == .revoke,
            "amount": call.formats.money(request.amount),
            "reason": call.text(Phrase(family: "refundReason", request.reason)),
            "note": request.note,
            "state": call.text(Phrase(family: "requestState", request.state.rawValue)),
            "requester": request.requesterName,
            "decider": request.deciderName ?? "",
            "answer": request.answer ?? "",
            "requestLines": request.lines,
            "created": call.formats.moment(request.createdAt),
        ]
    }

    /// Why a wish was not taken.
    static func phrase(_ refusal: RefundDesk.Refusal, _ call: Call) -> Phrase {
        switch refusal {
        case .notPaid: Phrase("refund.notPaid")
        case .tooMuch(let left): Phrase("refund.tooMuch", call.formats.money(left))
        case .personLimit(let left): Phrase("refund.personLimit", call.formats.money(left))
        case .storeLimit(let left): Phrase("refund.storeLimit", call.formats.money(left))
        case .changed(let left): Phrase("refund.changed", call.formats.money(left))
        case .linesTaken: Phrase("refund.linesTaken")
        case .ownRequest: Phrase("refund.own")
        case .decided: Phrase("refund.decided")
        case .notRevocable: Phrase("revoke.notRevocable")
        case .underWay: Phrase("revoke.underWay")
        }
    }
}
