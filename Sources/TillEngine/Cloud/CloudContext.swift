// Part of Tillbridge. See LICENSE.
package import TillDomain

/// Which wallet an intent leads to, by the routing document of its version.
package enum CloudRoute: Equatable, Sendable {
    /// The version is not held here yet: it comes from the peer.
    case missing
    /// No rule matches, or the store has no account for the wallet in that document.
    case noWallet
    case wallet(Wallet, WalletSchedule)
}

package enum CloudLoad: Equatable, Sendable {
    case normal
    /// New payments are refused, with the stored promise not to send.
    case shedding
    /// New payments get BUSY and no row.
    case overloaded
}

/// What the machine needs to know of the world at the moment of one event.
package struct CloudContext: Equatable, Sendable {
    package let cloud: CloudName
    package let times: ProtocolTimes
    package let route: CloudRoute
    /// When this cloud's database last became the primary, or was restored. Nil: never since it was made.
    package let lastPromotion: Timestamp?
    package let load: CloudLoad
    /// The wallet is switched on, has an account, and its breaker is not open.
    package let walletOn: Bool
    /// The own clock's error is known to be within ε.
    package let clockTrusted: Bool
    /// The highest sequence seen of the payment's register; 0 for none.
    package let highestSequence: UInt64
    /// 64 random bits for the jitter of retries.
    package let random: UInt64

    package init(
        cloud: CloudName,
        times: ProtocolTimes,
        route: CloudRoute,
        lastPromotion: Timestamp? = nil,
        load: CloudLoad = .normal,
        walletOn: Bool = true,
        clockTrusted: Bool = true,
        highestSequence: UInt64 = 0,
        random: UInt64 = 0
    ) {
        self.cloud = cloud
        self.times = times
        self.route = route
        self.lastPromotion = lastPromotion
        self.load = load
        self.walletOn = walletOn
        self.clockTrusted = clockTrusted
        self.highestSequence = highestSequence
        self.random = random
    }

    package var schedule: WalletSchedule? {
        if case .wallet(_, let schedule) = route { return schedule }
        return nil
    }

    /// Whether a row that is missing here was never written (M-promo).
    func isSafe(_ startedAt: Timestamp) -> Bool {
        guard let lastPromotion else { return true }
        return startedAt > lastPromotion + times.futureMargin + 2 * times.clockError
    }
}
