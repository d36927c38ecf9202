// Part of Tillbridge. See LICENSE.

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

// Inside the class these names would mean its own members.
private func makePipe(_ ends: inout [Int32]) -> Int32 { pipe(&ends) }
private func closeDescriptor(_ descriptor: Int32) -> Int32 { close(descriptor) }

/// A small process that outlives the demo's parent by a moment. It learns over a pipe which children run; when the
/// pipe closes, because the parent ended however it ended, it ends them.
///
/// The kernel's own means, a parent-death signal, is bound to the thread that made the child, and threads of a pool
/// come and go.
package final class ProcessGuard: Sendable {
    /// The hidden subcommand's name.
    package static let command = "demo-guard"

    private let pipe: Int32
    private let pid: pid_t

    /// - Parameter lock: Held by the guard too, until the last of its charges has ended.
    init(executable: String, lock: DemoLock? = nil) throws {
        var ends: [Int32] = [0, 0]
        guard makePipe(&ends) == 0 else { throw DemoFailure("No pipe can be made: too many files are open.") }
        // No other process is started before this one, so none can inherit the ends in between.
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        defer { _ = closeDescriptor(ends[0]) }
        pipe = ends[1]
        pid = try Spawn.start(
            executable,
            [ProcessGuard.command],
            input: ends[0],
            output: 1,
            error: 2,
            more: lock?.descriptor
        )
    }

    func watch(_ pid: pid_t) { tell("+\(pid)\n") }
    func forget(_ pid: pid_t) { tell("-\(pid)\n") }

    /// Lets the guard end; it ends what is still being watched.
    func close() async {
        _ = closeDescriptor(pipe)
        var status: Int32 = 0
        while waitpid(pid, &status, WNOHANG) == 0 { try? await Task.sleep(for: .milliseconds(10)) }
    }

    private func tell(_ line: String) {
        let bytes = Array(line.utf8)
        _ = bytes.withUnsafeBytes { write(pipe, $0.baseAddress, $0.count) }
    }

    /// The guard's own life: reads standard input to its end, then ends what it was told of.
    package static func main() {
        signal(SIGINT, SIG_IGN)
        signal(SIGTERM, SIG_IGN)
        signal(SIGHUP, SIG_IGN)
        var watched: [pid_t] = []
        while let line = readLine() {
            guard let pid = pid_t(line.dropFirst()), pid > 1 else { continue }
            if line.hasPrefix("+") { watched.append(pid) } else { watched.removeAll { $0 == pid } }
        }
        for pid in watched { _ = kill(pid, SIGTERM) }
        for _ in 0..<30 where watched.contains(where: { kill($0, 0) == 0 }) { usleep(100_000) }
        for pid in watched { _ = kill(pid, SIGKILL) }
    }
}
