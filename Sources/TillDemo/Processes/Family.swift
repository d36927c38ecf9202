// Part of Tillbridge. See LICENSE.
import Foundation
import Synchronization

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// All children of one stack, oldest first, and their guard.
final class Family: Sendable {
    private let guardian: ProcessGuard
    private let logs: String
    private let members = Mutex<[ChildProcess]>([])

    /// - Parameter logs: The folder for the children's logs; it exists.
    init(guardian: ProcessGuard, logs: String) {
        self.guardian = guardian
        self.logs = logs
    }

    func start(_ name: String, _ program: String, _ arguments: [String]) throws -> ChildProcess {
        let child = try ChildProcess(
            name: name,
            program: program,
            arguments: arguments,
            log: "\(logs)/\(name).log"
        )
        guardian.watch(child.pid)
        members.withLock { $0.append(child) }
        return child
    }

    /// SIGKILL, as when the power goes.
    func kill(_ child: ChildProcess) async throws {
        child.send(SIGKILL)
        _ = try await child.waitForExit()
        drop(child)
    }

    /// Waits for a child that ends when its work is done.
    func finish(_ child: ChildProcess) async throws -> ChildProcess.Exit {
        let exit = try await child.waitForExit()
        drop(child)
        return exit
    }

    /// The children that have ended by themselves.
    var fallen: [ChildProcess] { members.withLock { $0.filter { $0.exit != nil } } }

    /// Ends all, the newest first, each with SIGTERM and, where that does not help within five seconds, SIGKILL.
    func end() async {
        let children = members.withLock { $0 }
        for child in children.reversed() {
            child.send(SIGTERM)
            let deadline = ContinuousClock.now + .seconds(5)
            while child.exit == nil, ContinuousClock.now < deadline { await Family.pause() }
            child.send(SIGKILL)
            while child.exit == nil { await Family.pause() }
            drop(child)
        }
    }

    private func drop(_ child: ChildProcess) {
        guardian.forget(child.pid)
        members.withLock { $0.removeAll { $0 === child } }
    }

    /// Goes on waiting when the demo itself is being cancelled: the children must end first.
    private static func pause() async {
        if (try? await Task.sleep(for: .milliseconds(10))) == nil { usleep(10_000) }
    }
}
