// Part of Tillbridge. See LICENSE.
import GRDB
import Logging
import ServiceLifecycle
import TillCloud

/// Carries launches out, from the console's start on. What a wave does is stored before it is done; after a crash it is
/// done again, which changes nothing where it was done before.
struct LaunchRunner: Service {
    private static let pause = Duration.seconds(1)

    let console: Console

    func run() async throws {
        var isQuiet = false
        do {
            while true {
                try await cancelWhenGracefulShutdown { try await Task.sleep(for: LaunchRunner.pause) }
                do {
                    try await round()
                    isQuiet = false
                } catch {
                    try Task.checkCancellation()
                    // Once, and not every second.
                    if !isQuiet { console.logger.warning("launches wait", metadata: ["error": "\(error)"]) }
                    isQuiet = true
                }
            }
        } catch is CancellationError {
            // The end.
        }
    }

    /// Does what is due now for every launch.
    func round() async throws {
        let ids = try await console.pool.read { database in
            try Int64.fetchAll(
                database,
                sql: """
                    SELECT id FROM launch WHERE state = 'running'
                        OR EXISTS (SELECT 1 FROM launch_store WHERE launch = launch.id AND launch_store.state = 'going')
                    ORDER BY id
                    """
            )
        }
        var failure: (any Error)?
        for id in ids {
            // One launch that waits for a cloud holds no other one up.
            do { try await advance(id) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    private func advance(_ id: Int64) async throws {
        // A wave is stored, and then done: two steps, of which the second may be the end of another one's first.
        for _ in 0..<2 {
            let now = console.now()
            let found = try await console.pool.read { database -> (LaunchRecord, Outcomes)? in
                guard let record = try LaunchRecord(id: id, database) else { return nil }
                return (record, try LaunchDesk.outcomes(record, database))
            }
            guard let (record, outcomes) = found else { return }
            let step = LaunchStep(record.launch, record.stores, outcomes: outcomes, at: now)
            guard try await take(step, of: record, at: now) else { return }
        }
    }

    /// - Returns: Whether there is more to do at once.
    private func take(_ step: LaunchStep, of record: LaunchRecord, at now: Int64) async throws -> Bool {
        let id = record.launch.id
        do {
            switch step {
            case .rest: return false
            case .begin(let stores):
                try await write("launch.wave", record, after: stores.joined(separator: " "), at: now) {
                    try LaunchDesk.begin(stores, of: record, at: now, $0)
                }
                return true
            case .act(let stores):
                try await act(stores, of: record, at: now)
                return true
            case .settle(let stores):
                let done = try await editor(record).taking(record.wallets, among: stores, now: now)
                let back = stores.filter { !done.contains($0) }
                try await write("launch.settled", record, after: done.joined(separator: " "), at: now) {
                    try LaunchDesk.note(live: done, of: id, at: now, $0)
                    try LaunchDesk.note(back: back, of: id, $0)
                }
                return false
            case .pause(let rate):
                try await write("launch.paused", record, after: Outcomes.text(rate), at: now) {
                    try LaunchDesk.pause(id, .rate, text: Outcomes.text(rate), version: record.launch.version, $0)
                }
                return false
            case .finish:
                try await write("launch.finished", record, after: "", at: now) {
                    try LaunchDesk.finish(id, version: record.launch.version, $0)
                }
                return false
            }
        } catch is LaunchDesk.Refusal {
            // Somebody was faster: the next round looks again.
            return false
        }
    }

    private func act(_ stores: [String], of record: LaunchRecord, at now: Int64) async throws {
        let id = record.launch.id
        let states = try await console.pool.read { database in
            try record.codes(.live).filter { try Node.of(code: $0, database)?.state == .live }
        }
        do {
            try await editor(record).take(record.wallets, at: stores, beside: states, now: now)
        } catch let error as StartError {
            try await write("launch.paused", record, after: error.sentence, at: now) {
                try LaunchDesk.pause(id, .cloud, text: error.sentence, version: nil, $0)
            }
            return
        }
        try await write("launch.live", record, after: stores.joined(separator: " "), at: now) {
            try LaunchDesk.note(live: stores, of: id, at: now, $0)
        }
    }

    private func editor(_ record: LaunchRecord) -> RoutingEditor {
        RoutingEditor(clouds: console.clouds, person: record.launch.starter ?? "console")
    }

    private func write(
        _ action: String,
        _ record: LaunchRecord,
        after: String,
        at now: Int64,
        _ change: @escaping @Sendable (Database) throws -> Void
    ) async throws {
        let event = AuditEvent(
            actor: "console",
            action: action,
            subject: "launch:\(record.launch.id)",
            after: after,
            address: ""
        )
        try await console.pool.write { database in
            try change(database)
            try AuditLog.append(event, at: now, database)
        }
    }
}
