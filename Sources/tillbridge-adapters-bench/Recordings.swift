// Part of Tillbridge. See LICENSE.
import FoundationEssentials
import TillWallets

/// Recorded HTTP messages of the wallets, and keys made for tests.
struct Recordings {
    let folder: String

    /// One HTTP message: head, empty line, body.
    struct Message: Equatable {
        let firstLine: String
        let headers: [OutboundRequest.Header]
        let body: [UInt8]
    }

    func bytes(_ name: String) throws -> [UInt8] {
        do {
            return [UInt8](try Data(contentsOf: URL(filePath: "\(folder)/\(name)")))
        } catch {
            throw BenchFailure("\(folder)/\(name) cannot be read")
        }
    }

    func text(_ name: String) throws -> String { String(decoding: try bytes(name), as: UTF8.self) }

    func message(_ name: String) throws -> Message {
        let bytes = try bytes(name)
        guard let end = bytes.indices.first(where: { bytes[$0...].starts(with: [13, 10, 13, 10]) }) else {
            throw BenchFailure("\(folder)/\(name) is no HTTP message")
        }
        let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n")
        return Message(
            firstLine: String(lines[0]),
            headers: lines.dropFirst().map { line in
                let parts = line.split(separator: ": ", maxSplits: 1)
                return OutboundRequest.Header(name: String(parts[0]), value: String(parts[1]))
            },
            body: [UInt8](bytes[(end + 4)...])
        )
    }
}
