// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import Logging
import ServiceLifecycle
import TillCloud

/// Takes refunds, has them approved, and hands them to the clouds. What was taken is stored before it is sent, and is
/// sent until a cloud has said yes or no.
struct RefundDesk: Sendable {
    /// States in which a payment's money can be given back.
    static let refundableStates: Set<String> = ["succeeded", "part_refunded", "refunding", "refund_failed"]

    /// States of the cloud's machine in which a payment can be undone: nobody has said that the sale stands.
    static let revocableStates: Set<String> = ["sending", "unknown", "paid"]

    let console: Console

    /// A wish, checked for what a form can get wrong.
    struct Wish: Sendable {
        var kind = RefundRequest.Kind.refund
        let number: String
        /// Fen. Of an undo what the payment was shown as.
        let amount: Int64
        /// A ``RefundRequest/Reason`` or ``RefundRequest/RevokeReason``.
        let reason: String
        let note: String
        /// The lines of the basket that it is for.
        var picks: [Basket.Pick] = []
        /// All that is left: refused where something else is left by now.
        var isWhole = false

        /// For the audit log.
        var why: String { RefundRequest.why(reason, note) }
    }

    /// Why a wish is not taken.
    enum Refusal: Error, Equatable {
        case notPaid
        /// Above what is left, in fen.
        case tooMuch(Int64)
        /// Above what the person may still give back today, in fen.
        case personLimit(Int64)
        case storeLimit(Int64)
        /// Not what is left any more, in fen.
        case changed(Int64)
        /// Lines were given back meanwhile.
        case linesTaken
        case ownRequest
        case decided
        /// Confirmed, undone or refused meanwhile.
        case notRevocable
        /// Ordered already.
        case underWay
    }

    /// Stores a refund. Everything is checked in the transaction that stores it, so that parallel wishes never exceed
    /// what was paid, nor a day's limit.
    /// - Parameter alongside: Done with the new request's id in the same transaction; if it throws, nothing is stored.
    /// - Throws: ``Refusal``; nothing is stored then.
    func request(
        _ wish: Wish,
        by viewer: Viewer,
        event: AuditEvent,
        at now: Int64,
        alongside: @escaping @Sendable (Int64, Database) throws -> Void = { _, _ in }
    ) async throws -> RefundRequest {
        let day = Days(zone: console.settings.zone).start(of: now)
        return try await console.pool.write { database in
            let payment = try Row.fetchOne(
                database,
                sql: "SELECT store, state, raw_state, amount FROM payment WHERE number = ?",
                arguments: [wish.number]
            )
            guard let payment else { throw Refusal.notPaid }
            let basket = wish.picks.isEmpty ? nil : try Basket(number: wish.number, database)
            switch wish.kind {
            case .refund: try RefundDesk.check(wish, payment, basket, database)
            case .revoke: try RefundDesk.checkRevoke(wish, payment, database)
            }
            let store: String = payment["store"]
            let limits = try NodeSettings.effective(store: store, database)
            let byPerson = try RefundDesk.sum("requester = ?", viewer.id, since: day, database)
            if let limit = limits.personDailyLimit, byPerson + wish.amount > limit {
                throw Refusal.personLimit(max(0, limit - byPerson))
            }
            let atStore = try RefundDesk.sum("store = ?", store, since: day, database)
            if let limit = limits.storeDailyLimit, atStore + wish.amount > limit {
                throw Refusal.storeLimit(max(0, limit - atStore))
            }
            let needsApproval = limits.approvalAbove.map { wish.amount > $0 } ?? false
            try database.execute(
                sql: """
                    INSERT INTO refund_request (number, store, kind, amount, reason, note, state, requester,
                        requester_name, created_at)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                    """,
                arguments: [
                    wish.number, store, wish.kind.rawValue, wish.amount, wish.reason, wish.note,
                    (needsApproval ? RefundRequest.State.waiting : .approved).rawValue, viewer.id, viewer.name, now,
                ]
            )
            let id = database.lastInsertedRowID
            try alongside(id, database)
            for pick in wish.picks {
                try database.execute(
                    sql: "INSERT INTO refund_line (request, line, quantity, name) VALUES (?, ?, ?, ?)",
                    arguments: [id, pick.place, pick.quantity, basket?.line(pick.place)?.item.title]
                )
            }
            try AuditLog.append(event, at: now, database)
            return try RefundDesk.stored(id, database)
        }
    }

    private static func check(_ wish: Wish, _ payment: Row, _ basket: Basket?, _ database: Database) throws {
        guard refundableStates.contains(payment["state"]) else { throw Refusal.notPaid }
        let left = try Refundable(number: wish.number, database).left
        guard !wish.isWhole || wish.amount == left else { throw Refusal.changed(max(0, left)) }
        guard basket?.has(wish.picks) ?? wish.picks.isEmpty else { throw Refusal.linesTaken }
        guard wish.amount <= left else { throw Refusal.tooMuch(max(0, left)) }
    }

    /// The cloud alone knows whether the register has had its time; here only what it would refuse anyway is refused.
    private static func checkRevoke(_ wish: Wish, _ payment: Row, _ database: Database) throws {
        guard revocableStates.contains(payment["raw_state"]), payment["amount"] == wish.amount else {
            throw Refusal.notRevocable
        }
        let isOpen = try Bool.fetchOne(
            database,
            sql: """
                SELECT EXISTS (SELECT 1 FROM refund_request WHERE number = ? AND kind = 'revoke'
                    AND state <> 'refused')
                """,
            arguments: [wish.number]
        )
        if isOpen == true { throw Refusal.underWay }
    }

    /// The second person's word.
    func decide(_ id: Int64, agrees: Bool, by viewer: Viewer, event: AuditEvent, at now: Int64) async throws
        -> RefundRequest
    {
        try await console.pool.write { database in
            let request = try RefundDesk.stored(id, database)
            guard request.state == .waiting else { throw Refusal.decided }
            guard try !ApiKey.isOwn(requester: request.requester, of: viewer.id, database) else {
                throw Refusal.ownRequest
            }
            try database.execute(
                sql: "UPDATE refund_request SET state = ?, decider_name = ?, decided_at = ? WHERE id = ?",
                arguments: [(agrees ? RefundRequest.State.approved : .refused).rawValue, viewer.name, now, id]
            )
            try AuditLog.append(event, at: now, database)
            return try RefundDesk.stored(id, database)
        }
    }

    /// Hands a stored refund to the cloud that took the payment.
    /// - Throws: If no cloud answers: it stays as it is, and is sent again.
    @discardableResult
    func send(_ request: RefundRequest) async throws -> RefundRequest {
        guard request.state == .approved else { return request }
        let (state, answer): (RefundRequest.State, String)
        do {
            let reply = try await console.clouds.perform(request.command, by: request.requesterName)
            (state, answer) = (.sent, reply.text)
        } catch CloudLines.Silence.noCloud {
            throw CloudLines.Silence.noCloud
        } catch let error as StartError {
            // The cloud has decided: nothing comes of this request.
            (state, answer) = (.refused, error.sentence)
        }
        return try await console.pool.write { database in
            try database.execute(
                sql: "UPDATE refund_request SET state = ?, answer = ? WHERE id = ? AND state = 'approved'",
                arguments: [state.rawValue, answer, request.id]
            )
            return try RefundDesk.stored(request.id, database)
        }
    }

    static func stored(_ id: Int64, _ database: Database) throws -> RefundRequest {
        let row = try Row.fetchOne(database, sql: "SELECT * FROM refund_request WHERE id = ?", arguments: [id])
        guard let row else { throw ConsoleProblem.notFound }
        return RefundRequest(row)
    }

    /// Fen asked for since a moment, without what was refused and what failed.
    private static func sum(
        _ condition: String,
        _ value: any DatabaseValueConvertible,
        since: Int64,
        _ database: Database
    ) throws -> Int64 {
        try Int64.fetchOne(
            database,
            sql: """
                SELECT coalesce(sum(amount), 0) FROM refund_request
                WHERE \(condition) AND created_at >= ? AND state <> 'refused' AND NOT EXISTS (
                    SELECT 1 FROM refund WHERE refund.number = refund_request.number
                        AND refund.reference = 'console-' || refund_request.id AND refund.state = 'failed')
                """,
            arguments: [value, since]
        ) ?? 0
    }
}

/// Sends what was approved and has not got through, every few seconds, from the console's start on.
struct RefundSender: Service {
    let console: Console

    func run() async throws {
        do {
            while true {
                try await cancelWhenGracefulShutdown { try await Task.sleep(for: .seconds(5)) }
                do { try await sendOpen() } catch {
                    console.logger.warning("refunds wait for a cloud", metadata: ["error": "\(error)"])
                }
            }
        } catch is CancellationError {
            // The end.
        }
    }

    private func sendOpen() async throws {
        let open = try await console.pool.read { database in
            try Row.fetchAll(
                database,
                sql: "SELECT * FROM refund_request WHERE state = 'approved' ORDER BY id LIMIT 100"
            )
            .map { RefundRequest($0) }
        }
        for request in open { try await RefundDesk(console: console).send(request) }
    }
}
