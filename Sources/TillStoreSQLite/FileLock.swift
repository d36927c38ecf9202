// Part of Tillbridge. See LICENSE.
import Glibc
import Synchronization

/// Holds a file for the life of the process, so that two clouds never work on one database.
final class FileLock: Sendable {
    private let descriptor: Mutex<Int32>

    /// Nil if another process holds it, or it cannot be made.
    init?(path: String) {
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { return nil }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            _ = Glibc.close(file)
            return nil
        }
        descriptor = Mutex(file)
    }

    func release() {
        descriptor.withLock { file in
            if file >= 0 { _ = Glibc.close(file) }
            file = -1
        }
    }

    deinit { release() }
}
