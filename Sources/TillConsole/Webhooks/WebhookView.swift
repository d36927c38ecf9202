// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB

/// Webhooks as pages show them.
enum WebhookView {
    static func model(_ webhook: Webhook, _ call: Call) -> [String: Any] {
        let formats = call.formats
        let (style, icon) =
            switch webhook.state {
            case .on: webhook.failingSince == nil ? ("green", "check") : ("amber-line", "alert")
            case .off: ("grey-solid", "cross")
            case .paused: ("red", "alert")
            }
        let name =
            webhook.state == .on && webhook.failingSince != nil
            ? call.text(Phrase("webhooks.failing")) : call.text(Phrase(family: "webhookState", webhook.state.rawValue))
        var model: [String: Any] = [
            "id": webhook.id,
            "url": webhook.url,
            "place": webhook.placeName,
            "placeCode": webhook.placeCode,
            "kinds": Webhook.Kind.allCases.filter { webhook.kinds.contains($0) }.map(\.rawValue),
            "chip": ["style": style, "icon": icon, "name": name],
            "isOn": webhook.state == .on,
            "isPaused": webhook.state == .paused,
            "waiting": formats.count(webhook.waiting),
            "lastDelivered": webhook.lastDelivered.map { formats.moment($0) } ?? "–",
            "creator": webhook.creatorName,
            "created": formats.moment(webhook.createdAt),
        ]
        if let since = webhook.failingSince {
            let moment = formats.moment(since)
            model["warning"] = call.text(
                webhook.state == .paused
                    ? Phrase("webhooks.pausedHelp", moment) : Phrase("webhooks.failingHelp", moment)
            )
        }
        if let until = webhook.oldUntil, until > call.now {
            model["oldSecret"] = call.text(Phrase("webhooks.oldSecret", formats.moment(until)))
        }
        return model
    }

    static func model(_ delivery: WebhookDelivery, _ url: String, _ call: Call) -> [String: Any] {
        let formats = call.formats
        let (style, icon) =
            switch delivery.state {
            case .waiting: ("amber-line", "clock")
            case .delivered: ("green", "check")
            case .givenUp: ("red", "alert")
            }
        let result =
            delivery.failure.map { call.text(Phrase(family: "webhookFailure", $0)) }
            ?? delivery.status.map { call.text(Phrase("webhooks.status", "\($0)")) } ?? "–"
        return [
            "id": delivery.id,
            "path": "/system/webhooks/\(delivery.webhook)/deliveries/\(delivery.id)",
            "event": delivery.event,
            "kind": delivery.kind,
            "number": delivery.number,
            "url": url,
            "chip": [
                "style": style, "icon": icon,
                "name": call.text(Phrase(family: "deliveryState", delivery.state.rawValue)),
            ],
            "tries": formats.count(delivery.tries),
            "result": result,
            "took": delivery.milliseconds.map { formats.duration($0) } ?? "–",
            "created": formats.moment(delivery.createdAt),
            "tried": delivery.triedAt.map { formats.moment($0) } ?? "–",
            "nextTry": delivery.state == .waiting ? formats.moment(max(delivery.dueAt, call.now)) : "",
            "isDone": delivery.state != .waiting,
        ]
    }

    /// What a payment's page shows: what was told of it, to addresses that the viewer looks after.
    static func ofPayment(_ number: String, _ call: Call) async throws -> [String: Any] {
        let viewer = try call.viewer
        guard viewer.may(.manageWebhooks) else { return [:] }
        let scope = viewer.scope(of: .manageWebhooks)
        let found = try await call.console.pool.read {
            try WebhookDelivery.all(ofPayment: number, in: scope, $0).map { Told(delivery: $0.delivery, url: $0.url) }
        }
        return [
            "hasWebhooks": !found.isEmpty,
            "webhooks": found.map { model($0.delivery, $0.url, call) },
        ]
    }

    private struct Told: Sendable {
        let delivery: WebhookDelivery
        let url: String
    }

    /// The sent bytes with line breaks, for people.
    static func pretty(_ body: String) -> String {
        guard let value = try? JSONSerialization.jsonObject(with: Data(body.utf8)),
            let data = try? JSONSerialization.data(
                withJSONObject: value,
                options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            )
        else { return body }
        return String(decoding: data, as: UTF8.self)
    }
}

/// What the form about an address holds: read from what was typed, or from what is stored.
struct WebhookForm: Equatable, Sendable {
    let url: String
    let place: String
    let kinds: Set<Webhook.Kind>
    let isOn: Bool

    init(_ webhook: Webhook) {
        url = webhook.url
        place = webhook.placeCode
        kinds = webhook.kinds
        isOn = webhook.state != .off
    }

    init(_ form: Form, isOn: Bool) {
        url = form["url"]
        place = form["place"]
        kinds = Set(Webhook.Kind.allCases.filter { form["kind-\($0.rawValue)"] == "on" })
        self.isOn = isOn
    }

    /// Nil with what is wrong in `problems`.
    func wanted(_ problems: inout Problems, _ call: Call) async throws -> WebhookDesk.Wanted? {
        var normal = url
        let settings = call.console.settings
        do {
            let address = try WebhookAddress(url)
            normal = address.url
            _ = try await address.machine(call.console.resolve, mayCallInside: settings.webhooksMayCallInside)
        } catch {
            problems.add("url", WebhookForm.phrase(error, mayCallInside: settings.webhooksMayCallInside))
        }
        if kinds.isEmpty { problems.add("kinds", Phrase("webhooks.noKind")) }
        let node = try await PlaceChoice.chosen(place, for: .manageWebhooks, call)
        // Whoever reads what is sent there reads payments.
        let mayRead = try node.map { try call.viewer.scope(of: .viewPayments).covers($0.path) } ?? false
        if !mayRead { problems.add("place", Phrase("problem.place")) }
        guard let node, problems.isEmpty else { return nil }
        return WebhookDesk.Wanted(url: normal, place: node, kinds: kinds, isOn: isOn)
    }

    private static func phrase(_ refusal: WebhookAddress.Refusal, mayCallInside: Bool) -> Phrase {
        switch refusal {
        case .notAnAddress: Phrase("webhooks.notAnAddress")
        case .notSecret: mayCallInside ? Phrase("webhooks.notSecretInside") : Phrase("webhooks.notSecret")
        case .inside: Phrase("webhooks.inside")
        case .unresolved: Phrase("webhooks.unresolved")
        }
    }

    func model(_ problems: Problems, _ call: Call, withState: Bool) async throws -> [String: Any] {
        let scope = try call.viewer.scope(of: .manageWebhooks)
        let places = try await call.console.pool.read { try Node.all(in: scope, $0) }
        var fields = [
            Field(
                name: "url",
                label: Phrase("webhooks.url"),
                value: url,
                hint: Phrase("webhooks.urlHint"),
                isRequired: true
            ), PlaceChoice.field(places, chosen: place, call),
        ]
        if withState {
            fields.append(
                Field(name: "on", label: Phrase("webhooks.on"), kind: .checkbox, value: isOn ? "on" : "")
            )
        }
        var model: [String: Any] = [
            "fields": call.fields(fields, problems),
            "boxes": Webhook.Kind.allCases.map { kind -> [String: Any] in
                [
                    "name": "kind-\(kind.rawValue)", "isChecked": kinds.contains(kind), "kind": kind.rawValue,
                    "label": call.text(Phrase(family: "webhookKind", kind.rawValue)),
                ]
            },
        ]
        if let problem = problems["kinds"] { model["kindsProblem"] = call.text(problem) }
        return model
    }

    /// For a page whose row was changed in between.
    func differences(from stored: WebhookForm, _ call: Call) -> [[String: Any]] {
        func onText(_ isOn: Bool) -> String {
            call.text(Phrase(family: "webhookState", (isOn ? Webhook.State.on : .off).rawValue))
        }
        let rows: [(label: Phrase, theirs: String, yours: String)] = [
            (Phrase("webhooks.url"), stored.url, url), (Phrase("system.place"), stored.place, place),
            (Phrase("webhooks.kinds"), Webhook.text(stored.kinds), Webhook.text(kinds)),
            (Phrase("system.state"), onText(stored.isOn), onText(isOn)),
        ]
        return rows.filter { $0.theirs != $0.yours }.map {
            ["label": call.text($0.label), "theirs": $0.theirs, "yours": $0.yours]
        }
    }
}
