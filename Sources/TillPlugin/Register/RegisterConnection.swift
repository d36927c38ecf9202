// Part of Tillbridge. See LICENSE.
import CPlatform
import TillDomain
import TillProtocol

/// One connection of the register's software: one request at a time, which may wait long for its answer.
final class RegisterConnection {
    /// Milliseconds without a byte, inside a request or an answer.
    private static let stallLimit: Int64 = 10_000
    /// Milliseconds between requests.
    private static let idleLimit: Int64 = 75_000

    enum Phase: Equatable {
        case reading
        /// A whole request is with the lane, under this token.
        case waiting(token: UInt64)
        case writing(token: UInt64?)
        case closed
    }

    private(set) var phase = Phase.reading
    private(set) var deadline: Int64
    private let socket: Int32
    private var parser = HTTPRequestParser(limits: RegisterRequest.limits)
    private var out: [UInt8] = []
    private var written = 0
    private var closesAfterWriting = false
    /// The request that is being answered wants the connection to stay.
    private var keepsAlive = true

    init(socket: Int32, now: Int64) {
        self.socket = socket
        deadline = now + RegisterConnection.stallLimit
    }

    deinit { _ = cp_close(socket) }

    var isIdle: Bool { phase == .reading && !parser.isInsideMessage }

    var interest: (socket: Int32, events: UInt16) {
        switch phase {
        case .reading: (socket, UInt16(CP_READ))
        case .writing: (socket, UInt16(CP_WRITE))
        // Nothing is read while a request waits: a second one behind it has to wait as well.
        case .waiting, .closed: (socket, 0)
        }
    }

    func close() { phase = .closed }

    // MARK: - Reading

    /// Reads what has come. Returns the next whole request.
    func receive(now: Int64) throws(HTTPError) -> HTTPRequest? {
        guard phase == .reading else { return nil }
        var result: Int64 = 0
        let bytes = Bytes.filled(capacity: 4_096) { buffer, capacity in
            result = cp_read(socket, buffer, capacity)
            return Int(result)
        }
        if result < 0, SystemError(code: Int32(truncatingIfNeeded: -result)).isAgain { return nil }
        guard result > 0 else {
            close()
            return nil
        }
        // From the first byte of a request on it has a fixed time; sending slowly does not extend it.
        if !parser.isInsideMessage { deadline = now + RegisterConnection.stallLimit }
        parser.feed(bytes)
        return try next()
    }

    /// A request that has arrived behind the one just answered.
    func next() throws(HTTPError) -> HTTPRequest? {
        guard phase == .reading, let request = try parser.next() else { return nil }
        keepsAlive = request.keepsAlive
        return request
    }

    func wait(token: UInt64) {
        phase = .waiting(token: token)
        deadline = .max
    }

    // MARK: - Writing

    /// Sends an answer. ``flush(now:)`` reports the token once the answer has left completely.
    func answer(
        status: Int,
        type: StaticString,
        headers extra: HTTPHeaders = HTTPHeaders(),
        body: [UInt8],
        token: UInt64?,
        closes: Bool = false,
        now: Int64
    ) {
        var headers = extra
        headers.add(HeaderName.contentType, type)
        headers.add("cache-control", "no-store")
        closesAfterWriting = closes || !keepsAlive
        out = HTTPSerializer.response(status: status, headers: headers, body: body, closes: closesAfterWriting)
        written = 0
        phase = .writing(token: token)
        deadline = now + RegisterConnection.stallLimit
    }

    enum Written: Equatable {
        case notYet
        /// The whole answer is with the system. The token is told only while the register still listens.
        case done(token: UInt64?)
    }

    func flush(now: Int64) -> Written {
        guard case .writing(let token) = phase else { return .notYet }
        while written < out.count {
            let put = out.withUnsafeBufferPointer { buffer in
                buffer.baseAddress.map { cp_write(socket, $0 + written, out.count - written) } ?? 0
            }
            if put < 0 {
                if !SystemError(code: Int32(truncatingIfNeeded: -put)).isAgain { close() }
                return .notYet
            }
            written += Int(put)
        }
        out = []
        let heard = cp_peer_has_closed(socket) == 0
        if closesAfterWriting {
            close()
        } else {
            phase = .reading
            deadline = now + (parser.isInsideMessage ? RegisterConnection.stallLimit : RegisterConnection.idleLimit)
        }
        return .done(token: heard ? token : nil)
    }
}
