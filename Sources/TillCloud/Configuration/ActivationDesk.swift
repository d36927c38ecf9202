// Part of Tillbridge. See LICENSE.
import TillDomain
import TillProtocol
import TillStore

/// Enrols registers with their one-time codes. Only the cloud at which the configuration is at home does.
struct ActivationDesk: Sendable {
    /// How long the same key may repeat its activation, because the answer was lost.
    private static let repetition: Int64 = 600_000

    let cloud: CloudName
    let configurationHome: CloudName
    let times: ProtocolTimes
    let store: any CloudStore
    let directory: Directory
    let clock: any CloudClock
    let signals: CloudSignals
    let changes: DocumentDesk

    /// - Returns: The answer, and the proof that binds it to the request.
    /// - Throws: ``ProblemError``; whatever is wrong with a code, the refusal is the same.
    func activate(
        _ message: ActivationRequest,
        installation: CloudGateway.Installation
    ) async throws -> (ActivationAnswer, ActivationProof) {
        guard cloud == configurationHome else {
            throw ProblemError(.notHome, "Registers are enrolled at the other cloud.")
        }
        let code = String(decoding: message.code, as: UTF8.self)
        // A change that lost against another one is judged again on what is there now.
        for _ in 0..<4 {
            guard let activation = try await store.activation(code), !activation.key.isEmpty else { throw refused }
            let proof = ActivationProof(key: activation.key)
            if let generation = repeated(activation, message, proof) {
                return (try answer(message, activation.register, generation, installation), proof)
            }
            let now = clock.now()
            guard activation.usedAt == nil, now < activation.expiresAt, activation.wrongTriesLeft > 0 else {
                throw refused
            }
            guard proof.accepts(requestProof: message.proof, publicKey: message.publicKey) else {
                if try await store.wrongActivationTry(code) == 0 {
                    signals.alarm(.activationBlocked, key: activation.register)
                }
                throw refused
            }
            if let generation = try await use(activation, message, at: now) {
                return (try answer(message, activation.register, generation, installation), proof)
            }
        }
        throw ProblemError(.busy, "The register's entry is being changed; try again.")
    }

    /// The generation, if this key has used this code a moment ago.
    private func repeated(_ activation: Activation, _ message: ActivationRequest, _ proof: ActivationProof) -> Int? {
        guard let usedAt = activation.usedAt, activation.usedBy == message.publicKey,
            clock.now() - usedAt <= ActivationDesk.repetition,
            proof.accepts(requestProof: message.proof, publicKey: message.publicKey)
        else { return nil }
        return activation.generation
    }

    /// - Returns: The new key's generation, or nil if the register's document has changed meanwhile.
    private func use(_ activation: Activation, _ message: ActivationRequest, at now: Timestamp) async throws -> Int? {
        let id = activation.register.description
        guard let stored = try await store.document(.register, key: id) else { throw refused }
        var register = try DocumentCoder.decode(RegisterDocument.self, from: Array(stored.body.utf8))
        guard register.revokedAt == nil else { throw refused }
        let generation = (register.keys.last?.generation ?? 0) + 1
        // A register has one device: the key before belongs to one that is gone.
        for index in register.keys.indices where register.keys[index].revokedAt == nil {
            register.keys[index].revokedAt = now.milliseconds
        }
        register.keys.append(
            RegisterDocument.Key(
                generation: generation,
                publicKey: String(decoding: Base64.encode(message.publicKey), as: UTF8.self),
                activatedAt: now.milliseconds
            )
        )
        register.acknowledges = message.acknowledges
        let change = DocumentChange(
            kind: .register,
            key: id,
            body: try DocumentCoder.text(register),
            from: stored.version
        )
        let result = try await store.useActivation(
            activation.code,
            publicKey: message.publicKey,
            generation: generation,
            change: change,
            at: now
        )
        guard result == .stored else { return nil }
        try changes.applied([change])
        return generation
    }

    private func answer(
        _ message: ActivationRequest,
        _ register: RegisterID,
        _ generation: Int,
        _ installation: CloudGateway.Installation
    ) throws -> ActivationAnswer {
        let snapshot = directory.snapshot
        let store = String(decoding: register.store, as: UTF8.self)
        let clouds = CloudName.allCases.map { name in
            ActivationAnswer.Cloud(
                name: name,
                keys: installation.keys.compactMap { id, key in
                    guard case .cloud(name, _) = id else { return nil }
                    return PublicKeyEntry(id: id, publicKey: key.publicKey)
                }
            )
        }
        return ActivationAnswer(
            id: message.id,
            register: register,
            generation: generation,
            installation: snapshot.installation,
            storeCode: register.store,
            storeName: Array((snapshot.stores[store]?.name ?? "").utf8),
            clouds: clouds,
            authority: installation.authority,
            proxies: installation.proxies,
            times: times,
            time: clock.now()
        )
    }

    private var refused: ProblemError {
        ProblemError(.activationRefused, "The code is wrong, used, expired or blocked; ask for a new one.")
    }
}
