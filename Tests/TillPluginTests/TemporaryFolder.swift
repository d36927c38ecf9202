// Part of Tillbridge. See LICENSE.
import Foundation

/// A folder of one test, removed with it.
final class TemporaryFolder {
    let url: URL
    var path: String { url.path }
    var bytes: [UInt8] { [UInt8](url.path.utf8) }

    init() throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent("tillbridge-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func file(_ name: String) -> URL { url.appendingPathComponent(name) }

    func write(_ name: String, _ content: Data, mode: Int? = nil) throws {
        try content.write(to: file(name))
        if let mode { try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: file(name).path) }
    }

    var names: [String] { (try? FileManager.default.contentsOfDirectory(atPath: path))?.sorted() ?? [] }
}
