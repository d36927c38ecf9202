// Part of Tillbridge. See LICENSE.
import TillDomain
import TillProtocol

/// How large the answer to a register's HELLO becomes with a configuration. What does not fit in one body would lock
/// every register out, so that a setting is refused when it is stored and not when it is first sent.
struct HelloSize: Sendable {
    let installation: CloudGateway.Installation

    /// Bytes of the largest answer: as many open payments as it can tell of, and every number at its longest.
    func bytes(routing: Routing?, chain: ChainDocument, at now: Timestamp) throws -> Int {
        // A wallet without an account is off at a store, and "false" is the longer word.
        let rules = (routing?.table.rules(from: now) ?? []).map { rule in
            SignFlagRule(
                low: rule.low,
                high: rule.high,
                minLength: rule.minLength,
                maxLength: rule.maxLength,
                wallet: rule.wallet,
                enabled: false,
                from: rule.from,
                until: rule.until
            )
        }
        let table = try SignFlagTable(
            version: 1 << 31,
            signLength: routing?.table.signLength ?? 1,
            rules: rules
        )
        let answer = HelloAnswer(
            head: AnswerHead(id: MessageID(0, 0), cloud: .a, time: now),
            sequence: 1 << 30 - 1,
            journalIndex: .max,
            open: [],
            routing: RoutingDocument(table),
            configuration: try ConfigurationDocument(chain),
            keys: installation.keys.map { PublicKeyEntry(id: $0.id, publicKey: $0.key.publicKey) },
            authority: installation.authority,
            times: ProtocolTimes()
        )
        return answer.encode().count + HelloAnswer.maxOpen * HelloSize.openEntry
    }

    /// `{"n":"24 characters","state":"…"},`
    private static let openEntry = 44 + (PaymentStateName.allCases.map { $0.wireName.utf8CodeUnitCount }.max() ?? 0)

    /// - Parameter setting: What is being changed, as the sentence begins.
    /// - Throws: ``StartError`` that names the setting.
    func check(routing: Routing?, chain: ChainDocument, at now: Timestamp, setting: String) throws {
        let (size, most) = (try bytes(routing: routing, chain: chain, at: now), HTTPLimits.wire.body)
        guard size > most else { return }
        throw StartError(
            "\(setting): with \(routing?.document.rules.count ?? 0) routing rules and \(chain.supervisors.count) "
                + "supervisors a register would be sent \(size) bytes at its start, and \(most) are the most: "
                + "remove routing rules whose time is over, join ranges, or shorten supervisors' ids."
        )
    }
}
