// Part of Tillbridge. See LICENSE.

/// UnionPay's rules for 62-codes (被扫消费): an order is known by its number and its time, a consume is accepted first
/// and decided afterwards, and what can be undone depends on the settlement day.
package struct UnionPayWallet: WalletMachine {
    package var book: TradeBook

    /// From the accepting answer to the decision, where no password is asked for. Wallet time.
    package static let deliberation: Int64 = 200
    /// An order that nobody paid fails at this age. No document says when: our choice is longer than the advised six
    /// queries take, so that a merchant has to undo an order that is still open. Wallet time.
    package static let unpaidLife: Int64 = 120_000
    /// A void or a refund is accepted at once and done after this. Wallet time.
    package static let refundProcessing: Int64 = 2000
    package static let refundWindow: Int64 = 30 * 24 * 3_600_000

    package init(book: TradeBook) { self.book = book }

    /// Days since 1970 in China, each of which begins at 23:00 of the evening before.
    package static func settlementDay(_ moment: Int64) -> Int64 { (moment + 9 * 3_600_000) / 86_400_000 }

    /// The settlement day's date, MMDD.
    package static func settleDate(_ moment: Int64) -> String {
        String(ChinaTime(milliseconds: moment + 3_600_000).compactDate.suffix(4))
    }

    package enum Reference: Equatable, Sendable {
        case order(number: String, time: String)
        /// The wallet's own number of a transaction.
        case queryID(String)

        var key: String {
            switch self {
            case .order(let number, let time): OrderKey.text(number, time)
            case .queryID(let id): id
            }
        }
    }

    private func sale(_ reference: Reference) -> Trade? {
        switch reference {
        case .order: book.trade(number: reference.key)
        case .queryID(let id): book.trade(walletNumber: id)
        }
    }

    // MARK: consume

    /// Paid is never the answer: what is not refused at once waits for its decision.
    package mutating func pay(
        _ request: PayRequest,
        policies: Policies,
        at now: Int64,
        using generator: inout SeededGenerator
    ) -> PayAnswer {
        if isKnown(request.key) { return .refused(.inconsistent) }
        if book.isFenced(request.key) { return .refused(.alreadyReversed) }
        switch book.judge(code: request.code, for: request.key, at: now) {
        case .failure(let problem):
            return .refused(problem.refusal)
        case .success(let code):
            let delay = UnionPayWallet.deliberation
            return .waiting(book.accept(request, with: code, deciding: delay, at: now, using: &generator))
        }
    }

    /// Sales, voids and refunds share one set of keys.
    private func isKnown(_ key: String) -> Bool {
        book.trade(number: key) != nil || book.trade(refundNumber: key) != nil
    }

    // MARK: query

    package enum Finding: Equatable, Sendable {
        case sale(Trade)
        case giveBack(Trade, RefundRecord)
    }

    package func query(_ reference: Reference, policies: Policies, at now: Int64) -> Finding? {
        if let found = giveBack(reference) { return .giveBack(found.trade, found.record) }
        return visible(sale(reference), policies: policies, at: now).map { .sale($0) }
    }

    /// The void or refund that a query is about, if it is about one.
    package func giveBack(_ reference: Reference) -> (trade: Trade, record: RefundRecord)? {
        guard let trade = book.trade(refundNumber: reference.key) else { return nil }
        return trade.refunds.first { $0.key == reference.key || $0.walletNumber == reference.key }.map { (trade, $0) }
    }

    /// `origRespCode` of a query.
    package static func outcome(of finding: Finding) -> String {
        switch finding {
        case .sale(let trade):
            switch trade.state {
            case .waiting: "05"
            case .paid, .refunded: "00"
            case .reversed: "46"
            case .closed:
                if let refusal = trade.refusal {
                    UnionPayErrors.code(of: refusal)
                } else {
                    trade.closing == .expired ? "69" : "60"
                }
            }
        case .giveBack(_, let record):
            switch record.state {
            case .processing: "05"
            case .done: "00"
            case .failed: "01"
            }
        }
    }

    // MARK: reversal

    package enum ReverseAnswer: Equatable, Sendable {
        case done(Trade)
        case refused(code: String)
    }

    /// A reversal that comes before its consume is remembered, whatever Q1 says: it is there for lost messages, and the
    /// consume that is still on its way must not be carried out.
    package mutating func reverse(number: String, time: String, at now: Int64) -> ReverseAnswer {
        let key = OrderKey.text(number, time)
        guard let trade = book.trade(number: key) else {
            book.fence(key)
            return .refused(code: "34")
        }
        let isToday = UnionPayWallet.settlementDay(trade.createdAt) == UnionPayWallet.settlementDay(now)
        switch trade.state {
        case .reversed: return .refused(code: "46")
        case .closed: return .refused(code: "35")
        case .refunded: return .refused(code: "45")
        case .waiting, .paid:
            if trade.refundAccepted > 0 { return .refused(code: "45") }
            return isToday ? .done(book.reverse(trade, at: now)) : .refused(code: "35")
        }
    }

    // MARK: void and refund

    package struct GiveBackRequest: Equatable, Sendable {
        package let isVoid: Bool
        package let number: String
        package let time: String
        package let amount: Int64
        package let original: Reference
        package let echoes: [String: String]

        package init(
            isVoid: Bool,
            number: String,
            time: String,
            amount: Int64,
            original: Reference,
            echoes: [String: String]
        ) {
            self.isVoid = isVoid
            self.number = number
            self.time = time
            self.amount = amount
            self.original = original
            self.echoes = echoes
        }
    }

    package enum GiveBackAnswer: Equatable, Sendable {
        case accepted(RefundRecord)
        /// `detail`: the seven digits that the message ends with, where they say more than the code.
        case refused(code: String, detail: String? = nil)
    }

    package mutating func giveBack(
        _ request: GiveBackRequest,
        course: RefundCourse,
        at now: Int64,
        using generator: inout SeededGenerator
    ) -> GiveBackAnswer {
        if isKnown(OrderKey.text(request.number, request.time)) { return .refused(code: "12") }
        guard let trade = sale(request.original) else { return .refused(code: "34") }
        switch trade.state {
        case .waiting, .closed: return .refused(code: "35")
        case .reversed: return .refused(code: "46")
        case .refunded: return .refused(code: "45")
        case .paid: break
        }
        let rest = trade.amount - trade.refundAccepted
        if rest == 0 || request.isVoid && trade.refundAccepted > 0 { return .refused(code: "45") }
        if request.isVoid {
            guard UnionPayWallet.settlementDay(trade.createdAt) == UnionPayWallet.settlementDay(now) else {
                return .refused(code: "35")
            }
            guard request.amount == trade.amount else { return .refused(code: "36") }
        } else {
            guard now - (trade.paidAt ?? now) <= UnionPayWallet.refundWindow else {
                return .refused(code: "35", detail: "2011000")
            }
            guard request.amount <= rest else { return .refused(code: "36") }
        }
        let record = book.refund(
            trade,
            number: request.number,
            orderTime: request.time,
            amount: request.amount,
            fingerprint: "",
            reason: "",
            echoes: request.echoes,
            processing: book.pace.wait(course.failsAfter ?? UnionPayWallet.refundProcessing),
            fails: course.failsAfter != nil,
            at: now,
            using: &generator
        )
        return .accepted(record)
    }
}
