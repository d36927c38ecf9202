// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import HTTPTypes
import Hummingbird
import NIOCore
import TillDomain

/// Live payments: the list, its stream, one payment.
enum PaymentRoutes {
    static let all: [ConsoleRoute] = [
        .get("/payments", .permission(.viewPayments)) { try await list($0) },
        .get("/payments/stream", .permission(.viewPayments)) { try stream($0) },
        .get("/payments/:number", .permission(.viewPayments)) { try await detail($0) },
    ]

    // MARK: - List

    private static func list(_ call: Call) async throws -> Response {
        let viewer = try call.viewer
        let scope = viewer.scope(of: .viewPayments)
        let filter = PaymentFilter(call.query, zone: call.console.settings.zone, now: call.now)
        let place = PaymentList.Place(call.query["after"])
        let found = try await call.console.pool.read { database in
            (
                page: try PaymentList.page(filter, in: scope, after: place, database),
                board: filter.isByAge ? try ProblemBoard(filter, in: scope, at: call.now, database) : nil,
                change: try PaymentList.lastChange(database),
                places: try Node.all(in: scope, database),
                wallets: try String.fetchAll(database, sql: "SELECT DISTINCT wallet FROM account ORDER BY wallet"),
                columns: try PaymentColumns.of(user: viewer.id, database),
                views: try SavedView.all(for: viewer, database),
                isFileReady: try ExportJob.isWaiting(for: viewer.id, database)
            )
        }
        let strip = try await call.console.strips.strip(in: scope, at: call.now, from: call.console.pool)
        let chips = PaymentFilterView.chips(filter, call.query, call)
        let query = PaymentFilter.query(call.query)
        func path(_ base: String, _ extra: String...) -> String {
            let all = [query] + extra
            let parts = all.filter { !$0.isEmpty }
            return base + (parts.isEmpty ? "" : "?" + parts.joined(separator: "&"))
        }
        var model: [String: Any] = [
            "strip": StripModel(strip, call).items,
            "tabs": PaymentFilterView.tabs(filter, call),
            "fields": PaymentFilterView.fields(filter, found.places, found.wallets, call),
            "chips": chips,
            "hasChips": !chips.isEmpty,
            "text": filter.text,
            "tab": filter.tab.rawValue,
            "filter": query,
            "show": found.columns.flags,
            "span": found.columns.shown.count + (filter.isByAge ? 1 : 0),
            "boxes": found.columns.boxes(call.words),
            "views": SavedViewRoutes.links(found.views, shown: query),
            "saveView": query.isEmpty ? "" : path("/payments/views/new"),
            "exportPath": viewer.may(.exportPayments) ? path("/payments/export") : "",
            "isFileReady": viewer.may(.exportPayments) && found.isFileReady,
            "isEmpty": found.page.rows.isEmpty,
            "emptyText": call.text(
                filter.isByAge && chips.isEmpty
                    ? Phrase("problems.none") : Phrase("payments.empty", call.formats.count(chips.count))
            ),
            "next": found.page.next.map { path("/payments", "after=\($0.text)") } ?? "",
            "nextText": call.text(filter.isByAge ? Phrase("problems.next") : Phrase("payments.next")),
            // Older pages stand still: only the first one is live.
            "isLive": place == nil,
            "isBoard": filter.isByAge,
            "stream": path("/payments/stream", "change=\(found.change)"),
        ]
        if let board = found.board {
            model["board"] = board.model(found.page.rows, call)
        } else {
            model["rows"] = found.page.rows.map { $0.model(call) }
        }
        return try call.page("payments", model)
    }

    // MARK: - Stream

    /// How long one stream lasts; the browser opens the next by itself, and is asked who it is again.
    private static let streamSeconds = 300
    private static let lastEventID = HTTPField.Name("Last-Event-ID")

    /// Server-sent events: `row` for each payment that came or changed, `strip` for the numbers above the list.
    private static func stream(_ call: Call) throws -> Response {
        let scope = try call.viewer.scope(of: .viewPayments)
        let filter = PaymentFilter(call.query, zone: call.console.settings.zone, now: call.now)
        let viewer = try call.viewer
        let start = Int64(lastEventID.flatMap { call.request.headers[$0] } ?? call.query["change"]) ?? 0
        let console = call.console
        return Response(
            status: .ok,
            headers: [.contentType: "text/event-stream; charset=utf-8", .cacheControl: "no-store"],
            body: ResponseBody { writer in
                let end = ContinuousClock.now + .seconds(streamSeconds)
                let columns = try await console.pool.read { try PaymentColumns.of(user: viewer.id, $0) }
                try await writer.write(ByteBuffer(string: "retry: 2000\n\n"))
                var change = start
                var stripAt = ContinuousClock.now
                for await _ in console.bell.news() {
                    guard ContinuousClock.now < end else { break }
                    let known = change
                    let rows = try await console.pool.read {
                        try PaymentList.changes(after: known, filter, in: scope, $0)
                    }
                    for row in rows {
                        let model = row.model(call.at(console.now()))
                        let around: [String: Any] = ["t": call.words.tree, "show": columns.flags]
                        let html = try Templates.render("payment-row", model.merging(around) { $1 })
                        let event = LiveRow(number: row.number, html: html)
                        try await writer.write(try sse("row", id: row.change, event))
                        change = row.change
                    }
                    if ContinuousClock.now >= stripAt {
                        stripAt = ContinuousClock.now + .milliseconds(900)
                        let now = console.now()
                        let strip = try await console.strips.strip(in: scope, at: now, from: console.pool)
                        let model = StripModel(strip, call.at(now))
                        try await writer.write(try sse("strip", id: change, model.values))
                    }
                }
                try await writer.finish(nil)
            }
        )
    }

    private struct LiveRow: Encodable {
        let number: String
        let html: String
    }

    private static func sse(_ name: String, id: Int64, _ value: some Encodable) throws -> ByteBuffer {
        let data = String(decoding: try JSONEncoder().encode(value), as: UTF8.self)
        return ByteBuffer(string: "event: \(name)\nid: \(id)\ndata: \(data)\n\n")
    }

    // MARK: - One payment

    /// - Parameter problems: Of a note that was not stored.
    static func detail(_ call: Call, problems: Problems = Problems()) async throws -> Response {
        let detail = try await detail(of: call)
        let told = try await WebhookView.ofPayment(try call.parameter("number"), call)
        var model = detail.model(call).merging(told) { $1 }
        model["noteFields"] = PaymentNote.fields(call, problems)
        return try call.page("payment", model, status: problems.isEmpty ? .ok : .unprocessableContent)
    }

    /// The payment that a path names.
    /// - Throws: ``ConsoleProblem/notFound`` for one that is not there, or not for the viewer.
    static func detail(of call: Call) async throws -> PaymentDetail {
        let number = try call.parameter("number")
        let found = try await call.console.pool.read { database in try PaymentDetail(number: number, database) }
        guard let detail = found else { throw ConsoleProblem.notFound }
        // What lies elsewhere is not told from what does not exist.
        guard try call.viewer.scope(of: .viewPayments).covers(detail.place?.path ?? "/1/") else {
            throw ConsoleProblem.notFound
        }
        return detail
    }
}

/// The numbers above the list as a page and a stream show them.
struct StripModel {
    let values: [String: String]
    private let call: Call

    init(_ strip: LiveStrip, _ call: Call) {
        self.call = call
        let formats = call.formats
        let cents = strip.hundredthsPerSecond
        values = [
            "perSecond": "\(cents / 100).\(cents % 100 / 10)",
            "rate": Outcomes.text(strip.outcomes.rate),
            "times":
                "\(strip.median.map { formats.duration($0) } ?? "–") / \(strip.p99.map { formats.duration($0) } ?? "–")",
            "unknown": formats.count(strip.unknown),
            "revoking": formats.count(strip.revoking),
            "needPersons": formats.count(strip.needPersons),
            "online": "\(formats.count(strip.online)) / \(formats.count(strip.registers))",
            "dataAt": strip.dataAt.map { formats.time($0) } ?? "–",
        ]
    }

    private static let order = ["perSecond", "rate", "times", "unknown", "revoking", "needPersons", "online", "dataAt"]

    var items: [[String: Any]] {
        StripModel.order.map { name in
            [
                "name": name,
                "label": call.text(Phrase(family: "strip", name)),
                "help": call.text(Phrase(family: "stripHelp", name)),
                "value": values[name] ?? "",
            ]
        }
    }
}
