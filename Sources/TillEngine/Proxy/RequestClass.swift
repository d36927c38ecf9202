// Part of Tillbridge. See LICENSE.

/// What a request is for, which decides who waits when a cloud is busy. The raw value is the rank: lower goes first.
package enum RequestClass: Int, Equatable, Sendable {
    case revoke, confirm, query, pay, rest

    package static let count = 5
    package static let all: [RequestClass] = [.revoke, .confirm, .query, .pay, .rest]

    /// Whether the class may use the share of a cloud's places that is kept free of new payments. Undoing and asking
    /// must work exactly when everything else is stuck.
    package var isUrgent: Bool { rawValue <= RequestClass.query.rawValue }

    /// The call's name: the last part of its path.
    package var name: StaticString {
        switch self {
        case .revoke: "revoke"
        case .confirm: "confirm"
        case .query: "query"
        case .pay: "pay"
        case .rest: "rest"
        }
    }
}
