// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB

/// A payment as programs read it: in the API's answers and in webhooks.
struct ApiPayment: Encodable, Sendable {
    let number: String
    let state: String
    /// Fen, each.
    let amount: Int64
    let refunded: Int64
    let currency = "CNY"
    let store: String
    let register: String
    let ticket: String
    let wallet: String?
    let walletNumber: String?
    let reason: String?
    /// RFC 3339, each.
    let createdAt: String
    let changedAt: String
    let resultMilliseconds: Int64?

    init(_ row: PaymentRow) {
        number = row.number
        state = row.state
        amount = row.amount
        refunded = row.refunded
        store = row.store
        register = row.register
        ticket = row.ticket
        wallet = row.wallet.isEmpty ? nil : row.wallet
        walletNumber = row.walletNumber
        reason = row.reason
        createdAt = ApiJSON.moment(row.createdAt)
        changedAt = ApiJSON.moment(row.changedAt)
        resultMilliseconds = row.resultAfter
    }
}

/// A payment with all that is known of it.
struct ApiPaymentDetail: Encodable, Sendable {
    struct Step: Encodable, Sendable {
        let time: String
        let cloud: String
        let kind: String
        let cause: String?
        let state: String?
        /// Of a refund.
        let reference: String?
        let amount: Int64?

        init(_ step: PaymentDetail.Step) {
            time = ApiJSON.moment(step.time)
            cloud = step.cloud
            kind = step.kind
            let body = Data(step.body.utf8)
            if let facts = try? JSONDecoder().decode(PaymentFacts.self, from: body) {
                (cause, state, reference, amount) = (facts.cause, facts.display, nil, nil)
            } else if let facts = try? JSONDecoder().decode(RefundFacts.self, from: body) {
                (cause, reference, amount) = (facts.cause, facts.reference, facts.amount)
                state = ApiRefund.state(ofCloud: facts.state)
            } else {
                (cause, state, reference, amount) = (nil, nil, nil, nil)
            }
        }
    }

    let payment: ApiPayment
    let refunds: [ApiRefund]
    let timeline: [Step]
}

/// A refund as programs read it.
struct ApiRefund: Encodable, Sendable {
    let reference: String
    /// The payment's number.
    let payment: String
    /// Fen.
    let amount: Int64
    let currency = "CNY"
    let reason: String
    let note: String?
    /// `waiting_for_approval`, `sending`, `processing`, `succeeded`, `failed`, `refused`.
    let state: String
    let requestedBy: String
    let decidedBy: String?
    /// In the words of the cloud.
    let answer: String?
    /// RFC 3339.
    let createdAt: String

    /// One that was asked for here.
    init(_ request: RefundRequest, _ database: Database) throws {
        reference = request.reference
        payment = request.number
        amount = request.amount
        reason = request.reason
        note = request.note.isEmpty ? nil : request.note
        requestedBy = request.requesterName
        decidedBy = request.deciderName
        answer = request.answer.flatMap { $0.isEmpty ? nil : $0 }
        createdAt = ApiJSON.moment(request.createdAt)
        let known = try String.fetchOne(
            database,
            sql: "SELECT state FROM refund WHERE number = ? AND reference = ?",
            arguments: [request.number, request.reference]
        )
        state = known.map { ApiRefund.state(ofCloud: $0) } ?? ApiRefund.state(request.state)
    }

    /// One that the cloud knows, whoever asked for it.
    init(_ row: RefundRow, of number: String) {
        reference = row.reference
        payment = number
        amount = row.amount
        reason = row.reason
        note = nil
        requestedBy = row.person
        decidedBy = nil
        answer = nil
        createdAt = ApiJSON.moment(row.createdAt)
        state = ApiRefund.state(ofCloud: row.state)
    }

    private static func state(_ state: RefundRequest.State) -> String {
        switch state {
        case .waiting: "waiting_for_approval"
        case .approved: "sending"
        case .sent: "processing"
        case .refused: "refused"
        }
    }

    static func state(ofCloud state: String) -> String {
        switch state {
        case "done": "succeeded"
        case "failed": "failed"
        default: "processing"
        }
    }

    /// All of a payment: those asked for here, and those that came by a register or the command line.
    static func all(of detail: PaymentDetail, _ database: Database) throws -> [ApiRefund] {
        let number = detail.row.number
        let requests = try Row.fetchAll(
            database,
            sql: "SELECT * FROM refund_request WHERE number = ? AND kind = 'refund' ORDER BY id",
            arguments: [number]
        ).map { RefundRequest($0) }
        let own = Set(requests.map(\.reference))
        return try requests.map { try ApiRefund($0, database) }
            + detail.refunds.filter { !own.contains($0.reference) }.map { ApiRefund($0, of: number) }
    }
}
