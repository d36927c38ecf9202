// Part of Tillbridge. See LICENSE.
import Glibc
import NIOCore
import NIOPosix
import Synchronization
import TillDomain

/// One line of JSON per forwarded request, written by a thread of its own: a slow disk must not hold up a payment.
/// No body, no header and no payment code gets here; heartbeats are only counted.
final class AccessLog: Sendable {
    /// Lines beyond this many bytes that wait for the disk are dropped, and counted.
    private static let maximumPending = 4 << 20

    private let descriptor: CInt
    private let ownsDescriptor: Bool
    private let pool = NIOThreadPool(numberOfThreads: 1)
    private let pending = Atomic<Int>(0)
    private let droppedPages = Atomic<UInt64>(0)

    init?(_ target: ProxySettings.AccessLogTarget) throws(SettingError) {
        switch target {
        case .off:
            return nil
        case .standardError:
            descriptor = STDERR_FILENO
            ownsDescriptor = false
        case .file(let path):
            descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0o640)
            ownsDescriptor = true
            guard descriptor >= 0 else {
                throw SettingError("--access-log names \"\(path)\", which cannot be opened for writing.")
            }
        }
        pool.start()
    }

    /// Pages of lines that were lost because the disk was too slow.
    var dropped: UInt64 { droppedPages.load(ordering: .relaxed) }

    /// Writes what was handed over before, then ends. Nothing may be written afterwards.
    func close() async {
        try? await pool.shutdownGracefully()
        if ownsDescriptor { _ = Glibc.close(descriptor) }
    }

    private func append(_ page: ByteBuffer) {
        let size = page.readableBytes
        guard pending.load(ordering: .relaxed) + size <= Self.maximumPending else {
            droppedPages.add(1, ordering: .relaxed)
            return
        }
        pending.add(size, ordering: .relaxed)
        pool.submit { [self] _ in
            // Also when the pool is about to end: the last lines are the ones somebody will look for.
            writeAll(page)
            pending.subtract(size, ordering: .relaxed)
        }
    }

    private func writeAll(_ page: ByteBuffer) {
        page.withUnsafeReadableBytes { bytes in
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = Glibc.write(descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count)
                if count < 0, errno == EINTR { continue }
                // A full disk loses log lines, not payments.
                if count <= 0 { return }
                rest = rest.dropFirst(count)
            }
        }
    }

    /// The lines of one event loop that were not handed over yet.
    final class Page {
        private static let size = 32 * 1024
        private let log: AccessLog
        private var lines = ByteBuffer()

        init(_ log: AccessLog) { self.log = log }

        func write(
            _ exchange: Exchange,
            _ outcome: RequestOutcome,
            status: Int,
            answerBytes: Int,
            address: SocketAddress?,
            now: Int64
        ) {
            var wall = timespec()
            clock_gettime(CLOCK_REALTIME, &wall)
            lines.writeStaticString("{\"time\":")
            writeNumber(Int64(wall.tv_sec) * 1_000 + Int64(wall.tv_nsec) / 1_000_000)
            lines.writeStaticString(",\"call\":\"")
            // The name of a call is lower-case letters and hyphens: the framing has seen to that.
            let start = exchange.request.readerIndex + exchange.head.name.lowerBound
            if let name = exchange.request.viewBytes(at: start, length: exchange.head.name.count) {
                lines.writeBytes(name)
            }
            lines.writeStaticString("\",\"cloud\":\"")
            lines.writeStaticString(exchange.cloud.letter)
            lines.writeStaticString("\",\"outcome\":\"")
            lines.writeStaticString(outcome.label)
            lines.writeStaticString("\",\"status\":")
            writeNumber(Int64(status))
            lines.writeStaticString(",\"from\":\"")
            lines.writeString(address?.ipAddress ?? "")
            lines.writeStaticString("\",\"requestBytes\":")
            writeNumber(Int64(exchange.request.readableBytes))
            lines.writeStaticString(",\"answerBytes\":")
            writeNumber(Int64(answerBytes))
            lines.writeStaticString(",\"microseconds\":")
            writeNumber(now - exchange.beganAt)
            if exchange.sentAt > 0 {
                lines.writeStaticString(",\"cloudMicroseconds\":")
                writeNumber(now - exchange.sentAt)
            }
            lines.writeStaticString("}\n")
            if lines.readableBytes >= Self.size { flush() }
        }

        func flush() {
            guard lines.readableBytes > 0 else { return }
            log.append(lines)
            lines = ByteBuffer()
        }

        private func writeNumber(_ value: Int64) { lines.writeBytes(Decimal.text(value)) }
    }
}
