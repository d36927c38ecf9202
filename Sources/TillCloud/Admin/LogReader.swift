// Part of Tillbridge. See LICENSE.
import TillDomain
import TillStore

/// Asks a cloud's local door for entries of a transaction log.
package struct LogQuestion: Codable, Sendable {
    /// The copy of the other cloud's log, and not this cloud's own.
    package var isCopy: Bool
    /// The sequence of the last entry that is known.
    package var after: Int64
    /// 1-1000.
    package var limit: Int
    /// Milliseconds to wait for news, at most 20,000.
    package var wait: Int64

    package init(isCopy: Bool = false, after: Int64, limit: Int = 500, wait: Int64 = 0) {
        self.isCopy = isCopy
        self.after = after
        self.limit = limit
        self.wait = wait
    }
}

package struct LogReply: Codable, Sendable {
    package struct Entry: Codable, Sendable {
        package var sequence: Int64
        /// Milliseconds since 1970 UTC.
        package var time: Int64
        package var kind: String
        package var key: String
        package var body: String
        package var hash: [UInt8]
    }

    /// Whose log it is: A or B.
    package var cloud: String
    package var entries: [Entry]
}

/// Reads logs for programs on this machine that follow them, such as the console.
struct LogReader: Sendable {
    private static let longestWait: Int64 = 20_000
    /// A copy of the other cloud's log tells no one when it grows.
    private static let copyPause: Int64 = 500

    let core: CloudCore

    /// - Throws: ``StartError`` for limits beyond the bounds.
    func answer(_ question: LogQuestion) async throws -> LogReply {
        guard (1...1_000).contains(question.limit), question.after >= 0, question.wait >= 0 else {
            throw StartError("after, limit, wait: give a sequence, 1 to 1000 entries, and milliseconds.")
        }
        let own = core.settings.name
        let cloud = question.isCopy ? own.other : own
        let wait = min(question.wait, LogReader.longestWait)
        let entries =
            question.isCopy
            ? try await copiedEntries(question, of: cloud, wait: wait) : try await ownEntries(question, wait: wait)
        return LogReply(cloud: cloud.text, entries: entries.map { LogReply.Entry($0) })
    }

    private func ownEntries(_ question: LogQuestion, wait: Int64) async throws -> [LogEntry] {
        let ticket = core.logBell.ticket(for: 0)
        defer { core.logBell.drop(ticket) }
        let page = try await core.store.log(after: question.after, limit: question.limit)
        guard page.entries.isEmpty, wait > 0 else { return page.entries }
        _ = await core.logBell.wait(ticket, for: .milliseconds(wait))
        return try await core.store.log(after: question.after, limit: question.limit).entries
    }

    private func copiedEntries(_ question: LogQuestion, of cloud: CloudName, wait: Int64) async throws -> [LogEntry] {
        var left = wait
        while true {
            let entries = try await core.store.replicas(of: cloud, after: question.after, limit: question.limit)
            guard entries.isEmpty, left > 0 else { return entries }
            try await Task.sleep(for: .milliseconds(min(left, LogReader.copyPause)))
            left -= LogReader.copyPause
        }
    }
}

extension LogReply.Entry {
    fileprivate init(_ entry: LogEntry) {
        self.init(
            sequence: entry.sequence,
            time: entry.time.milliseconds,
            kind: entry.kind,
            key: entry.key,
            body: entry.body,
            hash: entry.hash
        )
    }
}
