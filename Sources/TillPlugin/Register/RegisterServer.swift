// Part of Tillbridge. See LICENSE.
import CPlatform
import TillDomain
import TillEngine
import TillProtocol

/// The native interface on loopback: takes connections, lets the register's own software in, and hands its calls to
/// the lane under tokens.
final class RegisterServer {
    static let connectionLimit = 24

    enum Event {
        case call(RegisterCall, token: UInt64)
        case written(token: UInt64)
    }

    let port: UInt16
    private let listener: Int32
    private let gate: RegisterGate
    private let identity: Identity
    private var connections: [RegisterConnection] = []
    private var lastToken: UInt64 = 0
    private var events: [Event] = []

    /// Listens. A port that another program holds ends the start: what answers there could pass for the plug-in.
    init(listen address: IPAddress, token: [UInt8]?, identity: Identity) throws(StartError) {
        var native = address.native
        var bound: UInt16 = 0
        let result = cp_listen(&native, &bound)
        guard result >= 0 else {
            let error = SystemError(code: -result)
            if error.isAddressInUse {
                throw StartError(
                    "Another program listens on \(address.text); stop it, or set 'listen' to another port."
                )
            }
            throw StartError("The plug-in cannot listen on \(address.text) (\(error)); check 'listen'.")
        }
        listener = result
        port = bound
        self.identity = identity
        gate = RegisterGate(token: token, address: address.host, port: bound)
    }

    deinit { _ = cp_close(listener) }

    // MARK: - For the loop

    func takeEvents() -> [Event] {
        defer { events = [] }
        return events
    }

    /// What to wait for; ``handle(_:now:)`` takes the same list back.
    func addInterests(to entries: inout [cp_poll_entry]) {
        entries.append(cp_poll_entry(fd: listener, wanted: UInt16(CP_READ), happened: 0))
        for connection in connections {
            let interest = connection.interest
            entries.append(cp_poll_entry(fd: interest.socket, wanted: interest.events, happened: 0))
        }
    }

    var deadline: Int64 { connections.reduce(.max) { min($0, $1.deadline) } }

    /// - Parameter entries: Those that ``addInterests(to:)`` added, in their order.
    func handle(_ entries: ArraySlice<cp_poll_entry>, now: Int64) {
        let known = connections
        for (position, connection) in known.enumerated() {
            let happened = entries[entries.startIndex + 1 + position].happened
            if happened != 0 { handle(connection, happened, now: now) }
        }
        if entries[entries.startIndex].happened != 0 { accept(now: now) }
        connections.removeAll { $0.phase == .closed }
    }

    func passTime(now: Int64) { connections.removeAll { $0.deadline <= now } }

    // MARK: - Answers

    func answer(token: UInt64, _ answer: RegisterAnswer, now: Int64) {
        guard let connection = connections.first(where: { $0.phase == .waiting(token: token) }) else {
            // The register has gone; it will ask for the sale's state.
            return
        }
        switch answer {
        case .sale(let sale), .released(let sale):
            connection.answer(
                status: 200,
                type: MediaType.json,
                body: RegisterMessages.encode(sale),
                token: token,
                now: now
            )
        case .refund(let refund):
            connection.answer(
                status: 200,
                type: MediaType.json,
                body: RegisterMessages.encode(refund),
                token: token,
                now: now
            )
        case .status(let status):
            connection.answer(
                status: 200,
                type: MediaType.json,
                body: RegisterMessages.encode(status, identity: identity),
                token: token,
                now: now
            )
        case .refused(let refusal, let payment):
            refuse(connection, RegisterProblem(refusal), payment: payment, now: now)
        }
        flush(connection, now: now)
    }

    private func refuse(
        _ connection: RegisterConnection,
        _ problem: RegisterProblem,
        payment: SaleAnswer? = nil,
        closes: Bool = false,
        now: Int64
    ) {
        var headers = HTTPHeaders()
        if problem.status == 401 { headers.add("www-authenticate", "Bearer") }
        connection.answer(
            status: problem.status,
            type: MediaType.problem,
            headers: headers,
            body: problem.encode(payment: payment),
            token: nil,
            closes: closes,
            now: now
        )
    }

    // MARK: - Connections

    private func accept(now: Int64) {
        while true {
            let socket = cp_accept(listener)
            guard socket >= 0 else { return }
            if connections.count >= RegisterServer.connectionLimit {
                // The connection that has been idle the longest makes room; where none is, the new one has to come
                // again.
                var oldest: Int?
                for (position, connection) in connections.enumerated() where connection.isIdle {
                    if let best = oldest, connections[best].deadline <= connection.deadline { continue }
                    oldest = position
                }
                guard let oldest else {
                    _ = cp_close(socket)
                    continue
                }
                connections.remove(at: oldest)
            }
            connections.append(RegisterConnection(socket: socket, now: now))
        }
    }

    private func handle(_ connection: RegisterConnection, _ happened: UInt16, now: Int64) {
        switch connection.phase {
        case .reading:
            do throws(HTTPError) {
                if let request = try connection.receive(now: now) { take(request, from: connection, now: now) }
            } catch {
                reject(error, connection, now: now)
            }
        case .writing: flush(connection, now: now)
        // Both directions are gone: nobody waits for this answer any more.
        case .waiting: if happened & UInt16(CP_HANGUP) != 0 { connection.close() }
        case .closed: break
        }
    }

    private func reject(_ error: HTTPError, _ connection: RegisterConnection, now: Int64) {
        refuse(connection, RegisterProblem(error), closes: true, now: now)
        flush(connection, now: now)
    }

    private func take(_ request: HTTPRequest, from connection: RegisterConnection, now: Int64) {
        do throws(RegisterProblem) {
            try gate.check(request)
            let call = try RegisterRequest.call(request)
            lastToken += 1
            connection.wait(token: lastToken)
            events.append(.call(call, token: lastToken))
        } catch {
            refuse(connection, error, now: now)
            flush(connection, now: now)
        }
    }

    private func flush(_ connection: RegisterConnection, now: Int64) {
        guard case .done(let token) = connection.flush(now: now) else { return }
        if let token { events.append(.written(token: token)) }
        do throws(HTTPError) {
            if let request = try connection.next() { take(request, from: connection, now: now) }
        } catch {
            reject(error, connection, now: now)
        }
    }
}
