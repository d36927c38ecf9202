// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import Hummingbird
import TillCloud

/// Stores from a table: first what it would change and what is wrong, row by row; then the import.
enum ImportRoutes {
    /// 2,000 rows of names in Chinese, as a form sends them.
    private static let bodyBytes = 4 << 20

    static let all: [ConsoleRoute] = [
        .get("/organisation/import", .permission(.editOrganisation)) { try await form($0) },
        .post("/organisation/import", .permission(.editOrganisation), bodyLimit: bodyBytes) { try await take($0) },
    ]

    private static func form(_ call: Call, _ table: StoreImport? = nil, problem: Phrase? = nil) async throws -> Response
    {
        var problems = Problems()
        problems.add("table", problem)
        let rows = table?.rows ?? []
        let wrong = rows.count { !$0.problems.isEmpty }
        let status: HTTPResponse.Status = problem != nil || wrong > 0 ? .unprocessableContent : .ok
        return try call.page(
            "store-import",
            [
                "fields": call.fields(
                    [
                        Field(
                            name: "table",
                            label: Phrase("import.table"),
                            kind: .textarea,
                            value: call.form.raw("table"),
                            hint: Phrase("import.hint", "\(StoreImport.mostRows)"),
                            isRequired: true
                        )
                    ],
                    problems
                ),
                "table": call.form.raw("table"),
                "isPreview": table != nil,
                "rows": rows.map { row($0, call) },
                "isGood": table != nil && wrong == 0 && table?.changes ?? 0 > 0,
                "isSame": table != nil && wrong == 0 && table?.changes == 0,
                "isWrong": wrong > 0,
                "wrongText": call.text(
                    Phrase("import.wrong", call.formats.count(wrong), call.formats.count(rows.count))
                ),
                "goodText": call.text(
                    Phrase(
                        "import.good",
                        call.formats.count(rows.count { $0.outcome == .new }),
                        call.formats.count(rows.count { if case .registers = $0.outcome { true } else { false } }),
                        call.formats.count(rows.count { $0.outcome == .unchanged }),
                        call.formats.count(table?.newPlaces ?? 0)
                    )
                ),
            ],
            status: status
        )
    }

    private static func row(_ row: StoreImport.Row, _ call: Call) -> [String: Any] {
        let outcome: String =
            switch row.outcome {
            case .new: call.text(Phrase("import.new", call.formats.count(row.registers.count)))
            case .registers(let count): call.text(Phrase("import.more", call.formats.count(count)))
            case .unchanged: call.text(Phrase("import.unchanged"))
            }
        return [
            "line": call.formats.count(row.line),
            "region": row[.region], "city": row[.city], "code": row[.code], "name": row[.name],
            "registers": row[.registers],
            "isGood": row.problems.isEmpty,
            "isWrong": !row.problems.isEmpty,
            "outcome": outcome,
            "problems": row.problems.map {
                ["column": call.text($0.column.phrase), "text": call.text($0.phrase)]
            },
        ]
    }

    private static func take(_ call: Call) async throws -> Response {
        let (edit, registers) = try (
            call.viewer.scope(of: .editOrganisation), call.viewer.scope(of: .manageRegisters)
        )
        let read: StoreImport
        do {
            read = try StoreImport(call.form.raw("table"))
        } catch {
            return try await form(call, problem: error.phrase)
        }
        let (table, plans) = try await call.console.pool.read { database in
            var table = read
            try table.check(edit: edit, registers: registers, database)
            return (table, try table.plans(database))
        }
        // Nothing is changed before somebody has seen what would be.
        guard call.form["step"] == "import", table.isGood, !plans.isEmpty else { return try await form(call, table) }
        do {
            try await StoreImport.take(plans, by: call.hand, call.console.clouds, call.console.pool)
        } catch let error as StartError {
            return try await form(call, table, problem: Phrase("problem.cloud", error.sentence))
        }
        return call.redirect("/organisation", said: "imported")
    }
}
