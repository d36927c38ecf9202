// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain

/// The numbers and the intent line of `docs/wire.md`, sections 2 and 3.
@Suite struct NumberTests {
    @Test("the example order number, from its parts and back")
    func example() throws {
        let number = try #require(OrderNumber("TQF000K703343G7H2000016R".utf8))
        #expect(number.installation == .sandbox)
        #expect(number.register.description == "QF000K703")
        #expect(number.sequence == 38)
        let register = try #require(RegisterID("QF000K703".utf8))
        let built = OrderNumber(
            installation: .sandbox,
            register: register,
            epoch: number.epoch,
            sequence: number.sequence
        )
        #expect(built == number)
        #expect(text(register.chain) == "QF0")
        #expect(text(register.store) == "QF000K7")
        #expect(number.refundNumber(0).description == "TQF000K703343G7H2000016RR00")
        #expect(number.refundNumber(17).description == "TQF000K703343G7H2000016RR17")
        #expect(number.refundNumber(17).order == number)
    }

    @Test("order numbers keep their parts and their order, whatever the bits")
    func roundTrip() throws {
        var generator = SeededGenerator(seed: 30)
        for _ in 0..<2_000 {
            let register = try #require(RegisterID(Base32.encode(generator.next(), count: 9)))
            let epoch = generator.next() & (1 << 35 - 1)
            let sequence = UInt64.random(in: 1..<1 << 30, using: &generator)
            let number = OrderNumber(installation: .live, register: register, epoch: epoch, sequence: sequence)
            #expect(number.bytes.count == 24)
            #expect(OrderNumber(number.bytes) == number)
            #expect(number.register == register)
            #expect(number.epoch == epoch)
            #expect(number.sequence == sequence)
            #expect(number.installation == .live)
        }
    }

    @Test("the check character finds every single wrong character and every swap of neighbours")
    func checkCharacter() throws {
        let number = utf8("TQF000K703343G7H2000016R")
        for index in 1..<24 {
            for character in utf8("0123456789ABCDEFGHJKMNPQRSTVWXYZ") where character != number[index] {
                var wrong = number
                wrong[index] = character
                #expect(OrderNumber(wrong) == nil)
            }
            guard index > 1, number[index] != number[index - 1] else { continue }
            var swapped = number
            swapped.swapAt(index, index - 1)
            #expect(OrderNumber(swapped) == nil)
        }
    }

    @Test("ISO 7064 MOD 37,36: the example of the Global Release Identifier standard, and the definition")
    func publishedCheck() {
        #expect(ISO7064.check("A12425GABC1234002".utf8) == UInt8(ascii: "M"))
        var generator = SeededGenerator(seed: 33)
        for _ in 0..<500 {
            let string = Base32.encode(generator.next(), count: 12)
            var product = 36
            for character in string + [ISO7064.check(string)] {
                let value = character <= 57 ? Int(character) - 48 : Int(character) - 55
                let sum = (product + value) % 36
                product = (sum == 0 ? 36 : sum) * 2 % 37
            }
            // The standard: with its check character, the running sum before the last doubling is 1, so 2 after it.
            #expect(product == 2)
        }
    }

    @Test(
        "what is no order number",
        arguments: [
            "", "TQF000K703343G7H2000016", "TQF000K703343G7H2000016RR", "XQF000K703343G7H2000016R",
            "tQF000K703343G7H2000016R", "TQF000K703343G7H200001 R", "TQF000K703343G7HI00016R0",
        ]
    )
    func noOrderNumber(spelling: String) {
        #expect(OrderNumber(spelling.utf8) == nil)
    }

    @Test("what is no refund number", arguments: ["", "TQF000K703343G7H2000016RS00", "TQF000K703343G7H2000016RR0A"])
    func noRefundNumber(spelling: String) {
        #expect(RefundNumber(spelling.utf8) == nil)
    }

    @Test("the example intent line is read and written byte by byte")
    func intentExample() throws {
        let line = "1|TQF000K703343G7H2000016R|T000123|1280|CNY|28|18|12|1795343400123|9f86d081884c7d65"
        let intent = try #require(Intent(line: line.utf8))
        #expect(text(intent.line) == line)
        #expect(intent.saleReference.description == "T000123")
        #expect(intent.amount == Money(fen: 1280))
        #expect(text(intent.sign) == "28")
        #expect(intent.codeLength == 18)
        #expect(intent.routing == 12)
        #expect(intent.startedAt == Timestamp(milliseconds: 1_795_343_400_123))
        #expect(intent.nonce == Nonce(0x9f86_d081_884c_7d65))
    }

    @Test(
        "an intent has one spelling",
        arguments: [
            "2|TQF000K703343G7H2000016R|T000123|1280|CNY|28|18|12|1795343400123|9f86d081884c7d65",
            "1|TQF000K703343G7H2000016S|T000123|1280|CNY|28|18|12|1795343400123|9f86d081884c7d65",
            "1|TQF000K703343G7H2000016R||1280|CNY|28|18|12|1795343400123|9f86d081884c7d65",
            "1|TQF000K703343G7H2000016R|T 123|1280|CNY|28|18|12|1795343400123|9f86d081884c7d65",
            "1|TQF000K703343G7H2000016R|T000123|01280|CNY|28|18|12|1795343400123|9f86d081884c7d65",
            "1|TQF000K703343G7H2000016R|T000123|+1280|CNY|28|18|12|1795343400123|9f86d081884c7d65",
            "1|TQF000K703343G7H2000016R|T000123|-1280|CNY|28|18|12|1795343400123|9f86d081884c7d65",
            "1|TQF000K703343G7H2000016R|T000123|0|CNY|28|18|12|1795343400123|9f86d081884c7d65",
            "1|TQF000K703343G7H2000016R|T000123|12.80|CNY|28|18|12|1795343400123|9f86d081884c7d65",
            "1|TQF000K703343G7H2000016R|T000123|1280|USD|28|18|12|1795343400123|9f86d081884c7d65",
            "1|TQF000K703343G7H2000016R|T000123|1280|CNY||18|12|1795343400123|9f86d081884c7d65",
            "1|TQF000K703343G7H2000016R|T000123|1280|CNY|283456789|18|12|1795343400123|9f86d081884c7d65",
            "1|TQF000K703343G7H2000016R|T000123|1280|CNY|28|0|12|1795343400123|9f86d081884c7d65",
            "1|TQF000K703343G7H2000016R|T000123|1280|CNY|28|18|12|0|9f86d081884c7d65",
            "1|TQF000K703343G7H2000016R|T000123|1280|CNY|28|18|12|1795343400123|9F86D081884C7D65",
            "1|TQF000K703343G7H2000016R|T000123|1280|CNY|28|18|12|1795343400123|9f86d081884c7d6",
            "1|TQF000K703343G7H2000016R|T000123|1280|CNY|28|18|12|1795343400123|9f86d081884c7d65|",
            "1|TQF000K703343G7H2000016R|T000123|1280|CNY|28|18|12|1795343400123|9f86d081884c7d65\n",
            "1|TQF000K703343G7H2000016R|T000123|9223372036854775808|CNY|28|18|12|1795343400123|9f86d081884c7d65",
            "", "|||||||||",
        ]
    )
    func oneSpelling(line: String) {
        #expect(Intent(line: line.utf8) == nil)
    }

    @Test("every line that is read is written back as it was: thousands of mutated lines")
    func intentMutations() throws {
        var generator = SeededGenerator(seed: 31)
        let line = utf8("1|TQF000K703343G7H2000016R|T000123|1280|CNY|28|18|12|1795343400123|9f86d081884c7d65")
        var read = 0
        for _ in 0..<10_000 {
            var changed = line
            let index = Int.random(in: 0..<line.count, using: &generator)
            switch Int.random(in: 0...2, using: &generator) {
            case 0: changed[index] = .random(in: 32...126, using: &generator)
            case 1: changed.remove(at: index)
            default: changed.insert(.random(in: 48...57, using: &generator), at: index)
            }
            guard let intent = Intent(line: changed) else { continue }
            read += 1
            #expect(intent.line == changed)
        }
        #expect(read > 1_000)
    }

    @Test("numbers of messages, nonces and references keep their form")
    func smallNames() throws {
        #expect(MessageID(0, 0).description == "00000000000000000000000000")
        #expect(MessageID(.max, .max).bytes.count == 26)
        var generator = SeededGenerator(seed: 32)
        for _ in 0..<500 {
            let id = MessageID(generator.next(), generator.next())
            #expect(MessageID(id.bytes) == id)
            let nonce = Nonce(generator.next())
            #expect(Nonce(nonce.bytes) == nonce)
        }
        #expect(RefundReference("R-2026.11:7_a".utf8) != nil)
        for wrong in ["", "a b", "a/b", String(repeating: "a", count: 41), "é"] {
            #expect(RefundReference(wrong.utf8) == nil)
            #expect(SaleReference(wrong.utf8) == nil)
        }
        #expect(SaleReference(String(repeating: "a", count: 40).utf8) != nil)
        #expect(WalletTransactionID(String(repeating: "1", count: 65).utf8) == nil)
    }

    @Test("whole numbers have one spelling", arguments: ["", "-", "01", "-1", "+1", " 1", "1 ", "9223372036854775808"])
    func decimal(spelling: String) {
        #expect(Decimal.parse(spelling.utf8) == nil)
    }

    @Test("whole numbers are written and read back")
    func decimalRoundTrip() {
        #expect(text(Decimal.text(.min)) == "-9223372036854775808")
        for value in [0, 1, 9, 10, 1280, Int64.max] {
            #expect(Decimal.parse(Decimal.text(value)) == value)
        }
    }

    @Test("moments and amounts saturate or refuse instead of trapping")
    func arithmetic() {
        #expect(Timestamp(milliseconds: .max) + 1 == Timestamp(milliseconds: .max))
        #expect(Timestamp(milliseconds: .min) + -1 == Timestamp(milliseconds: .min))
        #expect(Timestamp(milliseconds: .max) - Timestamp(milliseconds: .min) == .max)
        #expect(Timestamp(milliseconds: .min) - Timestamp(milliseconds: .max) == .min)
        #expect(Money(fen: .max).adding(Money(fen: 1)) == nil)
        #expect(Money(fen: .min).subtracting(Money(fen: 1)) == nil)
        #expect(Money(fen: 3).adding(Money(fen: 4)) == Money(fen: 7))
    }

    @Test("a wallet's name is open, and no name is taken that a table could not hold")
    func wallets() {
        #expect(Wallet("alipay".utf8) == .alipay)
        #expect(Wallet("moon-pay2".utf8)?.description == "moon-pay2")
        for name in ["", "Alipay", "moon pay", "moon_pay", "支付宝", "a\n", String(repeating: "a", count: 21)] {
            #expect(Wallet(name.utf8) == nil, "\(name)")
        }
    }

    @Test("every vocabulary has distinct names that read back")
    func vocabularies() {
        check(CloudName.self)
        check(DeclineReason.self)
        check(RefusalReason.self)
        check(RevokeReason.self)
        check(UndoKind.self)
        check(UndoStep.self)
        check(Waiting.self)
    }

    private func check<Value: WireName>(_ type: Value.Type) {
        for value in Value.allCases { #expect(Value(wireName: value.wireBytes) == value) }
        #expect(Value(wireName: utf8("something-new")) == nil)
        #expect(Value(wireName: []) == nil)
    }
}
