// Part of Tillbridge. See LICENSE.
package import TillDomain

/// The names of the states of a payment answer.
package enum PaymentStateName: WireName, Hashable {
    case paid, pending, unknown, declined, refused, conflict, revoking, revoked

    package static let allCases: [PaymentStateName] = [
        .paid, .pending, .unknown, .declined, .refused, .conflict, .revoking, .revoked,
    ]

    package var wireName: StaticString {
        switch self {
        case .paid: "paid"
        case .pending: "pending"
        case .unknown: "unknown"
        case .declined: "declined"
        case .refused: "refused"
        case .conflict: "conflict"
        case .revoking: "revoking"
        case .revoked: "revoked"
        }
    }
}

/// What was paid.
package struct PaidFacts: Equatable, Sendable {
    package let amount: Money
    package let wallet: Wallet
    package let transaction: WalletTransactionID
    /// Masked, UTF-8; empty if the wallet told none.
    package let payer: [UInt8]

    package init(amount: Money, wallet: Wallet, transaction: WalletTransactionID, payer: [UInt8]) {
        self.amount = amount
        self.wallet = wallet
        self.transaction = transaction
        self.payer = payer
    }
}

package enum PaymentState: Equatable, Sendable {
    case paid(PaidFacts)
    /// Nil if the cloud does not say for whom it waits, or for somebody this build does not know.
    case pending(Waiting?)
    case unknown
    case declined(Named<DeclineReason>)
    /// A stored promise of the paying cloud never to send this payment.
    case refused(Named<RefusalReason>)
    case conflict
    case revoking
    case revoked
    /// A state that this build does not know: to be treated as unknown.
    case other([UInt8])

    package var name: Named<PaymentStateName> {
        switch self {
        case .paid: .known(.paid)
        case .pending: .known(.pending)
        case .unknown: .known(.unknown)
        case .declined: .known(.declined)
        case .refused: .known(.refused)
        case .conflict: .known(.conflict)
        case .revoking: .known(.revoking)
        case .revoked: .known(.revoked)
        case .other(let name): .other(name)
        }
    }
}

/// The answer to PAY and QUERY.
package struct PaymentAnswer: WireMessage {
    package let head: AnswerHead
    package let orderNumber: OrderNumber
    package let state: PaymentState

    package init(head: AnswerHead, orderNumber: OrderNumber, state: PaymentState) {
        self.head = head
        self.orderNumber = orderNumber
        self.state = state
    }

    package init(_ object: JSONObject) throws(MessageError) {
        head = try AnswerHead(object)
        orderNumber = try object.identifier("n", as: OrderNumber.self)
        state = try PaymentState(object)
    }

    package func write(to json: inout JSONWriter) {
        json.identifier("id", head.id)
        json.identifier("n", orderNumber)
        json.string("state", state.name.bytes)
        json.name("cloud", head.cloud)
        json.time("time", head.time)
        switch state {
        case .paid(let facts):
            json.money("amount", facts.amount)
            json.string("currency", "CNY")
            json.identifier("wallet", facts.wallet)
            json.identifier("walletTransaction", facts.transaction)
            if !facts.payer.isEmpty { json.string("payer", facts.payer) }
        case .pending(let waiting):
            if let waiting { json.name("waitingFor", waiting) }
        case .declined(let reason): json.string("reason", reason.bytes)
        case .refused(let reason): json.string("reason", reason.bytes)
        case .unknown, .conflict, .revoking, .revoked, .other: break
        }
    }
}

extension PaymentState {
    fileprivate init(_ object: JSONObject) throws(MessageError) {
        switch try object.name("state", as: PaymentStateName.self) {
        case .known(.paid): self = .paid(try PaidFacts(object))
        case .known(.pending): self = .pending(try object.optionalName("waitingFor", as: Waiting.self)?.value)
        case .known(.unknown): self = .unknown
        case .known(.declined): self = .declined(try object.name("reason", as: DeclineReason.self))
        case .known(.refused): self = .refused(try object.name("reason", as: RefusalReason.self))
        case .known(.conflict): self = .conflict
        case .known(.revoking): self = .revoking
        case .known(.revoked): self = .revoked
        case .other(let name): self = .other(name)
        }
    }
}

extension PaidFacts {
    fileprivate init(_ object: JSONObject) throws(MessageError) {
        amount = try object.money("amount", in: 1...Int64(1) << 53 - 1)
        guard ("CNY" as StaticString).matches(try object.string("currency", length: 3...3)) else {
            throw object.invalid("currency")
        }
        wallet = try object.identifier("wallet", as: Wallet.self)
        transaction = try object.identifier("walletTransaction", as: WalletTransactionID.self)
        payer = try object.optionalText("payer", length: 0...128) ?? []
    }
}
