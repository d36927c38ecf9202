// Part of Tillbridge. See LICENSE.
import Foundation

/// Files that only their owner may read.
package enum PrivateFile {
    /// Replaces a file as a whole, with mode 0600.
    package static func write(_ text: String, to path: String) throws(SandboxError) {
        let temporary = path + ".new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw SandboxError("\(path) cannot be written: \(reason()).") }
        defer { close(descriptor) }
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let written = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
            guard written > 0 else { throw SandboxError("\(path) cannot be written: \(reason()).") }
            rest = rest.dropFirst(written)
        }
        // The mode of a file that was there before is not changed by open.
        guard fchmod(descriptor, 0o600) == 0, fsync(descriptor) == 0, rename(temporary, path) == 0 else {
            throw SandboxError("\(path) cannot be written: \(reason()).")
        }
    }

    /// Reads a file, and refuses one that others may read.
    package static func read(_ path: String) throws(SandboxError) -> String {
        var status = stat()
        guard stat(path, &status) == 0 else { throw SandboxError("\(path) cannot be read: \(reason()).") }
        guard status.st_mode & 0o077 == 0 else {
            throw SandboxError("\(path) holds keys and others may read it: run chmod 600 \(path).")
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw SandboxError("\(path) cannot be read.")
        }
        return String(decoding: data, as: UTF8.self)
    }

    /// Makes a folder that only its owner may enter, unless it exists.
    package static func makeFolder(_ path: String) throws(SandboxError) {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) {
            guard isFolder.boolValue else { throw SandboxError("\(path) is not a folder: name another one.") }
            guard access(path, W_OK | X_OK) == 0 else { throw SandboxError("The folder \(path) is not writable.") }
            return
        }
        do {
            try FileManager.default.createDirectory(
                atPath: path,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw SandboxError("The folder \(path) cannot be made: name another one.")
        }
    }

    private static func reason() -> String { String(cString: strerror(errno)) }
}
