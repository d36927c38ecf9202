// Part of Tillbridge. See LICENSE.

/// Every time of the payment protocol, in milliseconds, scaled by the one time factor.
///
/// The factor is 1 in production. A smaller one is accepted only when all payment accounts are sandbox accounts, so
/// that demos and tests run fast and say so.
package struct ProtocolTimes: Equatable, Sendable {
    /// The factor in thousandths: 1000 is real time.
    package let thousandths: Int64

    package init(thousandths: Int64 = 1000) {
        precondition(thousandths > 0 && thousandths <= 1000, "time factor out of range")
        self.thousandths = thousandths
    }

    package func scaled(_ milliseconds: Int64) -> Int64 { milliseconds * thousandths / 1000 }

    /// D − t0: no pay request may start later.
    package var payDeadline: Int64 { scaled(8_000) }
    /// F − t0: the wallet takes no first pay request for the number any more.
    package var firstPayBound: Int64 { scaled(120_000) }
    /// ε: the bound on a cloud clock's error. Not scaled: clocks do not get better.
    package var clockError: Int64 { 250 }
    /// F + 5 s + 2ε − t0: from here on "nothing found" is final at any cloud.
    package var absenceProof: Int64 { scaled(125_000) + 2 * clockError }
    /// The decision time − t0: the plug-in that holds no success revokes.
    package var decision: Int64 { scaled(45_000) }
    /// By then − t0 the register has its answer: a plug-in that held no success has asked for the undo.
    package var answerBound: Int64 { scaled(60_000) }
    /// By then − t0 a plug-in that held a success has confirmed it, if the register did not disown the sale.
    package var confirmBound: Int64 { answerBound + implicitAcknowledgement }
    /// The last moment − t0 at which a second attempt at the other cloud may begin.
    package var secondAttempt: Int64 { scaled(4_000) }
    /// How far a t0 may lie ahead of a cloud's time, and the margin after a promotion.
    package var futureMargin: Int64 { scaled(5_000) }
    package var queryInterval: Int64 { scaled(3_000) }
    package var walletPayTimeout: Int64 { scaled(10_000) }
    package var implicitAcknowledgement: Int64 { scaled(300_000) }
    package var releaseAfter: Int64 { scaled(120_000) }
    package var reattachAfterRestart: Int64 { scaled(5_000) }
    package var helloBeforeRevoke: Int64 { scaled(30_000) }
    package var personAfter: Int64 { scaled(1_800_000) }
    package var secondLook: Int64 { scaled(300_000) }
}
