// Part of Tillbridge. See LICENSE.

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// One demo at a time works in a folder. The demo's parent and its guard hold the lock together: where the parent was
/// killed, the guard lets go when it has ended the other processes.
final class DemoLock: Sendable {
    static let file = "demo.lock"

    let descriptor: Int32

    /// Waits for the processes of a demo whose parent is gone.
    /// - Throws: ``DemoFailure`` if another demo runs in this folder.
    static func take(_ folder: String) async throws -> DemoLock {
        let path = "\(folder)/\(file)"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw DemoFailure("\(path) cannot be written: name another folder with --data.")
        }
        let deadline = ContinuousClock.now + .seconds(10)
        while flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            guard ContinuousClock.now < deadline, !hasLivingOwner(descriptor) else {
                _ = close(descriptor)
                throw DemoFailure("A demo is running in \(folder): end it, or name another folder with --data.")
            }
            try await Task.sleep(for: .milliseconds(50))
        }
        let pid = Array("\(getpid())\n".utf8)
        _ = ftruncate(descriptor, 0)
        _ = pid.withUnsafeBytes { pwrite(descriptor, $0.baseAddress, $0.count, 0) }
        return DemoLock(descriptor)
    }

    private init(_ descriptor: Int32) { self.descriptor = descriptor }

    func release() { _ = close(descriptor) }

    /// The parent's process number stands in the file.
    private static func hasLivingOwner(_ descriptor: Int32) -> Bool {
        var text = [UInt8](repeating: 0, count: 16)
        let count = text.withUnsafeMutableBytes { pread(descriptor, $0.baseAddress, $0.count, 0) }
        guard count > 0, let pid = pid_t(String(decoding: text.prefix { $0 != 10 && $0 != 0 }, as: UTF8.self)), pid > 1
        else { return true }
        return kill(pid, 0) == 0 || errno == EPERM
    }
}
