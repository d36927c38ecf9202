// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// What the health monitor knows, as every event loop gets a copy of it after each check.
struct HealthView: Equatable, Sendable {
    struct Cloud: Equatable, Sendable {
        var isUp = false
        /// The newest report; kept while the cloud is down.
        var report: CloudReport?
        var goodChecks: UInt64 = 0
        var failedChecks: UInt64 = 0

        var takesPayments: Bool { isUp && report?.takesPayments == true }
    }

    var a = Cloud()
    var b = Cloud()
    /// The balancer's line: registers below it belong to cloud A.
    var line = 500
    /// The newest cloud time that was read, and when, in monotonic milliseconds.
    var time = Timestamp.unknown
    var readAt: Int64 = 0

    subscript(_ name: CloudName) -> Cloud {
        get { name == .a ? a : b }
        set { if name == .a { a = newValue } else { b = newValue } }
    }

    /// Cloud time at a monotonic moment; unknown until a cloud was heard.
    func time(at now: Int64) -> Timestamp { time == .unknown ? .unknown : time + max(0, now - readAt) }

    /// The newest routing version among reachable clouds; of any cloud if none is reachable, nil if none was heard.
    var routing: Int? { newest { $0.routing } }
    var configuration: Int? { newest { $0.configuration } }

    /// The wallets that cannot be paid with at `cloud`; without a cloud, those that are dark anywhere.
    func dark(at cloud: CloudName?) -> [Wallet] {
        if let cloud { return self[cloud].report?.dark ?? [] }
        let a = a.report?.dark ?? []
        return a + (b.report?.dark ?? []).filter { !a.contains($0) }
    }

    private func newest(_ version: (CloudReport) -> Int) -> Int? {
        let reachable = [a, b].filter(\.isUp).compactMap(\.report)
        let reports = reachable.isEmpty ? [a, b].compactMap(\.report) : reachable
        return reports.map(version).max()
    }
}
