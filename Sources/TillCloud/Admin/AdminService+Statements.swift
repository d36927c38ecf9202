// Part of Tillbridge. See LICENSE.
import TillDomain
import TillProtocol
import TillWallets

/// The wallets' statements.
extension AdminService {
    func statement(_ account: String, day text: String, asJSON: Bool) async throws -> AdminReply {
        guard snapshot.accounts[account] != nil else {
            let known = snapshot.accounts.keys.sorted().joined(separator: ", ")
            throw StartError(
                "--account \(account): there is no such account; there are \(known.isEmpty ? "none" : known)."
            )
        }
        guard let day = StatementDay(Array(text.utf8)) else {
            throw StartError("--day \(text): give a day as YYYY-MM-DD.")
        }
        guard day.isOver(at: core.clock.now()) else {
            throw StartError("--day \(day): this day is not over in China (UTC+8); a statement is of a whole day.")
        }
        switch try await core.desk.statement(of: account, day: day) {
        case .noTrades(let code):
            return AdminReply(
                text: "Account \(account) moved no money on \(day) (the wallet says: \(code)).",
                json: json { json in
                    json.string("account", Array(account.utf8))
                    json.string("day", Array(day.description.utf8))
                    json.array("rows") { _ in }
                }
            )
        case .statement(let statement):
            return AdminReply(
                text: asJSON ? "" : lines(statement, account, day),
                json: asJSON ? object(statement, account, day) : ""
            )
        }
    }

    private func lines(_ statement: Statement, _ account: String, _ day: StatementDay) -> String {
        var lines = [
            "kind      order number                      fen         fee         time (UTC ms)   wallet's number"
        ]
        for row in statement.rows {
            let fen = row.kind == .sale ? row.amount.fen : -row.refunded.fen
            let order = row.refund.isEmpty ? row.order : row.refund
            let kind = String(decoding: row.kind.wireBytes, as: UTF8.self)
            lines.append(
                "\(kind.padding(8))  \(Self.shown(order).padding(32))  \("\(fen)".padding(10))  "
                    + "\(Self.fen(row.feeThousandths).padding(10))  \("\(row.time.milliseconds)".padding(14))  "
                    + Self.shown(row.transaction)
            )
        }
        lines.append(
            "Account \(account), \(day): \(statement.rows.count) rows, \(statement.sold.fen) fen sold, "
                + "\(statement.returned.fen) fen given back, \(Self.fen(statement.feeThousandths)) fen of fees."
        )
        if statement.others > 0 {
            lines.append("Not counted: \(statement.others) rows of a kind that this version does not know.")
        }
        for check in statement.checks where !check.agrees {
            lines.append(
                "DOES NOT ADD UP: \(check.name) is \(Self.value(check, check.stated)) in the file, and its rows make "
                    + "\(Self.value(check, check.summed))."
            )
        }
        if statement.checks.isEmpty { lines.append("The file states no totals to compare with.") }
        return lines.joined(separator: "\n")
    }

    private func object(_ statement: Statement, _ account: String, _ day: StatementDay) -> String {
        json { json in
            json.string("account", Array(account.utf8))
            json.string("day", Array(day.description.utf8))
            json.array("rows") { json in
                for row in statement.rows {
                    json.object { json in
                        json.name("kind", row.kind)
                        json.string("order", row.order)
                        if !row.refund.isEmpty { json.string("refund", row.refund) }
                        json.string("transaction", row.transaction)
                        json.time("time", row.time)
                        json.money("amount", row.amount)
                        json.money("refunded", row.refunded)
                        json.integer("feeThousandths", row.feeThousandths)
                        json.string("currency", row.currency)
                    }
                }
            }
            json.money("sold", statement.sold)
            json.money("returned", statement.returned)
            json.integer("feeThousandths", statement.feeThousandths)
            json.integer("others", Int64(statement.others))
            json.array("checks") { json in
                for check in statement.checks {
                    json.object { json in
                        json.string("name", Array(check.name.utf8))
                        json.string("stated", Array(Self.value(check, check.stated).utf8))
                        json.string("summed", Array(Self.value(check, check.summed).utf8))
                        json.bool("agrees", check.agrees)
                    }
                }
            }
        }
    }

    private static func value(_ check: StatementCheck, _ value: Int64) -> String {
        check.isCount ? "\(value)" : fen(value)
    }

    /// Thousandths of a fen as fen, with as many decimals as there are.
    private static func fen(_ thousandths: Int64) -> String {
        let size = thousandths.magnitude
        var text = (thousandths < 0 ? "-" : "") + "\(size / 1000)"
        guard size % 1000 != 0 else { return text }
        let decimals = String(String(1000 + size % 1000).dropFirst())
        text += "." + decimals
        while text.hasSuffix("0") { text.removeLast() }
        return text
    }

    /// A number of the file, which may hold what a terminal would obey.
    private static func shown(_ text: [UInt8]) -> String {
        String(decoding: text.map { (32...126).contains($0) ? $0 : 63 }, as: UTF8.self)
    }
}
