// Part of Tillbridge. See LICENSE.

/// A value with one fixed spelling on the wire and in the journal: lower-case ASCII with hyphens.
package protocol WireName: CaseIterable, Equatable, Sendable where AllCases == [Self] {
    var wireName: StaticString { get }
}

extension WireName {
    package init?(wireName bytes: some Collection<UInt8>) {
        for value in Self.allCases where value.wireName.matches(bytes) {
            self = value
            return
        }
        return nil
    }

    package var wireBytes: [UInt8] { wireName.bytes }
}

extension StaticString {
    package var bytes: [UInt8] {
        withUTF8Buffer { buffer in [UInt8](buffer) }
    }

    @specialized(where Other == [UInt8])
    package func matches<Other: Collection<UInt8>>(_ other: Other) -> Bool {
        withUTF8Buffer { buffer in
            buffer.count == other.count && buffer.elementsEqual(other)
        }
    }
}

/// One of the two clouds that back each other up.
package enum CloudName: WireName, Hashable {
    case a, b

    package static let allCases: [CloudName] = [.a, .b]

    package var wireName: StaticString {
        switch self {
        case .a: "A"
        case .b: "B"
        }
    }

    package var other: CloudName { self == .a ? .b : .a }
}

/// Why a payment is definitely not paid.
package enum DeclineReason: WireName, Hashable {
    case codeExpired, codeUsed, codeInvalid, unsupportedCode, insufficientFunds, payerDeclined, payerRestricted
    case limitExceeded, risk, merchantConfiguration, closed

    package static let allCases: [DeclineReason] = [
        .codeExpired, .codeUsed, .codeInvalid, .unsupportedCode, .insufficientFunds, .payerDeclined, .payerRestricted,
        .limitExceeded, .risk, .merchantConfiguration, .closed,
    ]

    package var wireName: StaticString {
        switch self {
        case .codeExpired: "code-expired"
        case .codeUsed: "code-used"
        case .codeInvalid: "code-invalid"
        case .unsupportedCode: "unsupported-code"
        case .insufficientFunds: "insufficient-funds"
        case .payerDeclined: "payer-declined"
        case .payerRestricted: "payer-restricted"
        case .limitExceeded: "limit-exceeded"
        case .risk: "risk"
        case .merchantConfiguration: "merchant-configuration"
        case .closed: "closed"
        }
    }
}

/// Why the paying cloud promises never to send a payment.
package enum RefusalReason: WireName, Hashable {
    case late, overload, clock, routingUnknown, walletDark, sequence

    package static let allCases: [RefusalReason] = [.late, .overload, .clock, .routingUnknown, .walletDark, .sequence]

    package var wireName: StaticString {
        switch self {
        case .late: "late"
        case .overload: "overload"
        case .clock: "clock"
        case .routingUnknown: "routing-unknown"
        case .walletDark: "wallet-dark"
        case .sequence: "sequence"
        }
    }
}

/// Why a payment is undone.
package enum RevokeReason: WireName, Hashable {
    // The plug-in asks for it.
    case timeout, cashier, restart, disowned, mismatch, conflict, hygiene
    /// A person ordered it at a cloud. No plug-in says this.
    case ordered

    package static let allCases: [RevokeReason] = [
        .timeout, .cashier, .restart, .disowned, .mismatch, .conflict, .hygiene, .ordered,
    ]

    package var wireName: StaticString {
        switch self {
        case .timeout: "timeout"
        case .cashier: "cashier"
        case .restart: "restart"
        case .disowned: "disowned"
        case .mismatch: "mismatch"
        case .conflict: "conflict"
        case .hygiene: "hygiene"
        case .ordered: "ordered"
        }
    }
}

/// What an undo found or did, once it is final.
package enum UndoKind: WireName, Hashable {
    case unsent, closed, refunded, neverExisted, kept

    package static let allCases: [UndoKind] = [.unsent, .closed, .refunded, .neverExisted, .kept]

    package var wireName: StaticString {
        switch self {
        case .unsent: "unsent"
        case .closed: "closed"
        case .refunded: "refunded"
        case .neverExisted: "never-existed"
        case .kept: "kept"
        }
    }
}

/// What an undo that is not final yet is doing.
package enum UndoStep: WireName, Hashable {
    case tooEarly, cancelling, verifying, refunding, untilF

    package static let allCases: [UndoStep] = [.tooEarly, .cancelling, .verifying, .refunding, .untilF]

    package var wireName: StaticString {
        switch self {
        case .tooEarly: "too-early"
        case .cancelling: "cancelling"
        case .verifying: "verifying"
        case .refunding: "refunding"
        case .untilF: "until-F"
        }
    }
}

/// Whom a payment waits for.
package enum Waiting: WireName, Hashable {
    case shopper, wallet

    package static let allCases: [Waiting] = [.shopper, .wallet]

    package var wireName: StaticString {
        switch self {
        case .shopper: "shopper"
        case .wallet: "wallet"
        }
    }
}
