// Part of Tillbridge. See LICENSE.
import NIOCore
import TillDomain
import TillEngine

/// Asks one cloud for its health, over a connection of its own. Lives on the monitor's event loop.
final class HealthProbe: UpstreamOwner {
    private let eventLoop: any EventLoop
    private let connector: CloudConnector
    private let timeout: Int64
    private let request: ByteBuffer
    /// The report and the moment in monotonic milliseconds that its time stands for; nil for a failed check.
    private let verdict: ((report: CloudReport, readAt: Int64)?) -> Void
    private var connection: UpstreamConnection?
    private var isChecking = false
    private var check: UInt64 = 0
    private var sentAt: Int64 = 0
    private var timer: Scheduled<Void>?
    private var isStopped = false

    init(
        eventLoop: any EventLoop,
        connector: CloudConnector,
        timeout: Int64,
        verdict: @escaping ((report: CloudReport, readAt: Int64)?) -> Void
    ) {
        self.eventLoop = eventLoop
        self.connector = connector
        self.timeout = timeout
        self.verdict = verdict
        request = ByteBuffer(
            string: "GET /healthz HTTP/1.1\r\nHost: \(connector.address.dnsName)\r\nAccept: application/json\r\n\r\n"
        )
    }

    /// Begins a check unless one is under way.
    func begin() {
        guard !isChecking, !isStopped else { return }
        isChecking = true
        check += 1
        let number = check
        timer = eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(timeout)) {
            if self.isChecking, self.check == number { self.fail() }
        }
        if let connection, connection.isReusable {
            send(on: connection)
        } else {
            connection = nil
            connector.open(on: eventLoop, within: timeout, for: self)
        }
    }

    func stop() {
        isStopped = true
        timer?.cancel()
        connection?.abandon()
        connection = nil
    }

    private func send(on connection: UpstreamConnection) {
        sentAt = eventLoop.milliseconds
        let job = UpstreamJob(number: check, slot: nil, requestClass: .rest, permit: .ordinary)
        if !connection.send(request, for: job) { fail() }
    }

    private func fail() {
        connection?.abandon()
        connection = nil
        finish(nil)
    }

    private func finish(_ result: (report: CloudReport, readAt: Int64)?) {
        guard isChecking else { return }
        isChecking = false
        timer?.cancel()
        timer = nil
        if !isStopped { verdict(result) }
    }

    func connectionReady(_ connection: UpstreamConnection) {
        guard isChecking, self.connection == nil, !isStopped else {
            connection.abandon()
            return
        }
        self.connection = connection
        send(on: connection)
    }

    func connectionFailed(_ connection: UpstreamConnection) {
        if self.connection == nil { fail() }
    }

    func connection(
        _ connection: UpstreamConnection,
        answered job: UpstreamJob,
        with head: AnswerHead,
        _ bytes: ByteBuffer
    ) {
        guard job.number == check else { return }
        var body = bytes
        body.moveReaderIndex(forwardBy: head.headLength)
        guard head.status == 200, let report = try? CloudReport(json: body) else {
            finish(nil)
            return
        }
        // The cloud read its clock somewhere between our question and now: the middle halves the error.
        finish((report, (sentAt + eventLoop.milliseconds) / 2))
    }

    func connectionLost(_ connection: UpstreamConnection, during job: UpstreamJob?) {
        guard self.connection === connection else { return }
        self.connection = nil
        if job != nil {
            finish(nil)
        } else {
            // A cloud that closes an idle connection may be gone: ask at once instead of at the next interval.
            begin()
        }
    }
}
