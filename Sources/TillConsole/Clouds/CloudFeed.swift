// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import Logging
import ServiceLifecycle
import TillCloud
import TillDomain
import TillStore

/// Follows one cloud's transaction log and keeps the console's own tables by it. Where the other cloud runs elsewhere,
/// its log is followed by the copy that this cloud keeps: what a payment was in between may be missing then.
struct CloudFeed: Service {
    private static let pageEntries = 500
    private static let longPoll: Int64 = 20_000

    let folder: String
    /// Whether the copy of the other cloud's log is followed, and not the own one.
    var isCopy = false
    let console: Console

    func run() async throws {
        do {
            try await cancelWhenGracefulShutdown { try await follow() }
        } catch is CancellationError {
            // The end.
        }
    }

    private func follow() async throws {
        var failures = 0
        while !Task.isCancelled {
            do {
                try await read(wait: CloudFeed.longPoll)
                failures = 0
            } catch {
                try Task.checkCancellation()
                failures += 1
                if failures == 1 {
                    console.logger.warning("a cloud's log cannot be read", metadata: ["error": "\(error)"])
                }
                try await Task.sleep(for: .milliseconds(min(5_000, 200 << min(failures, 5))))
            }
        }
    }

    /// One page of entries, waiting for it for at most `wait` milliseconds.
    /// - Throws: ``StartError`` if no cloud runs on the folder, or if its log does not continue what was read.
    func read(wait: Int64) async throws {
        let cursors = try await console.pool.read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM cursor").map { CloudCursor($0) }
        }
        let known = cursors.first { $0.folder == folder && $0.isCopy == isCopy }
        let question = LogQuestion(
            isCopy: isCopy,
            after: known?.head.sequence ?? 0,
            limit: CloudFeed.pageEntries,
            wait: wait
        )
        guard let reply = try await AdminClient.log(question, data: folder) else {
            throw StartError("No cloud runs on \(folder).")
        }
        let entries = reply.entries.map { $0.entry }
        guard let last = entries.last else {
            let head = known?.head ?? .start
            try await console.pool.write { database in
                try CloudCursor.move(folder, reply.cloud, isCopy: isCopy, to: head, at: console.now(), database)
            }
            return
        }
        if !isCopy { try check(entries, after: known?.head ?? .start) }
        try await console.pool.write { database in
            for entry in entries { try ReadModel.apply(entry, of: reply.cloud, at: console.now(), database) }
            try CloudCursor.move(folder, reply.cloud, isCopy: isCopy, to: last.head, at: console.now(), database)
        }
        console.bell.ring()
    }

    private func check(_ entries: [LogEntry], after head: LogHead) throws(StartError) {
        var head = head
        for entry in entries {
            guard entry.follows(head) else {
                throw StartError(
                    "The log of the cloud on \(folder) does not continue what was read of it (entry \(entry.sequence)): "
                        + "it was restored or changed. Compare the databases; then begin with a new --data folder."
                )
            }
            head = entry.head
        }
    }
}

/// How far a log has been read.
struct CloudCursor: Sendable {
    let folder: String
    let cloud: String
    let isCopy: Bool
    let head: LogHead
    /// Milliseconds since 1970.
    let readAt: Int64

    init(_ row: Row) {
        folder = row["folder"]
        cloud = row["cloud"]
        isCopy = row["is_copy"]
        head = LogHead(sequence: row["sequence"], hash: [UInt8](row["hash"] as Data))
        readAt = row["read_at"]
    }

    static func move(
        _ folder: String,
        _ cloud: String,
        isCopy: Bool,
        to head: LogHead,
        at now: Int64,
        _ database: Database
    ) throws {
        try database.execute(
            sql: """
                INSERT OR REPLACE INTO cursor (folder, cloud, is_copy, sequence, hash, read_at) VALUES (?, ?, ?, ?, ?, ?)
                """,
            arguments: [folder, cloud, isCopy, head.sequence, Data(head.hash), now]
        )
    }
}

extension LogReply.Entry {
    fileprivate var entry: LogEntry {
        LogEntry(
            sequence: sequence,
            time: Timestamp(milliseconds: time),
            kind: kind,
            key: key,
            body: body,
            hash: hash
        )
    }
}
