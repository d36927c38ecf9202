// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB

/// What was sold, line by line, as the register told the paying cloud, and what of it has been given back from here.
struct Basket: Equatable, Sendable {
    /// A line as a cloud's log has it.
    struct Item: Codable, Equatable, Sendable {
        let sku: String
        let name: String
        let quantity: Int64
        /// Fen.
        let unitPrice: Int64

        /// What people call it.
        var title: String { [name, sku].first { !$0.isEmpty } ?? "–" }
    }

    struct Line: Equatable, Sendable {
        /// From 1, in the register's order.
        let place: Int
        let item: Item
        /// Units that are given back, or on their way.
        let returned: Int64

        /// Units that may still be given back.
        var left: Int64 { max(0, item.quantity - returned) }
        /// Fen. The bounds of the wire keep it far below an overflow.
        var amount: Int64 { item.quantity * item.unitPrice }
    }

    /// Units of one line, as a refund asks for them.
    struct Pick: Equatable, Sendable {
        let place: Int
        let quantity: Int64
    }

    let lines: [Line]

    init(lines: [Line]) { self.lines = lines }

    /// Nil for a payment whose register sent no basket, or which a cloud took before it kept baskets.
    init?(number: String, _ database: Database) throws {
        let json = try String.fetchOne(
            database,
            sql: "SELECT items FROM sale WHERE number = ?",
            arguments: [number]
        )
        let items = try json.map { try JSONDecoder().decode([Item].self, from: Data($0.utf8)) } ?? []
        guard !items.isEmpty else { return nil }
        // A refund that the cloud or the second person refused, or that failed at the wallet, has given nothing back.
        let returned = try Row.fetchAll(
            database,
            sql: """
                SELECT line, sum(quantity) AS quantity FROM refund_line
                JOIN refund_request ON refund_request.id = refund_line.request
                WHERE number = ? AND state <> 'refused' AND NOT EXISTS (
                    SELECT 1 FROM refund WHERE refund.number = refund_request.number
                        AND refund.reference = 'console-' || refund_request.id AND refund.state = 'failed')
                GROUP BY line
                """,
            arguments: [number]
        )
        let byPlace = Dictionary(returned.map { ($0["line"] as Int, $0["quantity"] as Int64) }) { $0 + $1 }
        lines = items.enumerated().map { place, item in
            Line(place: place + 1, item: item, returned: byPlace[place + 1] ?? 0)
        }
    }

    /// Fen. Nil where the lines add up to more than any payment could be.
    var total: Int64? { Basket.sum(lines.map(\.amount)) }

    /// Everything that has not been given back.
    var rest: [Pick] {
        lines.filter { $0.left > 0 }.map { Pick(place: $0.place, quantity: $0.left) }
    }

    /// What some units cost, in fen. Nil for more than any payment could be.
    func price(of picks: [Pick]) -> Int64? {
        Basket.sum(picks.map { pick in (line(pick.place)?.item.unitPrice ?? 0) * pick.quantity })
    }

    func line(_ place: Int) -> Line? { lines.indices.contains(place - 1) ? lines[place - 1] : nil }

    /// Whether all of it can still be given back.
    func has(_ picks: [Pick]) -> Bool {
        picks.allSatisfy { pick in pick.quantity > 0 && pick.quantity <= line(pick.place)?.left ?? 0 }
    }

    private static func sum(_ amounts: [Int64]) -> Int64? {
        var sum: Int64 = 0
        for amount in amounts {
            let (next, overflow) = sum.addingReportingOverflow(amount)
            guard !overflow else { return nil }
            sum = next
        }
        return sum
    }
}

/// The basket as pages show it.
enum BasketView {
    static func model(_ basket: Basket?, paid: Int64, _ call: Call) -> [String: Any] {
        guard let basket else { return ["hasLines": false] }
        let formats = call.formats
        return [
            "hasLines": true,
            "lines": basket.lines.map { line($0, call) },
            "total": basket.total.map { formats.money($0) } ?? "",
            "difference": difference(basket, paid: paid, call) ?? "",
        ]
    }

    /// What to say where the lines do not add up to what was paid.
    static func difference(_ basket: Basket, paid: Int64, _ call: Call) -> String? {
        guard basket.total != paid else { return nil }
        let total = basket.total.map { call.formats.money($0) } ?? "–"
        return call.text(Phrase("basket.difference", total, call.formats.money(paid)))
    }

    static func line(_ line: Basket.Line, _ call: Call) -> [String: Any] {
        let formats = call.formats
        return [
            "place": line.place,
            "title": line.item.title,
            "sku": line.item.name.isEmpty ? "" : line.item.sku,
            "quantity": formats.count(Int(line.item.quantity)),
            "unitPrice": formats.money(line.item.unitPrice),
            "amount": formats.money(line.amount),
            "returned": line.returned > 0 ? formats.count(Int(line.returned)) : "",
            "isGone": line.left == 0,
        ]
    }
}
