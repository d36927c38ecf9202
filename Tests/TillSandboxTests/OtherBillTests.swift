// Part of Tillbridge. See LICENSE.
import CZlib
import Crypto
import Foundation
import Testing
import TillSandbox

/// The bills of Alipay, QQ Wallet and UnionPay, and what they are packed into.
@Suite struct OtherBillTests {
    @Test("Alipay: the detail file has every documented column, and refunds are negative")
    func alipayDetail() throws {
        let bench = Bench.busyDay(.alipay)
        let bill = try alipay(bench)
        let lines = bill.detail.components(separatedBy: "\r\n")
        #expect(lines[0] == "#支付宝业务明细查询" && lines[1] == "#账号：[20880000000000010156]")
        #expect(lines[2] == "#起始日期：[2026年11月22日 00:00:00]   终止日期：[2026年11月23日 00:00:00]")
        let names = lines[4].components(separatedBy: ",")
        #expect(names.count == 25 && names.first == "支付宝交易号" && names.last == "备注")
        let first = try #require(bench.trade(.alipay, "N00001"))
        #expect(
            lines[5].hasPrefix("\(first.walletNumber)\t,N00001\t,交易\t,\"milk, bread,`eggs\"\t,2026-11-22 00:00:00\t,")
        )
        #expect(lines[6].contains("\t,牛奶 500ml\t,"))
        let refund = try #require(lines.first { $0.contains(",R1\t,") }).components(separatedBy: "\t,")
        #expect(refund[1] == "N00002" && refund[2] == "退款" && refund[11] == "-3.00" && refund[12] == "-3.00")
        let cancel = try #require(lines.first { $0.contains(",N00003\t,退款") }).components(separatedBy: "\t,")
        #expect(cancel[11] == "-5.00" && cancel[6] == "S0001" && cancel[9] == "T03" && cancel.count == 25)
        #expect(lines.contains("#交易合计：4笔，商家实收共30.40元，商家优惠共0.00元"))
        #expect(lines.contains("#退款合计：3笔，商家实收退款共-10.00元，商家优惠退款共0.00元"))
    }

    @Test("Alipay: the summary has a row per store and all of them together")
    func alipaySummary() throws {
        let lines = try alipay(Bench.busyDay(.alipay)).summary.components(separatedBy: "\r\n")
        #expect(lines[4].components(separatedBy: ",").count == 12)
        let rows = lines.filter { !$0.hasPrefix("#") && !$0.isEmpty }.dropFirst().map {
            $0.components(separatedBy: ",").map { $0.trimmingCharacters(in: .whitespaces) }
        }
        #expect(rows.map(\.[0]) == ["", "S0001", "S0002", "合计"])
        #expect(rows.map(\.[2]) == ["2", "1", "1", "4"] && rows.map(\.[3]) == ["0", "1", "2", "3"])
        #expect(rows.map(\.[5]) == ["15.40", "0.00", "5.00", "20.40"] && rows.map(\.[11]).last == "20.40")
    }

    private func alipay(_ bench: Bench) throws -> AlipayBill {
        let period = try #require(BillPeriod(day: "20261122"))
        let lines = bench.state.alipay.book.billLines(in: period)
        return AlipayBill(account: "2088000000000001", period: period, lines: lines, madeAt: bench.now)
    }

    @Test("Alipay: the archive's names and contents are GBK; what GBK lacks is a question mark")
    func alipayArchive() throws {
        var bench = Bench()
        bench.now = Bench.noon
        bench.sell(.alipay, "N00001", amount: 1, subject: "牛奶🥛")
        let members = try unzip(try alipay(bench).archive)
        #expect(
            members.map { Charset.gbk.decode($0.name) } == [
                "20880000000000010156_20261122_业务明细.csv", "20880000000000010156_20261122_业务明细(汇总).csv",
            ]
        )
        #expect(Charset.gbk.decode(members[0].content)?.contains("\t,牛奶?\t,") == true)
        #expect(Charset.gbk.decode(members[1].content)?.contains("合计\t,\t,1\t,0\t,0.01\t,") == true)
    }

    @Test("QQ Wallet: a line per movement and the totals")
    func qqWallet() throws {
        let bench = Bench.busyDay(.wechatpay)
        let lines = try bench.lines(.wechatpay, day: "20261122")
        let text = String(decoding: QQStatement(kind: .all, mchID: "19", lines: lines).bytes, as: UTF8.self)
        let rows = text.split(separator: "\n").map(String.init)
        let trade = try #require(bench.trade(.wechatpay, "N00001"))
        #expect(rows[0] == QQStatement.columns.joined(separator: ","))
        #expect(
            rows[1] == "20261122000000,19,,\(trade.walletNumber),N00001,MICROPAY,SUCCESS,BALANCE,1290,0,,,0,,\"a,b\""
        )
        #expect(rows.filter { $0.contains(",REFUND,BALANCE,0,0,R1,") && $0.hasSuffix(",300,SUCCESS,") }.count == 1)
        #expect(rows.filter { $0.contains(",N00003,MICROPAY,REVOKED,BALANCE,0,0,,,500,SUCCESS,") }.count == 1)
        #expect(rows.last == "TOTAL,19,,,7,,,,3040,0,,,1000,,")
        for (kind, count) in [(QQStatement.Kind.success, 4), (.refund, 3), (.voucherRefund, 0)] {
            let statement = QQStatement(kind: kind, mchID: "19", lines: lines)
            #expect(statement.bytes.count { $0 == 10 } == count + 2)
            #expect(statement.isEmpty == (count == 0))
        }
    }

    @Test("UnionPay: fixed widths, the settlement day's trades, a zip inside zlib inside Base64")
    func unionPay() throws {
        var bench = Bench.busyDay(.wechatpay)
        bench.now = Bench.noon + 11 * Bench.hour - 1
        bench.sell(.wechatpay, "LAST01", amount: 7, echoes: ["termId": "00010003", "reqReserved": "牛奶"])
        bench.pass(1)
        bench.sell(.wechatpay, "NEXT01", amount: 8)
        let period = try #require(BillPeriod(settlementDay: "20261122"))
        let file = UnionPaySettlementFile(
            merID: "700000000000001",
            period: period,
            lines: bench.state.weChatPay.book.billLines(in: period)
        )
        #expect(file.fileName == "700000000000001_20261122.zip")
        let members = try unzip(file.archive)
        #expect(
            members.map { String(decoding: $0.name, as: UTF8.self) } == [
                "INN26112288ZM_700000000000001", "INN26112288ZME_700000000000001",
            ]
        )
        #expect(members[0].content == file.content && members[1].content.isEmpty)
        let lines = file.content.split(separator: 10).map { Array($0.dropLast()) }
        let total = UnionPaySettlementFile.widths.reduce(0) { $0 + $1 + 1 }
        #expect(lines.allSatisfy { $0.count == total })
        let rows = lines.map(fields)
        #expect(rows.map(\.[11]).prefix(2) == ["BEFORE", "N00001"])
        let last = try #require(rows.first { $0[11] == "LAST01" })
        #expect(last[0] == "S22" && last[4] == "1122225959" && last[6] == "000000000007" && last[19] == "01")
        #expect(
            last[16] == "C000000000007" && last[33] == "00010003" && last[34] == "牛奶" && last[27] == "700000000000001"
        )
        #expect(!rows.contains { $0[11] == "NEXT01" })
        let sale = try #require(bench.trade(.wechatpay, "N00002"))
        let refund = try #require(rows.first { $0[11] == "R1" })
        #expect(refund[0] == "S30" && refund[16] == "D000000000300" && refund[40] == "N00002" && refund[19] == "04")
        #expect(refund[13] == String(sale.walletNumber.suffix(6)) && refund[14] == "1122010000")
        #expect(rows.first { $0[0] == "S31" }?[11] == "N00003")
        // 23:00 to 23:00: the sale of the day before at 23:59 is in it, and so is the ledger but for what came later.
        let gain = rows.reduce(Int64(0)) { $0 + ($1[16].hasPrefix("C") ? 1 : -1) * (Int64($1[16].dropFirst()) ?? 0) }
        #expect(gain == 1 + 1290 + 1000 + 500 + 250 + 7 - 300 - 200 - 500)
    }

    private func fields(_ line: [UInt8]) -> [String] {
        var rest = line[...]
        return UnionPaySettlementFile.widths.map { width in
            let field = Array(rest.prefix(width))
            rest = rest.dropFirst(width + 1)
            return (Charset.gbk.decode(field) ?? "").trimmingCharacters(in: .whitespaces)
        }
    }

    @Test("each form of compression is what zlib reads back", arguments: [Compression.raw, .zlib, .gzip])
    func compression(form: Compression) throws {
        for content in [[], Array("牛奶".utf8), [UInt8](repeating: 7, count: 300_000)] {
            let bits: Int32 =
                switch form {
                case .raw: -15
                case .zlib: 15
                case .gzip: 31
                }
            #expect(try inflate(form.compress(content), windowBits: bits, count: content.count) == content)
        }
    }

    @Test("a ticket is only what was written with the key")
    func ticket() {
        let key = BillTicket(kind: "ALL", date: "2026-11-22", isCompressed: true, expiresAt: 5)
        let secret = SymmetricKey(data: [1, 2, 3])
        let text = key.text(key: secret)
        #expect(BillTicket(text, key: secret) == key)
        #expect(BillTicket(text, key: SymmetricKey(data: [1, 2, 4])) == nil)
        for changed in [
            "", "....", text + "0", text.replacing("2026", with: "2025"), text.replacing(".5.", with: ".9."),
        ] {
            #expect(BillTicket(changed, key: secret) == nil)
        }
    }
}

/// Reads the archive by its directory, as unpackers do.
private func unzip(_ bytes: [UInt8]) throws -> [(name: [UInt8], content: [UInt8])] {
    func little(_ at: Int, _ count: Int) -> Int {
        (0..<count).reduce(0) { $0 | Int(bytes[at + $1]) << (8 * $1) }
    }
    let end = bytes.count - 22
    try #require(little(end, 4) == 0x0605_4B50)
    var at = little(end + 16, 4)
    return try (0..<little(end + 10, 2)).map { _ in
        try #require(little(at, 4) == 0x0201_4B50 && little(at + 8, 2) == 0 && little(at + 10, 2) == 8)
        let (packed, size, nameLength) = (little(at + 20, 4), little(at + 24, 4), little(at + 28, 2))
        let local = little(at + 42, 4)
        let name = Array(bytes[(at + 46)..<(at + 46 + nameLength)])
        try #require(little(local, 4) == 0x0403_4B50 && Array(bytes[(local + 30)..<(local + 30 + nameLength)]) == name)
        let start = local + 30 + nameLength
        let content = try inflate(Array(bytes[start..<(start + packed)]), windowBits: -15, count: size)
        #expect(Int(Compression.crc32(content)) == little(at + 16, 4))
        at += 46 + nameLength
        return (name, content)
    }
}

private func inflate(_ bytes: [UInt8], windowBits: Int32, count: Int) throws -> [UInt8] {
    var stream = z_stream()
    try #require(inflateInit2_(&stream, windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK)
    defer { inflateEnd(&stream) }
    var input = bytes
    var output = [UInt8](repeating: 0, count: count + 1)
    let result = input.withUnsafeMutableBufferPointer { source in
        output.withUnsafeMutableBufferPointer { target in
            stream.next_in = source.baseAddress
            stream.avail_in = uInt(source.count)
            stream.next_out = target.baseAddress
            stream.avail_out = uInt(target.count)
            return inflate(&stream, Z_FINISH)
        }
    }
    try #require(result == Z_STREAM_END && stream.avail_in == 0)
    return Array(output.prefix(Int(stream.total_out)))
}
