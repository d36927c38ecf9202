// Part of Tillbridge. See LICENSE.
import Foundation

/// The folder of a demo. It is marked, so that a demo never takes over a folder of something else or of another
/// version.
enum DemoFolder {
    /// Rises when a folder of an older version can no longer be used.
    private static let version = 1

    private struct Mark: Codable {
        var version: Int
        var ports: StackPorts
        var registers: [String]
    }

    static func make(_ path: String) throws {
        do {
            try FileManager.default.createDirectory(
                atPath: path,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw DemoFailure("The folder \(path) cannot be made: name one that this user may write.")
        }
    }

    /// The ports and registers of the demo in this folder; nil where none was made yet.
    static func read(_ path: String) throws -> (ports: StackPorts, registers: [String])? {
        let files = FileManager.default
        guard let content = files.contents(atPath: mark(path)) else {
            var isFolder: ObjCBool = false
            if files.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue {
                throw DemoFailure("\(path) is a file, not a folder: name another with --data.")
            }
            let inside = (try? files.contentsOfDirectory(atPath: path)) ?? []
            guard inside.allSatisfy({ $0 == DemoLock.file }) else {
                throw DemoFailure("The folder \(path) holds something else than a demo: name another with --data.")
            }
            return nil
        }
        guard let mark = try? JSONDecoder().decode(Mark.self, from: content) else {
            throw DemoFailure("\(mark(path)) is not readable: move the folder away, or name another with --data.")
        }
        guard mark.version == version else {
            throw DemoFailure(
                "The folder \(path) is of version \(mark.version), this program knows \(version): name another with --data."
            )
        }
        return (mark.ports, mark.registers)
    }

    static func write(_ path: String, ports: StackPorts, registers: [String]) throws {
        let content = try JSONEncoder().encode(Mark(version: version, ports: ports, registers: registers))
        do {
            try content.write(to: URL(fileURLWithPath: mark(path)), options: .atomic)
        } catch {
            throw DemoFailure("\(mark(path)) cannot be written: make room, or name another folder with --data.")
        }
    }

    private static func mark(_ path: String) -> String { "\(path)/demo.json" }
}
