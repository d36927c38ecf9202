// Part of Tillbridge. See LICENSE.
package import TillDomain

/// The calls between plug-in, proxy and clouds. All are POST.
package enum Endpoint: WireName, Hashable {
    case heartbeat, hello, pay, query, revoke, confirm, refund, activate, peerLog

    package static let allCases: [Endpoint] = [
        .heartbeat, .hello, .pay, .query, .revoke, .confirm, .refund, .activate, .peerLog,
    ]

    /// The path.
    package var wireName: StaticString {
        switch self {
        case .heartbeat: "/v1/heartbeat"
        case .hello: "/v1/hello"
        case .pay: "/v1/pay"
        case .query: "/v1/query"
        case .revoke: "/v1/revoke"
        case .confirm: "/v1/confirm"
        case .refund: "/v1/refund"
        case .activate: "/v1/activate"
        case .peerLog: "/v1/peer/log"
        }
    }

    package init?(path: some Collection<UInt8>) { self.init(wireName: path) }

    /// What passes first where there is not room for everything: work that settles money before new payments.
    package enum Priority: Int, Comparable, Sendable {
        case settle, pay, rest

        package static func < (left: Priority, right: Priority) -> Bool { left.rawValue < right.rawValue }
    }

    package var priority: Priority {
        switch self {
        case .revoke, .confirm, .query: .settle
        case .pay: .pay
        case .heartbeat, .hello, .refund, .activate, .peerLog: .rest
        }
    }

    /// Whether a key of this kind may sign a request to this path.
    package func accepts(_ key: KeyID) -> Bool {
        switch (self, key) {
        case (.hello, .register), (.pay, .register), (.query, .register), (.revoke, .register), (.confirm, .register),
            (.refund, .register), (.activate, .activation), (.peerLog, .cloud):
            true
        case (.hello, _), (.pay, _), (.query, _), (.revoke, _), (.confirm, _), (.refund, _), (.activate, _),
            (.peerLog, _), (.heartbeat, _):
            false
        }
    }
}

/// The value of `Tillbridge-Cloud`: which cloud a request is for.
package enum CloudSelector: Hashable, Sendable {
    case only(CloudName)
    case any

    package init?(_ bytes: some Collection<UInt8>) {
        if ("any" as StaticString).matches(bytes) {
            self = .any
        } else if let cloud = CloudName(wireName: bytes) {
            self = .only(cloud)
        } else {
            return nil
        }
    }

    package var bytes: [UInt8] {
        switch self {
        case .only(let cloud): cloud.wireBytes
        case .any: ("any" as StaticString).bytes
        }
    }
}

/// The value of `Tillbridge-Proxy`, on answers that no cloud made.
package enum ProxyVerdict: WireName, Hashable {
    /// No byte of the request was written to any cloud. It saves time and proves nothing.
    case notForwarded
    case unknown

    package static let allCases: [ProxyVerdict] = [.notForwarded, .unknown]

    package var wireName: StaticString {
        switch self {
        case .notForwarded: "not-forwarded"
        case .unknown: "unknown"
        }
    }
}
