// Part of Tillbridge. See LICENSE.
import Foundation

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The till's own record, kept apart from everything the payment services write: JSON lines, appended and synced one
/// by one. A comparison with the wallet's books needs nothing else.
package actor PaperLog {
    package nonisolated let path: String
    private let file: FileHandle

    /// Opens `paper.jsonl` in `folder` or makes it, mode 0600, and holds its lock until the process ends.
    /// - Returns: The log and the entries it holds already.
    /// - Throws: ``TillStartError`` if the folder cannot be used or another till holds the log.
    package static func open(folder: String) throws(TillStartError) -> (log: PaperLog, entries: [PaperEntry]) {
        let path = folder.hasSuffix("/") ? "\(folder)paper.jsonl" : "\(folder)/paper.jsonl"
        let files = FileManager.default
        do {
            try files.createDirectory(
                atPath: folder,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw TillStartError("The folder \(folder) cannot be made: name a folder that this user may write.")
        }
        if !files.fileExists(atPath: path) {
            _ = files.createFile(atPath: path, contents: nil, attributes: [.posixPermissions: 0o600])
        }
        guard let file = FileHandle(forUpdatingAtPath: path) else {
            throw TillStartError("The paper log \(path) cannot be opened: check its owner and permissions.")
        }
        guard flock(file.fileDescriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw TillStartError("Another till uses the folder \(folder): stop it, or name another with --data.")
        }
        do {
            let entries = try PaperLog.read(file, path: path)
            return (PaperLog(path: path, file: file), entries)
        } catch let error as TillStartError {
            throw error
        } catch {
            throw TillStartError("The paper log \(path) cannot be read: check the disk.")
        }
    }

    private init(path: String, file: FileHandle) {
        self.path = path
        self.file = file
    }

    /// Returns once the line is on the disk.
    package func append(_ entry: PaperEntry) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var line = try encoder.encode(entry)
        line.append(10)
        try file.write(contentsOf: line)
        try file.synchronize()
    }

    /// A process that was started meanwhile shares the file until it runs its own program, and the lock with it: closing
    /// alone would not give it back.
    deinit { _ = flock(file.fileDescriptor, LOCK_UN) }

    /// A line that a crash cut short is closed with a line feed and skipped, never removed.
    private static func read(_ file: FileHandle, path: String) throws -> [PaperEntry] {
        let content = try file.readToEnd() ?? Data()
        try file.seekToEnd()
        if let last = content.last, last != 10 { try file.write(contentsOf: Data([10])) }
        let lines = content.split(separator: 10)
        let decoder = JSONDecoder()
        var entries: [PaperEntry] = []
        for (number, line) in lines.enumerated() {
            if let entry = try? decoder.decode(PaperEntry.self, from: line) {
                entries.append(entry)
            } else if number == 0 && lines.count > 1 {
                throw TillStartError("\(path) is not a paper log of a till: name another folder with --data.")
            }
        }
        return entries
    }
}
