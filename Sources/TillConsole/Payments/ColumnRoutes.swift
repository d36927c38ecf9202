// Part of Tillbridge. See LICENSE.
import GRDB
import Hummingbird

/// Choosing the columns of the list. The choice is the user's own, whichever browser he sits at.
enum ColumnRoutes {
    static let all: [ConsoleRoute] = [
        .post("/payments/columns", .permission(.viewPayments)) { try await choose($0) }
    ]

    private static func choose(_ call: Call) async throws -> Response {
        let viewer = try call.viewer
        let chosen =
            call.form.has("standard")
            ? PaymentColumns.standard
            : PaymentColumns(Set(call.form.all("column").compactMap { PaymentColumn(rawValue: $0) }))
        let event = try call.event("columns.chosen", "user:\(viewer.name)", after: chosen.text)
        try await call.console.pool.write { database in
            let before = try PaymentColumns.of(user: viewer.id, database)
            guard before != chosen else { return }
            try chosen.keep(for: viewer.id, database)
            try AuditLog.append(event.with(before: before.text), at: call.now, database)
        }
        return call.redirect(PaymentFilter.path(call.form["filter"]), said: "columnsChosen")
    }
}

extension AuditEvent {
    /// The same with what was before, which the transaction alone knows.
    func with(before: String) -> AuditEvent {
        var event = self
        event.before = before
        return event
    }
}
