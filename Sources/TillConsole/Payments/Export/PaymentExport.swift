// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import HTTPTypes
import Hummingbird
import NIOCore

/// The list as a file: exactly the filter and the columns of the page, all pages of it, in the language of the page.
/// What is short is answered at once; what is long is written beside everything else and fetched when it is ready.
enum PaymentExport {
    private static let rowsPerRead = 1_000
    private static let bytesPerWrite = 64 << 10

    static let routes: [ConsoleRoute] = [
        .get("/payments/export", .permission(.exportPayments)) { try await page($0) },
        .get("/payments/export.csv", .permission(.exportPayments)) { try await file($0) },
        .get("/payments/exports", .permission(.exportPayments)) { try await list($0) },
        .post("/payments/exports", .permission(.exportPayments)) { try await ask($0) },
        .get("/payments/exports/:id/file", .permission(.exportPayments)) { try await fetch($0) },
    ]

    /// The filter of a request, and the rows that it has.
    private static func counted(_ query: Form, _ call: Call) async throws -> (
        filter: PaymentFilter, count: Int, columns: PaymentColumns
    ) {
        let viewer = try call.viewer
        let filter = PaymentFilter(query, zone: call.console.settings.zone, now: call.now)
        let (count, columns) = try await call.console.pool.read { database in
            (
                try ExportJob.count(filter, in: viewer.scope(of: .exportPayments), database),
                try PaymentColumns.of(user: viewer.id, database)
            )
        }
        return (filter, count, columns)
    }

    /// Says first how many rows it will be, and of which columns.
    private static func page(_ call: Call) async throws -> Response {
        let (filter, count, columns) = try await counted(call.query, call)
        let query = PaymentFilter.query(call.query)
        let isTooLong = count > ExportJob.mostRows
        let isLong = !isTooLong && count > ExportJob.directRows
        let most = call.formats.count(ExportJob.mostRows)
        return try call.page(
            "export",
            [
                "count": call.text(
                    isTooLong ? Phrase("export.tooLong", most) : Phrase("export.count", call.formats.count(count))
                ),
                "chips": PaymentFilterView.chips(filter, call.query, call),
                "columns": columns.heading(call.words).joined(separator: " · "),
                "path": "/payments/export.csv" + (query.isEmpty ? "" : "?\(query)"),
                "filter": query,
                "back": PaymentFilter.path(query),
                "isShort": count > 0 && count <= ExportJob.directRows,
                "isLong": isLong,
                "longHint": call.text(Phrase("export.longHint", call.formats.count(ExportJob.directRows), most)),
            ]
        )
    }

    private static func file(_ call: Call) async throws -> Response {
        let scope = try call.viewer.scope(of: .exportPayments)
        let (filter, count, columns) = try await counted(call.query, call)
        let query = PaymentFilter.query(call.query)
        guard count <= ExportJob.directRows else {
            return call.redirect("/payments/export" + (query.isEmpty ? "" : "?\(query)"))
        }
        let event = try call.event("payments.exported", "payments", after: query)
        try await call.console.pool.write { try AuditLog.append(event, at: call.now, $0) }
        let pool = call.console.pool
        return Response(
            status: .ok,
            headers: headers("payments-\(call.formats.date(call.now)).csv"),
            body: ResponseBody { writer in
                // The mark by which spreadsheets know UTF-8.
                try await writer.write(ByteBuffer(string: "\u{FEFF}" + CSV.line(columns.heading(call.words))))
                var place: PaymentList.Place?
                repeat {
                    let after = place
                    let page = try await pool.read {
                        try PaymentList.page(filter, in: scope, after: after, rows: rowsPerRead, $0)
                    }
                    let text = page.rows.map { CSV.line(columns.line($0, call.words, call.formats)) }.joined()
                    try await writer.write(ByteBuffer(string: text))
                    place = page.next
                } while place != nil
                try await writer.finish(nil)
            }
        )
    }

    private static func headers(_ name: String) -> HTTPFields {
        [
            .contentType: "text/csv; charset=utf-8", .cacheControl: "no-store",
            .contentDisposition: "attachment; filename=\"\(name)\"",
        ]
    }

    // MARK: - Long ones

    private static func ask(_ call: Call) async throws -> Response {
        let query = PaymentFilter.query(Form(call.form["filter"]))
        let (_, count, columns) = try await counted(Form(query), call)
        guard count <= ExportJob.mostRows else {
            throw ConsoleProblem.refused(Phrase("export.tooLong", call.formats.count(ExportJob.mostRows)))
        }
        guard count > 0 else { throw ConsoleProblem.refused(Phrase("export.nothing")) }
        let viewer = try call.viewer
        let event = try call.event("payments.exported", "payments", after: query)
        let isStored = try await call.console.pool.write { database in
            try ExportJob.ask(
                query,
                columns,
                in: call.language,
                rows: count,
                by: viewer,
                event: event,
                at: call.now,
                database
            )
        }
        guard isStored else { throw ConsoleProblem.refused(Phrase("export.oneAtATime")) }
        return call.redirect("/payments/exports", said: "exportAsked")
    }

    private static func list(_ call: Call) async throws -> Response {
        let viewer = try call.viewer
        let jobs = try await call.console.pool.read { try ExportJob.all(of: viewer.id, $0) }
        return try call.page(
            "exports",
            [
                "jobs": jobs.map { model($0, call) },
                "isEmpty": jobs.isEmpty,
                "isMoving": jobs.contains { $0.isOpen },
                "hint": call.text(
                    Phrase("export.kept", "\(ExportJob.keptMilliseconds / 3_600_000)")
                ),
            ]
        )
    }

    private static func model(_ job: ExportJob, _ call: Call) -> [String: Any] {
        let form = Form(job.query)
        let filter = PaymentFilter(form, zone: call.console.settings.zone, now: job.createdAt)
        let count = call.formats.count
        var model: [String: Any] = [
            "created": call.formats.moment(job.createdAt),
            "chips": PaymentFilterView.chips(filter, form, call),
            "state": call.text(Phrase(family: "exportState", job.state.rawValue)),
            "isOpen": job.isOpen,
            "written": "\(job.written)",
            "total": "\(max(job.total, job.written))",
            "progress": call.text(Phrase("export.progress", count(job.written), count(job.total))),
        ]
        if let failure = job.failure { model["failure"] = call.text(Phrase(family: "exportFailure", failure.rawValue)) }
        if job.state == .ready, let finishedAt = job.finishedAt {
            model["path"] = "/payments/exports/\(job.id)/file"
            model["rows"] = call.text(Phrase("export.count", count(job.written)))
            model["until"] = call.text(
                Phrase("export.until", call.formats.moment(finishedAt + ExportJob.keptMilliseconds))
            )
        }
        return model
    }

    /// For the person who asked for it, while he may still export all that is in it.
    private static func fetch(_ call: Call) async throws -> Response {
        let id = try call.number("id")
        let viewer = try call.viewer
        let found = try await call.console.pool.read { try ExportJob.of(id: id, user: viewer.id, $0) }
        guard let job = found else { throw ConsoleProblem.notFound }
        let scope = viewer.scope(of: .exportPayments)
        guard job.scope.paths.allSatisfy(scope.covers) else { throw ConsoleProblem.forbidden(.exportPayments) }
        guard job.state == .ready, call.now < (job.finishedAt ?? 0) + ExportJob.keptMilliseconds,
            let file = FileHandle(forReadingAtPath: ExportWriter(console: call.console).path(of: job))
        else { throw ConsoleProblem.refused(Phrase("export.gone")) }
        let event = try call.event("payments.export-fetched", "payments", after: job.query)
        try await call.console.pool.write { database in
            try database.execute(sql: "UPDATE export_job SET fetched_at = ? WHERE id = ?", arguments: [call.now, id])
            try AuditLog.append(event, at: call.now, database)
        }
        return Response(
            status: .ok,
            headers: headers("payments-\(call.formats.date(job.createdAt))-\(id).csv"),
            body: ResponseBody { writer in
                while let data = try file.read(upToCount: bytesPerWrite), !data.isEmpty {
                    try await writer.write(ByteBuffer(bytes: data))
                }
                try await writer.finish(nil)
            }
        )
    }
}
