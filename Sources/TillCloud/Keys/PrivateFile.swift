// Part of Tillbridge. See LICENSE.

// `struct stat` is declared in two modules here once Foundation is in the program; this one carries its members.
import CoreFoundation
import Glibc

/// Files that only their owner may read. Written once, never overwritten.
package enum PrivateFile {
    /// Keys and certificates are small; a larger file is not one of ours.
    private static let sizeLimit = 1 << 20

    /// The content of a file that holds a secret.
    /// - Throws: ``StartError`` if it is missing, or if group or others may read or write it.
    package static func read(_ path: String) throws(StartError) -> [UInt8] {
        try read(path, secret: true)
    }

    /// The content of a file that holds no secret, such as a certificate.
    package static func readPublic(_ path: String) throws(StartError) -> [UInt8] {
        try read(path, secret: false)
    }

    private static func read(_ path: String, secret: Bool) throws(StartError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw errno == ENOENT
                ? StartError("The file \(path) is missing: make the keys with 'tillbridge admin keys --data DIR'.")
                : StartError("The file \(path) cannot be read (\(lastError())): check its owner and permissions.")
        }
        defer { _ = close(descriptor) }
        // The permissions of the opened file, not of the path: nothing can be swapped in between.
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw StartError("\(path) is not a regular file: put the key file there.")
        }
        if secret, status.st_mode & 0o077 != 0 {
            let mode = String(status.st_mode & 0o777, radix: 8)
            throw StartError("The key file \(path) is open to others (mode 0\(mode)): run 'chmod 600 \(path)'.")
        }
        guard status.st_size <= sizeLimit else {
            throw StartError("\(path) is too large for a key file: put the right file there.")
        }
        var content = [UInt8](repeating: 0, count: Int(status.st_size))
        var filled = 0
        while filled < content.count {
            let count = content.withUnsafeMutableBytes { buffer in
                Glibc.read(descriptor, buffer.baseAddress?.advanced(by: filled), buffer.count - filled)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw StartError("The file \(path) cannot be read to its end: restore it.") }
            filled += count
        }
        return content
    }

    /// Writes a new file of mode 0600 and makes it durable.
    /// - Throws: ``StartError`` if a file of that name exists; it stays as it is.
    package static func create(_ path: String, content: some Collection<UInt8>) throws(StartError) {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw errno == EEXIST
                ? StartError("The file \(path) exists already and is never overwritten: choose another folder.")
                : StartError("The file \(path) cannot be written (\(lastError())): check the folder.")
        }
        defer { _ = close(descriptor) }
        let bytes = [UInt8](content)
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                write(descriptor, buffer.baseAddress?.advanced(by: written), buffer.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else {
                let reason = lastError()
                _ = unlink(path)
                throw StartError("The file \(path) cannot be written (\(reason)): make room and try again.")
            }
            written += count
        }
        guard fsync(descriptor) == 0 else {
            throw StartError("The file \(path) cannot be made durable (\(lastError())): check the disk.")
        }
    }

    /// Makes a folder for secrets, mode 0700, with its parents. An existing folder stays as it is.
    package static func createFolder(_ path: String) throws(StartError) {
        var prefix = path.first == "/" ? "/" : ""
        for part in path.split(separator: "/") {
            prefix += prefix.isEmpty || prefix == "/" ? String(part) : "/" + part
            guard mkdir(prefix, 0o700) == 0 || errno == EEXIST else {
                throw StartError("The folder \(prefix) cannot be made (\(lastError())): check its parent.")
            }
        }
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw StartError("\(path) is not a folder: name one.")
        }
    }

    package static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Makes the names in a folder durable.
    package static func syncFolder(_ path: String) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        _ = fsync(descriptor)
        _ = close(descriptor)
    }

    private static func lastError() -> String { String(cString: strerror(errno)) }
}
