// Part of Tillbridge. See LICENSE.
import Foundation
import Testing

@testable import TillDemo

@Suite("The checker") struct AgreementTests {
    private let register = "QF000K703"
    private let number = "TQF000K703343G7H2000016R"
    private let other = "TQF000K703343G7H2000017P"

    private func told(_ outcome: String, _ number: String? = nil, by call: String = "pay") -> String {
        let order = number.map { #","orderNumber":"\#($0)""# } ?? ""
        return #"{"kind":"told","call":"\#(call)","saleRef":"S1","amount":1280,"outcome":"\#(outcome)"\#(order)}"#
    }

    private let asked = #"{"kind":"asked","call":"pay","saleRef":"S1","amount":1280}"#
    private let disown = #"{"kind":"asked","call":"disown","saleRef":"S1"}"#

    private func trade(_ number: String, _ state: String, net: Int64) -> WalletTrade {
        WalletTrade(wallet: "alipay", merchantOrderNumber: number, amount: 1280, state: state, net: net)
    }

    private func verdict(_ lines: [String], _ trades: [WalletTrade], sum: Int64 = 0) throws -> Agreement.Verdict {
        let held = trades.reduce(0) { $0 + $1.net }
        let totals = WalletTotals(shoppers: -held, merchant: held, inFlight: 0, sum: sum)
        let paper = try PaperReader(content: Data(lines.joined(separator: "\n").utf8))
        return Agreement(trades: trades, totals: totals).verdict(on: "S1", paper: paper, register: register)
    }

    /// A mistake that services and checker share would confirm itself.
    @Test("it imports no service and uses none of their types, not even the till's")
    func sharesNothing() throws {
        let sources = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("Sources/TillDemo/Agreement")
        let files = try FileManager.default.contentsOfDirectory(at: sources, includingPropertiesForKeys: nil)
        #expect(files.count >= 3)
        for file in files {
            let text = try String(contentsOf: file, encoding: .utf8)
            for line in text.split(separator: "\n") where line.contains("import ") && !line.hasPrefix("///") {
                #expect(line.hasSuffix("import Foundation"), "\(file.lastPathComponent): \(line)")
            }
            for name in ["PaperEntry", "SaleAnswer", "SaleRecord", "SaleBook", "PluginClient"] {
                #expect(!text.contains(name), "\(file.lastPathComponent) uses \(name)")
            }
        }
    }

    @Test("told paid and paid agree")
    func paid() throws {
        let verdict = try verdict([asked, told("paid", number)], [trade(number, "paid", net: 1280)])
        #expect(verdict == Agreement.Verdict(walletNet: 1280, differences: []))
    }

    @Test("told paid while the wallet holds nothing, or something else, is found", arguments: [0, 1279, 2560])
    func paidWithoutMoney(net: Int64) throws {
        #expect(try !verdict([asked, told("paid", number)], [trade(number, "paid", net: net)]).agrees)
    }

    @Test("told paid without any trade is found")
    func paidWithoutTrade() throws { #expect(try !verdict([asked, told("paid", number)], []).agrees) }

    @Test("told unpaid while the wallet holds the money is found", arguments: ["declined", "cancelled", "unavailable"])
    func unpaidWithMoney(outcome: String) throws {
        let verdict = try verdict([asked, told(outcome, number)], [trade(number, "paid", net: 1280)])
        #expect(verdict.walletNet == 1280)
        #expect(!verdict.agrees)
    }

    @Test("told unpaid and returned agree", arguments: ["reversed", "refunded", "closed"])
    func returned(state: String) throws {
        #expect(try verdict([asked, told("cancelled", number)], [trade(number, state, net: 0)]).agrees)
    }

    @Test("told unpaid while the wallet still asks the shopper is found")
    func stillAsking() throws {
        #expect(try !verdict([asked, told("cancelled", number)], [trade(number, "waiting", net: 0)]).agrees)
    }

    @Test("a till that was never told how it ended does not agree")
    func neverTold() throws {
        #expect(try !verdict([asked, told("waiting", number)], [trade(number, "paid", net: 1280)]).agrees)
    }

    @Test("the second attempt of a sale counts by itself, and both together only once")
    func secondAttempt() throws {
        let lines = [asked, told("declined", number), asked, told("paid", other)]
        #expect(try verdict(lines, [trade(number, "closed", net: 0), trade(other, "paid", net: 1280)]).agrees)
        let twice = try verdict(lines, [trade(number, "paid", net: 1280), trade(other, "paid", net: 1280)])
        #expect(twice.walletNet == 2560)
        #expect(twice.differences.contains("the sale was charged more than once"))
    }

    @Test("paid after the end, or unpaid after paid that nobody disowned, is found")
    func changedMind() throws {
        #expect(
            try !verdict([asked, told("cancelled", number), told("paid", number)], [trade(number, "paid", net: 1280)])
                .agrees
        )
        let back = [asked, told("paid", number), told("cancelled", number)]
        #expect(try !verdict(back, [trade(number, "refunded", net: 0)]).agrees)
        let disowned = [asked, told("paid", number), disown, told("cancelled", number, by: "disown")]
        #expect(try verdict(disowned, [trade(number, "refunded", net: 0)]).agrees)
    }

    @Test("the number in a busy answer is another sale's")
    func busy() throws {
        let verdict = try verdict([asked, told("busy", other)], [trade(other, "closed", net: 0)])
        #expect(verdict == Agreement.Verdict(walletNet: 0, differences: []))
    }

    @Test("money under the register's numbers that no sale knows is found")
    func stray() throws {
        #expect(try !verdict([asked, told("unavailable")], [trade(other, "paid", net: 5)]).agrees)
        let elsewhere = "TQF000K70Z343G7H2000017P"
        #expect(try verdict([asked, told("unavailable")], [trade(elsewhere, "paid", net: 5)]).agrees)
    }

    @Test("books that do not balance are found")
    func books() throws { #expect(try !verdict([asked, told("unavailable")], [], sum: 1).agrees) }

    @Test("a sale without a line, and a line that is not readable, are no agreement")
    func paper() throws {
        #expect(try !verdict([], []).agrees)
        #expect(throws: DemoFailure.self) { _ = try verdict([asked, "{"], []) }
    }
}
