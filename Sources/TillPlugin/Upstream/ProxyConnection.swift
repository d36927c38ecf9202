// Part of Tillbridge. See LICENSE.
import CPlatform
import TillDomain
import TillProtocol

/// One TLS connection to one proxy. It waits for nothing: the loop tells it what its socket can do.
final class ProxyConnection {
    enum State: Equatable {
        case connecting, handshaking, ready
        case failed(Failure)
    }

    enum Failure: Equatable, Sendable {
        case refused(SystemError)
        /// The certificate is not of the pinned CA, or not for a proxy.
        case untrusted
        case tls
        /// The proxy ended the connection.
        case closed
        case malformed(HTTPError)
    }

    /// Bytes that are read at a time: more than a payment's answer has.
    private static let piece = 4_096

    private(set) var state: State
    /// A byte of what ``send(_:)`` was given has left this machine.
    private(set) var hasWritten = false
    private let socket: Int32
    private let tls: TLSClient?
    private var parser = HTTPResponseParser(limits: .wire)
    private var hasPending = false
    // Kept: a buffer of this size that comes and goes has the allocator ask the system for memory at each request.
    private var arrived = [UInt8](repeating: 0, count: ProxyConnection.piece)

    init(to address: IPAddress, trust: TLSTrust) {
        var native = address.native
        socket = cp_connect(&native)
        tls = TLSClient(trust)
        if socket < 0 {
            state = .failed(.refused(SystemError(code: -socket)))
        } else {
            state = tls == nil ? .failed(.tls) : .connecting
        }
    }

    deinit {
        guard socket >= 0 else { return }
        if case .ready = state, let tls {
            tls.finish()
            _ = tls.flush { bytes, size in max(0, Int(cp_write(socket, bytes, size))) }
        }
        _ = cp_close(socket)
    }

    /// What to wait for; nil once the connection has failed.
    var interest: (socket: Int32, events: UInt16)? {
        switch state {
        case .connecting: (socket, UInt16(CP_WRITE))
        case .handshaking, .ready: (socket, UInt16(CP_READ) | (hasPending ? UInt16(CP_WRITE) : 0))
        case .failed: nil
        }
    }

    /// Queues a request. Only on a ready connection.
    func send(_ request: [UInt8]) {
        guard case .ready = state, let tls else { return }
        hasWritten = false
        guard tls.write(request) else { return fail(.tls) }
        flush()
    }

    /// Takes what the socket is ready for. Returns the answers that have become complete.
    func handle(_ events: UInt16) -> [HTTPResponse] {
        switch state {
        case .connecting:
            let result = cp_connect_result(socket)
            guard result == 0 else {
                fail(.refused(SystemError(code: -result)))
                return []
            }
            state = .handshaking
            handshake()
            return []
        case .handshaking:
            if receive() { handshake() }
            return []
        case .ready:
            if hasPending { flush() }
            guard case .ready = state, receive() else { return [] }
            return answers()
        case .failed: return []
        }
    }

    private func handshake() {
        guard let tls else { return }
        let progress = tls.handshake()
        flush()
        guard case .handshaking = state else { return }
        switch progress {
        case .waiting: break
        case .done: state = .ready
        case .untrusted: fail(.untrusted)
        case .failed: fail(.tls)
        }
    }

    /// Moves what has arrived into TLS. False when the connection has ended.
    private func receive() -> Bool {
        guard let tls else { return false }
        let result = cp_read(socket, &arrived, ProxyConnection.piece)
        if result < 0 {
            let error = SystemError(code: Int32(truncatingIfNeeded: -result))
            if error.isAgain { return true }
            fail(.closed)
            return false
        }
        guard result > 0 else {
            fail(.closed)
            return false
        }
        guard tls.feed(arrived, count: Int(result)) else {
            fail(.tls)
            return false
        }
        return true
    }

    private func answers() -> [HTTPResponse] {
        guard let tls else { return [] }
        var answers: [HTTPResponse] = []
        var ending: Failure?
        reading: while true {
            switch tls.read(limit: ProxyConnection.piece) {
            case .bytes(let bytes): parser.feed(bytes)
            case .waiting: break reading
            case .closed:
                ending = .closed
                break reading
            case .failed:
                ending = .tls
                break reading
            }
        }
        do throws(HTTPError) {
            while let answer = try parser.next() {
                answers.append(answer)
                if !answer.keepsAlive { ending = .closed }
            }
        } catch {
            ending = .malformed(error)
        }
        if let ending { fail(ending) }
        return answers
    }

    private func flush() {
        guard let tls else { return }
        var failure: SystemError?
        hasPending = tls.flush { bytes, size in
            let put = cp_write(socket, bytes, size)
            if put >= 0 {
                if put > 0 { hasWritten = true }
                return Int(put)
            }
            let error = SystemError(code: Int32(truncatingIfNeeded: -put))
            if !error.isAgain { failure = error }
            return 0
        }
        if failure != nil { fail(.closed) }
    }

    private func fail(_ failure: Failure) {
        if case .failed = state { return }
        state = .failed(failure)
    }
}
