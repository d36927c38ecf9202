// Part of Tillbridge. See LICENSE.
import Foundation
import Testing
import TillFuzz

/// Each parser with some thousand changed inputs, the same ones each time. The long run is `./run fuzz`.
@Suite struct FuzzTests {
    /// The repository, whose fixtures are the beginnings.
    private static let root = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent()

    /// The body of a recorded HTTP message, another file as it is.
    private static func content(_ file: URL) throws -> [UInt8] {
        let bytes = try Data(contentsOf: file)
        guard ["request", "response"].contains(file.pathExtension),
            let end = bytes.range(of: Data("\r\n\r\n".utf8))
        else { return [UInt8](bytes) }
        return [UInt8](bytes[end.upperBound...])
    }

    private static func corpus(_ target: FuzzTarget) throws -> [[UInt8]] {
        var inputs = target.seeds.map { Array($0.utf8) }
        for path in target.corpus {
            let url = root.appending(path: path)
            let names = (try? FileManager.default.contentsOfDirectory(atPath: url.path))?.sorted()
            let files = (names.map { $0.map { url.appending(path: $0) } } ?? [url]).filter {
                (try? $0.resourceValues(forKeys: [.isRegularFileKey]))?.isRegularFile == true
            }
            inputs += try files.map(content)
        }
        // What is very large is for the parsers' own tests.
        return inputs.filter { $0.count <= 1 << 14 }
    }

    @Test("no input crashes a parser or breaks what it promises", arguments: FuzzTarget.all.map(\.name))
    func fuzz(name: String) throws {
        let target = try #require(FuzzTarget.named(name))
        let corpus = try FuzzTests.corpus(target)
        #expect(!corpus.isEmpty)
        for input in corpus + [[]] { target.run(input) }
        var mutator = Mutator(seed: 1, corpus: corpus)
        for _ in 0..<4_000 { target.run(mutator.next()) }
    }
}
