// Part of Tillbridge. See LICENSE.
import Foundation
import Testing
import TillDomain
import TillEngine

@testable import TillWallets

/// Statements as wallets make them, and files that are none.
@Suite struct StatementFileTests {
    static let other = "TQF000K703343G7H2000026L"
    static let number = "TQF000K703343G7H2000016R"
    static let day = StatementDay("2026-11-22".utf8)

    static func read(_ name: String) throws -> Statement {
        let file = try Fixture.file("statements/\(name)")
        let kind = name.replacing("bad-", with: "").replacing("large-", with: "")
        if kind.hasPrefix("wechatpay") { return try WeChatPayStatement.read(file) }
        if kind.hasPrefix("qqwallet") { return try QQStatement.read(file) }
        if kind.hasPrefix("unionpay") { return try UnionPaySettlementFile.read(file, day: #require(day)) }
        return try AlipayStatement.read(file)
    }

    /// A row in short: kind, order, refund, fen, thousandths of a fen.
    private func short(_ statement: Statement) -> [String] {
        statement.rows.map { row in
            let fen = row.kind == .sale ? row.amount.fen : -row.refunded.fen
            let order = String(decoding: row.order, as: UTF8.self)
            let refund = String(decoding: row.refund, as: UTF8.self).replacing(Self.number, with: "…")
            return "\(row.kind.wireName) \(order) \(refund) \(fen) \(row.feeThousandths)"
        }
    }

    @Test(
        "Alipay's details are found in the zip, in GBK, with commas in texts, and their totals add up",
        arguments: ["alipay.zip", "alipay-stored.zip", "alipay-positive-refund.zip"]
    )
    func alipay(name: String) throws {
        let statement = try Self.read(name)
        let fee = name.contains("positive") ? 0 : -2000
        #expect(
            short(statement) == [
                "sale \(Self.number)  1290 8000", "sale \(Self.other)  10000001 60000000",
                "refund \(Self.number) …R01 -290 \(fee)",
            ]
        )
        #expect(statement.sold.fen == 10_001_291 && statement.returned.fen == 290 && statement.others == 0)
        #expect(statement.checks.map(\.agrees) == [true, true, true, true])
        let row = try #require(statement.rows.first)
        #expect(String(decoding: row.transaction, as: UTF8.self) == "2026112222001400000000000001")
        #expect(row.time == Sample.start + 2_000)
        // Nothing stands under "finished": it was begun then.
        #expect(statement.rows[1].time == Sample.start)
    }

    @Test("a quotation mark at the beginning of a text holds its commas together")
    func quoted() throws {
        let statement = try Self.read("alipay-quoted.zip")
        #expect(short(statement) == ["sale \(Self.number)  1290 8000"])
    }

    @Test(
        "WeChat Pay's file is read with and without gzip, mark and carriage returns, and its totals add up",
        arguments: ["wechatpay.csv", "wechatpay-bom.csv", "wechatpay.csv.gz"]
    )
    func weChatPay(name: String) throws {
        let statement = try Self.read(name)
        #expect(
            short(statement) == [
                "sale \(Self.number)  1290 7740", "sale \(Self.other)  10000 60000",
                "refund \(Self.number) …R01 -290 -1740", "reversal \(Self.other)  -10000 -60000",
            ]
        )
        #expect(statement.checks.count == 7)
        #expect(statement.checks.allSatisfy { $0.agrees })
        let transactions = statement.rows.map { String(decoding: $0.transaction, as: UTF8.self) }
        #expect(transactions[0] == "4200002026112200000000000001")
        #expect(transactions[2] == "50000002026112200000000000001")
        #expect(statement.rows.allSatisfy { $0.currency == [UInt8]("CNY".utf8) })
    }

    @Test("an older file has fewer columns and says the same")
    func older() throws {
        let statement = try Self.read("wechatpay-old.csv")
        #expect(statement.sold.fen == 11_290 && statement.returned.fen == 10_290)
        #expect(statement.checks.count == 5)
        #expect(statement.checks.allSatisfy { $0.agrees })
    }

    @Test("comma and back-tick inside a text do not move the cells behind it")
    func backTick() throws {
        #expect(short(try Self.read("wechatpay-back-tick.csv")) == ["sale \(Self.number)  1290 7740"])
    }

    @Test("QQ Wallet's columns are found by name, with a comma in the last text")
    func qq() throws {
        let statement = try Self.read("qqwallet.csv")
        #expect(short(statement) == ["sale \(Self.number)  1290 0", "refund \(Self.number) …R01 -290 0"])
        #expect(statement.checks.map(\.agrees) == [true, true])
        #expect(statement.rows[0].time == Sample.start + 2_000)
        #expect(try Self.read("qqwallet-other-totals.csv").checks.isEmpty)
    }

    @Test("UnionPay's columns have their places; a refund is tied to its order by the wallet's number")
    func unionPay() throws {
        let statement = try Self.read("unionpay.txt")
        #expect(
            short(statement) == [
                "sale \(Self.number)  1290 8000", "sale \(Self.other)  10000 60000",
                "refund \(Self.number) …R01 -290 -2000", "reversal \(Self.other) VOID20261122190001 -10000 -60000",
                "refund \(Self.other) \(Self.other)R00 -10000 0",
            ]
        )
        // One trade of another kind and one line of the file of errors.
        #expect(statement.others == 2)
        #expect(statement.rows[0].time == Sample.start + 2_000)
        #expect(String(decoding: statement.rows[0].transaction, as: UTF8.self) == "262211221830021234568")
    }

    @Test("a time without a year is of the year before the settlement day's end")
    func newYear() throws {
        let file = try Fixture.file("statements/unionpay-new-year.txt")
        func time(_ day: String) throws -> Timestamp? {
            try UnionPaySettlementFile.read(file, day: #require(StatementDay(day.utf8))).rows.first?.time
        }
        #expect(try time("2027-01-01") == ChinaTime.moment(ofSpaced: "2026-12-31 23:59:59".utf8))
        #expect(try time("2026-12-31") == ChinaTime.moment(ofSpaced: "2026-12-31 23:59:59".utf8))
    }

    @Test(
        "a day on which nothing was sold has a file without rows",
        arguments: ["alipay-empty.zip", "wechatpay-empty.csv"]
    )
    func empty(name: String) throws {
        let statement = try Self.read(name)
        #expect(statement.rows.isEmpty)
        #expect(!statement.checks.isEmpty)
        #expect(statement.checks.allSatisfy { $0.agrees })
    }

    @Test("a row of a kind that is in no document is counted, not guessed at")
    func otherKinds() throws {
        #expect(try Self.read("alipay-other-kind.zip").others == 1)
        let statement = try Self.read("wechatpay-other-state.csv")
        #expect(statement.others == 1 && statement.rows.count == 4)
        #expect(statement.checks.allSatisfy { $0.agrees })
    }

    @Test(
        "totals that the rows do not make are told, one by one",
        arguments: [
            ("alipay-totals-differ.zip", "交易合计", 3, 2),
            ("wechatpay-totals-differ.csv", "订单总金额", 11_291_000, 11_290_000),
            ("qqwallet-totals-differ.csv", "total_fee", 1_291_000, 1_290_000),
        ]
    )
    func differ(name: String, total: String, stated: Int64, summed: Int64) throws {
        let wrong = try Self.read(name).checks.filter { !$0.agrees }
        #expect(wrong.map(\.name) == [total])
        #expect(wrong.map(\.stated) == [stated] && wrong.map(\.summed) == [summed])
    }

    private static func names(_ prefix: String) throws -> [String] {
        let folder = try #require(Bundle.module.resourcePath) + "/Fixtures/statements"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasPrefix(prefix) }
        try #require(names.count > 3)
        return names.sorted()
    }

    @Test("a file that broke off, or is none, is refused and never half read")
    func bad() throws {
        for name in try Self.names("bad-") {
            let error = #expect(throws: StatementError.self, "\(name)") { try Self.read(name) }
            guard case .malformed(let reason)? = error else {
                Issue.record("\(name): \(String(describing: error))")
                continue
            }
            #expect(!reason.isEmpty && !reason.hasSuffix("."), "\(name)")
        }
    }

    @Test("what unpacks to too much is refused before it is unpacked", .timeLimit(.minutes(1)))
    func large() throws {
        for name in try Self.names("large-") {
            #expect(throws: StatementError.tooLarge, "\(name)") { try Self.read(name) }
        }
    }

    @Test("damage at any place of a file ends in rows or in a refusal, never in a crash")
    func damaged() throws {
        var generator = SeededGenerator(seed: 11)
        let names = [
            "alipay.zip", "alipay-stored.zip", "wechatpay.csv", "wechatpay.csv.gz", "qqwallet.csv", "unionpay.txt",
        ]
        for name in names {
            let file = try Fixture.file("statements/\(name)")
            for round in 0..<400 {
                var changed = file
                for _ in 0..<Int.random(in: 1...4, using: &generator) {
                    let place = Int.random(in: 0..<changed.count, using: &generator)
                    switch round % 4 {
                    case 0: changed[place] = UInt8.random(in: .min ... .max, using: &generator)
                    case 1: changed.remove(at: place)
                    case 2: changed.insert([0, 10, 34, 35, 44, 96, 255][place % 7], at: place)
                    default: changed.removeSubrange(max(place, 1)...)
                    }
                }
                func parse() throws -> Statement {
                    if name.hasPrefix("wechatpay") { return try WeChatPayStatement.read(changed) }
                    if name.hasPrefix("qqwallet") { return try QQStatement.read(changed) }
                    if name.hasPrefix("unionpay") {
                        return try UnionPaySettlementFile.read(changed, day: #require(Self.day))
                    }
                    return try AlipayStatement.read(changed)
                }
                do {
                    #expect(try parse().rows.count <= 6)
                } catch is StatementError {}
            }
        }
    }

    @Test("amounts of statements have a sign and up to five decimals, and nothing else is one")
    func amounts() {
        func parse(_ text: String) -> Int64? { Yuan.thousandths([UInt8](text.utf8)[...]) }
        #expect(parse("12.90") == 1_290_000 && parse("-2.9") == -290_000 && parse("+1") == 100_000)
        #expect(parse("0.07740") == 7_740 && parse("-0.00") == 0 && parse("0") == 0)
        for text in ["", "-", "--1", "1.", ".5", "1.000000", "1,000.00", "1e2", "１", "01", "92233720368547758.08"] {
            #expect(parse(text) == nil, "\(text)")
        }
    }

    @Test("days and moments are those of a calendar, and no others are read")
    func moments() throws {
        for text in ["1970-01-02", "2024-02-29", "2026-11-22", "2100-02-28", "9999-12-30"] {
            let day = try #require(StatementDay(text.utf8), "\(text)")
            #expect(day.description == text)
        }
        for text in [
            "2026-02-29", "2026-13-01", "2026-00-01", "2026-11-00", "2026-11-31", "20261122", "2026-11-2", "2026/11/22",
            "",
        ] {
            #expect(StatementDay(text.utf8) == nil, "\(text)")
        }
        var generator = SeededGenerator(seed: 3)
        for _ in 0..<2_000 {
            let moment = Timestamp(milliseconds: Int64.random(in: 0..<253_402_272_000, using: &generator) * 1000)
            let time = try #require(ChinaTime(moment))
            #expect(ChinaTime.moment(ofSpaced: time.spaced) == moment)
            #expect(ChinaTime.moment(ofCompact: time.compact) == moment)
        }
    }
}
