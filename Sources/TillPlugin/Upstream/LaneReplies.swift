// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine
import TillProtocol

// What the clouds say, in the lane's words. A name from a newer cloud becomes the nearest known one that promises
// less.

extension HeartbeatReply {
    init(_ answer: HeartbeatAnswer) {
        var up: [CloudName] = []
        for cloud in answer.clouds where cloud.isUp && !up.contains(cloud.name) { up.append(cloud.name) }
        self.init(
            time: answer.time,
            next: answer.next,
            up: up,
            routing: answer.routing ?? 0,
            configuration: answer.configuration ?? 0,
            dark: answer.dark
        )
    }
}

extension HelloReply {
    init(_ answer: HelloAnswer) {
        let configuration = answer.configuration
        self.init(
            cloud: answer.head.cloud,
            time: answer.head.time,
            sequence: UInt64(answer.sequence),
            journalIndex: UInt64(answer.journalIndex),
            open: answer.open.map { $0.orderNumber },
            routing: answer.routing.table,
            configuration: LaneConfiguration(
                version: configuration.version,
                amountLimit: configuration.amountLimit,
                refundLimit: configuration.refundLimit,
                supervisors: configuration.supervisors.map {
                    LaneConfiguration.Supervisor(id: $0.id, salt: $0.salt, hash: $0.hash)
                },
                enabled: configuration.isEnabled
            )
        )
    }
}

extension PaymentReply {
    init(_ answer: PaymentAnswer) {
        let state: State
        switch answer.state {
        case .paid(let facts):
            state = .paid(
                PaidReply(
                    amount: facts.amount,
                    isCNY: true,
                    wallet: facts.wallet,
                    transaction: facts.transaction,
                    payer: facts.payer
                )
            )
        case .pending(let waitingFor): state = .pending(waitingFor ?? .wallet)
        case .unknown, .other: state = .unknown
        case .declined(let reason): state = .declined(reason.value ?? .closed)
        case .refused(let reason): state = .refused(reason.value ?? .overload)
        case .conflict: state = .conflict
        case .revoking: state = .revoking
        case .revoked: state = .revoked
        }
        self.init(cloud: answer.head.cloud, time: answer.head.time, orderNumber: answer.orderNumber, state: state)
    }
}

extension UndoReply {
    init(_ answer: UndoAnswer) {
        let state: State
        switch answer.state {
        case .revoking(let step, let nextSeconds): state = .revoking(step.value ?? .verifying, nextSeconds: nextSeconds)
        case .duty(let nextSeconds): state = .duty(nextSeconds: nextSeconds)
        case .revoked(.known(.kept)): state = .confirmed(kept: true)
        case .revoked(let kind): state = .revoked(kind.value ?? .closed)
        case .confirmed: state = .confirmed(kept: false)
        case .stuck: state = .stuck
        case .other: state = .revoking(.verifying, nextSeconds: nil)
        }
        self.init(cloud: answer.head.cloud, time: answer.head.time, orderNumber: answer.orderNumber, state: state)
    }
}

extension RefundReply {
    init(_ answer: RefundAnswer) {
        let state: TillEngine.RefundState
        switch answer.state.value {
        case .accepted, nil: state = .accepted
        case .done: state = .done
        case .failed: state = .failed
        case .refused: state = .refused
        }
        self.init(
            cloud: answer.head.cloud,
            time: answer.head.time,
            state: state,
            refundNumber: answer.refundNumber,
            refunded: answer.refunded,
            reason: answer.reason
        )
    }
}
