// Part of Tillbridge. See LICENSE.
import GRDB
import Hummingbird

/// Payments for programs: the list with the filter of the page, and one with all that is known of it.
enum PaymentApi {
    static let all: [ConsoleRoute] = [
        .get("/api/v1/payments", .key([.readPayments])) { try await list($0) },
        .get("/api/v1/payments/:number", .key([.readPayments])) { try await detail($0) },
    ]

    private static let names: Set<String> = [
        "tab", "period", "from", "until", "q", "place", "register", "wallet", "state", "reason", "least", "most",
        "after", "limit",
    ]
    private static let mostRows = 200

    private struct Page: Encodable, Sendable {
        let payments: [ApiPayment]
        /// What `after` takes for the next page; missing on the last.
        let next: String?
    }

    private static func list(_ call: Call) async throws -> Response {
        let scope = try call.key.scope
        let filter = try filter(call)
        let limit = try number("limit", call, 1...Int64(mostRows)) ?? Int64(PaymentList.pageRows)
        let place = PaymentList.Place(call.query["after"])
        if call.query.has("after"), place == nil {
            throw ApiProblem.malformed("after", "Give the 'next' of the page before.")
        }
        let page = try await call.console.pool.read { database in
            let found = try PaymentList.page(filter, in: scope, after: place, rows: Int(limit), database)
            return Page(payments: found.rows.map { ApiPayment($0) }, next: found.next?.text)
        }
        return try ApiJSON.response(page)
    }

    /// The page's filter, where what is misspelt is told and not left out: nobody wants all payments by mistake.
    private static func filter(_ call: Call) throws -> PaymentFilter {
        let query = call.query
        if let unknown = query.names.subtracting(names).sorted().first {
            throw ApiProblem.malformed(unknown, "There is no such parameter.")
        }
        func check(_ name: String, _ values: [String]) throws {
            guard query[name].isEmpty || values.contains(query[name]) else {
                throw ApiProblem.malformed(name, "One of \(values.joined(separator: ", ")).")
            }
        }
        try check("tab", PaymentFilter.Tab.allCases.map(\.rawValue))
        try check("period", PaymentFilter.Period.allCases.map(\.rawValue))
        try check("state", PaymentRow.states)
        var filter = PaymentFilter(
            Form(query.query(without: ["least", "most"])),
            zone: call.console.settings.zone,
            now: call.now
        )
        // On the page people type yuan; programs reckon in fen.
        filter.least = try number("least", call, 0...Int64.max)
        filter.most = try number("most", call, 0...Int64.max)
        for name in ["from", "until"] {
            guard let problem = filter.problems[name] else { continue }
            throw ApiProblem.malformed(name, call.text(problem))
        }
        return filter
    }

    private static func number(_ name: String, _ call: Call, _ range: ClosedRange<Int64>) throws -> Int64? {
        guard !call.query[name].isEmpty else { return nil }
        guard let value = Int64(call.query[name]), range.contains(value) else {
            let most = range.upperBound == .max ? "" : " to \(range.upperBound)"
            throw ApiProblem.malformed(name, "A whole number from \(range.lowerBound)\(most).")
        }
        return value
    }

    private static func detail(_ call: Call) async throws -> Response {
        let (number, scope) = (try call.parameter("number"), try call.key.scope)
        let found = try await call.console.pool.read { database -> ApiPaymentDetail? in
            // What lies elsewhere is not told from what does not exist.
            guard let detail = try PaymentDetail(number: number, database),
                scope.covers(detail.place?.path ?? "/1/")
            else { return nil }
            return ApiPaymentDetail(
                payment: ApiPayment(detail.row),
                refunds: try ApiRefund.all(of: detail, database),
                timeline: detail.steps.map { ApiPaymentDetail.Step($0) }
            )
        }
        guard let found else { throw ApiProblem.notFound }
        return try ApiJSON.response(found)
    }
}
