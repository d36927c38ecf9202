// Part of Tillbridge. See LICENSE.
import Testing

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// The simulator holds planted bugs. Nothing that ships may link it.
@Suite struct ShippedBinariesTests {
    @Test("only tillbridge-simulate and its tests depend on the simulator")
    func dependencies() throws {
        let manifest = try #require(text(of: "Package.swift"))
        let pieces = manifest.components(separatedBy: "name: \"")
        let dependents = pieces.filter { piece in
            let body = piece.drop { $0 != "\"" }
            return body.contains("\"TillSimulator\"")
        }.map { $0.prefix { $0 != "\"" } }
        #expect(dependents == ["tillbridge-simulate", "TillSimulatorTests"])
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
