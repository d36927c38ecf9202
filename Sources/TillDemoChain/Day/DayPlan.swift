// Part of Tillbridge. See LICENSE.
package import TillDomain
import TillSandbox

/// A trading day as it is seen in shops: rush hours, a mix of wallets, and what goes wrong with some payments. The same
/// seed, registers and day give the same plan.
package struct DayPlan: Equatable, Sendable {
    /// A register, and until when it sells.
    package struct Register: Equatable, Sendable {
        package let id: RegisterID
        package let until: Timestamp

        package init(id: RegisterID, until: Timestamp) {
            self.id = id
            self.until = until
        }
    }

    /// Milliseconds. A little less than 24 hours: the certificates of a new sandbox hold since a day before now.
    package static let length: Int64 = 86_400_000 - 600_000
    /// What was begun so long before the day's end is over by then: nothing is left that a register would have to say.
    package static let quietEnd: Int64 = 600_000
    /// A person hears of a payment without an end after half an hour.
    private static let longEnough: Int64 = 45 * 60_000
    /// Two sales at one register; after one that went wrong the lane may be held for longer.
    private static let pause: Int64 = 60_000
    private static let pauseAfterTrouble: Int64 = 420_000
    private static let unacknowledged = 2
    /// Goods come back so long after the payment.
    private static let soonestReturn: Int64 = 600_000
    private static let latestReturn: Int64 = 5_400_000
    /// A wallet that was wrong is asked again every hour; the next time is to be after the day.
    private static let lastWrongAnswer: Int64 = 70 * 60_000

    /// How busy each hour is, from midnight on, by the clocks of China.
    private static let rush: [Double] = [
        0.10, 0.05, 0.03, 0.03, 0.05, 0.15, 0.6, 1.6, 2.1, 1.2, 1.0, 1.9, 2.6, 1.6, 1.1, 1.2, 1.4, 2.0, 2.7, 2.3, 1.6,
        1.0, 0.5, 0.2,
    ]

    /// In the order of their moments.
    package let sales: [DaySale]

    /// - Parameters:
    ///   - count: How many sales are aimed at. Those for which no register is free are left out.
    ///   - end: The day is that before it.
    package init(seed: UInt64, registers: [Register], count: Int, end: Timestamp) {
        var generator = SeededGenerator(seed: seed)
        var free = [Int64](repeating: 0, count: registers.count)
        var sales: [DaySale] = []
        let moments = (0..<count).map { _ in DayPlan.moment(before: end, using: &generator) }.sorted()
        // Spread over the day, and early enough that somebody has been told.
        let late = moments.lastIndex { $0 < end.milliseconds - DayPlan.longEnough } ?? 0
        let lost = Set((1...DayPlan.unacknowledged).map { late * $0 / (DayPlan.unacknowledged + 1) })
        let wrong = moments.lastIndex { $0 < end.milliseconds - DayPlan.lastWrongAnswer }
        for (place, moment) in moments.enumerated() {
            guard let register = DayPlan.register(registers, free, at: moment, using: &generator) else { continue }
            let drawn = DayPlan.course(using: &generator)
            let course: DaySale.Course =
                lost.contains(place) ? .unacknowledged : place == wrong ? .wrongAmount : drawn
            let items = Goods.basket(using: &generator)
            let sale = DaySale(
                register: registers[register].id,
                at: Timestamp(milliseconds: moment),
                home: Bool.random(using: &generator) ? .a : .b,
                wallet: DayPlan.wallet(using: &generator),
                items: items,
                course: course,
                comesBack: DayPlan.comesBack(items, course, moment, end, using: &generator)
            )
            sales.append(sale)
            switch course {
            case .pays, .typesPassword, .tooLittleMoney, .expiredCode: free[register] = moment + DayPlan.pause
            case .unacknowledged, .wrongAmount: free[register] = .max
            default: free[register] = moment + DayPlan.pauseAfterTrouble
            }
        }
        DayPlan.completeReturns(&sales, end, using: &generator)
        self.sales = sales
    }

    // MARK: - Chance

    private static func moment(before end: Timestamp, using generator: inout SeededGenerator) -> Int64 {
        while true {
            let moment = end.milliseconds - .random(in: quietEnd..<length, using: &generator)
            let hour = Int((moment / 3_600_000 + 8) % 24)
            if Double.random(in: 0..<2.7, using: &generator) < rush[hour] { return moment }
        }
    }

    private static func register(
        _ registers: [Register],
        _ free: [Int64],
        at moment: Int64,
        using generator: inout SeededGenerator
    ) -> Int? {
        func isFree(_ place: Int) -> Bool { free[place] <= moment && moment < registers[place].until.milliseconds }
        for _ in 0..<20 {
            let place = Int.random(in: registers.indices, using: &generator)
            if isFree(place) { return place }
        }
        return registers.indices.first { isFree($0) }
    }

    private static func wallet(using generator: inout SeededGenerator) -> SandboxWallet {
        switch Int.random(in: 0..<100, using: &generator) {
        case ..<45: .wechatpay
        case ..<87: .alipay
        case ..<97: .unionpay
        default: .qqwallet
        }
    }

    private static func course(using generator: inout SeededGenerator) -> DaySale.Course {
        switch Int.random(in: 0..<1_000, using: &generator) {
        case ..<860: .pays
        case ..<932: .typesPassword(seconds: .random(in: 3...20, using: &generator))
        case ..<945: .declines(after: .random(in: 3_000...15_000, using: &generator))
        case ..<963: .tooLittleMoney
        case ..<977: .expiredCode
        case ..<987: .stopped(after: .random(in: 8_000...25_000, using: &generator))
        case ..<991: .neverTypes
        case ..<996: .replyLost
        default: .replyLostAndStopped(after: .random(in: 1_500...2_500, using: &generator))
        }
    }

    /// Sees to it that one return of each kind is there on every day, whatever chance has brought: one that the wallet
    /// takes on and does not manage, one of a part, one of everything.
    private static func completeReturns(
        _ sales: inout [DaySale],
        _ end: Timestamp,
        using generator: inout SeededGenerator
    ) {
        func places(_ fits: (DaySale) -> Bool) -> [Int] {
            sales.indices.filter { sales[$0].course == .pays && fits(sales[$0]) }
        }
        func isInTime(_ sale: DaySale) -> Bool { mayReturn(sale.at.milliseconds + soonestReturn, end) }
        // WeChat Pay gives one up for good; others try again for ever.
        let returned = places { $0.comesBack != nil && $0.wallet == .wechatpay }
        let candidates = returned.isEmpty ? places { isInTime($0) && $0.wallet == .wechatpay } : returned
        if let place = candidates.randomElement(using: &generator) {
            let known = sales[place].comesBack
            sales[place].comesBack = known?.failing ?? goods(sales[place].items, isPart: false, fails: true)
        }
        for isPart in [true, false] {
            let isThere = sales.contains { sale in
                sale.comesBack.map { !$0.fails && ($0.amount < sale.amount) == isPart } ?? false
            }
            let candidates = places {
                isInTime($0) && $0.comesBack == nil && (!isPart || $0.items[0].unitPrice < $0.amount)
            }
            if !isThere, let place = candidates.randomElement(using: &generator) {
                sales[place].comesBack = goods(sales[place].items, isPart: isPart)
            }
        }
    }

    private static func mayReturn(_ moment: Int64, _ end: Timestamp) -> Bool {
        moment < end.milliseconds - quietEnd
    }

    /// All of a basket, or one of its first article.
    private static func goods(
        _ items: [BasketItem],
        isPart: Bool,
        after: Int64 = soonestReturn,
        reason: String = "商品有瑕疵",
        fails: Bool = false
    ) -> DaySale.Return {
        let whole = items.reduce(0) { $0 + $1.quantity * $1.unitPrice.fen }
        let amount = isPart ? items[0].unitPrice.fen : whole
        return DaySale.Return(after: after, amount: Money(fen: amount), reason: reason, fails: fails)
    }

    private static func comesBack(
        _ items: [BasketItem],
        _ course: DaySale.Course,
        _ moment: Int64,
        _ end: Timestamp,
        using generator: inout SeededGenerator
    ) -> DaySale.Return? {
        let after = Int64.random(in: soonestReturn...latestReturn, using: &generator)
        guard course == .pays, mayReturn(moment + after, end), Int.random(in: 0..<120, using: &generator) == 0
        else { return nil }
        let whole = items.reduce(0) { $0 + $1.quantity * $1.unitPrice.fen }
        // Some of the goods, where there are some.
        let isPart = items[0].unitPrice.fen < whole && Bool.random(using: &generator)
        let reason = ["商品有瑕疵", "多收一件", "顾客退货"].randomElement(using: &generator) ?? ""
        return goods(items, isPart: isPart, after: after, reason: reason)
    }
}

extension DaySale.Return {
    fileprivate var failing: DaySale.Return {
        DaySale.Return(after: after, amount: amount, reason: reason, fails: true)
    }
}
