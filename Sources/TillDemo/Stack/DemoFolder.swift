// Part of Tillbridge. See LICENSE.
import Foundation

/// The folder of a demo. It is marked, so that a demo never takes over a folder of something else or of another
/// version.
enum DemoFolder {
    /// Rises when a folder of an older version can no longer be used.
    private static let version = 1

    /// What a folder holds besides a small shop.
    enum Chain: String, Codable {
        /// The chain and its day are being made. Found at a start, they were not finished, and are made anew.
        case begun
        case made
    }

    /// What is known of the demo in a folder.
    struct Mark: Codable, Equatable {
        fileprivate var version = DemoFolder.version
        let ports: StackPorts
        /// The till's first.
        let registers: [String]
        /// Nil for a small shop.
        let chain: Chain?

        init(ports: StackPorts, registers: [String], chain: Chain? = nil) {
            self.ports = ports
            self.registers = registers
            self.chain = chain
        }
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

    /// Nil where no demo was made in this folder yet.
    static func read(_ path: String) throws -> Mark? {
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
            throw DemoFailure("\(self.mark(path)) is not readable: move the folder away, or name another with --data.")
        }
        guard mark.version == version else {
            throw DemoFailure(
                "The folder \(path) is of version \(mark.version), this program knows \(version): name another with --data."
            )
        }
        return mark
    }

    static func write(_ path: String, _ mark: Mark) throws {
        let content = try JSONEncoder().encode(mark)
        do {
            try content.write(to: URL(fileURLWithPath: self.mark(path)), options: .atomic)
        } catch {
            throw DemoFailure("\(self.mark(path)) cannot be written: make room, or name another folder with --data.")
        }
    }

    private static func mark(_ path: String) -> String { "\(path)/demo.json" }
}
