// Part of Tillbridge. See LICENSE.
import TillDomain

/// The durable states of one payment at one cloud.
package enum CloudState: UInt8, WireName, Hashable {
    /// No row is stored.
    case none
    /// This cloud has claimed the one right to send pay; whether a byte left is known to the sender alone.
    case sending
    /// Pay may have been executed. Only a query, never a second pay, finds out.
    case unknown
    /// The wallet holds the money; the register has not confirmed yet.
    case paid
    /// Definitely not paid.
    case declined
    /// A promise that a later pay is refused. With ``CloudRecord/unsent`` it also promises that none was sent.
    case tomb
    /// The undo is a durable duty, not finished.
    case revoking
    /// The undo is final: no money is held.
    case revoked
    /// The undo needs a person; the duty goes on.
    case stuck
    /// The register took the tender. A cloud without a row takes its word at once and asks the wallet afterwards, so
    /// there may be no trade yet (``CloudRecord/isUnproven``). Only a refund with its own authority moves this money.
    case confirmed

    package var wireName: StaticString {
        switch self {
        case .none: "none"
        case .sending: "sending"
        case .unknown: "unknown"
        case .paid: "paid"
        case .declined: "declined"
        case .tomb: "tomb"
        case .revoking: "revoking"
        case .revoked: "revoked"
        case .stuck: "stuck"
        case .confirmed: "confirmed"
        }
    }
}

/// Where an undo stands: what its next wallet call is.
package enum UndoPhase: UInt8, WireName, Hashable {
    /// No undo.
    case idle
    /// The wallet's earliest reversal has not come.
    case early
    /// Query before anything is undone, so that a stranger's trade is never touched.
    case look
    case cancel
    /// Query that must agree with the cancel.
    case verify
    case refund
    /// Refund query until the refund is done.
    case follow
    /// Nothing found, which proves nothing before F + 5 s.
    case sleeping

    package var wireName: StaticString {
        switch self {
        case .idle: "idle"
        case .early: "early"
        case .look: "look"
        case .cancel: "cancel"
        case .verify: "verify"
        case .refund: "refund"
        case .follow: "follow"
        case .sleeping: "sleeping"
        }
    }
}

/// What the last cancel call said. Nil in the record before the first definite answer.
package enum CancelResult: UInt8, WireName, Hashable {
    case closed, refunded, notFound, refused

    package var wireName: StaticString {
        switch self {
        case .closed: "closed"
        case .refunded: "refunded"
        case .notFound: "not-found"
        case .refused: "refused"
        }
    }
}

/// Why an undo needs a person.
package enum StuckReason: UInt8, WireName, Hashable {
    case merchantBalance, tradeFrozen, limit, refundFailed
    /// The trade under this number is not the one the intent describes.
    case tradeDiffers
    /// The request itself speaks of other data than the stored intent.
    case conflict

    package var wireName: StaticString {
        switch self {
        case .merchantBalance: "merchant-balance"
        case .tradeFrozen: "trade-frozen"
        case .limit: "limit"
        case .refundFailed: "refund-failed"
        case .tradeDiffers: "trade-differs"
        case .conflict: "conflict"
        }
    }

    package init(_ failure: RefundFailure) {
        self =
            switch failure {
            case .merchantBalance: .merchantBalance
            case .tradeFrozen: .tradeFrozen
            case .limit: .limit
            case .other: .refundFailed
            }
    }
}

/// Who said that the sale stands.
package enum ConfirmedBy: UInt8, WireName, Hashable {
    case register
    /// The register did not acknowledge; its next sale, or time, implied it.
    case implied
    /// Two persons with evidence.
    case persons

    package var wireName: StaticString {
        switch self {
        case .register: "register"
        case .implied: "implied"
        case .persons: "persons"
        }
    }
}
