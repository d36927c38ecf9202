// Part of Tillbridge. See LICENSE.
import Foundation
import Testing
import TillWallets

/// A recorded HTTP message: head, empty line, body.
struct Fixture {
    let firstLine: String
    let headers: [OutboundRequest.Header]
    let body: [UInt8]

    init(_ name: String) throws {
        let bytes = try Fixture.file(name)
        let separator: [UInt8] = [13, 10, 13, 10]
        let end = try #require((0..<bytes.count).first { bytes[$0...].starts(with: separator) })
        let lines = String(decoding: bytes[..<end], as: UTF8.self).split(separator: "\r\n")
        firstLine = String(try #require(lines.first))
        headers = lines.dropFirst().map { line in
            let parts = line.split(separator: ": ", maxSplits: 1)
            return OutboundRequest.Header(name: String(parts[0]), value: String(parts[1]))
        }
        body = [UInt8](bytes[(end + 4)...])
    }

    static func response(_ name: String) throws -> InboundResponse {
        let fixture = try Fixture(name + ".response")
        let status = try #require(fixture.firstLine.split(separator: " ").dropFirst().first.flatMap { Int($0) })
        return InboundResponse(status: status, body: fixture.body, receivedAt: Sample.now)
    }

    static func text(_ name: String) throws -> String { String(decoding: try file(name), as: UTF8.self) }

    static func file(_ name: String) throws -> [UInt8] {
        let path = Bundle.module.resourcePath.map { $0 + "/Fixtures/" + name }
        return [UInt8](try Data(contentsOf: URL(filePath: try #require(path))))
    }
}
