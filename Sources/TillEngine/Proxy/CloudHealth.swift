// Part of Tillbridge. See LICENSE.

/// Whether a cloud is reachable, from its regular health check and from connections that failed in traffic.
///
/// With a check every 500 ms that may take 400 ms, two failed checks in a row are seen at most 1.4 s after the cloud
/// was lost; a cloud that was down is up again after two good checks.
package struct CloudHealth: Equatable, Sendable {
    package struct Policy: Equatable, Sendable {
        /// Failed checks in a row that mean down.
        package var failedChecks = 2
        /// Connections that failed in traffic, since the last good check, that mean down.
        package var failedConnects = 3
        /// Good checks in a row that mean up again.
        package var goodChecks = 2

        package init() {}
    }

    package enum State: Equatable, Sendable {
        /// It was never heard. One good check is enough: a start must not keep registers waiting.
        case unknown
        case up
        case down(goodChecks: Int)
    }

    package enum Event: Equatable, Sendable {
        case checkSucceeded
        case checkFailed
        /// A connection for a request could not be made.
        case connectFailed
    }

    package private(set) var state = State.unknown
    private let policy: Policy
    private var failedChecks = 0
    private var failedConnects = 0

    package init(policy: Policy = Policy()) { self.policy = policy }

    package var isUp: Bool { state == .up }

    package mutating func handle(_ event: Event) {
        switch event {
        case .checkSucceeded:
            failedChecks = 0
            failedConnects = 0
        case .checkFailed: failedChecks += 1
        case .connectFailed: failedConnects += 1
        }
        let isLost = failedChecks >= policy.failedChecks || failedConnects >= policy.failedConnects
        switch (state, event) {
        case (.unknown, .checkSucceeded):
            state = .up
        case (.down(let good), .checkSucceeded):
            state = good + 1 >= policy.goodChecks ? .up : .down(goodChecks: good + 1)
        case (.up, .checkSucceeded):
            break
        case (.down, .checkFailed):
            state = .down(goodChecks: 0)
        case (.down, .connectFailed):
            // Pooled attempts that were already under way end late; only the checks say when the cloud is back.
            break
        case (.up, .checkFailed), (.up, .connectFailed):
            if isLost { state = .down(goodChecks: 0) }
        case (.unknown, .checkFailed), (.unknown, .connectFailed):
            // Not up anyway; a cloud that starts after its proxy is not one that came back.
            break
        }
    }
}
