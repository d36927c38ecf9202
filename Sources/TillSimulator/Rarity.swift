// Part of Tillbridge. See LICENSE.
import TillEngine

/// What the ordinary course of a shop and the faults hardly ever bring together. A seed's ``Theme`` makes some of it
/// frequent, so that the rare rows of the tables are taken often too.
package enum Rarity: UInt8, CaseIterable, Sendable {
    /// A back office decides about a payment that nobody has asked it about, rightly or not.
    case backOffice
    /// A wallet's answer takes seconds, and still comes in time.
    case slowAnswer
    /// Between claim and pay the sender waits for its turn, while the rest of its cloud goes on.
    case starvedSender
    /// A proxy with a wrong address takes a pay to the other cloud as well.
    case misrouted
    /// A register confirms a payment whose code has no wallet.
    case strayConfirm
    /// The shopper shows the same code again.
    case sameCode
    /// A code of a wallet that has no adapter.
    case foreignCode
    /// A stranger's trade comes under our number some time after our own request.
    case lateStranger
    /// A payment that was refused stays at the wallet as an order that failed.
    case failedOrder
    /// A refund cannot be found for some seconds after it was taken.
    case refundLag
    /// A wallet reverses nothing, refunds late or not at all, and persons try again and again.
    case stubborn
    /// A wallet breaks its word soon (W2, W5), and often says so.
    case breach
    /// The disk goes back to its state before a payment's newest record.
    case restored

    package static let count = allCases.count

    package var name: String {
        switch self {
        case .backOffice: "back-office"
        case .slowAnswer: "slow-answer"
        case .starvedSender: "starved-sender"
        case .misrouted: "misrouted"
        case .strayConfirm: "stray-confirm"
        case .sameCode: "same-code"
        case .foreignCode: "foreign-code"
        case .lateStranger: "late-stranger"
        case .failedOrder: "failed-order"
        case .refundLag: "refund-lag"
        case .stubborn: "stubborn"
        case .breach: "breach"
        case .restored: "restored"
        }
    }
}

/// What a seed concentrates on, besides the faults that it draws.
package enum Theme: UInt8, CaseIterable, Sendable {
    case ordinary, collision, backOffice, stuck, breach, restored, foreign

    /// What a seed with a theme draws from: twice what holds the rarest rows.
    static let drawn: [Theme] = [
        .collision, .collision, .backOffice, .stuck, .breach, .restored, .restored, .foreign,
    ]

    package var name: String {
        switch self {
        case .backOffice: "back-office"
        default: "\(self)"
        }
    }

    var rarities: [Rarity] {
        switch self {
        case .ordinary: []
        case .collision: [.lateStranger, .slowAnswer, .starvedSender]
        case .backOffice: [.backOffice, .slowAnswer]
        case .stuck: [.stubborn, .refundLag, .slowAnswer, .backOffice]
        case .breach: [.breach, .failedOrder, .slowAnswer]
        case .restored: [.restored]
        case .foreign: [.foreignCode, .strayConfirm, .misrouted, .sameCode]
        }
    }

    /// Faults of single messages, calls and steps that go with it.
    var kinds: [FaultKind] {
        switch self {
        case .ordinary, .foreign: []
        case .collision: [.cashierStops, .queryLag]
        case .backOffice: [.disown, .release, .queryLag]
        case .stuck: [.cashierStops, .disown, .queryLag]
        case .breach: [.cashierStops]
        case .restored: [.disown]
        }
    }
}

extension SimulationOptions {
    /// - Parameter draw: 0 ..< its argument.
    mutating func concentrate(on theme: Theme, _ draw: (Int) -> Int) {
        for rarity in theme.rarities { self[rarity] = 50 + draw(450) }
        for kind in theme.kinds { self[kind] = max(self[kind], 100 + draw(300)) }
        switch theme {
        case .ordinary: break
        case .breach:
            self[.breach] = 150 + draw(450)
            self[.failedOrder] = 300 + draw(500)
        case .collision:
            strangers = 30 + draw(120)
            self[.lateStranger] = 200 + draw(600)
        case .backOffice:
            refunds = 50 + draw(300)
            confusion = 200 + draw(500)
            self[.backOffice] = 150 + draw(450)
        case .stuck:
            refunds = 50 + draw(300)
            self[.stubborn] = 500 + draw(450)
            self[.refundLag] = 300 + draw(450)
            self[.backOffice] = 100 + draw(300)
        case .restored: self[.restored] = 20 + draw(80)
        case .foreign: load = 20_000 * (1 + draw(5))
        }
    }
}

extension Simulation {
    /// Whether a rare situation comes on this occasion; never once faults are off.
    mutating func rare(_ rarity: Rarity) -> Bool {
        let rate = options[rarity]
        return rate > 0 && faultsOn && Int(rarities.next() % 1_000) < rate
    }

    /// 0 ..< bound.
    mutating func rareSpan(_ bound: Int64) -> Int64 { Int64(rarities.next() % UInt64(max(1, bound))) }

    /// From a millisecond to `bound`, every order of magnitude as likely as the others.
    mutating func rareDelay(upTo bound: Int64) -> Int64 {
        let bits = Int64(64 - bound.leadingZeroBitCount)
        return 1 + rareSpan(min(bound, 1 << (1 + rareSpan(bits))))
    }
}
