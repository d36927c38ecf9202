// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain
import TillEngine

/// One payment, two clouds, a plug-in that obeys its own rules, and a wallet of the worst documented kind: replies are
/// lost, a pay is executed late, a cancel of an unknown number leaves no tombstone, queries lag, refunds fail later,
/// clouds crash at every effect, lose the result of a commit, die for good, and fall back to an earlier database.
@Suite("Cloud: random walks")
struct CloudWalkTests {
    @Test("whatever breaks, register and wallet agree, and everything ends", arguments: [UInt64](0..<8))
    func walks(part: UInt64) {
        var ends: [String: Int] = [:]
        for seed in part * 75..<(part + 1) * 75 {
            var walk = CloudWalk(seed: seed)
            walk.run()
            if let violation = walk.violation {
                Issue.record("seed \(seed): \(violation)\n\(walk.trace.suffix(60).joined(separator: "\n"))")
                return
            }
            ends[walk.end, default: 0] += 1
        }
        // A walk that never gets anywhere would prove nothing.
        #expect(ends.count >= 3, "\(ends)")
    }

    @Test("the same seed walks the same way")
    func deterministic() {
        for seed: UInt64 in [3, 77, 1_234] {
            var first = CloudWalk(seed: seed)
            var second = CloudWalk(seed: seed)
            first.run()
            second.run()
            #expect(first.trace == second.trace && !first.trace.isEmpty)
        }
    }

    @Test(
        "the walks find planted bugs",
        arguments: [
            Planted.nothingFoundIsFinal, .deadlineUncheckedInClaim, .unsentWithoutPromotionRule, .cancelBelieved,
            .undoOfConfirmed, .paidAfterRevoke, .sendAfterRestart, .acceptedIsFinal, .declineWithoutQuery,
            .unknownDeclined,
        ]
    )
    func planted(bug: Planted) {
        for seed: UInt64 in 0..<4_000 {
            var walk = CloudWalk(seed: seed, table: bug.table)
            walk.run()
            if walk.violation != nil { return }
        }
        Issue.record("\(bug) was not found")
    }
}

/// Bugs planted by changing rows.
enum Planted: CaseIterable, Sendable {
    case nothingFoundIsFinal, deadlineUncheckedInClaim, unsentWithoutPromotionRule, cancelBelieved, undoOfConfirmed
    case paidAfterRevoke, sendAfterRestart, acceptedIsFinal, declineWithoutQuery, unknownDeclined

    var table: CloudTable {
        var rows = CloudTable.standard.rows
        func first(
            _ states: [CloudState],
            _ events: [CloudEventKind],
            to next: CloudState?,
            _ actions: [CloudActionKind]
        ) {
            rows.insert(CloudRow(states, events, to: next, do: actions), at: 0)
        }
        switch self {
        case .nothingFoundIsFinal:
            rows.insert(
                CloudRow([.revoking], [.queryNotFound], if: [.verifying], to: .revoked, do: [.finishNeverExisted]),
                at: 0
            )
        case .deadlineUncheckedInClaim: rows.removeAll { $0.guards == [.pastDeadline] }
        case .unsentWithoutPromotionRule: rows.removeAll { $0.guards == [.promotedSince] }
        case .cancelBelieved:
            first([.revoking], [.cancelClosed, .cancelRefunded], to: .revoked, [.finishClosed])
        case .undoOfConfirmed: first([.confirmed], [.revoke], to: .revoking, [.beginUndo, .answer])
        case .paidAfterRevoke: first([.revoking], [.payPaid], to: .paid, [.recordTrade])
        case .sendAfterRestart: first([.sending], [.restart], to: nil, [.claim, .pay])
        case .acceptedIsFinal: first([.revoking], [.refundAccepted], to: .revoked, [.finishRefunded])
        case .declineWithoutQuery:
            first([.sending], [.payDeclined], to: .declined, [.storeCandidate, .declineByCode, .scheduleWatch])
        case .unknownDeclined: first([.sending], [.payUnknown], to: .declined, [.declineNeverExisted, .scheduleWatch])
        }
        return CloudTable(rows: rows)
    }
}
