// Part of Tillbridge. See LICENSE.
import Foundation

/// The checker's own reading of a till's paper log. It shares nothing with the code that wrote it.
struct PaperReader: Sendable {
    struct Line: Decodable, Equatable, Sendable {
        var kind: String
        var call: String?
        var saleRef: String?
        var amount: Int64?
        var outcome: String?
        var orderNumber: String?
    }

    /// What a till was told of one sale, in order.
    struct Sale: Equatable, Sendable {
        var saleRef: String
        /// In fen, as the till asked for it.
        var asked: Int64?
        var told: [Line] = []
        var hasDisowned = false

        /// Every order number under which the sale was ever tried. An answer about another sale in the way carries
        /// that sale's number.
        var orderNumbers: [String] {
            var numbers: [String] = []
            for line in told where line.outcome != "busy" && line.outcome != "unacknowledged" {
                if let number = line.orderNumber, !numbers.contains(number) { numbers.append(number) }
            }
            return numbers
        }
    }

    let sales: [Sale]

    /// - Throws: ``DemoFailure`` if the log cannot be read; a line that cannot be read is a failure, too.
    init(path: String) throws {
        guard let content = FileManager.default.contents(atPath: path) else {
            throw DemoFailure("The paper log \(path) cannot be read: the checker needs it.")
        }
        try self.init(content: content)
    }

    init(content: Data) throws {
        var sales: [Sale] = []
        for (number, line) in content.split(separator: 10).enumerated() {
            guard let line = try? JSONDecoder().decode(Line.self, from: line) else {
                throw DemoFailure("Line \(number + 1) of a paper log is not readable: the checker cannot judge it.")
            }
            guard let saleRef = line.saleRef else { continue }
            let position: Int
            if let known = sales.firstIndex(where: { $0.saleRef == saleRef }) {
                position = known
            } else {
                position = sales.count
                sales.append(Sale(saleRef: saleRef))
            }
            switch line.kind {
            case "asked":
                if line.call == "pay", let amount = line.amount { sales[position].asked = amount }
                if line.call == "disown" { sales[position].hasDisowned = true }
            case "told": sales[position].told.append(line)
            default: break
            }
        }
        self.sales = sales
    }
}
