// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import Hummingbird

/// Webhooks: addresses with what they are told, and the log of what they were sent.
enum WebhookRoutes {
    static let all: [ConsoleRoute] = [
        .get("/system/webhooks", .permission(.manageWebhooks)) { try await list($0) },
        .get("/system/webhooks/new", .permission(.manageWebhooks)) { try await newPage($0) },
        .post("/system/webhooks/new", .permission(.manageWebhooks)) { try await make($0) },
        .get("/system/webhooks/:id", .permission(.manageWebhooks)) { try await page($0) },
        .post("/system/webhooks/:id", .permission(.manageWebhooks)) { try await edit($0) },
        .get("/system/webhooks/:id/secret", .permission(.manageWebhooks)) { try await secretPage($0) },
        .post("/system/webhooks/:id/act", .permission(.manageWebhooks)) { try await act($0) },
        .get("/system/webhooks/:id/deliveries/:delivery", .permission(.manageWebhooks)) { try await deliveryPage($0) },
        .post("/system/webhooks/:id/deliveries/:delivery/again", .permission(.manageWebhooks)) {
            try await sendAgain($0)
        },
    ]

    private static let logRows = 50

    private static func list(_ call: Call) async throws -> Response {
        let scope = try call.viewer.scope(of: .manageWebhooks)
        let webhooks = try await call.console.pool.read { try Webhook.all(in: scope, $0) }
        return try call.page(
            "webhooks",
            ["webhooks": webhooks.map { WebhookView.model($0, call) }, "isEmpty": webhooks.isEmpty]
        )
    }

    /// - Throws: ``ConsoleProblem/notFound`` for one of another part of the organisation, as for one that there is not.
    private static func webhook(_ call: Call) async throws -> Webhook {
        let id = try call.number("id")
        let webhook = try await call.console.pool.read { try Webhook.of(id: id, $0) }
        guard let webhook, try call.viewer.scope(of: .manageWebhooks).covers(webhook.path) else {
            throw ConsoleProblem.notFound
        }
        return webhook
    }

    // MARK: - New

    private static func newPage(_ call: Call, problems: Problems = Problems()) async throws -> Response {
        try call.requireFreshProof()
        let form = WebhookForm(call.form, isOn: true)
        return try call.page(
            "webhook-new",
            try await form.model(problems, call, withState: false),
            status: problems.isEmpty ? .ok : .unprocessableContent
        )
    }

    private static func make(_ call: Call) async throws -> Response {
        try call.requireFreshProof()
        let form = WebhookForm(call.form, isOn: true)
        var problems = Problems()
        guard let wanted = try await form.wanted(&problems, call) else {
            return try await newPage(call, problems: problems)
        }
        let made = try await WebhookDesk(call: call).make(wanted)
        return try show(made.secret, of: made.id, call)
    }

    private static func show(_ secret: String, of id: Int64, _ call: Call) throws -> Response {
        let note = try SealedNote.seal(secret, for: call.viewer, in: call.console.box, at: call.now)
        return call.redirect("/system/webhooks/\(id)/secret?note=\(note)")
    }

    private static func secretPage(_ call: Call) async throws -> Response {
        let webhook = try await webhook(call)
        let note = SealedNote.open(call.query["note"], for: try call.viewer, in: call.console.box, at: call.now)
        guard let note else { return call.redirect("/system/webhooks/\(webhook.id)") }
        return try call.page(
            "note",
            [
                "title": call.text(Phrase("webhooks.secretTitle")),
                "help": call.text(Phrase("webhooks.secretHelp")),
                "lines": [note],
                "isLong": true,
                "next": "/system/webhooks/\(webhook.id)",
            ]
        )
    }

    // MARK: - One address

    private static func page(
        _ call: Call,
        problems: Problems = Problems(),
        isStale: Bool = false
    ) async throws -> Response {
        let webhook = try await webhook(call)
        let stored = WebhookForm(webhook)
        let form = call.form.has("version") ? WebhookForm(call.form, isOn: call.form["on"] == "on") : stored
        let state = WebhookDelivery.State(rawValue: call.query["state"])
        let before = Int64(call.query["before"])
        let log = try await call.console.pool.read {
            try WebhookDelivery.all(of: webhook.id, state: state, before: before, limit: logRows + 1, $0)
        }
        var model = WebhookView.model(webhook, call)
        model.merge(try await form.model(problems, call, withState: true)) { $1 }
        model["isEdited"] = call.form.has("version")
        model["version"] = isStale || !call.form.has("version") ? "\(webhook.version)" : call.form["version"]
        model["deliveries"] = log.prefix(logRows).map { WebhookView.model($0, webhook.url, call) }
        model["isEmpty"] = log.isEmpty
        model["emptyText"] = call.text(state == nil ? Phrase("webhooks.logEmpty") : Phrase("webhooks.logEmptyFiltered"))
        let tabs: [WebhookDelivery.State?] = [nil] + WebhookDelivery.State.allCases
        model["tabs"] = tabs.map { tab -> [String: Any] in
            [
                "name": tab.map { call.text(Phrase(family: "deliveryState", $0.rawValue)) }
                    ?? call.text(Phrase("webhooks.allDeliveries")),
                "path": "/system/webhooks/\(webhook.id)" + (tab.map { "?state=\($0.rawValue)" } ?? ""),
                "isCurrent": tab == state,
            ]
        }
        if log.count > logRows, let last = log.prefix(logRows).last {
            let query = call.query.query(without: ["before", "said"], adding: [("before", "\(last.id)")])
            model["next"] = "/system/webhooks/\(webhook.id)?\(query)"
        }
        if isStale {
            model["isStale"] = true
            model["differences"] = form.differences(from: stored, call)
        }
        return try call.page(
            "webhook",
            model,
            status: isStale ? .conflict : problems.isEmpty ? .ok : .unprocessableContent
        )
    }

    private static func edit(_ call: Call) async throws -> Response {
        let webhook = try await webhook(call)
        try call.requireFreshProof()
        let form = WebhookForm(call.form, isOn: call.form["on"] == "on")
        var problems = Problems()
        guard let wanted = try await form.wanted(&problems, call) else {
            return try await page(call, problems: problems)
        }
        do {
            try await WebhookDesk(call: call).edit(webhook.id, version: Int64(call.form["version"]) ?? 0, wanted)
        } catch WebhookDesk.Refusal.stale {
            return try await page(call, isStale: true)
        }
        return call.redirect("/system/webhooks/\(webhook.id)", said: "saved")
    }

    private static func act(_ call: Call) async throws -> Response {
        let webhook = try await webhook(call)
        let desk = WebhookDesk(call: call)
        let path = "/system/webhooks/\(webhook.id)"
        switch call.form["act"] {
        case "test":
            do {
                return call.redirect("\(path)/deliveries/\(try await desk.test(webhook))")
            } catch WebhookDesk.Refusal.notOn {
                throw ConsoleProblem.refused(Phrase("webhooks.notOn"))
            }
        case "resume":
            try await desk.resume(webhook.id)
            return call.redirect(path, said: "webhookResumed")
        case "rotate":
            try call.requireFreshProof()
            return try show(try await desk.rotate(webhook.id), of: webhook.id, call)
        case "delete":
            try call.requireFreshProof()
            try await desk.delete(webhook)
            return call.redirect("/system/webhooks", said: "webhookDeleted")
        default: throw ConsoleProblem.notFound
        }
    }

    // MARK: - One delivery

    private static func delivery(of webhook: Webhook, _ call: Call) async throws -> WebhookDelivery {
        let id = try call.number("delivery")
        let delivery = try await call.console.pool.read { try WebhookDelivery.of(id: id, $0) }
        guard let delivery, delivery.webhook == webhook.id else { throw ConsoleProblem.notFound }
        return delivery
    }

    private static func deliveryPage(_ call: Call) async throws -> Response {
        let webhook = try await webhook(call)
        let delivery = try await delivery(of: webhook, call)
        var model = WebhookView.model(delivery, webhook.url, call)
        model["webhookPath"] = "/system/webhooks/\(webhook.id)"
        model["isWaiting"] = delivery.state == .waiting && webhook.state == .on
        model["mayResend"] = webhook.state == .on
        model["body"] = WebhookView.pretty(delivery.body)
        return try call.page("webhook-delivery", model)
    }

    private static func sendAgain(_ call: Call) async throws -> Response {
        let webhook = try await webhook(call)
        let delivery = try await delivery(of: webhook, call)
        do {
            try await WebhookDesk(call: call).sendAgain(delivery, of: webhook)
        } catch WebhookDesk.Refusal.notOn {
            throw ConsoleProblem.refused(Phrase("webhooks.notOn"))
        }
        let back = Gate.ownPath(call.form["back"]) ?? "/system/webhooks/\(webhook.id)/deliveries/\(delivery.id)"
        return call.redirect(back, said: "webhookResent")
    }
}
