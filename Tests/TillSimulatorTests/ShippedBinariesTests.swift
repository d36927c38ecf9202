// Part of Tillbridge. See LICENSE.
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The simulator holds planted bugs, and the second statement of the tables is for it and for tests. Nothing that ships
/// may link them.
@Suite struct ShippedBinariesTests {
    @Test(
        "only tillbridge-simulate and tests depend on the simulator, and only these on the second statement",
        arguments: [
            ("TillSimulator", ["tillbridge-simulate", "TillSimulatorTests"]),
            ("TillReference", ["TillSimulator", "TillEngineTests"]),
        ]
    )
    func dependencies(target: String, expected: [String]) throws {
        let manifest = try #require(text(of: "Package.swift"))
        let pieces = manifest.components(separatedBy: "name: \"")
        let dependents = pieces.filter { piece in
            let body = piece.drop { $0 != "\"" }
            return body.contains("\"\(target)\"")
        }.map { String($0.prefix { $0 != "\"" }) }
        #expect(dependents == expected)
    }

    private func text(of file: String) -> String? {
        let root = #filePath.components(separatedBy: "/Tests/").first ?? ""
        guard let stream = fopen("\(root)/\(file)", "r") else { return nil }
        defer { fclose(stream) }
        var bytes: [UInt8] = []
        var block = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = fread(&block, 1, block.count, stream)
            guard count > 0 else { break }
            bytes += block[..<count]
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension String {
    fileprivate func components(separatedBy separator: String) -> [String] {
        var parts: [String] = []
        var rest = self[...]
        while let range = rest.firstRange(of: separator) {
            parts.append(String(rest[..<range.lowerBound]))
            rest = rest[range.upperBound...]
        }
        parts.append(String(rest))
        return parts
    }
}
