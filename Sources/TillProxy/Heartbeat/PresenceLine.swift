// Part of Tillbridge. See LICENSE.
import NIOCore
import TillDomain
import TillEngine
import TillProtocol

/// Tells one cloud which registers an event loop has heard. Over a connection of its own, opened for each report, so
/// that it never stands before a payment. A report that fails is not repeated: the next one comes soon.
final class PresenceLine: UpstreamOwner {
    private let eventLoop: any EventLoop
    private let connector: CloudConnector
    private let timeout: Int64
    /// Requests that have not been sent yet, the next one last.
    private var waiting: [ByteBuffer] = []
    private var connection: UpstreamConnection?

    /// - Parameter timeout: Milliseconds that a connection may take.
    init(eventLoop: any EventLoop, connector: CloudConnector, timeout: Int64) {
        self.eventLoop = eventLoop
        self.connector = connector
        self.timeout = timeout
    }

    func report(_ registers: [RegisterID]) {
        // One that still waits for the cloud gives way.
        stop()
        waiting = stride(from: 0, to: registers.count, by: PresenceReport.limit).map { start in
            request(PresenceReport(registers: Array(registers[start...].prefix(PresenceReport.limit))))
        }
        if !waiting.isEmpty { connector.open(on: eventLoop, within: timeout, for: self) }
    }

    func stop() {
        waiting = []
        connection?.abandon()
        connection = nil
    }

    private func request(_ report: PresenceReport) -> ByteBuffer {
        let body = report.encode()
        var buffer = ByteBuffer()
        buffer.writeString(
            "POST \(PresenceReport.path) HTTP/1.1\r\nHost: \(connector.address.dnsName)\r\n"
                + "Content-Type: application/json\r\nContent-Length: \(body.count)\r\n\r\n"
        )
        buffer.writeBytes(body)
        return buffer
    }

    private func sendNext(on connection: UpstreamConnection) {
        let job = UpstreamJob(number: 0, slot: nil, requestClass: .rest, permit: .ordinary)
        guard let next = waiting.popLast(), connection.send(next, for: job) else {
            stop()
            return
        }
    }

    func connectionReady(_ connection: UpstreamConnection) {
        guard self.connection == nil, !waiting.isEmpty else {
            connection.abandon()
            return
        }
        self.connection = connection
        sendNext(on: connection)
    }

    func connectionFailed(_ connection: UpstreamConnection) {
        if self.connection == nil { stop() }
    }

    func connection(
        _ connection: UpstreamConnection,
        answered job: UpstreamJob,
        with head: AnswerHead,
        _ bytes: ByteBuffer
    ) {
        guard self.connection === connection else { return }
        if head.status == 200 { sendNext(on: connection) } else { stop() }
    }

    func connectionLost(_ connection: UpstreamConnection, during job: UpstreamJob?) {
        if self.connection === connection { stop() }
    }
}
