// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine
import TillProtocol
import TillStore

/// HELLO, activation and the peer's questions.
extension CloudGateway {
    func hello(_ body: [UInt8], _ signed: SignedRequest, _ register: RegisterID) async throws -> [UInt8] {
        let message = try HelloRequest(decoding: body)
        guard case .register(_, let generation) = signed.keyID else { throw SignatureError.notAllowed }
        let snapshot = directory.snapshot
        guard let routing = snapshot.offered else {
            throw ProblemError(
                .busy,
                "This cloud holds no routing yet; publish one, or wait for the other cloud's log."
            )
        }
        let now = clock.now()
        let before = try await store.hello(
            RegisterHello(
                register: register,
                generation: generation,
                epoch: message.epoch,
                sequence: UInt64(message.sequence),
                journalIndex: message.journalIndex,
                journalHash: message.journalHash,
                version: String(decoding: message.version, as: UTF8.self),
                acknowledges: message.acknowledges,
                at: now
            )
        )
        compare(message, with: before, generation: generation, register: register)
        unknownCodes.add(message.unknown)
        let open = try await store.open(of: register).prefix(HelloAnswer.maxOpen).map { payment in
            HelloAnswer.Open(orderNumber: payment.intent.orderNumber, state: payment.paymentAnswer.name)
        }
        let answer = HelloAnswer(
            head: AnswerHead(id: message.id, cloud: cloud, time: now),
            sequence: max(message.sequence, Int64(before?.highestSequence ?? 0)),
            journalIndex: max(message.journalIndex, before?.journalIndex(generation: generation) ?? 0),
            open: Array(open),
            routing: RoutingDocument(try routing.table(for: register.store, at: now)),
            configuration: try ConfigurationDocument(snapshot.chain, isOn: snapshot.isOn(register)),
            keys: installation.keys.map { PublicKeyEntry(id: $0.id, publicKey: $0.key.publicKey) },
            authority: installation.authority,
            times: times
        )
        return answer.encode()
    }

    /// A sequence or a journal that went back: a restored disk, or a clone of a register.
    private func compare(
        _ message: HelloRequest,
        with before: RegisterStanding?,
        generation: Int,
        register: RegisterID
    ) {
        guard let before else { return }
        if UInt64(message.sequence) < before.highestSequence { signals.alarm(.sequenceWentBack, key: register) }
        if message.journalIndex < before.journalIndex(generation: generation) {
            signals.alarm(.journalWentBack, key: register)
        }
    }

    func activate(_ request: GatewayRequest, _ signed: SignedRequest) async throws -> GatewayAnswer {
        guard enrolments.take(0, at: MonotonicClock.milliseconds()) == nil else {
            throw ProblemError(.busy, "Too many activations; try again in a moment.")
        }
        let message = try ActivationRequest(decoding: request.body)
        guard let key = VerifyingKey(publicKey: message.publicKey) else { throw SignatureError.signature }
        try signed.check(key.status, verifier: ReadKey(key: key), at: clock.now())
        let (answer, proof) = try await activations.activate(message, installation: installation)
        var sealed = sealed(answer.encode(), signed)
        let value = proof.answerProof(
            requestDigest: signed.binding.contentDigest,
            answerDigest: ContentDigest.value(of: sealed.body)
        )
        sealed.headers.append((name: "Tillbridge-Proof", value: String(decoding: value, as: UTF8.self)))
        return sealed
    }

    /// How long a new entry of the log waits for others.
    private static let logGathering = Duration.milliseconds(200)

    /// The own log, for the other cloud alone.
    func peerLog(_ request: GatewayRequest, _ signed: SignedRequest, _ slot: AdmissionSlot) async throws -> [UInt8] {
        guard case .cloud(cloud.other, _) = signed.keyID else { throw SignatureError.notAllowed }
        guard let key = installation.keys.first(where: { $0.id == signed.keyID })?.key else {
            throw SignatureError.unknownKey
        }
        try signed.check(key.status, verifier: ReadKey(key: key), at: clock.now())
        guard case .only(cloud) = signed.cloud else {
            throw ProblemError(.notHome, "This request is for the other cloud.")
        }
        let message = try PeerLogRequest(decoding: request.body)
        if let version = message.routing { try await documents.peerHolds(version, peer: cloud.other) }
        let ticket = logBell.ticket(for: 0)
        defer { logBell.drop(ticket) }
        var page = try await store.log(after: message.after, limit: Int(message.limit))
        if page.entries.isEmpty, message.wait > 0 {
            slot.leave()
            let news = await logBell.wait(ticket, for: .milliseconds(message.wait))
            // One payment makes several entries within moments: they travel together, after it and not during it.
            if news != nil { try await Task.sleep(for: CloudGateway.logGathering) }
            page = try await store.log(after: message.after, limit: Int(message.limit))
        }
        return PeerLogAnswer(
            head: head(message.id),
            entries: PeerWire.entries(page, within: PeerWire.answerBytes),
            newest: page.head,
            promotedAt: page.promotedAt ?? .unknown
        ).encode()
    }
}

extension CloudPaymentAnswer {
    /// The wire's name of this state.
    var name: Named<PaymentStateName> {
        switch self {
        case .paid: .known(.paid)
        case .pending: .known(.pending)
        case .unknown: .known(.unknown)
        case .declined: .known(.declined)
        case .refused: .known(.refused)
        case .conflict: .known(.conflict)
        case .revoking: .known(.revoking)
        case .revoked: .known(.revoked)
        }
    }
}

extension ConfigurationDocument {
    /// - Parameter isOn: Whether this one register may begin payments.
    init(_ chain: ChainDocument, isOn: Bool = true) throws {
        var supervisors: [Supervisor] = []
        for supervisor in chain.supervisors {
            guard let salt = Hex.decode(supervisor.salt.utf8), let hash = Hex.decode(supervisor.hash.utf8) else {
                throw StartError("The stored supervisor \(supervisor.id) is damaged: restore the database.")
            }
            supervisors.append(Supervisor(id: Array(supervisor.id.utf8), salt: salt, hash: hash))
        }
        self.init(
            version: chain.version,
            amountLimit: Money(fen: chain.amountLimit),
            refundLimit: Money(fen: chain.refundLimit),
            supervisors: supervisors,
            isEnabled: chain.enabled && isOn
        )
    }
}
