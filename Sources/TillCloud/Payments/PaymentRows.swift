// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// What the payment logic needs of a store. Each call is one transaction.
protocol PaymentRows: Sendable {
    /// The stored payment, or nil.
    func payment(_ number: OrderNumber) async throws -> CloudPayment?
    /// Stores a change that ``CloudPayment/handle(_:at:context:table:)`` asked for, with its entry in the log.
    func commit(_ payment: CloudPayment, _ commit: CloudCommit) async throws -> PaymentCommitResult
    func highestSequence(of register: RegisterID) async throws -> UInt64
    /// Rows whose next work is due, oldest first.
    func due(at now: Timestamp, limit: Int) async throws -> [OrderNumber]
    /// Rows with work of their own, at any time: what a restart resumes.
    func unfinished() async throws -> [OrderNumber]
    /// What this cloud holds open for a register, for HELLO.
    func open(of register: RegisterID) async throws -> [CloudPayment]
}

enum PaymentCommitResult: Equatable, Sendable {
    case stored
    /// Another writer was first: read again.
    case lost
    /// Past the claim's moment: nothing was stored.
    case tooLate
    /// Nobody knows whether it was stored. Nothing may be sent or answered.
    case unclear
}
