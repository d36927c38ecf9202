// Part of Tillbridge. See LICENSE.

/// The promises that are judged, by the names of the specification.
package enum Oracle: String, Sendable, CaseIterable {
    case agreement = "S1"
    case repair = "S1'"
    case noDoubleCharge = "S2"
    case laneLock = "S3"
    case writeAhead = "S4"
    case oneWayDoor = "S5"
    case fixedData = "S6"
    case uniqueNumbers = "S7"
    case undoneOnce = "S8"
    case noUndoAfterHandOver = "S9"
    case audit = "S10"
    case rightMoney = "S11"
    case onePayer = "S12"
    case finality = "L1"
    case answerInTime = "L2"
    case unavailableShown = "L3"
    case unlocked = "L5"
    case deadline = "D"
    case promotion = "M-promo"
    case journal = "M-jrn"
    case home = "M-home"
    case ledger = "ledger"
    case messages = "storm"
    case queue = "queue"
    case clock = "t0"
    case secret = "secret"
    /// After an answer or a call the disk says what the specification says.
    case transition = "3.3"
    /// A machine took a step that the second statement of its table does not take.
    case step = "step"
    /// Somebody is told what only people can mend.
    case told = "alarm"
}

package struct SimulationReport: Equatable, Sendable {
    package struct Violation: Equatable, Sendable {
        package let oracle: Oracle
        package let words: String
        /// Virtual milliseconds.
        package let at: Int64
        let place: Int?
        /// How many payments had been begun by then.
        package let payments: Int
    }

    package var sales = 0
    /// Attempts whose intent became durable.
    package var attempts = 0
    /// Calls to pay that were refused before an intent.
    package var refused = 0
    package var paid = 0
    package var events = 0
    package var crashes = 0
    /// From the end of the faults until every payment was final, in virtual milliseconds.
    package var settledAfter: Int64 = 0
    package var traceHash: UInt64 = 0xCBF2_9CE4_8422_2325
    /// What broke. The run ends with the first.
    package var violation: Violation?

    /// Whether every promise has held so far. A comparison with nil would copy the violation, after every event.
    var isUnbroken: Bool { if case nil = violation { true } else { false } }
}
