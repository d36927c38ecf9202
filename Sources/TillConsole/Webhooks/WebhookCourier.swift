// Part of Tillbridge. See LICENSE.
import AsyncHTTPClient
import NIOCore
import NIOHTTP1

/// Carries a few messages to one address at once.
struct WebhookCourier: Sendable {
    struct Parcel: Sendable {
        let url: String
        let headers: [(String, String)]
        let body: String
    }

    /// What became of a try: the status that came, or why none did.
    struct Answer: Equatable, Sendable {
        enum Failure: String, CaseIterable, Sendable {
            case notAnAddress = "not-an-address"
            case notSecret = "not-secret"
            case inside, unresolved, timeout, unreachable
        }

        var status: Int?
        var failure: Failure?
        var milliseconds: Int64 = 0

        var isTaken: Bool { status.map { (200..<300).contains($0) } ?? false }
    }

    /// In the order of the parcels.
    /// - Throws: `CancellationError` alone: whether they arrived is not known then.
    typealias Deliver = @Sendable ([Parcel]) async throws -> [Answer]

    private static let patience = TimeAmount.seconds(10)
    private static let connecting = TimeAmount.seconds(5)

    var resolve = InternetAddress.system
    let mayCallInside: Bool

    /// All to the same address.
    func deliver(_ parcels: [Parcel]) async throws -> [Answer] {
        guard let url = parcels.first?.url else { return [] }
        let (address, machine): (WebhookAddress, InternetAddress)
        do {
            address = try WebhookAddress(url)
            machine = try await address.machine(resolve, mayCallInside: mayCallInside)
        } catch {
            return parcels.map { _ in Answer(failure: WebhookCourier.failure(error)) }
        }
        var configuration = HTTPClient.Configuration()
        configuration.redirectConfiguration = .disallow
        configuration.dnsOverride = [address.host: machine.text]
        configuration.timeout.connect = WebhookCourier.connecting
        configuration.connectionPool.retryConnectionEstablishment = false
        configuration.httpVersion = .http1Only
        let http = HTTPClient(eventLoopGroupProvider: .singleton, configuration: configuration)
        let answers = await withTaskGroup(of: (Int, Answer).self) { tasks in
            for (place, parcel) in parcels.enumerated() {
                tasks.addTask { (place, await WebhookCourier.send(parcel, http)) }
            }
            var answers = parcels.map { _ in Answer() }
            for await (place, answer) in tasks { answers[place] = answer }
            return answers
        }
        try await http.shutdown()
        try Task.checkCancellation()
        return answers
    }

    private static func failure(_ error: any Error) -> Answer.Failure {
        switch error as? WebhookAddress.Refusal {
        case .notSecret: .notSecret
        case .inside: .inside
        case .unresolved: .unresolved
        case .notAnAddress, nil: .notAnAddress
        }
    }

    private static func send(_ parcel: Parcel, _ http: HTTPClient) async -> Answer {
        var request = HTTPClientRequest(url: parcel.url)
        request.method = .POST
        request.headers.add(name: "content-type", value: "application/json")
        request.headers.add(name: "user-agent", value: "Tillbridge-Webhooks/1")
        for (name, value) in parcel.headers { request.headers.add(name: name, value: value) }
        request.body = .bytes(ByteBuffer(string: parcel.body))
        let start = ContinuousClock.now
        var answer = Answer()
        do {
            // What the answer says beside its status is not read: however long it is, nobody waits for it.
            answer.status = Int(try await http.execute(request, timeout: patience).status.code)
        } catch let error as HTTPClientError where error == .deadlineExceeded || error == .connectTimeout {
            answer.failure = .timeout
        } catch {
            answer.failure = .unreachable
        }
        answer.milliseconds = Int64((ContinuousClock.now - start) / .milliseconds(1))
        return answer
    }
}
