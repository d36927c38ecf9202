// Part of Tillbridge. See LICENSE.

/// When a wallet may be asked and when an undo may begin: data, one row per wallet and protocol version.
/// All spans in milliseconds, unscaled; ``ProtocolTimes/scaled(_:)`` applies the time factor.
package struct WalletSchedule: Equatable, Sendable {
    package enum GateOpening: Equatable, Sendable { case final, duty }

    package let firstQuery: Int64
    package let thenEvery: Int64
    /// From the start of the pay call.
    package let earliestReversal: Int64
    /// Afterwards a refund takes the place of the reversal.
    package let reversalWindow: Int64
    package let gateOpensOn: GateOpening

    package init(
        firstQuery: Int64,
        thenEvery: Int64,
        earliestReversal: Int64,
        reversalWindow: Int64,
        gateOpensOn: GateOpening
    ) {
        self.firstQuery = firstQuery
        self.thenEvery = thenEvery
        self.earliestReversal = earliestReversal
        self.reversalWindow = reversalWindow
        self.gateOpensOn = gateOpensOn
    }

    package static let alipay = WalletSchedule(
        firstQuery: 3_000,
        thenEvery: 3_000,
        earliestReversal: 0,
        reversalWindow: 86_400_000,
        gateOpensOn: .final
    )
    package static let weChatPayV2 = WalletSchedule(
        firstQuery: 5_000,
        thenEvery: 5_000,
        earliestReversal: 15_000,
        reversalWindow: 604_800_000,
        gateOpensOn: .final
    )
}
