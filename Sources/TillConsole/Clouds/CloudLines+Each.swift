// Part of Tillbridge. See LICENSE.
import Foundation
import TillCloud

extension CloudLines {
    /// Asks every cloud, for what each answers for itself. A cloud that is silent, or has no answer, is not among them.
    func each<Answer: Decodable & Sendable>(_ request: AdminRequest, by person: String) async -> [Answer] {
        await withTaskGroup(of: (place: Int, answer: Answer?).self) { tasks in
            for (place, folder) in folders.enumerated() {
                tasks.addTask {
                    guard let reply = try? await send(request, folder, person) else { return (place, nil) }
                    return (place, try? JSONDecoder().decode(Answer.self, from: Data(reply.json.utf8)))
                }
            }
            var answers: [(place: Int, answer: Answer)] = []
            for await (place, answer) in tasks {
                if let answer { answers.append((place, answer)) }
            }
            return answers.sorted { $0.place < $1.place }.map(\.answer)
        }
    }

    /// Has a command performed by one cloud that answers, and by no other one after it: for what must not be done twice.
    /// - Throws: ``StartError`` with the cloud's own sentence; ``Silence/noCloud`` if none answers, or the one that was
    ///   chosen has fallen silent or failed on the way: whether it was done is not known then.
    func performOnce(_ request: AdminRequest, by person: String) async throws -> AdminReply {
        for folder in folders {
            guard try await reply(to: .unknownCodes, folder, person) != nil else { continue }
            guard let reply = try await reply(to: request, folder, person) else { throw Silence.noCloud }
            return reply
        }
        throw Silence.noCloud
    }

    /// A command's JSON.
    func answer<Answer: Decodable>(to request: AdminRequest, by person: String) async throws -> Answer {
        let reply = try await perform(request, by: person)
        return try JSONDecoder().decode(Answer.self, from: Data(reply.json.utf8))
    }
}
