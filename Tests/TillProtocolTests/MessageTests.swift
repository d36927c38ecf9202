// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain
import TillProtocol

/// Values made from a seed: every message, with every optional part there or not.
struct MessageMaker {
    var generator: SeededGenerator

    init(seed: UInt64) { generator = SeededGenerator(seed: seed) }

    mutating func flip() -> Bool { Bool.random(using: &generator) }

    mutating func number(_ range: ClosedRange<Int64>) -> Int64 { Int64.random(in: range, using: &generator) }

    mutating func id() -> MessageID { MessageID(generator.next(), generator.next()) }

    mutating func time() -> Timestamp { Timestamp(milliseconds: number(0...Int64(1) << 53 - 1)) }

    mutating func money() -> Money { Money(fen: number(1...Int64(1) << 53 - 1)) }

    mutating func cloud() -> CloudName { flip() ? .a : .b }

    mutating func head() -> AnswerHead { AnswerHead(id: id(), cloud: cloud(), time: time()) }

    /// One line of UTF-8.
    mutating func line(_ lengths: ClosedRange<Int>) -> [UInt8] {
        let alphabet = Array("abcXYZ 0189\"\\/中文é😀|,{}")
        let count = Int.random(in: lengths, using: &generator)
        var result: [UInt8] = []
        while result.count < count {
            let piece = utf8(String(alphabet.randomElement(using: &generator) ?? "a"))
            result += result.count + piece.count <= count ? piece : [97]
        }
        return result
    }

    mutating func register() -> RegisterID {
        RegisterID(Base32.encode(generator.next(), count: 9)) ?? impossible()
    }

    mutating func orderNumber() -> OrderNumber {
        OrderNumber(
            installation: flip() ? .live : .sandbox,
            register: register(),
            epoch: generator.next(),
            sequence: UInt64(number(1...Int64(1) << 30 - 1))
        )
    }

    mutating func refundReference() -> RefundReference {
        RefundReference(Base32.encode(generator.next(), count: 12)) ?? impossible()
    }

    mutating func code() -> PaymentCode {
        let digits = (0..<Int(number(16...24))).map { _ in UInt8(number(48...57)) }
        return PaymentCode(scanned: digits) ?? impossible()
    }

    mutating func intent(for code: PaymentCode) -> Intent {
        Intent(
            orderNumber: orderNumber(),
            saleReference: SaleReference(Base32.encode(generator.next(), count: 8)) ?? impossible(),
            amount: money(),
            sign: [UInt8](code.secret.prefix(2)),
            codeLength: code.secret.count,
            routing: Int(number(1...1_000_000)),
            startedAt: Timestamp(milliseconds: number(1...Int64(1) << 53 - 1)),
            nonce: Nonce(generator.next())
        )
    }

    mutating func intent() -> Intent { intent(for: code()) }

    mutating func named<Value: WireName>(_ type: Value.Type) -> Named<Value> {
        if number(0...4) == 0 { return .other(utf8("newer-name")) }
        return .known(Value.allCases.randomElement(using: &generator) ?? impossible())
    }

    mutating func keys() -> [PublicKeyEntry] {
        (0..<Int(number(0...4))).map { _ in
            PublicKeyEntry(
                id: flip() ? .cloud(cloud(), generation: Int(number(1...9))) : .register(register(), generation: 1),
                publicKey: [4] + generator.bytes(64)
            )
        }
    }

    mutating func times() -> ProtocolTimes { ProtocolTimes(thousandths: number(1...1000)) }

    mutating func pay() -> PayRequest {
        let code = code()
        let items = (0..<Int(number(0...6))).map { _ in
            BasketItem(
                sku: line(0...64),
                name: line(0...256),
                quantity: number(1...1_000_000),
                unitPrice: Money(fen: number(0...100_000_000_000))
            )
        }
        return PayRequest(
            id: id(),
            intent: intent(for: code),
            home: cloud(),
            send: number(1...1000),
            code: code,
            operatorName: line(0...40),
            items: items,
            wait: number(0...2500)
        )
    }

    mutating func paymentState() -> PaymentState {
        switch number(0...8) {
        case 0:
            .paid(
                PaidFacts(
                    amount: money(),
                    wallet: flip() ? .weChatPay : .eCNY,
                    transaction: WalletTransactionID(Base32.encode(generator.next(), count: 12))
                        ?? impossible(),
                    payer: line(0...128)
                )
            )
        case 1: .pending(flip() ? nil : flip() ? .shopper : .wallet)
        case 2: .unknown
        case 3: .declined(named(DeclineReason.self))
        case 4: .refused(named(RefusalReason.self))
        case 5: .conflict
        case 6: .revoking
        case 7: .revoked
        default: .other(utf8("on-hold"))
        }
    }

    mutating func undoState() -> UndoState {
        switch number(0...5) {
        case 0: .revoking(step: named(UndoStep.self), nextSeconds: number(0...100))
        case 1: .duty(nextSeconds: number(0...31_536_000))
        case 2: .revoked(kind: named(UndoKind.self))
        case 3: .confirmed
        case 4: .stuck(reason: line(0...200))
        default: .other(utf8("asleep"))
        }
    }

    mutating func table() -> SignFlagTable {
        var rules = SignFlagTable.standardRules
        if flip() {
            rules[0] = SignFlagRule(
                low: rules[0].low,
                high: rules[0].high,
                minLength: 18,
                maxLength: 18,
                wallet: .jdPay,
                enabled: flip(),
                from: Timestamp(milliseconds: number(0...5)),
                until: Timestamp(milliseconds: number(6...10))
            )
        }
        return (try? SignFlagTable(version: Int(number(1...99)), signLength: 2, rules: rules)) ?? impossible()
    }

    mutating func configuration() -> ConfigurationDocument {
        ConfigurationDocument(
            version: Int(number(1...1 << 31)),
            amountLimit: money(),
            refundLimit: Money(fen: number(0...5)),
            supervisors: (0..<Int(number(0...20))).map { _ in
                Supervisor(id: line(1...40), salt: generator.bytes(16), hash: generator.bytes(32))
            },
            isEnabled: flip()
        )
    }

    mutating func hello() -> HelloAnswer {
        HelloAnswer(
            head: head(),
            sequence: number(0...Int64(1) << 30 - 1),
            journalIndex: number(0...Int64(1) << 53 - 1),
            open: (0..<Int(number(0...64))).map { _ in
                HelloAnswer.Open(orderNumber: orderNumber(), state: named(PaymentStateName.self))
            },
            routing: RoutingDocument(table()),
            configuration: configuration(),
            keys: keys(),
            authority: utf8("-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n"),
            times: times()
        )
    }

    mutating func activationAnswer() -> ActivationAnswer {
        ActivationAnswer(
            id: id(),
            register: register(),
            generation: Int(number(1...999_999)),
            installation: flip() ? .live : .sandbox,
            storeCode: line(1...40),
            storeName: line(0...200),
            clouds: [.a, .b].map { ActivationAnswer.Cloud(name: $0, keys: keys()) },
            authority: utf8("PEM\n"),
            proxies: [utf8("10.0.0.5:7500"), utf8("[fd00::5]:7500")],
            times: times(),
            time: time()
        )
    }

    mutating func peerLog() -> PeerLogAnswer {
        var previous = PeerLogEntry.firstPreviousHash
        let entries = (1...number(1...5)).map { sequence in
            let entry = PeerLogEntry(
                following: previous,
                sequence: sequence,
                time: time(),
                kind: named(PeerLogKind.self),
                key: line(1...100),
                body: utf8("{\"n\":\"\n\u{1}中\"}") + line(0...40)
            )
            previous = entry.hash
            return entry
        }
        return PeerLogAnswer(
            head: head(),
            entries: entries,
            newest: number(5...100),
            promotedAt: Timestamp(milliseconds: number(0...9))
        )
    }
}

private func impossible<Value>() -> Value { preconditionFailure("the maker makes only what is allowed") }

@Suite struct MessageTests {
    /// Encodes and decodes values of one message, then feeds its decoder thousands of broken bodies.
    private func check<Message: WireMessage>(
        _ type: Message.Type,
        make: (inout MessageMaker) -> Message,
        sourceLocation: SourceLocation = #_sourceLocation
    ) throws {
        var maker = MessageMaker(seed: 60)
        var bodies: [[UInt8]] = []
        for _ in 0..<40 {
            let message = make(&maker)
            let body = message.encode()
            #expect(try Message(decoding: body) == message, "\(text(body))", sourceLocation: sourceLocation)
            #expect(text(body).hasPrefix("{\"v\":1,"), sourceLocation: sourceLocation)
            bodies.append(body)
        }
        #expect(throws: JSONError.missing(field: utf8("v")), sourceLocation: sourceLocation) {
            try Message(decoding: utf8("{}"))
        }
        #expect(throws: JSONError.invalid(field: utf8("v")), sourceLocation: sourceLocation) {
            try Message(decoding: utf8("{\"v\":2}"))
        }
        var read = 0
        for _ in 0..<400 {
            let body = mutated(bodies.randomElement(using: &maker.generator) ?? [], using: &maker.generator)
            guard let message = try? Message(decoding: body) else { continue }
            read += 1
            // Whatever is taken means one thing: it survives being written again.
            #expect(try Message(decoding: message.encode()) == message, sourceLocation: sourceLocation)
        }
        #expect(read < 400, sourceLocation: sourceLocation)
    }

    private func mutated(_ body: [UInt8], using generator: inout SeededGenerator) -> [UInt8] {
        var body = body
        let alphabet = utf8("{}[]\",:\\0129-aAzZtfn .")
        for _ in 0..<Int.random(in: 1...3, using: &generator) where !body.isEmpty {
            let index = Int.random(in: 0..<body.count, using: &generator)
            switch Int.random(in: 0...3, using: &generator) {
            case 0: body[index] = alphabet.randomElement(using: &generator) ?? 0
            case 1: body.remove(at: index)
            case 2: body.insert(alphabet.randomElement(using: &generator) ?? 0, at: index)
            default:
                // A number or a name somewhere becomes another one.
                let digits = body.indices.filter { (48...57).contains(body[$0]) }
                if let place = digits.randomElement(using: &generator) {
                    body[place] = UInt8.random(in: 48...57, using: &generator)
                }
            }
        }
        return body
    }

    @Test("heartbeats survive the wire, and broken ones never trap")
    func heartbeat() throws {
        try check(HeartbeatRequest.self) { maker in
            HeartbeatRequest(register: maker.register(), lane: LaneStatus.allCases[Int(maker.number(0...3))])
        }
        try check(HeartbeatAnswer.self) { maker in
            HeartbeatAnswer(
                time: maker.time(),
                next: maker.flip() ? maker.cloud() : nil,
                clouds: [.a, .b].map { HeartbeatAnswer.CloudHealth(name: $0, isUp: maker.flip()) },
                routing: maker.flip() ? Int(maker.number(0...99)) : nil,
                configuration: maker.flip() ? Int(maker.number(0...99)) : nil,
                dark: maker.flip() ? [.weChatPay, .eCNY] : []
            )
        }
    }

    @Test("HELLO survives the wire, and broken ones never trap")
    func hello() throws {
        try check(HelloRequest.self) { maker in
            HelloRequest(
                id: maker.id(),
                epoch: maker.generator.next() >> 29,
                sequence: maker.number(0...Int64(1) << 30 - 1),
                journalIndex: maker.number(0...Int64(1) << 53 - 1),
                journalHash: maker.generator.bytes(16),
                version: maker.line(1...40),
                acknowledges: maker.flip(),
                open: (0..<Int(maker.number(0...20))).map { _ in maker.orderNumber() },
                unknown: (0..<Int(maker.number(0...16))).compactMap { place in
                    UnknownCodes.Row(prefix: utf8("\(40 + place)"), length: 18, count: Int(maker.number(1...99)))
                }
            )
        }
        try check(HelloAnswer.self) { $0.hello() }
    }

    @Test("PAY, QUERY, REVOKE and CONFIRM survive the wire, and broken ones never trap")
    func requests() throws {
        try check(PayRequest.self) { $0.pay() }
        try check(QueryRequest.self) { maker in
            QueryRequest(id: maker.id(), intent: maker.intent(), home: maker.cloud(), wait: maker.number(0...2500))
        }
        try check(RevokeRequest.self) { maker in
            RevokeRequest(
                id: maker.id(),
                intent: maker.intent(),
                home: maker.cloud(),
                reason: maker.named(RevokeReason.self),
                wait: maker.number(0...2500)
            )
        }
        try check(ConfirmRequest.self) { maker in
            ConfirmRequest(
                id: maker.id(),
                intent: maker.intent(),
                home: maker.cloud(),
                isImplicit: maker.flip(),
                journalIndex: maker.number(0...9)
            )
        }
    }

    @Test("answers about payments survive the wire, and broken ones never trap")
    func answers() throws {
        try check(PaymentAnswer.self) { maker in
            PaymentAnswer(head: maker.head(), orderNumber: maker.orderNumber(), state: maker.paymentState())
        }
        try check(UndoAnswer.self) { maker in
            UndoAnswer(head: maker.head(), orderNumber: maker.orderNumber(), state: maker.undoState())
        }
        try check(ConfirmAnswer.self) { maker in
            ConfirmAnswer(
                head: maker.head(),
                orderNumber: maker.orderNumber(),
                state: maker.named(ConfirmState.self)
            )
        }
    }

    @Test("refunds survive the wire, and broken ones never trap")
    func refunds() throws {
        try check(RefundRequest.self) { maker in
            RefundRequest(
                id: maker.id(),
                orderNumber: maker.orderNumber(),
                reference: maker.refundReference(),
                amount: maker.money(),
                reason: maker.line(0...200),
                operatorName: maker.line(0...40)
            )
        }
        try check(RefundAnswer.self) { maker in
            let number = maker.orderNumber()
            return RefundAnswer(
                head: maker.head(),
                orderNumber: number,
                reference: maker.refundReference(),
                refundNumber: maker.flip() ? number.refundNumber(Int(maker.number(1...99))) : nil,
                state: maker.named(RefundState.self),
                reason: maker.line(0...200),
                refunded: maker.money()
            )
        }
    }

    @Test("activations survive the wire, and broken ones never trap")
    func activations() throws {
        try check(ActivationRequest.self) { maker in
            ActivationRequest(
                id: maker.id(),
                code: Base32.encode(maker.generator.next(), count: 4),
                publicKey: [4] + maker.generator.bytes(64),
                proof: Hex.encode(maker.generator.bytes(32)),
                version: maker.line(1...40),
                acknowledges: maker.flip()
            )
        }
        try check(ActivationAnswer.self) { $0.activationAnswer() }
    }

    @Test("the peer log survives the wire, and broken pages never trap")
    func peerLog() throws {
        try check(PeerLogRequest.self) { maker in
            PeerLogRequest(
                id: maker.id(),
                after: maker.number(0...9),
                limit: maker.number(1...500),
                wait: maker.number(0...20000),
                routing: maker.flip() ? Int(maker.number(1...99)) : nil
            )
        }
        try check(PeerLogAnswer.self) { $0.peerLog() }
    }
}
