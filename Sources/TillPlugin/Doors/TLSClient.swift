// Part of Tillbridge. See LICENSE.
import CTLS
import TillDomain

/// Whom a TLS client believes, and its last session.
final class TLSTrust {
    fileprivate let handle: OpaquePointer

    private init(_ handle: OpaquePointer) { self.handle = handle }
    deinit { ctls_trust_free(handle) }

    /// Believes servers whose certificate chains to `ca` (PEM) and carries `name`. Nil where `ca` holds no certificate.
    static func pinned(ca: [UInt8], name: StaticString) -> TLSTrust? {
        guard !ca.isEmpty else { return nil }
        return Bytes.withCString(name.bytes) { ctls_trust_new(ca, ca.count, $0) }.map(TLSTrust.init)
    }

    /// Believes anybody: for activation alone, whose answer is proved by other means.
    static func unchecked(name: StaticString) -> TLSTrust? {
        Bytes.withCString(name.bytes) { ctls_trust_new(nil, 0, $0) }.map(TLSTrust.init)
    }
}

/// A TLS 1.2 client between two queues of bytes; the socket is somebody else's.
final class TLSClient {
    enum Progress: Equatable, Sendable {
        case waiting, done, failed
        /// The server's certificate is not of the pinned CA or not for the expected name.
        case untrusted
    }

    enum Reading: Equatable, Sendable {
        case bytes([UInt8])
        case waiting, closed, failed
    }

    private let trust: TLSTrust
    private let handle: OpaquePointer

    init?(_ trust: TLSTrust) {
        guard let handle = ctls_client_new(trust.handle) else { return nil }
        self.trust = trust
        self.handle = handle
    }

    deinit { ctls_client_free(handle) }

    /// The first `count` bytes came from the server. False when they exceed the queue.
    func feed(_ bytes: [UInt8], count: Int) -> Bool { ctls_client_feed(handle, bytes, count) == 0 }

    /// Hands the bytes that wait for the server to `send`, which returns how many it took, 0 for none.
    /// Returns whether anything still waits.
    func flush<Failure>(
        _ send: (UnsafePointer<UInt8>, Int) throws(Failure) -> Int
    ) throws(Failure) -> Bool {
        while true {
            var size = 0
            guard let bytes = ctls_client_pending(handle, &size), size > 0 else { return false }
            let sent = try send(bytes, size)
            if sent == 0 { return true }
            ctls_client_sent(handle, sent)
        }
    }

    func handshake() -> Progress {
        switch ctls_client_handshake(handle) {
        case 1: .done
        case CTLS_WAIT: .waiting
        case CTLS_UNTRUSTED: .untrusted
        default: .failed
        }
    }

    /// Queues bytes for the server. False when the session is broken.
    func write(_ bytes: [UInt8]) -> Bool { ctls_client_write(handle, bytes, bytes.count) == bytes.count }

    /// At most `limit` bytes of what the server has sent.
    func read(limit: Int) -> Reading {
        var result: Int64 = 0
        let bytes = Bytes.filled(capacity: limit) { buffer, capacity in
            result = ctls_client_read(handle, buffer, capacity)
            return Int(result)
        }
        if result > 0 { return .bytes(bytes) }
        switch result {
        case Int64(CTLS_WAIT): return .waiting
        case Int64(CTLS_CLOSED): return .closed
        default: return .failed
        }
    }

    /// Whether this connection took up the last session instead of a full handshake.
    var resumed: Bool { ctls_client_resumed(handle) == 1 }

    /// Queues the closing alert.
    func finish() { ctls_client_finish(handle) }
}
