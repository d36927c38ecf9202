// Part of Tillbridge. See LICENSE.

/// A parser of foreign bytes, and what must hold whatever the bytes are. What does not hold ends the process.
package struct FuzzTarget: Sendable {
    package let name: String
    /// Folders and files of the repository whose contents are good beginnings. A folder's files are one each; of a
    /// recorded HTTP message (`.request`, `.response`) it is the body. What was found once is always among them.
    package let corpus: [String]
    /// Beginnings that no file holds.
    package let seeds: [String]
    package let run: @Sendable ([UInt8]) -> Void

    init(
        _ name: String,
        corpus: [String] = [],
        seeds: [String] = [],
        _ run: @escaping @Sendable ([UInt8]) -> Void
    ) {
        self.name = name
        self.corpus = corpus + ["Tests/TillFuzzTests/Findings/\(name)"]
        self.seeds = seeds
        self.run = run
    }

    package static let all: [FuzzTarget] = wallets + answers + wire + register + plugin + proxy + cloud + sandbox

    package static func named(_ name: String) -> FuzzTarget? { all.first { $0.name == name } }
}

/// Says why, and ends the process.
func require(_ holds: @autoclosure () -> Bool, _ promise: StaticString) {
    guard !holds() else { return }
    fatalError("\(promise)")
}
