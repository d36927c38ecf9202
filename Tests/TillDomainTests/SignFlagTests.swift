// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain

@Suite struct SignFlagTests {
    private static let now = Timestamp(milliseconds: 1_795_343_400_123)

    private func classify(_ scanned: String) throws -> PaymentCodeClass {
        try SignFlagTable.standard(version: 1).classify(scanned: utf8(scanned), at: Self.now)
    }

    @Test(
        "a scanned text goes to its wallet, or is told for what it is",
        arguments: [
            ("134567890123456789", PaymentCodeClass.wallet(.weChatPay)),
            ("104567890123456789", .wallet(.weChatPay)),
            ("154567890123456789", .wallet(.weChatPay)),
            ("164567890123456789", .notAPaymentCode),
            ("094567890123456789", .notAPaymentCode),
            ("13456789012345678", .notAPaymentCode),
            ("1345678901234567890", .notAPaymentCode),
            ("286344382566439412", .wallet(.alipay)),
            ("2512345678901234", .wallet(.alipay)),
            ("301234567890123456789012", .wallet(.alipay)),
            ("251234567890123", .notAPaymentCode),
            ("3012345678901234567890123", .notAPaymentCode),
            ("311234567890123456", .notAPaymentCode),
            ("241234567890123456", .notAPaymentCode),
            ("910728310408849937", .wallet(.qqWallet)),
            ("920728310408849937", .notAPaymentCode),
            ("6220835931895481436", .wallet(.unionPay)),
            ("622083593189548143", .notAPaymentCode),
            // Sub-ranges of 62 run over UnionPay's network.
            ("6220105123456789012", .wallet(.unionPay)),
            ("0112345678901234567", .disabled(.eCNY)),
            ("511234567890123456", .disabled(.bestPay)),
            ("181234567890123456", .disabled(.jdPay)),
            ("fpABCDEFGHIJKLMNOPQRSTUVWXYZ0123456", .disabled(.alipayFace)),
            ("fpABCDEFGHIJKLMNOPQRSTUVWXYZ012345", .notAPaymentCode),
            ("fpABCDEFGHIJKLMNOPQRSTUVWXYZ012345-", .notAPaymentCode),
            ("FPABCDEFGHIJKLMNOPQRSTUVWXYZ0123456", .notAPaymentCode),
            ("hQVDUFYwMWETTwegAAAAVVVVUAhQcm9kdWN0MWETTwegAAAAZmZmUAhQcm9kdWN0Mg==", .disabled(.emvCPM)),
            ("hQVDUFYwMWETTwegAAAAVVVV!", .notAPaymentCode),
            ("hQVDUFYwMVETTwegAAAAVVVV", .notAPaymentCode),
            ("6901234567892", .notAPaymentCode),
            ("12345670", .notAPaymentCode),
            ("", .notAPaymentCode),
            (" \r\n", .notAPaymentCode),
            ("134567890123456789\r\n", .wallet(.weChatPay)),
            ("\t 134567890123456789\0", .wallet(.weChatPay)),
            ("]C0134567890123456789", .wallet(.weChatPay)),
            ("]Q1286344382566439412\r", .wallet(.alipay)),
            ("]C0", .notAPaymentCode),
            ("１３４５６７８９０１２３４５６７８９", .notAPaymentCode),
            ("13456789012345678x", .notAPaymentCode),
            ("134567890 23456789", .notAPaymentCode),
            ("13456789012345678９", .notAPaymentCode),
            ("https://qr.alipay.com/fkx01234567890123456789", .receiveCode),
            ("HTTP://QR.ALIPAY.COM/FKX0123", .receiveCode),
            ("https://qr.95516.com/00010000/01", .receiveCode),
            ("weixin://wxpay/bizpayurl?pr=abcdefg", .receiveCode),
            ("wxp://f2f0abcdefghijklmnopqrstuvwxyz", .receiveCode),
            ("00020101021126580014A000000615000101065641180200520457325303156", .receiveCode),
            ("http", .notAPaymentCode),
            ("://134567890123456789", .notAPaymentCode),
        ]
    )
    func scanned(text: String, expected: PaymentCodeClass) throws {
        #expect(try classify(text) == expected)
    }

    @Test("no standard rule overlaps another, and each digit code has at most one")
    func disjoint() throws {
        let rules = SignFlagTable.standardRules
        for (index, rule) in rules.enumerated() {
            for other in rules[(index + 1)...] { #expect(!rule.overlaps(other)) }
        }
        for prefix in 0..<100 {
            let sign: [UInt8] = [UInt8(48 + prefix / 10), UInt8(48 + prefix % 10)]
            for length in 1...40 {
                #expect(rules.count { $0.matches(sign: sign, length: length) } <= 1)
            }
        }
    }

    @Test("the intent's sign and length decide as the whole code does")
    func fromTheIntent() throws {
        let table = try SignFlagTable.standard(version: 1)
        var generator = SeededGenerator(seed: 20)
        var seen = 0
        for _ in 0..<20_000 {
            let length = Int.random(in: 14...26, using: &generator)
            let code = try #require(
                PaymentCode(scanned: (0..<length).map { _ in UInt8.random(in: 48...57, using: &generator) })
            )
            let whole = table.classify(code, at: Self.now)
            if whole == .receiveCode { continue }
            #expect(table.classify(sign: table.sign(of: code), codeLength: length, at: Self.now) == whole)
            if whole != .notAPaymentCode { seen += 1 }
        }
        #expect(seen > 500)
    }

    @Test("a wallet can be switched off, and its codes are still known for what they are")
    func disabled() throws {
        let rules = [SignFlagRule("25", "30", 16, 24, .alipay, enabled: false)]
        let table = try SignFlagTable(version: 2, signLength: 2, rules: rules)
        #expect(table.classify(scanned: utf8("286344382566439412"), at: Self.now) == .disabled(.alipay))
    }

    @Test("effective dates are judged at the moment of the intent")
    func effectiveDates() throws {
        let change = Timestamp(milliseconds: 1_800_000_000_000)
        let table = try SignFlagTable(
            version: 3,
            signLength: 2,
            rules: [
                SignFlagRule(
                    low: utf8("28"),
                    high: utf8("28"),
                    minLength: 18,
                    maxLength: 18,
                    wallet: .alipay,
                    enabled: true,
                    until: change
                ),
                SignFlagRule(
                    low: utf8("25"),
                    high: utf8("30"),
                    minLength: 16,
                    maxLength: 24,
                    wallet: .unionPay,
                    enabled: true,
                    from: change
                ),
            ]
        )
        let code = utf8("286344382566439412")
        #expect(table.classify(scanned: code, at: change + -1) == .wallet(.alipay))
        #expect(table.classify(scanned: code, at: change) == .wallet(.unionPay))
        #expect(table.classify(scanned: utf8("2512345678901234"), at: change + -1) == .notAPaymentCode)
        #expect(table.classify(scanned: utf8("2512345678901234"), at: change) == .wallet(.unionPay))
        #expect(table.rules(from: change).count == 1)
        #expect(table.rules(from: change + -1).count == 2)
    }

    @Test("prefixes may have different lengths up to the sign length: the first characters decide")
    func longerPrefixes() throws {
        let bank = try #require(Wallet("ccb".utf8))
        let table = try SignFlagTable(
            version: 4,
            signLength: 7,
            rules: [
                SignFlagRule("6220105", "6220105", 19, 19, bank, enabled: true),
                SignFlagRule("10", "15", 18, 18, .weChatPay, enabled: true),
                SignFlagRule("6220106", "6299999", 19, 19, .unionPay, enabled: true),
                SignFlagRule("6200000", "6220104", 19, 19, .unionPay, enabled: true),
            ]
        )
        #expect(table.classify(scanned: utf8("6220105123456789012"), at: Self.now) == .wallet(bank))
        #expect(table.classify(scanned: utf8("6220104123456789012"), at: Self.now) == .wallet(.unionPay))
        #expect(table.classify(scanned: utf8("6220106123456789012"), at: Self.now) == .wallet(.unionPay))
        #expect(table.classify(scanned: utf8("134567890123456789"), at: Self.now) == .wallet(.weChatPay))
        #expect(throws: SignFlagError.self) {
            try SignFlagTable(
                version: 4,
                signLength: 7,
                rules: [
                    SignFlagRule("62", "62", 19, 19, .unionPay, enabled: true),
                    SignFlagRule("6220105", "6220105", 19, 19, bank, enabled: true),
                ]
            )
        }
    }

    @Test("overlap is found exactly where some code would match both: random rules against a search")
    func overlapProperty() throws {
        var generator = SeededGenerator(seed: 21)
        let draw = { (generator: inout SeededGenerator) -> SignFlagRule in
            let digits = Int.random(in: 1...2, using: &generator)
            let bound = digits == 1 ? 9 : 99
            let ends = [Int.random(in: 0...bound, using: &generator), Int.random(in: 0...bound, using: &generator)]
            let spell = { (value: Int) in
                digits == 1 ? [UInt8(48 + value)] : [UInt8(48 + value / 10), UInt8(48 + value % 10)]
            }
            let lengths = [Int.random(in: 2...5, using: &generator), Int.random(in: 2...5, using: &generator)].sorted()
            let from = Int64.random(in: 0...3, using: &generator)
            let until: Int64? = Bool.random(using: &generator) ? from + .random(in: 1...2, using: &generator) : nil
            return SignFlagRule(
                low: spell(ends.min() ?? 0),
                high: spell(ends.max() ?? 0),
                minLength: lengths[0],
                maxLength: lengths[1],
                wallet: .alipay,
                enabled: true,
                from: Timestamp(milliseconds: from),
                until: until.map { Timestamp(milliseconds: $0) }
            )
        }
        var overlapping = 0
        for _ in 0..<500 {
            let (left, right) = (draw(&generator), draw(&generator))
            var both = false
            for prefix in 0..<100 {
                let sign: [UInt8] = [UInt8(48 + prefix / 10), UInt8(48 + prefix % 10)]
                for length in 2...5 where left.matches(sign: sign, length: length) {
                    guard right.matches(sign: sign, length: length) else { continue }
                    both =
                        both
                        || (0...6).contains { moment in
                            let moment = Timestamp(milliseconds: Int64(moment))
                            return left.isEffective(at: moment) && right.isEffective(at: moment)
                        }
                }
            }
            #expect(left.overlaps(right) == both)
            #expect(right.overlaps(left) == both)
            if both { overlapping += 1 }
        }
        #expect(overlapping > 20)
    }

    @Test("an overlap is refused in one sentence that names both rules")
    func overlapSentence() {
        let rules = [
            SignFlagRule("10", "15", 18, 18, .weChatPay, enabled: true),
            SignFlagRule("25", "30", 16, 24, .alipay, enabled: true),
            SignFlagRule("30", "31", 20, 30, .bestPay, enabled: false),
        ]
        do throws(SignFlagError) {
            _ = try SignFlagTable(version: 1, signLength: 2, rules: rules)
            Issue.record("the table was taken")
        } catch {
            #expect(
                error.description
                    == "Rule 2 (25–30, length 16–24, alipay) and Rule 3 (30–31, length 20–30, bestpay) overlap: "
                    + "a code must belong to one wallet."
            )
        }
    }

    @Test(
        "a rule that makes no sense is refused by name",
        arguments: [
            (
                SignFlagRule("101", "101", 18, 18, .jdPay, enabled: true),
                "Rule 1 (101–101, length 18–18, jdpay) needs two prefixes of the same length, at most the sign length."
            ),
            (
                SignFlagRule("1", "15", 18, 18, .jdPay, enabled: true),
                "Rule 1 (1–15, length 18–18, jdpay) needs two prefixes of the same length, at most the sign length."
            ),
            (
                SignFlagRule("", "", 18, 18, .jdPay, enabled: true),
                "Rule 1 (–, length 18–18, jdpay) needs two prefixes of the same length, at most the sign length."
            ),
            (
                SignFlagRule("1|", "1|", 18, 18, .jdPay, enabled: true),
                "Rule 1 (1|–1|, length 18–18, jdpay) needs prefixes of visible ASCII without a vertical bar."
            ),
            (
                SignFlagRule("fa", "fp", 18, 18, .jdPay, enabled: true),
                "Rule 1 (fa–fp, length 18–18, jdpay) spans a range of prefixes that are not digits."
            ),
            (
                SignFlagRule("15", "10", 18, 18, .jdPay, enabled: true),
                "Rule 1 (15–10, length 18–18, jdpay) begins above its end."
            ),
            (
                SignFlagRule("10", "15", 19, 18, .jdPay, enabled: true),
                "Rule 1 (10–15, length 19–18, jdpay) needs lengths from 1 to 512, the least not above the greatest, "
                    + "that hold the prefix."
            ),
            (
                SignFlagRule("10", "15", 1, 18, .jdPay, enabled: true),
                "Rule 1 (10–15, length 1–18, jdpay) needs lengths from 1 to 512, the least not above the greatest, "
                    + "that hold the prefix."
            ),
            (
                SignFlagRule(
                    low: [49],
                    high: [49],
                    minLength: 18,
                    maxLength: 18,
                    wallet: .jdPay,
                    enabled: true,
                    from: Timestamp(milliseconds: 5),
                    until: Timestamp(milliseconds: 5)
                ),
                "Rule 1 (1–1, length 18–18, jdpay) ends before it begins."
            ),
        ]
    )
    func badRules(rule: SignFlagRule, sentence: String) {
        do throws(SignFlagError) {
            _ = try SignFlagTable(version: 1, signLength: 2, rules: [rule])
            Issue.record("the table was taken")
        } catch {
            #expect(error.description == sentence)
        }
    }

    @Test("version, sign length and number of rules have bounds")
    func bounds() {
        #expect(throws: SignFlagError.version) { try SignFlagTable.standard(version: 0) }
        #expect(throws: SignFlagError.signLength) { try SignFlagTable(version: 1, signLength: 0, rules: []) }
        #expect(throws: SignFlagError.signLength) { try SignFlagTable(version: 1, signLength: 9, rules: []) }
        let rules = (0..<65).map { length in
            SignFlagRule("10", "10", 100 + length, 100 + length, .jdPay, enabled: true)
        }
        #expect(throws: SignFlagError.tooManyRules(65)) { try SignFlagTable(version: 1, signLength: 2, rules: rules) }
    }

    @Test("a scanner's own prefix and suffix are taken off")
    func framing() throws {
        let table = try SignFlagTable.standard(version: 1)
        let framing = ScannerFraming(prefix: utf8("$$"), suffix: utf8("#"))
        for scanned in ["$$134567890123456789#\r", "134567890123456789", "$$]C0134567890123456789#"] {
            #expect(
                table.classify(scanned: utf8(scanned), framing: framing, at: Self.now) == .wallet(.weChatPay)
            )
        }
        #expect(table.classify(scanned: utf8("$$#"), framing: framing, at: Self.now) == .notAPaymentCode)
        #expect(table.classify(scanned: utf8("$$134567890123456789"), at: Self.now) == .notAPaymentCode)
    }

    @Test("no text of any bytes is taken for a payment code by accident, and none traps")
    func hostile() throws {
        let table = try SignFlagTable.standard(version: 1)
        var generator = SeededGenerator(seed: 22)
        for _ in 0..<10_000 {
            var bytes = generator.bytes(Int.random(in: 0...40, using: &generator))
            if Bool.random(using: &generator) { bytes = utf8("]C0") + bytes }
            switch table.classify(scanned: bytes, at: Self.now) {
            case .wallet, .disabled: Issue.record("\(bytes) was taken for a payment code")
            case .notAPaymentCode, .receiveCode: break
            }
        }
    }

    @Test("a payment code's descriptions hide it")
    func masked() throws {
        let code = try #require(PaymentCode(scanned: "134567890123456789".utf8))
        #expect(!"\(code)".contains("1345"))
        #expect(!String(reflecting: code).contains("1345"))
    }
}
