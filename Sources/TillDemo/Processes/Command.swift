// Part of Tillbridge. See LICENSE.
import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Runs a program to its end.
enum Command {
    /// - Returns: What it wrote to standard output. It passes through a file without a name: a one-time code may be in
    ///   it.
    /// - Throws: ``DemoFailure`` with the program's last words if it does not end with exit code 0.
    static func run(_ program: String, _ arguments: [String], input text: String = "") async throws -> String {
        let output = try namelessFile()
        defer { _ = close(output) }
        let error = try namelessFile()
        defer { _ = close(error) }
        let input = try namelessFile()
        defer { _ = close(input) }
        _ = Array(text.utf8).withUnsafeBytes { write(input, $0.baseAddress, $0.count) }
        _ = lseek(input, 0, SEEK_SET)
        let pid = try Spawn.start(program, arguments, input: input, output: output, error: error)
        var status: Int32 = 0
        while waitpid(pid, &status, WNOHANG) != pid { try? await Task.sleep(for: .milliseconds(5)) }
        let exit = Spawn.exit(status)
        guard exit == .code(0) else {
            let words = content(error).split(separator: "\n").last.map(String.init) ?? "it said nothing"
            let call = ([program.split(separator: "/").last.map(String.init) ?? program] + arguments.prefix(3))
            throw DemoFailure("'\(call.joined(separator: " "))' failed (\(exit)): \(words)")
        }
        return content(output)
    }

    private static func namelessFile() throws -> Int32 {
        let path = "\(NSTemporaryDirectory())/tillbridge-\(UUID().uuidString)"
        let descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw DemoFailure("No temporary file can be made in \(NSTemporaryDirectory()): make room there.")
        }
        _ = unlink(path)
        return descriptor
    }

    private static func content(_ descriptor: Int32) -> String {
        _ = lseek(descriptor, 0, SEEK_SET)
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes += buffer.prefix(count)
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
