// Part of Tillbridge. See LICENSE.
import CPlatform
import TillDomain
import TillEngine
import TillProtocol

/// The way to the clouds: one connection to one proxy, one request outstanding. Proxies are tried in order when one
/// fails; within one call only as long as no byte of it has left.
final class Upstream {
    /// Milliseconds for TCP and again for TLS.
    static let connectLimit: Int64 = 1_000

    /// How the outstanding call ended, for the lane.
    private(set) var results: [(id: UInt64, result: LaneCallResult)] = []
    /// What a HELLO answer taught: the identity to store.
    private(set) var learntIdentity: Identity?
    /// News about the way, for the log.
    private(set) var notes: [Text] = []

    private var codec: UpstreamCodec
    private let proxies: [IPAddress]
    private var trust: TLSTrust
    private var current = 0
    private var connection: ProxyConnection?
    private var connectionDeadline: Int64 = .max
    private var pending: Pending?
    private var lastNote: Text?

    private struct Pending {
        let sent: UpstreamCodec.Sent
        let sentAt: Int64
        let deadline: Int64
        var isOnTheWay = false
        var proxiesLeft: Int
    }

    /// - Parameter proxies: Empty: nothing is ever sent, nobody wakes.
    init(codec: UpstreamCodec, proxies: [IPAddress], trust: TLSTrust) {
        self.codec = codec
        self.proxies = proxies
        self.trust = trust
    }

    // MARK: - For the loop

    var interest: (socket: Int32, events: UInt16)? { connection?.interest }

    /// The monotonic moment at which ``passTime(now:)`` is due.
    var deadline: Int64 { min(connectionDeadline, pending?.deadline ?? .max) }

    func takeResults() -> [(id: UInt64, result: LaneCallResult)] {
        defer { results = [] }
        return results
    }

    func takeLearntIdentity() -> Identity? {
        defer { learntIdentity = nil }
        return learntIdentity
    }

    func takeNotes() -> [Text] {
        defer { notes = [] }
        return notes
    }

    // MARK: - Calls

    /// A call, signed, that has not been sent.
    struct Prepared {
        fileprivate let call: LaneCall
        /// Nil where the TLS library cannot sign.
        fileprivate let request: UpstreamCodec.Sent?
    }

    /// Nil without a proxy: a call stays open for ever then, without contact, and there is nothing to wake up for.
    func prepare(_ call: LaneCall) -> Prepared? {
        proxies.isEmpty ? nil : Prepared(call: call, request: codec.encode(call))
    }

    func send(_ prepared: Prepared?, now: Int64) {
        guard let prepared else { return }
        guard let request = prepared.request else {
            note("the TLS library cannot sign")
            results.append((prepared.call.id, .failed(unwritten: true)))
            return
        }
        pending = Pending(
            sent: request,
            sentAt: now,
            deadline: now + prepared.call.timeoutMilliseconds,
            proxiesLeft: proxies.count
        )
        advance(now: now)
    }

    /// Gives the outstanding call up. Its answer must not be taken for the next one's.
    func abandon() {
        guard let given = pending else { return }
        pending = nil
        if given.isOnTheWay { disconnect() }
    }

    func handle(_ events: UInt16, now: Int64) {
        guard let connection else { return }
        let before = connection.state
        for answer in connection.handle(events) { take(answer, now: now) }
        if connection.state != before {
            connectionDeadline = connection.state == .ready ? .max : now + Upstream.connectLimit
        }
        if case .failed(let failure) = connection.state, self.connection === connection {
            lost(failure, now: now)
        } else {
            advance(now: now)
        }
    }

    func passTime(now: Int64) {
        if now >= connectionDeadline, connection != nil {
            note("the proxy \(proxies[current].text) does not answer")
            nextProxy()
            failOrRetry(now: now)
        }
        guard let late = pending, now >= late.deadline else { return }
        if late.isOnTheWay { nextProxy() }
        finish(.failed(unwritten: !late.isOnTheWay))
    }

    /// Connects where needed, and sends what waits.
    private func advance(now: Int64) {
        guard var waiting = pending, !waiting.isOnTheWay else { return }
        guard let connection else {
            let fresh = ProxyConnection(to: proxies[current], trust: trust)
            self.connection = fresh
            connectionDeadline = now + Upstream.connectLimit
            if case .failed(let failure) = fresh.state { lost(failure, now: now) }
            return
        }
        switch connection.state {
        case .connecting, .handshaking, .failed: break
        case .ready:
            connection.send(waiting.sent.bytes)
            waiting.isOnTheWay = connection.hasWritten
            pending = waiting
            if case .failed(let failure) = connection.state {
                lost(failure, now: now)
            } else {
                // What waits in the queue now leaves without asking again.
                pending?.isOnTheWay = true
            }
        }
    }

    /// The connection has failed.
    private func lost(_ failure: ProxyConnection.Failure, now: Int64) {
        let isIdle = pending == nil
        if isIdle {
            // An idle connection that the proxy closes is ordinary; the next call connects again.
            disconnect()
            return
        }
        note(Upstream.text(failure, proxies[current]))
        nextProxy()
        failOrRetry(now: now)
    }

    /// A byte that has left may have arrived, whatever happened after it; only a call that is provably still here
    /// goes to another proxy.
    private func failOrRetry(now: Int64) {
        guard var waiting = pending else { return }
        guard !waiting.isOnTheWay else { return finish(.failed(unwritten: false)) }
        waiting.proxiesLeft -= 1
        pending = waiting
        guard waiting.proxiesLeft > 0 else { return finish(.failed(unwritten: true)) }
        advance(now: now)
    }

    private func take(_ answer: HTTPResponse, now: Int64) {
        guard let waiting = pending, waiting.isOnTheWay else {
            // Nobody asked: the connection is out of step.
            disconnect()
            return
        }
        let verdict = answer.headers.only(HeaderName.proxy)
        let cloudTime = waiting.sent.call.createdAt + (now - waiting.sentAt)
        do throws(UpstreamCodec.Refusal) {
            let (result, hello) = try codec.decode(answer, to: waiting.sent, now: cloudTime)
            if let hello { learn(hello) }
            lastNote = nil
            finish(result)
        } catch {
            note(Upstream.text(error, waiting.sent.call))
            if verdict != nil { nextProxy() }
            finish(.failed(unwritten: false))
        }
    }

    private func learn(_ hello: HelloAnswer) {
        let authority = codec.identity.authority
        guard codec.identity.learn(hello) else { return }
        learntIdentity = codec.identity
        guard codec.identity.authority != authority else { return }
        guard let newTrust = TLSTrust.pinned(ca: codec.identity.authority, name: "proxy.tillbridge") else {
            // A CA that cannot be read must not lock this register out.
            codec.identity.authority = authority
            learntIdentity = nil
            note("cloud \(hello.head.cloud.wireName) announced a CA that cannot be read; the old one stays")
            return
        }
        trust = newTrust
    }

    private func finish(_ result: LaneCallResult) {
        guard let done = pending else { return }
        pending = nil
        results.append((done.sent.call.id, result))
    }

    private func nextProxy() {
        disconnect()
        current = (current + 1) % proxies.count
    }

    private func disconnect() {
        connection = nil
        connectionDeadline = .max
    }

    // MARK: - Notes

    /// Says what is new once, not every second.
    private func note(_ text: Text) {
        guard text != lastNote else { return }
        lastNote = text
        notes.append(text)
    }

    private static func text(_ failure: ProxyConnection.Failure, _ proxy: IPAddress) -> Text {
        switch failure {
        case .refused(let error): "the proxy \(proxy.text) cannot be reached (\(error))"
        case .untrusted: "the proxy \(proxy.text) shows a certificate that is not of this chain's CA"
        case .tls: "the proxy \(proxy.text) does not speak our TLS"
        case .closed: "the proxy \(proxy.text) closed the connection"
        case .malformed(let error): "the proxy \(proxy.text) sent no proper HTTP (\(error.detail))"
        }
    }

    private static func text(_ refusal: UpstreamCodec.Refusal, _ call: LaneCall) -> Text {
        let who: Text = call.cloud.map { "cloud \($0.wireName)" } ?? "the proxy"
        return switch refusal {
        case .status(let status, let problem): "\(who) answered \(status) \(quoted: problem)"
        case .signature(let error): "an answer in the name of \(who) is not trusted (\(error.detail))"
        case .otherCloud: "an answer in the name of \(who) is another cloud's"
        case .otherRequest: "an answer of \(who) belongs to another request"
        case .malformed(let error): "an answer of \(who) cannot be read (\(error.detail))"
        }
    }
}
