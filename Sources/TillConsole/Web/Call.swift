// Part of Tillbridge. See LICENSE.
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// One request that has passed the gate, and the means to answer it.
struct Call: Sendable {
    let console: Console
    let request: Request
    let parameters: Parameters
    let language: Language
    /// The path and query that were asked for.
    let target: String
    let query: Form
    /// What was sent; empty for a GET.
    let form: Form
    let address: String
    /// Milliseconds since 1970.
    let now: Int64
    /// Nil where no session is needed and there is none.
    let visitor: Viewer?
    /// The key of a program's request and what it sent; nil for people.
    var program: (key: ApiKey, content: [UInt8])?

    /// How many alerts the viewer sees that nobody has taken note of yet; nil for who sees none.
    var alerts: Int?

    var words: Words { Words.of(language) }
    var formats: Formats { Formats(language: language, zone: console.settings.zone) }

    /// Who is signed in.
    /// - Throws: ``ConsoleProblem/notFound`` in a route for everybody.
    var viewer: Viewer {
        get throws {
            guard let visitor else { throw ConsoleProblem.notFound }
            return visitor
        }
    }

    /// The same at a later time, for answers that go on.
    func at(_ now: Int64) -> Call {
        Call(
            console: console,
            request: request,
            parameters: parameters,
            language: language,
            target: target,
            query: query,
            form: form,
            address: address,
            now: now,
            visitor: visitor,
            alerts: alerts
        )
    }

    func text(_ phrase: Phrase) -> String { words.text(phrase) }

    /// A part of the path.
    func parameter(_ name: String) throws -> String {
        guard let value = parameters.get(name)?.removingPercentEncoding, !value.isEmpty else {
            throw ConsoleProblem.notFound
        }
        return value
    }

    func number(_ name: String) throws -> Int64 {
        guard let value = Int64(try parameter(name)) else { throw ConsoleProblem.notFound }
        return value
    }

    /// - Throws: ``ConsoleProblem/forbidden(_:)`` if the viewer's scope does not cover the node of that path.
    func require(_ permission: Permission, at path: String) throws {
        guard try viewer.scope(of: permission).covers(path) else { throw ConsoleProblem.forbidden(permission) }
    }

    /// For what needs more than an open session: the password, and the second factor, were given moments ago.
    func requireFreshProof() throws {
        guard now - (try viewer.provedAt) < 5 * 60_000 else { throw ConsoleProblem.proofNeeded }
    }

    /// An entry of the audit log about what the viewer does.
    func event(_ action: String, _ subject: String, before: String = "", after: String = "") throws -> AuditEvent {
        AuditEvent(
            actor: try viewer.name,
            action: action,
            subject: subject,
            before: before,
            after: after,
            address: address
        )
    }

    // MARK: - Answers

    /// A page from a template, inside the layout.
    func page(_ template: String, _ values: [String: Any] = [:], status: HTTPResponse.Status = .ok) throws -> Response {
        let content = try Templates.render(template, layout.merging(values) { $1 })
        return Response(
            status: status,
            headers: [.contentType: "text/html; charset=utf-8", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: content))
        )
    }

    /// After something was done: to a page, with one word about it.
    /// - Parameter said: A member of the family `said`.
    func redirect(_ path: String, said: String? = nil) -> Response {
        var location = path
        if let said { location += (path.contains("?") ? "&" : "?") + "said=\(said)" }
        return Response(status: .seeOther, headers: [.location: location, .cacheControl: "no-store"])
    }

    func json(_ value: some Encodable) throws -> Response {
        Response(
            status: .ok,
            headers: [.contentType: "application/json", .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: try JSONEncoder().encode(value)))
        )
    }

    /// A file to keep: CSV in UTF-8, with the mark by which spreadsheets know it.
    func csv(_ content: String, name: String) -> Response {
        Response(
            status: .ok,
            headers: [
                .contentType: "text/csv; charset=utf-8", .cacheControl: "no-store",
                .contentDisposition: "attachment; filename=\"\(name)\"",
            ],
            body: ResponseBody(byteBuffer: ByteBuffer(string: "\u{FEFF}" + content))
        )
    }

    /// What every page needs around its content.
    private var layout: [String: Any] {
        var values: [String: Any] = [
            "t": words.tree,
            "tag": language.tag,
            "isEnglish": language == .english,
            "back": Form.encoded(target),
            "once": SecretBytes.token(),
            "assets": Assets.version,
        ]
        if query.has("said") { values["said"] = text(Phrase(family: "said", query["said"])) }
        if let visitor {
            values["csrf"] = visitor.csrf
            values["viewer"] = ["name": visitor.name, "fullName": visitor.fullName, "isDemo": visitor.isDemo]
            if visitor.hurdle == nil {
                if let alerts, alerts > 0 {
                    values["alertCount"] = formats.count(alerts)
                    values["alertText"] = text(Phrase("layout.alerts", formats.count(alerts)))
                }
                values["navigation"] = Navigation.items(for: visitor, at: request.uri.path, words)
            }
        }
        return values
    }
}
