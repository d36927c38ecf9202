// Part of Tillbridge. See LICENSE.
import TillDomain

/// Checks supervisors' codes; five wrong tries lock the release for ten minutes.
package struct SupervisorLock: Sendable {
    enum Verdict: Equatable {
        case supervisor([UInt8])
        case unknown
        case locked(seconds: Int64)
    }

    package static let rounds = 20_000
    private let rounds: Int
    private var wrongTries = 0
    private var lockedUntil: Int64 = .min

    init(rounds: Int) { self.rounds = rounds }

    mutating func check(
        _ code: [UInt8],
        _ supervisors: [LaneConfiguration.Supervisor],
        now: Int64,
        times: ProtocolTimes
    ) -> Verdict {
        if now < lockedUntil { return .locked(seconds: (lockedUntil - now + 999) / 1000) }
        for supervisor in supervisors {
            guard !code.isEmpty, !supervisor.hash.isEmpty else { continue }
            let hash = PBKDF2.key(
                password: code,
                salt: supervisor.salt,
                rounds: rounds,
                length: supervisor.hash.count
            )
            if ConstantTime.equal(hash, supervisor.hash) {
                wrongTries = 0
                return .supervisor(supervisor.id)
            }
        }
        wrongTries += 1
        if wrongTries >= 5 {
            wrongTries = 0
            lockedUntil = now + times.scaled(600_000)
        }
        return .unknown
    }
}
