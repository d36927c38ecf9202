// Part of Tillbridge. See LICENSE.
import Foundation
import Testing
import TillDomain
import TillEngine
import TillWallets

/// Security, row 19: wallet answers forged by somebody in between. Whatever is done to a genuine answer, it either
/// means what the wallet signed or it means nothing. Row 11 in part: none of it traps.
///
/// `TILLBRIDGE_FUZZ_ROUNDS` runs more than the default.
@Suite struct ForgedAnswerTests {
    private static let rounds = ProcessInfo.processInfo.environment["TILLBRIDGE_FUZZ_ROUNDS"].flatMap(Int.init) ?? 2_000

    /// Answers that are refused for what was put around a genuine success: take that away, and the success is left.
    private static let aroundASuccess: Set<String> = [
        "pay-node-twice", "pay-node-twice-inside", "pay-external-entity", "pay-billion-laughs", "pay-nested",
        "pay-field-twice", "pay-no-equals",
    ]

    private struct Answer {
        let name: String
        let body: [UInt8]
        let operation: WalletOperation
        let outcome: WalletOutcome
    }

    private func corpus(_ wallet: String, _ adapter: any WalletAdapter) throws -> [Answer] {
        let folder = try #require(Bundle.module.resourcePath) + "/Fixtures/" + wallet
        return try FileManager.default.contentsOfDirectory(atPath: folder).sorted()
            .filter { $0.hasSuffix(".response") }
            .map { file in
                let name = String(file.dropLast(".response".count))
                let response = try Fixture.response("\(wallet)/\(name)")
                let operation = try Sample.operation(name)
                return Answer(
                    name: name,
                    body: response.body,
                    operation: operation,
                    // Judged with status 200, as the changed ones are.
                    outcome: adapter.outcome(
                        of: operation,
                        from: InboundResponse(status: 200, body: response.body, receivedAt: Sample.now)
                    )
                )
            }
    }

    private func isUnknown(_ outcome: WalletOutcome) -> Bool {
        switch outcome {
        case .pay(.unknown), .query(.unknown), .cancel(.unknown), .refund(.unknown), .refundQuery(.unknown): true
        default: false
        }
    }

    @Test("a changed answer means what was signed, or nothing", arguments: Account.wallets)
    func changed(wallet: String) throws {
        let adapter = try Account.adapter(wallet)
        let corpus = try corpus(wallet, adapter)
        #expect(corpus.count > 40)
        var definite = 0
        for round in 0..<Self.rounds {
            var generator = SeededGenerator(seed: UInt64(round))
            let answer = corpus[Int.random(in: 0..<corpus.count, using: &generator)]
            let other = corpus[Int.random(in: 0..<corpus.count, using: &generator)]
            var body = answer.body
            for _ in 0..<Int.random(in: 1...4, using: &generator) {
                mutate(&body, with: other.body, using: &generator)
            }
            let outcome = adapter.outcome(
                of: answer.operation,
                from: InboundResponse(status: 200, body: body, receivedAt: Sample.now)
            )
            guard !isUnknown(outcome) else { continue }
            definite += 1
            var signed = [
                answer.outcome,
                adapter.outcome(
                    of: answer.operation,
                    from: InboundResponse(status: 200, body: other.body, receivedAt: Sample.now)
                ),
            ]
            if Self.aroundASuccess.contains(answer.name) {
                signed += corpus.filter { $0.name == "pay-paid" || $0.name == "pay-accepted" }.map(\.outcome)
            }
            #expect(signed.contains(outcome), "seed \(round), \(answer.name), \(other.name): \(outcome)")
        }
        // Changes of what is not signed (white space, the way a text is written) leave the meaning as it is. Were
        // there none of them, the test would not have looked at anything that could be believed.
        #expect(definite > 0)
    }

    @Test("bytes that are no answer at all mean nothing", arguments: Account.wallets)
    func noise(wallet: String) throws {
        let adapter = try Account.adapter(wallet)
        let operations = try ["pay", "query", "cancel", "refund", "refund-query"].map { try Sample.operation($0) }
        for round in 0..<Self.rounds {
            var generator = SeededGenerator(seed: UInt64(round))
            let alphabet = [UInt8](#"{}[]"\:,<>/!-?&;=u0aé"#.utf8) + [0, 9, 10, 0x81, 0xfe, 0xff]
            let body = (0..<Int.random(in: 0...80, using: &generator)).map { _ in
                alphabet[Int.random(in: 0..<alphabet.count, using: &generator)]
            }
            for operation in operations {
                let outcome = adapter.outcome(
                    of: operation,
                    from: InboundResponse(status: 200, body: body, receivedAt: Sample.now)
                )
                #expect(isUnknown(outcome), "seed \(round)")
            }
        }
    }

    private func mutate(_ body: inout [UInt8], with other: [UInt8], using generator: inout SeededGenerator) {
        guard !body.isEmpty, !other.isEmpty else { return }
        let place = Int.random(in: 0..<body.count, using: &generator)
        let length = min(Int.random(in: 1...12, using: &generator), body.count - place)
        switch Int.random(in: 0..<9, using: &generator) {
        case 0: body[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
        case 1: body[place] = UInt8.random(in: 0...255, using: &generator)
        case 2: body.removeSubrange(place..<(place + length))
        case 3: body.insert(contentsOf: body[place..<(place + length)], at: place)
        case 4: body.removeSubrange(place...)
        case 5: body.insert([32, 10, 34, 92, 47, 123, 125, 60, 62][place % 9], at: place)
        case 6:
            let start = Int.random(in: 0..<other.count, using: &generator)
            let end = min(other.count, start + Int.random(in: 1...200, using: &generator))
            body.replaceSubrange(place..<(place + length), with: other[start..<end])
        case 7: body.insert(32, at: generator.next() & 1 == 0 ? 0 : body.count)
        default:
            // Digits are what an attacker changes first.
            if let digit = body[place...].firstIndex(where: { (48...57).contains($0) }) {
                body[digit] = UInt8.random(in: 48...57, using: &generator)
            }
        }
    }
}
