// Part of Tillbridge. See LICENSE.
import GRDB
import HTTPTypes
import Hummingbird
import NIOCore

/// The list as a file: exactly the filter of the page, all pages of it, in the language of the page.
enum PaymentExport {
    private static let rowsPerRead = 1_000

    static let routes: [ConsoleRoute] = [
        .get("/payments/export", .permission(.exportPayments)) { try await page($0) },
        .get("/payments/export.csv", .permission(.exportPayments)) { try await file($0) },
    ]

    /// Says first how many rows it will be.
    private static func page(_ call: Call) async throws -> Response {
        let scope = try call.viewer.scope(of: .exportPayments)
        let filter = PaymentFilter(call.query, zone: call.console.settings.zone, now: call.now)
        let condition = filter.condition(in: scope)
        let count = try await call.console.pool.read { database in
            try Int.fetchOne(
                database,
                sql: "SELECT count(*) FROM payment WHERE \(condition.sql)",
                arguments: condition.arguments
            ) ?? 0
        }
        let query = call.query.query(without: ["after", "said"])
        return try call.page(
            "export",
            [
                "count": call.text(Phrase("export.count", call.formats.count(count))),
                "chips": PaymentFilterView.chips(filter, call.query, call),
                "path": "/payments/export.csv?\(query)",
                "back": "/payments?\(query)",
                "hasRows": count > 0,
            ]
        )
    }

    private static func file(_ call: Call) async throws -> Response {
        let scope = try call.viewer.scope(of: .exportPayments)
        let filter = PaymentFilter(call.query, zone: call.console.settings.zone, now: call.now)
        let event = try call.event("payments.exported", "payments", after: call.query.query())
        try await call.console.pool.write { try AuditLog.append(event, at: call.now, $0) }
        let viewer = try call.viewer
        let pool = call.console.pool
        let columns = try await pool.read { try PaymentColumns.of(user: viewer.id, $0) }
        return Response(
            status: .ok,
            headers: [
                .contentType: "text/csv; charset=utf-8", .cacheControl: "no-store",
                .contentDisposition: "attachment; filename=\"payments-\(call.formats.date(call.now)).csv\"",
            ],
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
}
