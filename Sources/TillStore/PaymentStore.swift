// Part of Tillbridge. See LICENSE.
package import TillDomain
package import TillEngine

/// What became of a change.
package enum CommitResult: Equatable, Sendable {
    case stored
    /// Another writer was first, or the number has a row already: read again and decide again.
    case lost
    /// The database's time has reached the claim's moment: nothing was stored.
    case tooLate
}

/// Where a register's journal stood when it sent a message.
package struct JournalMark: Equatable, Sendable {
    /// The generation of the register's key.
    package let generation: Int
    package let index: Int64

    package init(generation: Int, index: Int64) {
        self.generation = generation
        self.index = index
    }
}

/// What a commit of a payment's change stores besides the change. It decides nothing about money.
package struct CommitNotes: Equatable, Sendable {
    /// Where the register's journal stood, if the request said.
    package var journal: JournalMark?
    /// Belongs to a payment's first row.
    package var sale: SaleNote?
    /// The calls to the wallet that brought the change, in their order.
    package var calls: [WalletCallNote] = []

    package init(journal: JournalMark? = nil, sale: SaleNote? = nil, calls: [WalletCallNote] = []) {
        self.journal = journal
        self.sale = sale
        self.calls = calls
    }
}

/// Which payments a list shows: all conditions hold. Newest first.
package struct PaymentFilter: Equatable, Sendable {
    /// Exactly an order number, refund number, sale reference or wallet transaction.
    package var text: String?
    /// Chain (3 characters) or chain and store (7).
    package var store: String?
    package var register: RegisterID?
    package var states: [CloudState] = []
    package var wallet: Wallet?
    /// Only what waits for persons.
    package var queuedOnly = false
    package var from: Timestamp?
    package var until: Timestamp?
    /// Continue after this payment of an earlier page.
    package var after: PaymentPlace?
    /// 1–1000.
    package var limit = 100

    package init() {}
}

/// A payment's place in a list.
package struct PaymentPlace: Equatable, Sendable {
    package let createdAt: Timestamp
    package let number: OrderNumber

    package init(_ payment: CloudPayment) {
        createdAt = payment.record.createdAt
        number = payment.intent.orderNumber
    }
}

/// The payments of one cloud. Each method is one transaction.
package protocol PaymentStore: Sendable {
    /// The stored payment, or nil without a row.
    func payment(_ number: OrderNumber) async throws(StoreError) -> CloudPayment?

    /// Stores a change that the machine asked for: a new row if its version is 1, else the row of the version before.
    /// Refunds, the register's highest sequence, the notes and the entries of the transaction log are in the same
    /// commit, and the row's lease ends.
    ///
    /// - Throws: ``StoreError/unclear(_:)`` where the commit's own result is unknown.
    func commit(
        _ payment: CloudPayment,
        _ commit: CloudCommit,
        notes: CommitNotes
    ) async throws(StoreError) -> CommitResult

    /// Leases rows whose next work is due, longest due first: until `until` no other owner gets them.
    func claimDue(
        owner: String,
        at now: Timestamp,
        until: Timestamp,
        limit: Int
    ) async throws(StoreError) -> [OrderNumber]

    /// Gives a lease back, so that another owner can go on at once. Nothing happens if it is not held.
    func release(_ number: OrderNumber, owner: String) async throws(StoreError)

    /// When the next row without a lease wants to be worked on. Nil: nothing is planned.
    func nextWork() async throws(StoreError) -> Timestamp?

    /// Plans the work of rows again that were changed later than `limit`: by a clock that ran ahead, so that they would
    /// sleep until their moment really comes. Leases given by it end.
    ///
    /// - Returns: How many there were.
    func replan(changedAfter limit: Timestamp, at now: Timestamp) async throws(StoreError) -> Int

    /// Rows that a restart resumes: SENDING, UNKNOWN, REVOKING, STUCK, the oldest first.
    func unfinished() async throws(StoreError) -> [OrderNumber]

    /// What this cloud holds open for a register: SENDING, UNKNOWN, PAID, REVOKING, STUCK, the oldest first.
    func open(of register: RegisterID) async throws(StoreError) -> [CloudPayment]

    func payments(_ filter: PaymentFilter) async throws(StoreError) -> [CloudPayment]

    /// How many rows each state has, and how many wait for persons.
    func counts() async throws(StoreError) -> PaymentCounts
}

package struct PaymentCounts: Equatable, Sendable {
    package var states: [CloudState: Int] = [:]
    package var queued = 0

    package init() {}
}
