// Part of Tillbridge. See LICENSE.
package import TillDomain

/// When a wallet may be asked and when an undo may begin: data, one row per wallet and protocol version.
/// All spans in milliseconds, unscaled; ``ProtocolTimes/scaled(_:)`` applies the time factor.
package struct WalletSchedule: Equatable, Sendable {
    package enum GateOpening: Equatable, Sendable { case final, duty }

    package enum ReversalWindow: Equatable, Sendable {
        /// So long after the payment's start.
        case span(Int64)
        /// Until the settlement day in which the payment began ends: so many milliseconds after midnight, UTC+8.
        case settlementDay(endsAt: Int64)
    }

    package var firstQuery: Int64
    package var thenEvery: Int64
    /// The pauses double: 1, 2, 4, 8 … times ``thenEvery``.
    package var slowsDown: Bool
    /// From the start of the pay call.
    package var earliestReversal: Int64
    /// Afterwards a refund takes the place of the reversal.
    package var reversalWindow: ReversalWindow
    package var gateOpensOn: GateOpening

    package init(
        firstQuery: Int64,
        thenEvery: Int64,
        slowsDown: Bool = false,
        earliestReversal: Int64,
        reversalWindow: ReversalWindow,
        gateOpensOn: GateOpening
    ) {
        self.firstQuery = firstQuery
        self.thenEvery = thenEvery
        self.slowsDown = slowsDown
        self.earliestReversal = earliestReversal
        self.reversalWindow = reversalWindow
        self.gateOpensOn = gateOpensOn
    }

    package static let alipay = WalletSchedule(
        firstQuery: 3_000,
        thenEvery: 3_000,
        earliestReversal: 0,
        reversalWindow: .span(86_400_000),
        gateOpensOn: .final
    )
    /// Both protocol versions.
    package static let weChatPay = WalletSchedule(
        firstQuery: 5_000,
        thenEvery: 5_000,
        earliestReversal: 15_000,
        reversalWindow: .span(604_800_000),
        gateOpensOn: .final
    )
    /// A reversal is advised against for five minutes, which no register can wait for. How long one is taken is not
    /// documented; after a day a refund, which is, takes its place.
    package static let qqWallet = WalletSchedule(
        firstQuery: 5_000,
        thenEvery: 10_000,
        earliestReversal: 300_000,
        reversalWindow: .span(86_400_000),
        gateOpensOn: .duty
    )
    /// Asked after pauses of 1, 2, 4, 8 and 16 s; the reversal comes after the last of them and in the same settlement
    /// day.
    package static let unionPay = WalletSchedule(
        firstQuery: 1_000,
        thenEvery: 1_000,
        slowsDown: true,
        earliestReversal: 31_000,
        reversalWindow: .settlementDay(endsAt: 23 * 3_600_000),
        gateOpensOn: .final
    )
}

extension WalletSchedule {
    /// When a refund takes the reversal's place.
    package func reversalEnd(ofPaymentAt start: Timestamp, _ times: ProtocolTimes) -> Timestamp {
        switch reversalWindow {
        case .span(let span): return start + times.scaled(span)
        case .settlementDay(let cut):
            let day: Int64 = 86_400_000
            let chinaTime = start.milliseconds + 8 * 3_600_000
            let intoSettlementDay = (chinaTime % day - cut + day) % day
            return start + (day - intoSettlementDay)
        }
    }

    /// The pause after a query at `look` of a payment that was sent at `sent`. Where pauses double, all before this one
    /// took as long as the wallet has had the payment.
    package func pause(sent: Timestamp, look: Timestamp, _ times: ProtocolTimes) -> Int64 {
        let least = times.scaled(thenEvery)
        return slowsDown ? least + max(look - sent, 0) : least
    }
}
