// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import Logging
import ServiceLifecycle
import TillCloud

/// Writes exports that were asked for, one after the other, into a folder beside the database.
struct ExportWriter: Sendable {
    private static let rowsPerRead = 1_000
    /// How often the progress is stored.
    private static let rowsPerNote = 10_000
    /// How long the list still tells of an export whose file is gone.
    private static let rememberedMilliseconds: Int64 = 7 * 24 * 3_600_000

    let console: Console

    var folder: String { console.settings.data + "/exports" }

    func path(of job: ExportJob) -> String { "\(folder)/\(job.fileName)" }

    /// At the console's start: what was being written begins again, and files that belong to no export go.
    func recover() async throws {
        try PrivateFile.createFolder(folder)
        let ready = try await console.pool.write { database in
            try database.execute(sql: "UPDATE export_job SET state = 'waiting', written = 0 WHERE state = 'running'")
            return try Row.fetchAll(database, sql: "SELECT * FROM export_job WHERE state = 'ready'").map {
                ExportJob($0).fileName
            }
        }
        for name in try FileManager.default.contentsOfDirectory(atPath: folder) where !ready.contains(name) {
            try FileManager.default.removeItem(atPath: "\(folder)/\(name)")
        }
    }

    /// Takes files away that have been kept for their time.
    func clean() async throws {
        let now = console.now()
        let old = try await console.pool.read { database in
            try Row.fetchAll(
                database,
                sql: "SELECT * FROM export_job WHERE state = 'ready' AND finished_at <= ?",
                arguments: [now - ExportJob.keptMilliseconds]
            ).map { ExportJob($0) }
        }
        for job in old {
            // First the file: an export that is told to be gone must be.
            if FileManager.default.fileExists(atPath: path(of: job)) {
                try FileManager.default.removeItem(atPath: path(of: job))
            }
            try await console.pool.write {
                try $0.execute(sql: "UPDATE export_job SET state = 'expired' WHERE id = ?", arguments: [job.id])
            }
        }
        try await console.pool.write {
            try $0.execute(
                sql: "DELETE FROM export_job WHERE state IN ('expired', 'failed') AND created_at <= ?",
                arguments: [now - ExportWriter.rememberedMilliseconds]
            )
        }
    }

    /// Writes the export that has waited longest.
    /// - Returns: Whether there was one.
    func work() async throws -> Bool {
        let found = try await console.pool.write { database -> ExportJob? in
            let row = try Row.fetchOne(
                database,
                sql: "SELECT * FROM export_job WHERE state = 'waiting' ORDER BY id LIMIT 1"
            )
            guard let job = row.map({ ExportJob($0) }) else { return nil }
            let scope = try ExportWriter.scope(of: job.user, database)
            try database.execute(
                sql: "UPDATE export_job SET state = ?, scope = ?, failure = ?, finished_at = ? WHERE id = ?",
                arguments: [
                    scope.isEmpty ? "failed" : "running", scope.paths.sorted().joined(separator: " "),
                    scope.isEmpty ? ExportJob.Failure.permission.rawValue : nil, scope.isEmpty ? console.now() : nil,
                    job.id,
                ]
            )
            return try ExportJob.of(id: job.id, user: job.user, database)
        }
        guard let job = found else { return false }
        guard job.state == .running else { return true }
        do {
            let rows = try await write(job)
            try await finish(job, .ready, rows: rows)
        } catch let error as CancellationError {
            // The console ends; the export begins again with its next start.
            throw error
        } catch {
            console.logger.warning(
                "an export cannot be written",
                metadata: ["export": "\(job.id)", "error": "\(error)"]
            )
            try? FileManager.default.removeItem(atPath: path(of: job) + ".part")
            try await finish(job, .failed, rows: 0, .disk)
        }
        return true
    }

    /// Where somebody may export now; nothing for who cannot sign in.
    private static func scope(of user: Int64, _ database: Database) throws -> Scope {
        let isEnabled = try Bool.fetchOne(
            database,
            sql: "SELECT disabled_at IS NULL FROM user WHERE id = ?",
            arguments: [user]
        )
        guard isEnabled == true else { return .nothing }
        return try Grant.of(user: user, database).filter { $0.permissions.contains(.exportPayments) }
            .reduce(Scope.nothing) { $0.union(Scope(paths: [$1.path])) }
    }

    private func finish(_ job: ExportJob, _ state: ExportJob.State, rows: Int, _ failure: ExportJob.Failure? = nil)
        async throws
    {
        let now = console.now()
        try await console.pool.write {
            try $0.execute(
                sql: "UPDATE export_job SET state = ?, written = ?, failure = ?, finished_at = ? WHERE id = ?",
                arguments: [state.rawValue, rows, failure?.rawValue, now, job.id]
            )
        }
    }

    /// - Returns: How many rows stand in the file.
    private func write(_ job: ExportJob) async throws -> Int {
        let part = path(of: job) + ".part"
        guard FileManager.default.createFile(atPath: part, contents: nil, attributes: [.posixPermissions: 0o600]),
            let file = FileHandle(forWritingAtPath: part)
        else { throw CocoaError(.fileWriteUnknown) }
        defer { try? file.close() }
        let words = Words.of(job.language)
        let formats = Formats(language: job.language, zone: console.settings.zone)
        // The days of the filter are those of the moment when it was asked for.
        let filter = PaymentFilter(Form(job.query), zone: console.settings.zone, now: job.createdAt)
        try file.write(contentsOf: Data(("\u{FEFF}" + CSV.line(job.columns.heading(words))).utf8))
        var (written, place): (Int, PaymentList.Place?) = (0, nil)
        repeat {
            let after = place
            let limit = min(ExportWriter.rowsPerRead, ExportJob.mostRows - written)
            let page = try await console.pool.read {
                try PaymentList.page(filter, in: job.scope, after: after, rows: limit, $0)
            }
            let text = page.rows.map { CSV.line(job.columns.line($0, words, formats)) }.joined()
            try file.write(contentsOf: Data(text.utf8))
            written += page.rows.count
            place = page.next
            if written % ExportWriter.rowsPerNote == 0 { try await note(job, written) }
        } while place != nil && written < ExportJob.mostRows
        try file.synchronize()
        if FileManager.default.fileExists(atPath: path(of: job)) {
            try FileManager.default.removeItem(atPath: path(of: job))
        }
        try FileManager.default.moveItem(atPath: part, toPath: path(of: job))
        return written
    }

    private func note(_ job: ExportJob, _ written: Int) async throws {
        try await console.pool.write {
            try $0.execute(sql: "UPDATE export_job SET written = ? WHERE id = ?", arguments: [written, job.id])
        }
    }
}

/// Looks every second for exports to write.
struct ExportService: Service {
    let console: Console

    func run() async throws {
        let writer = ExportWriter(console: console)
        do {
            try await cancelWhenGracefulShutdown {
                var isRecovered = false
                while true {
                    do {
                        if !isRecovered { try await writer.recover() }
                        isRecovered = true
                        try await writer.clean()
                        while try await writer.work() {}
                    } catch let error as CancellationError {
                        throw error
                    } catch {
                        console.logger.warning("exports wait", metadata: ["error": "\(error)"])
                    }
                    try await Task.sleep(for: .seconds(1))
                }
            }
        } catch is CancellationError {
            // The end.
        }
    }
}
