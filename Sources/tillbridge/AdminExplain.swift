// Part of Tillbridge. See LICENSE.
import ArgumentParser
import TillCloud

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Runs a command; what stops it is told in one sentence on standard error, and the exit code is 2. Where it is not
/// known whether a cloud has carried it out, the exit code is 1.
func explaining<Result>(_ body: () async throws -> Result) async throws -> Result {
    do {
        return try await body()
    } catch let error as StartError {
        complain(error.sentence)
        throw ExitCode(2)
    } catch let error as AdminClient.UnknownOutcome {
        complain("\(error.sentence) Whether the command was carried out is not known: look before you give it again.")
        throw ExitCode(1)
    }
}

/// Writes one line to standard error.
func complain(_ sentence: String) { put(sentence, on: STDERR_FILENO) }

/// Writes one line to standard output, at once: whoever started this program may be waiting for it.
func tell(_ line: String) { put(line, on: STDOUT_FILENO) }

private func put(_ text: String, on descriptor: Int32) {
    let line = Array("\(text)\n".utf8)
    _ = line.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
}
