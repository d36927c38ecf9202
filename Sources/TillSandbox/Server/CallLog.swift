// Part of Tillbridge. See LICENSE.
import Foundation
import Synchronization

/// One call to a wallet, for measuring: how long the wallet had it. No payment code, no key, no signature.
package struct CallRecord: Codable, Equatable, Sendable {
    /// Milliseconds since 1970, when the request had been read.
    package let at: Int64
    package let wallet: SandboxWallet
    /// Nil for a call refused before it was understood.
    package let operation: SandboxOperation?
    package let merchantOrderNumber: String?
    /// From the request read to the answer written, by the monotonic clock. Nil: never answered.
    package let microseconds: Int64?
    /// The wallet's result code.
    package let outcome: String
    package let fault: FaultKind?
}

/// The last calls in memory, all calls as lines of JSON in a file.
package final class CallLog: Sendable {
    private struct State {
        var records: [CallRecord] = []
        var file: FileHandle?
    }

    private static let remembered = 20_000
    private let state: Mutex<State>

    /// - Parameter path: The file to append to; nil for none.
    package init(path: String?) throws(SandboxError) {
        var state = State()
        if let path {
            let descriptor = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw SandboxError("\(path) cannot be written.") }
            state.file = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
        }
        self.state = Mutex(state)
    }

    package func append(_ record: CallRecord) {
        let line = (try? JSONText.encode(record)).map { Data(($0 + "\n").utf8) }
        state.withLock { state in
            state.records.append(record)
            if state.records.count > 2 * CallLog.remembered { state.records.removeFirst(CallLog.remembered) }
            // A log that cannot be written must not stop a payment.
            if let line { try? state.file?.write(contentsOf: line) }
        }
    }

    /// Oldest first, the last `limit` of those asked for.
    package func records(number: String?, limit: Int) -> [CallRecord] {
        state.withLock { state in
            Array(state.records.filter { number == nil || $0.merchantOrderNumber == number }.suffix(limit))
        }
    }
}
