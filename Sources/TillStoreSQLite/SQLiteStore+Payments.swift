// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
package import TillDomain
package import TillEngine
package import TillStore

extension SQLiteStore {
    package func payment(_ number: OrderNumber) async throws(StoreError) -> CloudPayment? {
        try lookUp { database in
            let statement = try database.cachedStatement(sql: "SELECT * FROM payment WHERE store = ? AND number = ?")
            let row = try Row.fetchOne(statement, arguments: StatementArguments(PaymentRow.key(number)))
            return try row.map { try Self.payment($0, database) }
        }
    }

    package func commit(
        _ payment: CloudPayment,
        _ commit: CloudCommit,
        notes: CommitNotes
    ) async throws(StoreError) -> CommitResult {
        let register = payment.intent.orderNumber.register
        let (result, highest) = try await write { [clock] database -> (CommitResult, UInt64?) in
            if let before = commit.before, clock() >= before { return (.tooLate, nil) }
            let (isStored, highest) = try Self.store(payment, commit, notes, database)
            guard isStored else { return (.lost, nil) }
            if let journal = notes.journal { try Self.noteJournal(journal, of: register, database) }
            return (.stored, highest)
        }
        if let highest { sequences.note(highest, of: register) }
        return result
    }

    /// Stores changes of the past in one transaction, each with its entries, as ``commit(_:_:notes:)`` would have at
    /// their moments. For a database on which no cloud has run yet.
    /// - Throws: ``StoreError``; nothing is stored then, not even where one change does not follow what is there.
    package func commit(
        history: [(payment: CloudPayment, commit: CloudCommit, notes: CommitNotes)]
    ) async throws(StoreError) {
        let highest = try await write { database in
            var highest: [RegisterID: UInt64] = [:]
            for (payment, commit, notes) in history {
                let (isStored, sequence) = try Self.store(payment, commit, notes, database)
                guard isStored else {
                    throw StoreError.unavailable(
                        "a change of \(payment.intent.orderNumber) does not follow the last one"
                    )
                }
                if let sequence { highest[payment.intent.orderNumber.register] = sequence }
            }
            return highest
        }
        for (register, sequence) in highest { sequences.note(sequence, of: register) }
    }

    /// - Returns: Whether it followed what was there, and the register's highest sequence where a row is new.
    private static func store(
        _ payment: CloudPayment,
        _ commit: CloudCommit,
        _ notes: CommitNotes,
        _ database: Database
    ) throws -> (isStored: Bool, highest: UInt64?) {
        var highest: UInt64?
        if payment.record.version == 1 {
            let statement = try database.cachedStatement(sql: PaymentRow.insert)
            try statement.execute(arguments: PaymentRow.insertArguments(payment))
            guard database.changesCount == 1 else { return (false, nil) }
            highest = try noteSequence(payment.intent.orderNumber, at: commit.at, database)
        } else {
            let statement = try database.cachedStatement(sql: PaymentRow.update)
            try statement.execute(arguments: PaymentRow.updateArguments(payment))
            guard database.changesCount == 1 else { return (false, nil) }
        }
        let number = payment.intent.orderNumber
        try LogWriter.append(
            database,
            at: commit.at,
            .payment,
            key: number.text,
            body: PaymentEntry.payment(payment, commit, calls: notes.calls)
        )
        for refund in payment.record.refunds where refund.changedAt == commit.at {
            try database.cachedStatement(sql: RefundRow.upsert)
                .execute(arguments: RefundRow.arguments(refund, of: number))
            try LogWriter.append(
                database,
                at: commit.at,
                .refund,
                key: refund.number(of: number).text,
                body: PaymentEntry.refund(refund, of: payment, commit)
            )
        }
        if let sale = notes.sale {
            try LogWriter.append(database, at: commit.at, .sale, key: number.text, body: sale.body)
        }
        return (true, highest)
    }

    package func claimDue(
        owner: String,
        at now: Timestamp,
        until: Timestamp,
        limit: Int
    ) async throws(StoreError) -> [OrderNumber] {
        // Looking first costs no sync when nothing is due.
        guard let next = try await nextWork(), next <= now else { return [] }
        return try await write { database in
            let statement = try database.cachedStatement(
                sql: """
                    UPDATE payment SET lease_owner = ?, lease_until = ?
                    WHERE rowid IN (
                        SELECT rowid FROM payment
                        WHERE next_work <= ? AND (lease_until IS NULL OR lease_until <= ?)
                        ORDER BY next_work LIMIT ?)
                    RETURNING number
                    """
            )
            let rows = try Row.fetchAll(
                statement,
                arguments: [owner, until.milliseconds, now.milliseconds, now.milliseconds, limit]
            )
            return try rows.map { try RowReader(row: $0).identifier("number") }
        }
    }

    package func release(_ number: OrderNumber, owner: String) async throws(StoreError) {
        try await write { database in
            let statement = try database.cachedStatement(
                sql: """
                    UPDATE payment SET lease_owner = NULL, lease_until = NULL
                    WHERE store = ? AND number = ? AND lease_owner = ?
                    """
            )
            try statement.execute(arguments: StatementArguments(PaymentRow.key(number) + [owner]))
        }
    }

    package func nextWork() async throws(StoreError) -> Timestamp? {
        let moment: Int64? = try await read { database in
            // A row under lease wants to be looked at when its lease ends, unless its owner stores first.
            let statement = try database.cachedStatement(
                sql: """
                    SELECT min(max(next_work, coalesce(lease_until, next_work))) FROM (
                        SELECT next_work, lease_until FROM payment WHERE next_work IS NOT NULL
                        ORDER BY next_work LIMIT 1000)
                    """
            )
            return try Int64.fetchOne(statement)
        }
        return moment.map { Timestamp(milliseconds: $0) }
    }

    package func replan(changedAfter limit: Timestamp, at now: Timestamp) async throws(StoreError) -> Int {
        // Reading first costs no sync in the ordinary case, where there is none.
        let condition = "next_work > ? AND changed_at > ?"
        let arguments: StatementArguments = [now.milliseconds, limit.milliseconds]
        let exists = try await read { database in
            try Bool.fetchOne(
                database,
                sql: "SELECT EXISTS (SELECT 1 FROM payment WHERE \(condition))",
                arguments: arguments
            ) ?? false
        }
        guard exists else { return 0 }
        return try await write { database in
            let rows = try Row.fetchAll(
                database,
                sql: "SELECT rowid, * FROM payment WHERE \(condition)",
                arguments: arguments
            )
            for row in rows {
                let next = try Self.payment(row, database).nextWork(at: now)
                let rowID: Int64 = row["rowid"]
                try database.execute(
                    sql: """
                        UPDATE payment SET next_work = ?, lease_owner = NULL, lease_until = NULL WHERE rowid = ?
                        """,
                    arguments: [next?.milliseconds, rowID]
                )
            }
            return rows.count
        }
    }

    package func unfinished() async throws(StoreError) -> [OrderNumber] {
        try await read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT number FROM payment INDEXED BY payment_open
                    WHERE state IN ('sending', 'unknown', 'paid', 'revoking', 'stuck') AND state <> 'paid'
                    ORDER BY created_at, number
                    """
            )
            return try rows.map { try RowReader(row: $0).identifier("number") }
        }
    }

    package func open(of register: RegisterID) async throws(StoreError) -> [CloudPayment] {
        try await read { database in
            let rows = try Row.fetchAll(
                database,
                sql: """
                    SELECT * FROM payment
                    WHERE register = ? AND state IN ('sending', 'unknown', 'paid', 'revoking', 'stuck')
                    ORDER BY created_at, number
                    """,
                arguments: [register.text]
            )
            return try rows.map { try Self.payment($0, database) }
        }
    }

    package func payments(_ filter: PaymentFilter) async throws(StoreError) -> [CloudPayment] {
        let query = PaymentQuery(filter)
        return try await read { database in
            let rows = try Row.fetchAll(database, sql: query.sql, arguments: query.arguments)
            return try rows.map { try Self.payment($0, database) }
        }
    }

    package func counts() async throws(StoreError) -> PaymentCounts {
        try await read { database in
            var counts = PaymentCounts()
            for row in try Row.fetchAll(database, sql: "SELECT state, count(*) AS number FROM payment GROUP BY state") {
                let reader = RowReader(row: row)
                counts.states[try reader.word("state")] = Int(try reader.integer("number"))
            }
            counts.queued = try Int.fetchOne(database, sql: "SELECT count(*) FROM payment WHERE queued = 1") ?? 0
            return counts
        }
    }

    private static func payment(_ row: Row, _ database: Database) throws -> CloudPayment {
        let statement = try database.cachedStatement(
            sql: "SELECT * FROM refund WHERE store = ? AND number = ? ORDER BY counter"
        )
        let reader = RowReader(row: row)
        let refunds = try Row.fetchAll(
            statement,
            arguments: [try reader.string("store"), try reader.string("number")]
        )
        return try PaymentRow.payment(row, refunds: refunds.map { try RefundRow.refund($0) })
    }
}
