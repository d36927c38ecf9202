// Part of Tillbridge. See LICENSE.
import TillDomain

/// One refund that the register asked for.
struct LaneRefund: Sendable {
    let request: RefundRequest
    let orderNumber: OrderNumber
    /// The cloud to ask: the payment's home where it is known.
    var cloud: CloudName
    var duty: CloudDuty
    var status: RefundStatus
    var token: UInt64?

    var isSettled: Bool { duty.isSettled }
    var dueAt: Int64 { duty.dueAt }
}

extension PluginLane {
    /// Settled refunds kept for repeated questions; older ones are answered by the cloud again.
    private static let refundMemory = 64

    mutating func refund(_ request: RefundRequest, token: UInt64, now: Int64) {
        if let known = refunds.first(where: { $0.request.reference == request.reference }) {
            let same = known.request.target == request.target && known.request.amount == request.amount
            effects.append(
                .answer(token: token, same ? .refund(known.status) : .refused(.refundDiffers, nil))
            )
            return
        }
        let limit = link.configuration?.refundLimit ?? .zero
        guard request.amount <= limit else {
            effects.append(.answer(token: token, .refused(.refundNotAllowed(limit: limit), nil)))
            return
        }
        guard let (number, home) = paidOrder(request.target) else {
            effects.append(.answer(token: token, .refused(.unknownSale, nil)))
            return
        }
        append(
            .refund,
            fields: [request.reference.bytes, number.bytes, Decimal.text(request.amount.fen)],
            now: now
        )
        add(request, number: number, home: home ?? .a, token: token, now: now)
    }

    mutating func add(
        _ request: RefundRequest,
        number: OrderNumber,
        home: CloudName,
        token: UInt64?,
        now: Int64
    ) {
        let status = RefundStatus(
            reference: request.reference,
            orderNumber: number,
            amount: request.amount,
            state: .requested
        )
        refunds.append(
            LaneRefund(
                request: request,
                orderNumber: number,
                cloud: home,
                duty: CloudDuty(dueAt: now),
                status: status,
                token: token
            )
        )
        if refunds.count > PluginLane.refundMemory, let oldest = refunds.firstIndex(where: { $0.isSettled }) {
            refunds.remove(at: oldest)
        }
    }

    mutating func refundStatus(_ reference: SaleReference, token: UInt64) {
        guard let known = refunds.first(where: { $0.request.reference == reference }) else {
            effects.append(.answer(token: token, .refused(.unknownRefund, nil)))
            return
        }
        effects.append(.answer(token: token, .refund(known.status)))
    }

    /// The order number behind a sale that was paid, and its home where this plug-in knows it.
    private func paidOrder(_ target: RefundRequest.Target) -> (OrderNumber, CloudName?)? {
        switch target {
        case .sale(let sale):
            let ended: EndedSale
            switch record(of: sale) {
            case .attempt(let position):
                guard attempts[position].state == .acked else { return nil }
                return (attempts[position].intent.orderNumber, attempts[position].home)
            case .ended(let record): ended = record
            case nil: return nil
            }
            guard ended.state == .acked else { return nil }
            let number = OrderNumber(
                installation: settings.installation,
                register: settings.register,
                epoch: ended.epoch,
                sequence: UInt64(ended.sequence)
            )
            return (number, ended.home)
        case .order(let number):
            let home =
                position(of: number).map { attempts[$0].home }
                ?? memory.latest(epoch: number.epoch, sequence: number.sequence)?.home
            return (number, home)
        }
    }

    mutating func finishRefund(_ request: RefundRequest, _ reply: RefundReply, now: Int64) {
        link.takeContact(now: now)
        guard let position = refunds.firstIndex(where: { $0.request.reference == request.reference }) else { return }
        refunds[position].status.state = reply.state
        refunds[position].status.refundNumber = reply.refundNumber
        refunds[position].status.refunded = reply.refunded
        refunds[position].status.reason = reply.reason
        switch reply.state {
        case .done, .failed, .refused: refunds[position].duty.settle()
        case .requested, .accepted: refunds[position].duty.backOff(now: now, times: times, random: &random)
        }
        tellRefund(at: position)
    }

    mutating func failRefund(_ request: RefundRequest, now: Int64) {
        guard let position = refunds.firstIndex(where: { $0.request.reference == request.reference }) else { return }
        refunds[position].duty.backOff(now: now, times: times, random: &random)
        refunds[position].cloud = refunds[position].cloud.other
        // The caller is not kept waiting for a cloud that may be away: it asks again by its reference.
        if refunds[position].duty.tries >= 2 { tellRefund(at: position) }
    }

    private mutating func tellRefund(at position: Int) {
        guard let token = refunds[position].token else { return }
        effects.append(.answer(token: token, .refund(refunds[position].status)))
        refunds[position].token = nil
    }
}
