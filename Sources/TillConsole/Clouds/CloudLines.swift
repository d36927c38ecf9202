// Part of Tillbridge. See LICENSE.
import ServiceLifecycle
import TillCloud

/// The ways to the clouds on this machine.
struct CloudLines: Sendable {
    /// Sends a command to the cloud on a folder, in the name of a person; nil if none answers there.
    typealias Send = @Sendable (AdminRequest, _ folder: String, _ person: String) async throws -> AdminReply?

    let folders: [String]
    let send: Send

    /// - Parameter send: In place of the clouds' local doors, for tests.
    init(folders: [String], send: @escaping Send = { try await AdminClient.send($0, data: $1, person: $2) }) {
        self.folders = folders
        self.send = send
    }

    /// One follower of each log. Where one cloud is all there is here, it has a copy of the other's.
    func feeds(into console: Console) -> [any Service] {
        let own = folders.map { CloudFeed(folder: $0, console: console) }
        guard folders.count == 1 else { return own }
        return own + [CloudFeed(folder: folders[0], isCopy: true, console: console)]
    }

    /// Has a command performed by the first cloud that takes it: configuration at its home, a payment where it was
    /// paid.
    /// - Throws: ``StartError`` with the cloud's own sentence; ``Silence/noCloud`` if none that may do it answers, or
    ///   one has failed on the way: whether it was done is not known then.
    func perform(_ request: AdminRequest, by person: String) async throws -> AdminReply {
        var elsewhere: StartError?
        var isSilent = false
        for folder in folders {
            do {
                guard let reply = try await reply(to: request, folder, person) else {
                    isSilent = true
                    continue
                }
                return reply
            } catch let error as StartError where error.isElsewhere {
                elsewhere = error
            }
        }
        if let elsewhere, !isSilent { throw elsewhere }
        throw Silence.noCloud
    }

    /// - Returns: Nil where the cloud is silent: it may have done what was asked, or failed on the way.
    func reply(to request: AdminRequest, _ folder: String, _ person: String) async throws -> AdminReply? {
        do {
            return try await send(request, folder, person)
        } catch is AdminClient.UnknownOutcome {
            return nil
        }
    }

    enum Silence: Error {
        case noCloud
    }
}
