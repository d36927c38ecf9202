// Part of Tillbridge. See LICENSE.

/// The seven families of faults. A seed switches each on or off.
package enum FaultFamily: UInt8, CaseIterable, Sendable {
    case network, process, disk, clock, database, wallet, people

    package var name: String { "\(self)" }
}

/// Everything that can go wrong, 45 kinds.
package enum FaultKind: UInt8, CaseIterable, Sendable {
    // Network, nine: every hop between plug-in, proxy, cloud and wallet.
    case loss, delay, reorder, duplicate, oneWayCut, twoWayCut, clog, resetAfterSend, trickle
    // Process, five: plug-ins, proxies, clouds.
    case crash, crashAtEffect, pause, restartLoop, secondInstance
    // Disk, six: the plug-in's journal.
    case lostUnsynced, tornTail, syncError, diskFull, bitFlip, rollback
    // Clock, four.
    case skew, jumpAhead, jumpBack, frozenMachine
    // Database, five: a cloud's.
    case commitUnknown, failover, failoverWithLoss, readOnly, slowDatabase
    // Wallet, ten: the worst that the wallets' documents allow.
    case replyLost, failThoughPaid, errorThoughPaid, queryLag, latePay, hollowCancel, autoClose, earlyReversal
    case refundFails, offlineCode
    // People, six: cashiers and supervisors.
    case cashierStops, cashierRescans, otherBasket, powerCycle, release, disown

    package static let count = allCases.count

    package var family: FaultFamily {
        switch self {
        case .loss, .delay, .reorder, .duplicate, .oneWayCut, .twoWayCut, .clog, .resetAfterSend, .trickle: .network
        case .crash, .crashAtEffect, .pause, .restartLoop, .secondInstance: .process
        case .lostUnsynced, .tornTail, .syncError, .diskFull, .bitFlip, .rollback: .disk
        case .skew, .jumpAhead, .jumpBack, .frozenMachine: .clock
        case .commitUnknown, .failover, .failoverWithLoss, .readOnly, .slowDatabase: .database
        case .replyLost, .failThoughPaid, .errorThoughPaid, .queryLag, .latePay, .hollowCancel, .autoClose,
            .earlyReversal, .refundFails, .offlineCode:
            .wallet
        case .cashierStops, .cashierRescans, .otherBasket, .powerCycle, .release, .disown: .people
        }
    }

    package var name: String {
        switch self {
        case .loss: "loss"
        case .delay: "delay"
        case .reorder: "reorder"
        case .duplicate: "duplicate"
        case .oneWayCut: "one-way-cut"
        case .twoWayCut: "two-way-cut"
        case .clog: "clog"
        case .resetAfterSend: "reset-after-send"
        case .trickle: "trickle"
        case .crash: "crash"
        case .crashAtEffect: "crash-at-effect"
        case .pause: "pause"
        case .restartLoop: "restart-loop"
        case .secondInstance: "second-instance"
        case .lostUnsynced: "lost-unsynced"
        case .tornTail: "torn-tail"
        case .syncError: "sync-error"
        case .diskFull: "disk-full"
        case .bitFlip: "bit-flip"
        case .rollback: "rollback"
        case .skew: "skew"
        case .jumpAhead: "jump-ahead"
        case .jumpBack: "jump-back"
        case .frozenMachine: "frozen-machine"
        case .commitUnknown: "commit-unknown"
        case .failover: "failover"
        case .failoverWithLoss: "failover-with-loss"
        case .readOnly: "read-only"
        case .slowDatabase: "slow-database"
        case .replyLost: "reply-lost"
        case .failThoughPaid: "fail-though-paid"
        case .errorThoughPaid: "error-though-paid"
        case .queryLag: "query-lag"
        case .latePay: "late-pay"
        case .hollowCancel: "hollow-cancel"
        case .autoClose: "auto-close"
        case .earlyReversal: "early-reversal"
        case .refundFails: "refund-fails"
        case .offlineCode: "offline-code"
        case .cashierStops: "cashier-stops"
        case .cashierRescans: "cashier-rescans"
        case .otherBasket: "other-basket"
        case .powerCycle: "power-cycle"
        case .release: "release"
        case .disown: "disown"
        }
    }

    /// Whether it comes as an episode with a place, a beginning and an end; the others meet single messages, calls
    /// and steps.
    var isEpisode: Bool {
        switch self {
        case .oneWayCut, .twoWayCut, .clog, .crash, .pause, .restartLoop, .secondInstance, .diskFull, .rollback,
            .skew, .jumpAhead, .jumpBack, .frozenMachine, .failover, .failoverWithLoss, .readOnly, .slowDatabase,
            .powerCycle:
            true
        default: false
        }
    }

    /// The highest rate that a seed may draw: for episodes, milliseconds between two of them at the least; for the
    /// others, thousandths of the occasions.
    var bound: Int {
        switch self {
        case .loss: 300
        case .duplicate: 500
        case .delay, .reorder: 200
        case .resetAfterSend, .trickle: 80
        case .crashAtEffect: 8
        case .lostUnsynced, .tornTail: 900
        case .syncError: 6
        case .bitFlip: 120
        case .commitUnknown: 40
        case .replyLost, .failThoughPaid, .errorThoughPaid, .latePay: 250
        case .queryLag, .hollowCancel, .autoClose, .earlyReversal, .refundFails, .offlineCode: 700
        case .cashierStops, .disown: 120
        case .cashierRescans, .otherBasket: 150
        case .release: 800
        default: 15_000
        }
    }
}
