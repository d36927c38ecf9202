// Part of Tillbridge. See LICENSE.
import AsyncHTTPClient
import Crypto
import Foundation
import NIOCore
import NIOHTTP1
import TillDomain
import TillProtocol

@testable import TillCloud

/// The device key of a register.
struct Device: Sendable {
    let key = P256.Signing.PrivateKey()

    var publicKey: [UInt8] { [UInt8](key.publicKey.x963Representation) }

    struct Hand: Signer {
        let key: P256.Signing.PrivateKey

        func sign(_ message: [UInt8]) -> [UInt8]? {
            (try? key.signature(for: message).rawRepresentation).map { [UInt8]($0) }
        }
    }

    func request(_ code: OneTimeCode) -> ActivationRequest {
        ActivationRequest(
            id: .fresh(),
            code: code.publicPart,
            publicKey: publicKey,
            proof: ActivationProof(code).requestProof(publicKey: publicKey),
            version: Array("test".utf8),
            acknowledges: true
        )
    }

    /// Enrols this key.
    func activate(
        at url: String,
        code: OneTimeCode,
        clock: any CloudClock
    ) async throws -> (RegisterID, generation: Int) {
        let raw = try await post(url: url, .activate, body: request(code).encode(), clock: clock)
        guard raw.status == 200,
            ActivationProof(code).acceptsAnswer(
                headers: raw.headers,
                body: raw.body,
                requestDigest: raw.binding.contentDigest
            )
        else { throw RigError.badAnswer }
        let answer = try ActivationAnswer(decoding: raw.body)
        return (answer.register, answer.generation)
    }

    func post(url: String, _ endpoint: Endpoint, body: [UInt8], clock: any CloudClock) async throws -> RawAnswer {
        let sealed = SignedRequest.headers(
            endpoint,
            cloud: .any,
            body: body,
            created: clock.now(),
            keyID: .activation,
            signer: Hand(key: key)
        )
        guard let (headers, binding) = sealed else { throw RigError.signing }
        return try await RawAnswer.post(url: url, path: endpoint.wireBytes, headers: headers, body: body, binding)
    }
}

extension MessageID {
    static func fresh() -> MessageID { MessageID(.random(in: .min ... .max), .random(in: .min ... .max)) }
}

/// An HTTP answer, not judged yet.
struct RawAnswer: Sendable {
    let status: Int
    let headers: TillProtocol.HTTPHeaders
    let body: [UInt8]
    let binding: RequestBinding

    static func post(
        url: String,
        path: [UInt8],
        headers: TillProtocol.HTTPHeaders,
        body: [UInt8],
        _ binding: RequestBinding
    ) async throws -> RawAnswer {
        var request = HTTPClientRequest(url: url + String(decoding: path, as: UTF8.self))
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        for field in headers.fields {
            request.headers.add(
                name: String(decoding: field.name, as: UTF8.self),
                value: String(decoding: field.value, as: UTF8.self)
            )
        }
        request.body = .bytes(ByteBuffer(bytes: body))
        let response = try await HTTPClient.shared.execute(request, timeout: .seconds(30))
        var fields = TillProtocol.HTTPHeaders()
        for header in response.headers { fields.add(header.name.utf8, header.value.utf8) }
        return RawAnswer(
            status: Int(response.status.code),
            headers: fields,
            body: Array(buffer: try await response.body.collect(upTo: 4 << 20)),
            binding: binding
        )
    }

    static func get(_ url: String, _ client: HTTPClient = .shared) async throws -> RawAnswer {
        let response = try await client.execute(HTTPClientRequest(url: url), timeout: .seconds(30))
        return RawAnswer(
            status: Int(response.status.code),
            headers: TillProtocol.HTTPHeaders(),
            body: Array(buffer: try await response.body.collect(upTo: 4 << 20)),
            binding: RequestBinding(path: [], contentDigest: [])
        )
    }

    /// The type of the problem document, or nil.
    var problem: ProblemType? {
        guard status != 200 else { return nil }
        return (try? Problem(decoding: body))?.type.value
    }
}

/// A register that speaks to one cloud without a proxy.
struct RegisterClient: Sendable {
    let rig: CloudRig
    let device: Device
    let register: RegisterID
    var generation: Int

    var keyID: KeyID { .register(register, generation: generation) }

    func intent(sequence: UInt64 = 1, amount: Int64 = 1280) -> Intent {
        Sample.intent(sequence: sequence, at: rig.clock.now(), amount: amount, register: register.description)
    }

    /// Signs and sends.
    func send(
        _ endpoint: Endpoint,
        _ body: [UInt8],
        cloud: CloudSelector? = nil,
        created: Timestamp? = nil
    ) async throws -> RawAnswer {
        let sealed = SignedRequest.headers(
            endpoint,
            cloud: cloud ?? .only(rig.core.settings.name),
            body: body,
            created: created ?? rig.clock.now(),
            keyID: keyID,
            signer: Device.Hand(key: device.key)
        )
        guard let (headers, binding) = sealed else { throw RigError.signing }
        return try await RawAnswer.post(url: rig.url, path: binding.path, headers: headers, body: body, binding)
    }

    /// Whether an answer carries the cloud's signature over this request.
    func isSigned(_ answer: RawAnswer) throws -> Bool {
        let signed = try SignedAnswer(
            status: answer.status,
            headers: answer.headers,
            body: answer.body,
            binding: answer.binding
        )
        guard let key = VerifyingKey(publicKey: rig.core.signer.publicKey), signed.keyID == rig.core.signer.id else {
            return false
        }
        try signed.check(key.status, verifier: ReadKey(key: key), at: rig.clock.now())
        return true
    }

    func payBody(
        _ intent: Intent,
        home: CloudName = .a,
        wait: Int64 = 2_500,
        code: String = Sample.code,
        items: [BasketItem] = []
    ) throws -> [UInt8] {
        guard let code = PaymentCode(scanned: code.utf8) else { throw RigError.badAnswer }
        return PayRequest(
            id: .fresh(),
            intent: intent,
            home: home,
            send: 1,
            code: code,
            operatorName: [],
            items: items,
            wait: wait
        ).encode()
    }

    func pay(_ intent: Intent, home: CloudName = .a, wait: Int64 = 2_500) async throws -> PaymentAnswer {
        let answer = try await send(.pay, payBody(intent, home: home, wait: wait))
        guard answer.status == 200, try isSigned(answer) else { throw RigError.badAnswer }
        return try PaymentAnswer(decoding: answer.body)
    }

    func query(_ intent: Intent, home: CloudName = .a, wait: Int64 = 0) async throws -> PaymentAnswer {
        let answer = try await send(.query, QueryRequest(id: .fresh(), intent: intent, home: home, wait: wait).encode())
        guard answer.status == 200, try isSigned(answer) else { throw RigError.badAnswer }
        return try PaymentAnswer(decoding: answer.body)
    }

    func revoke(
        _ intent: Intent,
        home: CloudName = .a,
        reason: RevokeReason = .timeout,
        wait: Int64 = 2_500
    ) async throws -> UndoAnswer {
        let body = RevokeRequest(id: .fresh(), intent: intent, home: home, reason: .known(reason), wait: wait).encode()
        let answer = try await send(.revoke, body)
        guard answer.status == 200, try isSigned(answer) else { throw RigError.badAnswer }
        return try UndoAnswer(decoding: answer.body)
    }

    /// Asks as a plug-in does, until the undo is final.
    func revokeToTheEnd(_ intent: Intent, home: CloudName = .a) async throws -> UndoState {
        while true {
            let state = try await revoke(intent, home: home).state
            switch state {
            case .revoking, .duty: continue
            default: return state
            }
        }
    }

    func confirm(_ intent: Intent, home: CloudName = .a) async throws -> ConfirmAnswer {
        let body = ConfirmRequest(id: .fresh(), intent: intent, home: home, isImplicit: false, journalIndex: 7).encode()
        let answer = try await send(.confirm, body)
        guard answer.status == 200, try isSigned(answer) else { throw RigError.badAnswer }
        return try ConfirmAnswer(decoding: answer.body)
    }

    func helloBody(sequence: Int64 = 0, journalIndex: Int64 = 1, unknown: [UnknownCodes.Row] = []) -> [UInt8] {
        HelloRequest(
            id: .fresh(),
            epoch: 1,
            sequence: sequence,
            journalIndex: journalIndex,
            journalHash: [UInt8](repeating: 7, count: 16),
            version: Array("test".utf8),
            acknowledges: true,
            open: [],
            unknown: unknown
        ).encode()
    }

    func hello(sequence: Int64 = 0, journalIndex: Int64 = 1) async throws -> HelloAnswer {
        let answer = try await send(.hello, helloBody(sequence: sequence, journalIndex: journalIndex))
        guard answer.status == 200, try isSigned(answer) else { throw RigError.badAnswer }
        return try HelloAnswer(decoding: answer.body)
    }
}
