// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine
import TillStore

/// What the payment logic needs of a store. Each call is one transaction.
protocol PaymentRows: Sendable {
    /// The stored payment, or nil.
    func payment(_ number: OrderNumber) async throws -> CloudPayment?
    /// Stores a change that ``CloudPayment/handle(_:at:context:table:)`` asked for, with its entry in the log.
    /// Throws when nobody knows whether it was stored.
    func commit(_ payment: CloudPayment, _ commit: CloudCommit, notes: CommitNotes) async throws -> CommitResult
    /// 0 for none.
    func highestSequence(of register: RegisterID) async throws -> UInt64
    /// Rows whose next work is due, longest due first. They are leased to this process for a while.
    func due(at now: Timestamp, limit: Int) async throws -> [OrderNumber]
    /// Gives the lease of a row back that needed nothing.
    func release(_ number: OrderNumber) async throws
    /// Plans again what a clock that ran ahead has planned: rows changed later than `limit`.
    func replan(changedAfter limit: Timestamp, at now: Timestamp) async throws -> Int
    /// Rows that a restart resumes.
    func unfinished() async throws -> [OrderNumber]
}

/// The rows of a ``CloudStore``, leased in the name of one process.
struct StoredRows: PaymentRows {
    private static let lease: Int64 = 20_000

    let store: any CloudStore
    let owner: String

    func payment(_ number: OrderNumber) async throws -> CloudPayment? { try await store.payment(number) }

    func commit(_ payment: CloudPayment, _ commit: CloudCommit, notes: CommitNotes) async throws -> CommitResult {
        try await store.commit(payment, commit, notes: notes)
    }

    func highestSequence(of register: RegisterID) async throws -> UInt64 {
        try await store.highestSequence(of: register)
    }

    func due(at now: Timestamp, limit: Int) async throws -> [OrderNumber] {
        try await store.claimDue(owner: owner, at: now, until: now + StoredRows.lease, limit: limit)
    }

    func release(_ number: OrderNumber) async throws { try await store.release(number, owner: owner) }

    func replan(changedAfter limit: Timestamp, at now: Timestamp) async throws -> Int {
        try await store.replan(changedAfter: limit, at: now)
    }

    func unfinished() async throws -> [OrderNumber] { try await store.unfinished() }
}
