// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine
import TillProtocol

/// The lane's calls as signed requests, and answers, once they have passed every check, as the lane's results.
struct UpstreamCodec {
    /// A request that waits for its answer.
    struct Sent {
        let call: LaneCall
        let id: MessageID
        let bytes: [UInt8]
        /// Nil for the heartbeat, which nobody signs.
        let binding: RequestBinding?
    }

    /// Why an answer is no answer.
    enum Refusal: Error, Equatable {
        case status(Int, problem: [UInt8])
        case signature(SignatureError)
        case otherCloud
        case otherRequest
        case malformed(MessageError)
    }

    static let host = ("proxy.tillbridge" as StaticString).bytes

    var identity: Identity
    let key: SigningKey
    let acknowledges: Bool

    // MARK: - Requests

    /// Nil if the TLS library cannot sign.
    func encode(_ call: LaneCall) -> Sent? {
        let id = MessageID(Random.bits(), Random.bits())
        guard let cloud = call.cloud else {
            var headers = HTTPHeaders()
            headers.add(HeaderName.contentType, MediaType.json)
            let bytes = HTTPSerializer.request(
                method: "POST",
                target: Endpoint.heartbeat.wireBytes,
                host: UpstreamCodec.host,
                headers: headers,
                body: body(call, id)
            )
            return Sent(call: call, id: id, bytes: bytes, binding: nil)
        }
        let request = OutgoingRequest(
            endpoint(call),
            host: UpstreamCodec.host,
            cloud: .only(cloud),
            body: body(call, id),
            created: call.createdAt,
            keyID: identity.keyID,
            signer: key
        )
        return request.map { Sent(call: call, id: id, bytes: $0.bytes, binding: $0.binding) }
    }

    private func endpoint(_ call: LaneCall) -> Endpoint {
        switch call.kind {
        case .heartbeat: .heartbeat
        case .hello: .hello
        case .pay: .pay
        case .query: .query
        case .revoke: .revoke
        case .confirm: .confirm
        case .refund: .refund
        }
    }

    private func body(_ call: LaneCall, _ id: MessageID) -> [UInt8] {
        switch call.kind {
        case .heartbeat(let light):
            return HeartbeatRequest(register: identity.register, lane: UpstreamCodec.status(light)).encode()
        case .hello(let facts):
            return HelloRequest(
                id: id,
                epoch: facts.epoch,
                sequence: Int64(facts.sequence),
                journalIndex: Int64(facts.journalIndex),
                journalHash: facts.journalHash,
                version: PluginCommand.version.bytes,
                acknowledges: acknowledges,
                open: [OrderNumber](facts.open.prefix(HelloRequest.maxOpen)),
                unknown: facts.unknown
            ).encode()
        case .refund(let request, let number):
            guard let reference = RefundReference(request.reference.bytes) else {
                preconditionFailure("a sale reference is a refund reference")
            }
            return TillProtocol.RefundRequest(
                id: id,
                orderNumber: number,
                reference: reference,
                amount: request.amount,
                reason: request.reason,
                operatorName: request.operatorName
            ).encode()
        case .pay, .query, .revoke, .confirm:
            guard let intent = call.intent, let home = call.home else {
                preconditionFailure("a call about a payment names it")
            }
            return body(call, id, intent, home)
        }
    }

    private func body(_ call: LaneCall, _ id: MessageID, _ intent: Intent, _ home: CloudName) -> [UInt8] {
        switch call.kind {
        case .pay(let facts):
            PayRequest(
                id: id,
                intent: intent,
                home: home,
                send: Int64(facts.send),
                code: facts.code,
                operatorName: facts.operatorName,
                items: facts.items,
                wait: call.waitMilliseconds
            ).fitted().encode()
        case .query:
            QueryRequest(id: id, intent: intent, home: home, wait: call.waitMilliseconds).encode()
        case .revoke(let reason):
            RevokeRequest(
                id: id,
                intent: intent,
                home: home,
                reason: .known(reason),
                wait: call.waitMilliseconds
            ).encode()
        case .confirm(let implicit, let journalIndex):
            ConfirmRequest(
                id: id,
                intent: intent,
                home: home,
                isImplicit: implicit,
                journalIndex: Int64(journalIndex)
            ).encode()
        case .heartbeat, .hello, .refund: []
        }
    }

    private static func status(_ light: LaneLight) -> TillProtocol.LaneStatus {
        switch light {
        case .free: .free
        case .waiting: .waiting
        case .unacknowledged: .unacknowledged
        // A red lane takes no payment either; the word is for the proxy's figures alone.
        case .revoking, .red: .revoking
        }
    }

    // MARK: - Answers

    /// What an answer says, after all checks. A HELLO answer is handed over whole, for what else it teaches.
    ///
    /// - Parameter now: Cloud time, as far as it is known.
    func decode(
        _ answer: HTTPResponse,
        to sent: Sent,
        now: Timestamp
    ) throws(Refusal) -> (result: LaneCallResult, hello: HelloAnswer?) {
        guard let binding = sent.binding else { return (try heartbeat(answer), nil) }
        guard answer.status == 200 else { throw UpstreamCodec.problem(answer) }
        do throws(SignatureError) {
            let signed = try SignedAnswer(
                status: answer.status,
                headers: answer.headers,
                body: answer.body,
                binding: binding
            )
            try signed.check(identity.status(of: signed.keyID), verifier: P256Verifier(), at: now)
            if signed.cloud != sent.call.cloud { throw .notAllowed }
        } catch {
            throw .signature(error)
        }
        return try read(answer, to: sent)
    }

    /// What an answer says whose signature is the cloud's.
    func read(_ answer: HTTPResponse, to sent: Sent) throws(Refusal) -> (result: LaneCallResult, hello: HelloAnswer?) {
        switch sent.call.kind {
        case .heartbeat: return (try heartbeat(answer), nil)
        case .hello:
            let message = try UpstreamCodec.message(HelloAnswer.self, answer)
            try UpstreamCodec.check(message.head, nil, sent)
            return (.hello(HelloReply(message)), message)
        case .pay, .query:
            let message = try UpstreamCodec.message(PaymentAnswer.self, answer)
            // The lane itself judges an answer about another number: it is a reason to stop, not only no answer.
            try UpstreamCodec.check(message.head, nil, sent)
            return (.payment(PaymentReply(message)), nil)
        case .revoke:
            let message = try UpstreamCodec.message(UndoAnswer.self, answer)
            try UpstreamCodec.check(message.head, message.orderNumber, sent)
            return (.undo(UndoReply(message)), nil)
        case .confirm:
            let message = try UpstreamCodec.message(ConfirmAnswer.self, answer)
            try UpstreamCodec.check(message.head, message.orderNumber, sent)
            let reply: CloudConfirmAnswer =
                switch message.state {
                case .known(.confirmed): .confirmed
                case .known(.revoked): .revoked
                // A word that is not known yet promises nothing: it is asked for again.
                case .known(.revoking), .other: .revoking
                }
            return (.confirm(reply, time: message.head.time), nil)
        case .refund(let request, let number):
            let message = try UpstreamCodec.message(RefundAnswer.self, answer)
            try UpstreamCodec.check(message.head, nil, sent)
            guard message.orderNumber == number, message.reference.bytes == request.reference.bytes else {
                throw .otherRequest
            }
            return (.refund(RefundReply(message)), nil)
        }
    }

    private func heartbeat(_ answer: HTTPResponse) throws(Refusal) -> LaneCallResult {
        guard answer.status == 200 else { throw UpstreamCodec.problem(answer) }
        return .heartbeat(HeartbeatReply(try UpstreamCodec.message(HeartbeatAnswer.self, answer)))
    }

    private static func message<Message: WireMessage>(
        _ type: Message.Type,
        _ answer: HTTPResponse
    ) throws(Refusal) -> Message {
        do throws(MessageError) {
            return try Message(decoding: answer.body)
        } catch {
            throw .malformed(error)
        }
    }

    private static func check(_ head: AnswerHead, _ number: OrderNumber?, _ sent: Sent) throws(Refusal) {
        guard head.cloud == sent.call.cloud else { throw .otherCloud }
        guard head.id == sent.id else { throw .otherRequest }
        if let number, number != sent.call.intent?.orderNumber { throw .otherRequest }
    }

    private static func problem(_ answer: HTTPResponse) -> Refusal {
        do throws(MessageError) {
            return .status(answer.status, problem: try Problem(decoding: answer.body).type.bytes)
        } catch {
            return .status(answer.status, problem: [])
        }
    }
}
