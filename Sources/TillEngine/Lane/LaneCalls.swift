// Part of Tillbridge. See LICENSE.
package import TillDomain

/// What the register asks of the plug-in.
package enum RegisterCall: Sendable {
    case pay(SaleRequest)
    /// Nil asks for the last sale.
    case status(SaleReference?)
    case acknowledge(SaleReference)
    case disown(SaleReference)
    case cancel(SaleReference)
    case release(supervisorCode: [UInt8], reason: [UInt8])
    case refund(RefundRequest)
    case refundStatus(SaleReference)
    case laneStatus
}

/// A sale that wants to be paid from a scanned code.
package struct SaleRequest: Sendable {
    package let saleReference: SaleReference
    /// Positive.
    package let amount: Money
    package let code: PaymentCode
    package let operatorName: [UInt8]
    package let items: [BasketItem]

    package init(
        saleReference: SaleReference,
        amount: Money,
        code: PaymentCode,
        operatorName: [UInt8] = [],
        items: [BasketItem] = []
    ) {
        self.saleReference = saleReference
        self.amount = amount
        self.code = code
        self.operatorName = operatorName
        self.items = items
    }
}

/// Goods brought back: a refund with its own authority and number.
package struct RefundRequest: Equatable, Sendable {
    package enum Target: Equatable, Sendable { case sale(SaleReference), order(OrderNumber) }

    /// The caller's idempotency key: the same reference is the same refund.
    package let reference: SaleReference
    package let target: Target
    package let amount: Money
    package let reason: [UInt8]
    package let operatorName: [UInt8]

    package init(
        reference: SaleReference,
        target: Target,
        amount: Money,
        reason: [UInt8],
        operatorName: [UInt8] = []
    ) {
        self.reference = reference
        self.target = target
        self.amount = amount
        self.reason = reason
        self.operatorName = operatorName
    }
}

/// What the register is told of a sale.
package enum SaleOutcome: WireName {
    case paid, declined, cancelled, unavailable, busy, unacknowledged, waiting

    package static let allCases: [SaleOutcome] = [
        .paid, .declined, .cancelled, .unavailable, .busy, .unacknowledged, .waiting,
    ]

    package var wireName: StaticString {
        switch self {
        case .paid: "paid"
        case .declined: "declined"
        case .cancelled: "cancelled"
        case .unavailable: "unavailable"
        case .busy: "busy"
        case .unacknowledged: "unacknowledged"
        case .waiting: "waiting"
        }
    }
}

/// What the lane shows: the register's light, and the word in the heartbeat.
package enum LaneLight: WireName {
    case free, waiting, unacknowledged, revoking, red

    package static let allCases: [LaneLight] = [.free, .waiting, .unacknowledged, .revoking, .red]

    package var wireName: StaticString {
        switch self {
        case .free: "free"
        case .waiting: "waiting"
        case .unacknowledged: "unacknowledged"
        case .revoking: "revoking"
        case .red: "red"
        }
    }
}

/// Why a payment was not taken up, or how it ended.
package enum AnswerReason: Equatable, Sendable {
    case declined(DeclineReason)
    case refused(RefusalReason)
    case revoked(RevokeReason)
    /// No contact, or no cloud takes payments.
    case offline
    /// No HELLO has succeeded since the start.
    case starting
    case clockUnknown
    case journalFull
    /// The journal is damaged or was rolled back: a person must look.
    case journalDamaged
    case disabled
    case walletDark

    package var wireName: StaticString {
        switch self {
        case .declined(let reason): reason.wireName
        case .refused(let reason): reason.wireName
        case .revoked(let reason): reason.wireName
        case .offline: "offline"
        case .starting: "starting"
        case .clockUnknown: "clock-unknown"
        case .journalFull: "journal-full"
        case .journalDamaged: "journal-damaged"
        case .disabled: "disabled"
        case .walletDark: "wallet-dark"
        }
    }
}

package struct SaleAnswer: Equatable, Sendable {
    package var outcome: SaleOutcome
    package var saleReference: SaleReference
    /// For *busy* and *unacknowledged*: the sale in the way. Order number, wallet and seconds are that sale's.
    package var blockedBy: SaleReference?
    package var amount: Money
    package var orderNumber: OrderNumber?
    package var wallet: Wallet?
    package var transaction: WalletTransactionID?
    package var payer: [UInt8] = []
    package var lane: LaneLight
    package var reason: AnswerReason?
    package var waitingFor: Waiting?
    package var decidesInSeconds: Int64?
    package var retryAfterSeconds: Int64?
    /// The undo is final: no money is held.
    package var isFinal = false

    package init(outcome: SaleOutcome, saleReference: SaleReference, amount: Money, lane: LaneLight) {
        self.outcome = outcome
        self.saleReference = saleReference
        self.amount = amount
        self.lane = lane
    }
}

package enum RefundState: WireName {
    /// Sent or to be sent; nothing certain yet.
    case requested
    case accepted, done, failed, refused

    package static let allCases: [RefundState] = [.requested, .accepted, .done, .failed, .refused]

    package var wireName: StaticString {
        switch self {
        case .requested: "requested"
        case .accepted: "accepted"
        case .done: "done"
        case .failed: "failed"
        case .refused: "refused"
        }
    }
}

package struct RefundStatus: Equatable, Sendable {
    package var reference: SaleReference
    package var orderNumber: OrderNumber
    package var amount: Money
    package var state: RefundState
    package var refundNumber: RefundNumber?
    /// The sum of all refunds of the payment, where the cloud told it.
    package var refunded: Money?
    /// UTF-8, from the cloud.
    package var reason: [UInt8] = []
}

/// Why a call is refused with 4xx. Nothing was journalled.
package enum RegisterRefusal: Equatable, Sendable {
    /// 404
    case unknownSale, unknownRefund
    /// 409: this sale reference stands for another amount.
    case amountDiffers
    /// 409: the call makes no sense in the sale's state.
    case wrongState
    /// 409: the same refund reference with other data.
    case refundDiffers
    /// 400
    case amountAboveLimit(Money)
    /// 403
    case refundNotAllowed(limit: Money)
    case supervisorUnknown
    /// 503: no cloud has told since the start who is a supervisor.
    case supervisorsMissing
    case supervisorLocked(seconds: Int64)
    /// 409: release is not possible (yet).
    case notReleasable(afterSeconds: Int64)
}

package struct LaneStatus: Equatable, Sendable {
    package var light: LaneLight
    package var available: Bool
    package var unavailableReason: AnswerReason?
    package var wallets: [Wallet]
    package var journalIndex: UInt64
    package var secondsSinceContact: Int64?
    package var blockingSale: SaleAnswer?
    package var openAttempts: Int
    package var dutyOrReleased: Int
}

package enum RegisterAnswer: Equatable, Sendable {
    case sale(SaleAnswer)
    case refund(RefundStatus)
    case status(LaneStatus)
    case released(SaleAnswer)
    case refused(RegisterRefusal, SaleAnswer?)
}

/// One request of the plug-in towards a cloud. At most one is outstanding.
package struct LaneCall: Equatable, Sendable {
    package enum Kind: Equatable, Sendable {
        case heartbeat(LaneLight)
        case hello(HelloFacts)
        case pay(PayFacts)
        case query
        case revoke(RevokeReason)
        case confirm(implicit: Bool, journalIndex: UInt64)
        case refund(RefundRequest, OrderNumber)
    }

    /// Rises with each call. A result with another id is of a call that was given up.
    package let id: UInt64
    package let kind: Kind
    /// Nil for the heartbeat, which the proxy answers itself.
    package let cloud: CloudName?
    /// The attempt's intent and paying cloud, for pay, query, revoke and confirm.
    package let intent: Intent?
    package let home: CloudName?
    /// How long the cloud may hold the answer for a change, in milliseconds.
    package let waitMilliseconds: Int64
    /// After this the call counts as failed, in milliseconds from its sending.
    package let timeoutMilliseconds: Int64
    /// Cloud time of the sending, for the signature's `created`.
    package let createdAt: Timestamp

    package init(
        id: UInt64,
        kind: Kind,
        cloud: CloudName?,
        intent: Intent?,
        home: CloudName?,
        waitMilliseconds: Int64,
        timeoutMilliseconds: Int64,
        createdAt: Timestamp
    ) {
        self.id = id
        self.kind = kind
        self.cloud = cloud
        self.intent = intent
        self.home = home
        self.waitMilliseconds = waitMilliseconds
        self.timeoutMilliseconds = timeoutMilliseconds
        self.createdAt = createdAt
    }
}

package struct PayFacts: Equatable, Sendable {
    /// 1 for the first copy, 2 for the second, ….
    package let send: Int
    package let code: PaymentCode
    package let operatorName: [UInt8]
    package let items: [BasketItem]
}

package struct HelloFacts: Equatable, Sendable {
    package let epoch: UInt64
    package let sequence: UInt64
    package let journalIndex: UInt64
    /// 16 bytes.
    package let journalHash: [UInt8]
    package let open: [OrderNumber]
    /// Codes that no rule knew, since a cloud last heard of them.
    package let unknown: [UnknownCodes.Row]
}

/// What a cloud said of a payment, verified by the shell: signature, key, digest of the request.
package struct PaymentReply: Equatable, Sendable {
    package enum State: Equatable, Sendable {
        case paid(PaidReply)
        case pending(Waiting)
        case unknown
        case declined(DeclineReason)
        case refused(RefusalReason)
        case conflict, revoking, revoked
    }

    package let cloud: CloudName
    package let time: Timestamp
    package let orderNumber: OrderNumber
    package let state: State

    package init(cloud: CloudName, time: Timestamp, orderNumber: OrderNumber, state: State) {
        self.cloud = cloud
        self.time = time
        self.orderNumber = orderNumber
        self.state = state
    }
}

package struct PaidReply: Equatable, Sendable {
    package let amount: Money
    package let isCNY: Bool
    package let wallet: Wallet
    package let transaction: WalletTransactionID
    package let payer: [UInt8]

    package init(amount: Money, isCNY: Bool, wallet: Wallet, transaction: WalletTransactionID, payer: [UInt8]) {
        self.amount = amount
        self.isCNY = isCNY
        self.wallet = wallet
        self.transaction = transaction
        self.payer = payer
    }
}

/// What a cloud said of an undo, verified by the shell.
package struct UndoReply: Equatable, Sendable {
    package enum State: Equatable, Sendable {
        case revoking(UndoStep, nextSeconds: Int64?)
        case duty(nextSeconds: Int64?)
        case revoked(UndoKind)
        /// The cloud refuses: the sale is confirmed. `kept`: two persons decided that it stands.
        case confirmed(kept: Bool)
        case stuck
    }

    package let cloud: CloudName
    package let time: Timestamp
    package let orderNumber: OrderNumber
    package let state: State

    package init(cloud: CloudName, time: Timestamp, orderNumber: OrderNumber, state: State) {
        self.cloud = cloud
        self.time = time
        self.orderNumber = orderNumber
        self.state = state
    }
}

/// The proxy's unsigned answer to a heartbeat. It chooses and refuses; it cannot move money.
package struct HeartbeatReply: Equatable, Sendable {
    package let time: Timestamp
    package let next: CloudName?
    package let up: [CloudName]
    package let routing: Int
    package let configuration: Int
    package let dark: [Wallet]

    package init(
        time: Timestamp,
        next: CloudName?,
        up: [CloudName],
        routing: Int,
        configuration: Int,
        dark: [Wallet]
    ) {
        self.time = time
        self.next = next
        self.up = up
        self.routing = routing
        self.configuration = configuration
        self.dark = dark
    }
}

package struct HelloReply: Sendable {
    package let cloud: CloudName
    package let time: Timestamp
    /// The highest sequence this cloud has seen of the register.
    package let sequence: UInt64
    /// The highest journal index this cloud has seen under this key.
    package let journalIndex: UInt64
    package let open: [OrderNumber]
    /// Nil where the cloud has none for this store yet.
    package let routing: SignFlagTable?
    package let configuration: LaneConfiguration?

    package init(
        cloud: CloudName,
        time: Timestamp,
        sequence: UInt64,
        journalIndex: UInt64,
        open: [OrderNumber],
        routing: SignFlagTable?,
        configuration: LaneConfiguration?
    ) {
        self.cloud = cloud
        self.time = time
        self.sequence = sequence
        self.journalIndex = journalIndex
        self.open = open
        self.routing = routing
        self.configuration = configuration
    }
}

/// What the console decided for this register.
package struct LaneConfiguration: Equatable, Sendable {
    package struct Supervisor: Equatable, Sendable {
        package let id: [UInt8]
        package let salt: [UInt8]
        /// PBKDF2-HMAC-SHA256 of the supervisor's code, 20,000 rounds, 32 bytes.
        package let hash: [UInt8]

        package init(id: [UInt8], salt: [UInt8], hash: [UInt8]) {
            self.id = id
            self.salt = salt
            self.hash = hash
        }
    }

    package let version: Int
    package let amountLimit: Money
    package let refundLimit: Money
    package let supervisors: [Supervisor]
    package let enabled: Bool

    package init(version: Int, amountLimit: Money, refundLimit: Money, supervisors: [Supervisor], enabled: Bool) {
        self.version = version
        self.amountLimit = amountLimit
        self.refundLimit = refundLimit
        self.supervisors = supervisors
        self.enabled = enabled
    }
}

package struct RefundReply: Equatable, Sendable {
    package let cloud: CloudName
    package let time: Timestamp
    package let state: RefundState
    package let refundNumber: RefundNumber?
    package let refunded: Money?
    package let reason: [UInt8]

    package init(
        cloud: CloudName,
        time: Timestamp,
        state: RefundState,
        refundNumber: RefundNumber?,
        refunded: Money?,
        reason: [UInt8]
    ) {
        self.cloud = cloud
        self.time = time
        self.state = state
        self.refundNumber = refundNumber
        self.refunded = refunded
        self.reason = reason
    }
}

/// How a call ended. Anything but a verified answer is a failure that proves nothing but, at most, that no byte left.
package enum LaneCallResult: Sendable {
    case heartbeat(HeartbeatReply)
    case hello(HelloReply)
    case payment(PaymentReply)
    case undo(UndoReply)
    case confirm(CloudConfirmAnswer, time: Timestamp)
    case refund(RefundReply)
    /// `unwritten`: at every proxy the connection failed before a byte of the request was written.
    case failed(unwritten: Bool)
}

package enum LaneInput: Sendable {
    case register(RegisterCall, token: UInt64)
    /// The answer for this token was completely written to the register.
    case answerWritten(token: UInt64)
    case result(id: UInt64, LaneCallResult)
    /// Time has passed: `nextWake` has come.
    case tick
}

package enum LaneAlarm: Equatable, Sendable {
    case answerDataDiffer, conflict, revokedWhilePaid, journalRolledBack, journalDamaged, unknownOpenPayment
    case undoStuck, undoRefused, confirmRefused, revokedWithoutHello

    package var name: StaticString {
        switch self {
        case .answerDataDiffer: "answer-data-differ"
        case .conflict: "conflict"
        case .revokedWhilePaid: "revoked-while-paid"
        case .journalRolledBack: "journal-rolled-back"
        case .journalDamaged: "journal-damaged"
        case .unknownOpenPayment: "unknown-open-payment"
        case .undoStuck: "undo-stuck"
        case .undoRefused: "undo-refused"
        case .confirmRefused: "confirm-refused"
        case .revokedWithoutHello: "revoked-without-hello"
        }
    }
}

/// What the shell does, in the order of the list. A failed journal write ends the process at once.
package enum LaneEffect: Sendable {
    /// Append this record and sync it before the next effect.
    case journal(JournalEntry)
    case send(LaneCall)
    /// Give the outstanding call up: close its connection, drop its answer.
    case abandon
    case answer(token: UInt64, RegisterAnswer)
    case alarm(LaneAlarm, OrderNumber?)
}
