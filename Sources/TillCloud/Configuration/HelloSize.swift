// Part of Tillbridge. See LICENSE.
import TillDomain
import TillProtocol

/// How large the answer to a register's HELLO becomes with a configuration. What does not fit in one body would lock
/// every register out, so that a setting is refused when it is stored and not when it is first sent.
struct HelloSize: Sendable {
    let installation: CloudGateway.Installation

    /// Bytes of the largest answer: as many open payments as it can tell of, and every number at its longest.
    func bytes(table: SignFlagTable?, chain: ChainDocument, at now: Timestamp) throws -> Int {
        let answer = HelloAnswer(
            head: AnswerHead(id: MessageID(0, 0), cloud: .a, time: now),
            sequence: 1 << 30 - 1,
            journalIndex: .max,
            open: [],
            routing: RoutingDocument(try HelloSize.longest(table)),
            configuration: try ConfigurationDocument(chain),
            keys: installation.keys.map { PublicKeyEntry(id: $0.id, publicKey: $0.key.publicKey) },
            authority: installation.authority,
            times: ProtocolTimes()
        )
        return answer.encode().count + HelloAnswer.maxOpen * HelloSize.openEntry
    }

    private static func longest(_ table: SignFlagTable?) throws -> SignFlagTable {
        // "false" is the longer word.
        let rules = (table?.rules ?? []).map { $0.with(enabled: false, from: $0.from, until: $0.until) }
        return try SignFlagTable(version: 1 << 31, signLength: table?.signLength ?? 1, rules: rules)
    }

    /// `{"n":"24 characters","state":"…"},`
    private static let openEntry = 44 + (PaymentStateName.allCases.map { $0.wireName.utf8CodeUnitCount }.max() ?? 0)

    /// - Parameter setting: What is being changed, as the sentence begins.
    /// - Throws: ``StartError`` that names the setting.
    func check(routing: Routing?, chain: ChainDocument, at now: Timestamp, setting: String) throws {
        let most = HTTPLimits.wire.body
        for store in routing.map({ Routing.examples(of: [$0]) }) ?? [""] {
            let table: SignFlagTable?
            do throws(SignFlagError) {
                table = try routing?.table(for: Array(store.utf8), at: now)
            } catch {
                throw StartError("\(setting): at \(store.isEmpty ? "any store" : store): \(error.description)")
            }
            let size = try bytes(table: table, chain: chain, at: now)
            guard size > most else { continue }
            throw StartError(
                "\(setting): with \(table?.rules.count ?? 0) routing rules and \(chain.supervisors.count) "
                    + "supervisors a register would be sent \(size) bytes at its start, and \(most) are the most: "
                    + "remove routing rules whose time is over, join ranges, or shorten supervisors' ids."
            )
        }
    }
}
