// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import ServiceLifecycle
import TillCloud

/// Asks each cloud every few seconds when registers spoke to it last. It is no part of their logs: a log that grew with
/// each contact would never rest.
struct ContactPoll: Service {
    private static let interval = Duration.seconds(5)

    let console: Console

    func run() async throws {
        do {
            while true {
                for folder in console.clouds.folders {
                    // A cloud that is down says nothing; its feed complains.
                    guard let reply = try? await AdminClient.send(.standings, data: folder) else { continue }
                    try await ContactPoll.take(reply.json, into: console.pool)
                }
                try await cancelWhenGracefulShutdown { try await Task.sleep(for: ContactPoll.interval) }
            }
        } catch is CancellationError {
            // The end.
        }
    }

    private struct Standings: Decodable, Sendable {
        struct Standing: Decodable, Sendable {
            let register: String
            let version: String
            let lastContact: Int64?
        }

        let registers: [Standing]
    }

    /// The newest contact at any cloud counts, and the program that spoke then.
    static func take(_ json: String, into pool: DatabasePool) async throws {
        let standings = try JSONDecoder().decode(Standings.self, from: Data(json.utf8)).registers
        try await pool.write { database in
            let statement = try database.cachedStatement(
                sql: """
                    UPDATE register SET last_contact = :contact, program = coalesce(nullif(:program, ''), program)
                    WHERE id = :id AND coalesce(last_contact, 0) < :contact
                    """
            )
            for standing in standings {
                guard let contact = standing.lastContact else { continue }
                try statement.execute(arguments: [
                    "contact": contact, "program": standing.version, "id": standing.register,
                ])
            }
        }
    }
}
