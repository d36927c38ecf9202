// Part of Tillbridge. See LICENSE.
import Foundation
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// A process of the demo: its own process group, so that Ctrl-C in the terminal reaches the parent alone, which then
/// ends the others in order.
final class ChildProcess: Sendable {
    enum Exit: Equatable, Sendable, CustomStringConvertible {
        case code(Int32)
        case signal(Int32)

        var description: String {
            switch self {
            case .code(let code): "exit code \(code)"
            case .signal(let signal): "signal \(signal)"
            }
        }
    }

    let name: String
    let pid: pid_t
    /// Standard output and standard error.
    let log: String
    /// Where this process' own lines begin in the log, which is appended to over restarts.
    private let logStart: UInt64
    private let exited = Mutex<Exit?>(nil)

    /// - Throws: ``DemoFailure`` if the program cannot be started.
    init(name: String, program: String, arguments: [String], log: String) throws {
        self.name = name
        self.log = log
        let output = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard output >= 0 else { throw DemoFailure("The log \(log) cannot be written: check the folder.") }
        defer { _ = close(output) }
        logStart = UInt64(max(0, lseek(output, 0, SEEK_END)))
        pid = try Spawn.start(program, arguments, input: nil, output: output, error: output)
    }

    /// How it ended; nil while it runs.
    var exit: Exit? {
        exited.withLock { exited in
            if let exited { return exited }
            var status: Int32 = 0
            guard waitpid(pid, &status, WNOHANG) == pid else { return nil }
            exited = Spawn.exit(status)
            return exited
        }
    }

    /// Sends a signal unless the process has been collected; its number could be another's by then.
    func send(_ signal: Int32) {
        guard exit == nil else { return }
        _ = kill(pid, signal)
    }

    func waitForExit() async throws -> Exit {
        while true {
            if let exit { return exit }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// Waits for the line `ready {…}` and returns the JSON.
    /// - Throws: ``DemoFailure`` with the process' last words if it ends or takes longer than `seconds`.
    func waitUntilReady(seconds: Double = 30) async throws -> Data {
        let deadline = ContinuousClock.now + .seconds(seconds)
        while true {
            let hasEnded = exit
            if let line = lines().first(where: { $0.hasPrefix("ready {") }) {
                return Data(line.dropFirst("ready ".count).utf8)
            }
            if let hasEnded {
                throw DemoFailure("\(name) ended at its start (\(hasEnded)): \(lastWords)")
            }
            guard ContinuousClock.now < deadline else {
                throw DemoFailure("\(name) was not ready after \(Int(seconds)) s: see \(log).")
            }
            try await Task.sleep(for: .milliseconds(10))
        }
    }

    /// The last line it wrote, or where to look.
    var lastWords: String { lines().last.map(String.init) ?? "see \(log)." }

    /// The complete lines of this process so far.
    private func lines() -> [Substring] {
        guard let file = FileHandle(forReadingAtPath: log) else { return [] }
        defer { try? file.close() }
        guard (try? file.seek(toOffset: logStart)) != nil, let content = try? file.read(upToCount: 1 << 20) else {
            return []
        }
        let text = String(decoding: content, as: UTF8.self)
        guard let end = text.lastIndex(of: "\n") else { return [] }
        return text[..<end].split(separator: "\n")
    }
}
