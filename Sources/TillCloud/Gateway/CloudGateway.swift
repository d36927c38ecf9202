// Part of Tillbridge. See LICENSE.
import Logging
import TillDomain
import TillEngine
import TillProtocol
import TillStore

/// The gate of a cloud: checks requests in the documented order, hands them to whom they concern, and signs whatever
/// is answered, refusals too.
final class CloudGateway: GatewayHandler {
    /// What registers are told about the installation.
    struct Installation: Sendable {
        /// The CA's certificate, PEM.
        let authority: [UInt8]
        /// `HOST:PORT`, where HOST is an IP address.
        let proxies: [[UInt8]]
        /// The signing keys of both clouds.
        let keys: [(id: KeyID, key: VerifyingKey)]
    }

    struct Limits: Sendable {
        var slots = 256
        /// One register has one request outstanding, so this is far above what an honest one needs.
        var register = RateLimiter<RegisterID>.Rate(perSecond: 500, burst: 1_000)
        var store = RateLimiter<[UInt8]>.Rate(perSecond: 2_000, burst: 4_000)
        var activations = RateLimiter<Int>.Rate(perSecond: 5, burst: 20)
    }

    let cloud: CloudName
    let times: ProtocolTimes
    let signer: CloudSigningKey
    let installation: Installation
    let directory: Directory
    let documents: DocumentDesk
    let unknownCodes: UnknownCodeCounter
    let service: PaymentService
    let store: any CloudStore
    let activations: ActivationDesk
    let status: CloudStatus
    let admission: Admission
    let metrics: Metrics
    let clock: any CloudClock
    let signals: CloudSignals
    let logger: Logger
    let logBell: ChangeBoard<Int, Bool>
    let contacts: Contacts
    private let registers: RateLimiter<RegisterID>
    private let stores: RateLimiter<[UInt8]>
    private let undos: RateLimiter<RegisterID>
    let enrolments: RateLimiter<Int>

    init(_ core: CloudCore) {
        let limits = core.limits
        cloud = core.settings.name
        times = core.settings.times
        signer = core.signer
        installation = core.installation
        directory = core.directory
        documents = core.documents
        unknownCodes = core.unknownCodes
        service = core.service
        store = core.store
        activations = core.activations
        status = core.status
        admission = core.admission
        metrics = core.metrics
        clock = core.clock
        signals = core.signals
        logger = core.logger
        logBell = core.logBell
        contacts = core.contacts
        registers = RateLimiter(limits.register)
        stores = RateLimiter(limits.store)
        undos = RateLimiter(limits.register)
        enrolments = RateLimiter(limits.activations)
    }

    func bodyLimit(method: String, path: String) -> Int? {
        switch method {
        case "GET": CloudStatus.Page(rawValue: path) == nil ? nil : 0
        case "POST": CloudGateway.endpoint(path) == nil && !isPresence(path) ? nil : HTTPLimits.wire.body
        default: nil
        }
    }

    /// The calls that a cloud answers: all but the heartbeat, which is the proxy's.
    static func endpoint(_ path: String) -> Endpoint? {
        guard let endpoint = Endpoint(path: path.utf8), endpoint != .heartbeat else { return nil }
        return endpoint
    }

    private func isPresence(_ path: String) -> Bool { path == "\(PresenceReport.path)" }

    func answer(_ request: GatewayRequest) async -> GatewayAnswer {
        if request.method == "POST", isPresence(request.path) { return presence(request.body) }
        guard request.method == "POST", let endpoint = CloudGateway.endpoint(request.path) else {
            return await status.answer(request.path)
        }
        let start = MonotonicClock.milliseconds()
        let answer = await answer(request, endpoint)
        let label = "call=\"\(endpoint.label)\""
        metrics.count("requests", "\(label),status=\"\(answer.status)\"")
        metrics.observe("answer", label, milliseconds: MonotonicClock.milliseconds() - start)
        return answer
    }

    private func answer(_ request: GatewayRequest, _ endpoint: Endpoint) async -> GatewayAnswer {
        guard let slot = AdmissionSlot(admission, endpoint.requestClass) else {
            return sealed(Problem(.busy, detail: "Nothing was stored; try again."), request)
        }
        defer { slot.leave() }
        do {
            let signed = try SignedRequest(
                method: Array(request.method.utf8),
                path: Array(request.path.utf8),
                headers: request.headers,
                body: request.body
            )
            switch endpoint {
            case .activate: return try await activate(request, signed)
            case .peerLog: return try await sealed(peerLog(request, signed, slot), signed)
            case .hello, .pay, .query, .revoke, .confirm, .refund:
                let register = try check(signed)
                try limit(register, endpoint)
                guard case .only(cloud) = signed.cloud else {
                    throw ProblemError(.notHome, "This request is for the other cloud.")
                }
                return try await dispatch(request, signed, register, slot)
            case .heartbeat: throw ProblemError(.notFound, "The proxy answers heartbeats.")
            }
        } catch let error as SignatureError {
            return sealed(Problem(error), request)
        } catch let error as ProblemError {
            return sealed(error.problem, request)
        } catch let error as MessageError {
            return sealed(Problem(error), request)
        } catch let error as StoreError {
            // No payments until the store answers again: the other cloud takes them.
            status.set(storeWorks: false)
            logger.error("store failed", metadata: ["call": "\(endpoint.label)", "error": "\(error)"])
            return sealed(Problem(.internalError, detail: "This says nothing about the payment; ask again."), request)
        } catch {
            logger.error("request failed", metadata: ["call": "\(endpoint.label)", "error": "\(error)"])
            return sealed(Problem(.internalError, detail: "This says nothing about the payment; ask again."), request)
        }
    }

    /// Key known and not revoked, signature, time.
    private func check(_ signed: SignedRequest) throws -> RegisterID {
        guard let device = directory.deviceKey(signed.keyID) else { throw SignatureError.unknownKey }
        let status = device.isRevoked ? KeyStatus.revoked : device.key.status
        try signed.check(status, verifier: ReadKey(key: device.key), at: clock.now())
        return device.register
    }

    private func limit(_ register: RegisterID, _ endpoint: Endpoint) throws {
        let now = MonotonicClock.milliseconds()
        // What gives money back has a bucket of its own, so that a flood of payments never delays it.
        if endpoint.requestClass == .revoke {
            guard undos.take(register, at: now) == nil else { throw CloudGateway.tooMany }
            return
        }
        guard registers.take(register, at: now) == nil, stores.take(register.store, at: now) == nil else {
            throw CloudGateway.tooMany
        }
    }

    private static let tooMany = ProblemError(.busy, "This register or its store sends too many requests.")

    private func dispatch(
        _ request: GatewayRequest,
        _ signed: SignedRequest,
        _ register: RegisterID,
        _ slot: AdmissionSlot
    ) async throws -> GatewayAnswer {
        switch signed.endpoint {
        case .hello: try await sealed(hello(request.body, signed, register), signed)
        case .pay: try await pay(request.body, signed, slot)
        case .query: try await query(request.body, signed, slot)
        case .revoke: try await sealed(revoke(request.body, signed, slot), signed)
        case .confirm: try await sealed(confirm(request.body, signed), signed)
        case .refund: try await sealed(refund(request.body, signed), signed)
        case .heartbeat, .activate, .peerLog: throw ProblemError(.notFound, "See /openapi.json.")
        }
    }

    /// What a proxy says about registers, unsigned like its heartbeats: the moment is this cloud's.
    private func presence(_ body: [UInt8]) -> GatewayAnswer {
        do {
            let report = try PresenceReport(decoding: body)
            contacts.note(report, at: clock.now()) { directory.snapshot.registers[$0.description] != nil }
            return .text("ok\n")
        } catch {
            return GatewayAnswer(Problem(error))
        }
    }

    // MARK: Signed answers

    func sealed(_ body: [UInt8], _ signed: SignedRequest) -> GatewayAnswer {
        seal(.json(body), binding: signed.binding)
    }

    private func sealed(_ problem: Problem, _ request: GatewayRequest) -> GatewayAnswer {
        // A request whose digest header is missing or wrong is still answered: bound to what came.
        let digest = request.headers.only(HeaderName.contentDigest) ?? ContentDigest.value(of: request.body)
        return seal(
            GatewayAnswer(problem),
            binding: RequestBinding(path: Array(request.path.utf8), contentDigest: digest)
        )
    }

    private func seal(_ answer: GatewayAnswer, binding: RequestBinding) -> GatewayAnswer {
        var answer = answer
        let headers = SignedAnswer.headers(
            status: answer.status,
            body: answer.body,
            binding: binding,
            created: clock.now(),
            keyID: signer.id,
            signer: signer
        )
        guard let headers else { return .text("", status: 500) }
        answer.add(headers)
        return answer
    }

    func head(_ id: MessageID) -> AnswerHead { AnswerHead(id: id, cloud: cloud, time: clock.now()) }
}

extension Endpoint {
    var requestClass: RequestClass {
        switch self {
        case .revoke, .confirm: .revoke
        case .query: .query
        case .pay: .pay
        case .heartbeat, .hello, .refund, .activate, .peerLog: .background
        }
    }

    var label: String {
        switch self {
        case .heartbeat: "heartbeat"
        case .hello: "hello"
        case .pay: "pay"
        case .query: "query"
        case .revoke: "revoke"
        case .confirm: "confirm"
        case .refund: "refund"
        case .activate: "activate"
        case .peerLog: "peer-log"
        }
    }
}
