// Part of Tillbridge. See LICENSE.

/// Compares what a register was told with where the money is. It knows the paper log and the wallet's books, nothing
/// else.
struct Agreement: Sendable {
    struct Verdict: Equatable, Sendable {
        /// In fen: what the wallets hold of this sale.
        var walletNet: Int64
        /// Empty where register and wallet agree.
        var differences: [String]

        var agrees: Bool { differences.isEmpty }
    }

    private let trades: [WalletTrade]
    private let totals: WalletTotals

    init(trades: [WalletTrade], totals: WalletTotals) {
        self.trades = trades
        self.totals = totals
    }

    /// - Parameters:
    ///   - saleRef: The sale to judge.
    ///   - paper: The paper log of the till that sold it.
    ///   - register: Its register, whose other trades are searched for money nobody was told of.
    func verdict(on saleRef: String, paper: PaperReader, register: String) -> Verdict {
        guard let sale = paper.sales.first(where: { $0.saleRef == saleRef }) else {
            return Verdict(walletNet: 0, differences: ["the paper log does not hold the sale"])
        }
        var verdict = judge(sale)
        verdict.differences += strays(paper: paper, register: register)
        return verdict
    }

    private func judge(_ sale: PaperReader.Sale) -> Verdict {
        let numbers = sale.orderNumbers
        let mine = trades.filter { numbers.contains($0.merchantOrderNumber) }
        var verdict = Verdict(walletNet: mine.reduce(0) { $0 + $1.net }, differences: [])
        for number in numbers {
            let lines = sale.told.filter { $0.orderNumber == number }
            verdict.differences += judge(number, lines, isDisowned: sale.hasDisowned, price: sale.asked)
        }
        if let price = sale.asked, price > 0, verdict.walletNet > price {
            verdict.differences.append("the sale was charged more than once")
        }
        if numbers.isEmpty, sale.told.contains(where: { $0.outcome == "paid" }) {
            verdict.differences.append("told paid without an order number")
        }
        return verdict
    }

    private func judge(
        _ number: String,
        _ lines: [PaperReader.Line],
        isDisowned: Bool,
        price: Int64?
    ) -> [String] {
        var differences: [String] = []
        let outcomes = lines.compactMap(\.outcome)
        let firstEnd = outcomes.firstIndex { $0 == "declined" || $0 == "cancelled" }
        let lastPaid = outcomes.lastIndex(of: "paid")
        if let firstEnd, let lastPaid {
            if lastPaid > firstEnd {
                differences.append("\(number): told paid after it had ended unpaid")
            } else if !isDisowned {
                differences.append("\(number): told unpaid after paid, though nobody disowned it")
            }
        }
        let trade = trades.first { $0.merchantOrderNumber == number }
        let net = trade?.net ?? 0
        switch outcomes.last {
        case "paid":
            if net != price {
                differences.append("\(number): told paid, the wallet holds \(net) fen of \(price ?? 0)")
            }
        case "declined", "cancelled", "unavailable":
            if net != 0 { differences.append("\(number): told unpaid, the wallet holds \(net) fen") }
            if trade?.state == "waiting" { differences.append("\(number): told unpaid, the wallet still asks") }
        default:
            differences.append("\(number): the till was never told how it ended")
        }
        return differences
    }

    /// Money under this register's numbers that no sale of its paper log knows, and books that do not balance.
    private func strays(paper: PaperReader, register: String) -> [String] {
        let known = Set(paper.sales.flatMap(\.orderNumbers))
        var differences: [String] = []
        for trade in trades where trade.register == register && !known.contains(trade.merchantOrderNumber) {
            if trade.net != 0 || trade.state == "waiting" {
                differences.append(
                    "\(trade.merchantOrderNumber): the wallet holds \(trade.net) fen (\(trade.state)), no till knows it"
                )
            }
        }
        if totals.sum != 0 { differences.append("the wallet's books are off by \(totals.sum) fen") }
        let held = trades.reduce(0) { $0 + $1.net }
        if totals.inFlight == 0, totals.merchant != held {
            differences.append("the wallet's ledger has \(totals.merchant) fen, its trades \(held)")
        }
        return differences
    }
}
