// Part of Tillbridge. See LICENSE.
import GRDB
import Hummingbird

/// Ordering the undo of a payment whose register is silent.
enum RevokeRoutes {
    static let all: [ConsoleRoute] = [
        .get("/payments/:number/revoke", .permission(.revokePayments)) { try await dialog($0) },
        .post("/payments/:number/revoke", .permission(.revokePayments)) { try await order($0) },
    ]

    private static func dialog(_ call: Call, problems: Problems = Problems()) async throws -> Response {
        let number = try call.parameter("number")
        let found = try await call.console.pool.read { database -> (PaymentRow, NodeSettings, [RefundRequest])? in
            guard let payment = try PaymentRow.of(number: number, database) else { return nil }
            return (
                payment, try NodeSettings.effective(store: payment.store, database),
                try Row.fetchAll(
                    database,
                    sql: "SELECT * FROM refund_request WHERE number = ? AND kind = 'revoke' ORDER BY id DESC",
                    arguments: [number]
                ).map { RefundRequest($0) }
            )
        }
        guard let (payment, limits, requests) = found else { throw ConsoleProblem.notFound }
        try await call.require(.revokePayments, store: payment.store)
        let isOrdered = requests.contains { $0.state != .refused }
        var model = payment.model(call)
        model["isOpen"] = false
        if isOrdered {
            model["closedText"] = call.text(Phrase("revoke.underWay"))
        } else if let from = payment.revocableFrom {
            model["isOpen"] = from <= call.now
            model["closedText"] = call.text(Phrase("revoke.early", call.formats.time(from)))
        } else {
            model["closedText"] = call.text(Phrase("revoke.notRevocable"))
        }
        model["meaning"] = call.text(Phrase(family: "revokeMeaning", payment.rawState == "paid" ? "paid" : "open"))
        model["fen"] = payment.amount
        model["sum"] = call.text(Phrase("revoke.go", call.formats.money(payment.amount)))
        if let limit = limits.approvalAbove, payment.amount > limit {
            model["approval"] = call.text(Phrase("refund.approval", call.formats.money(limit)))
        }
        model["formProblem"] = problems["form"].map { call.text($0) } ?? ""
        let reasons = RefundRequest.RevokeReason.allCases.map(\.rawValue)
        model["fields"] = RefundFormView.reasonFields(reasons, call, problems)
        model["requests"] = requests.map { RefundView.model($0, call) }
        model["hasRequests"] = !requests.isEmpty
        return try call.page("revoke", model, status: problems.isEmpty ? .ok : .unprocessableContent)
    }

    private static func order(_ call: Call) async throws -> Response {
        let number = try call.parameter("number")
        let found = try await call.console.pool.read { try PaymentRow.of(number: number, $0) }
        guard let payment = found else { throw ConsoleProblem.notFound }
        try await call.require(.revokePayments, store: payment.store)
        var problems = Problems()
        let reason = RefundRequest.RevokeReason(rawValue: call.form["reason"])
        if reason == nil { problems.add("reason", Phrase("problem.missing")) }
        let note = RefundForm.note(call.form, isWanted: reason == .other, &problems)
        guard let reason, let fen = Int64(call.form["fen"]), problems.isEmpty else {
            return try await dialog(call, problems: problems)
        }
        let desk = RefundDesk(console: call.console)
        let wish = RefundDesk.Wish(kind: .revoke, number: number, amount: fen, reason: reason.rawValue, note: note)
        do {
            let request = try await desk.request(
                wish,
                by: call.viewer,
                event: call.event("payment.revoke-ordered", "payment:\(number)", after: "\(fen) fen, \(wish.why)"),
                at: call.now
            )
            // No cloud answers: the sender goes on, and the page says that it is on its way.
            _ = try? await desk.send(request)
        } catch let refusal as RefundDesk.Refusal {
            problems.add("form", RefundView.phrase(refusal, call))
            return try await dialog(call, problems: problems)
        }
        return call.redirect("/payments/\(number)/revoke", said: "revokeStored")
    }
}
