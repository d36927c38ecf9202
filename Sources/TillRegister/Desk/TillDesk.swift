// Part of Tillbridge. See LICENSE.
import Foundation

/// The register behind the page: asks the plug-in, writes everything to the paper log before anyone acts on it, and
/// acknowledges what was paid.
package actor TillDesk {
    package nonisolated let plugin: PluginClient
    private let paper: PaperLog
    private let acknowledges: Bool
    private var book: SaleBook
    private var acknowledging: Set<String> = []
    /// Sales whose acknowledgement is not repeated: the plug-in refused it, or it was never to be sent.
    private var withheld: Set<String> = []
    private var told: [String: SaleAnswer] = [:]
    private var lastReference: Int64 = 0

    package init(plugin: PluginClient, paper: PaperLog, entries: [PaperEntry] = [], acknowledges: Bool = true) {
        self.plugin = plugin
        self.paper = paper
        self.acknowledges = acknowledges
        book = SaleBook(entries)
    }

    package var lastReceipt: SaleRecord? { book.lastReceipt }
    package var recentSales: [SaleRecord] { book.sales.suffix(12).reversed() }

    /// A sale reference that no sale of this till had before, over restarts and lost folders: the time in
    /// milliseconds, rising, and three random digits.
    package func newSaleReference() -> String {
        lastReference = max(lastReference + 1, TillDesk.now())
        return "S\(lastReference)-\(Int.random(in: 100...999))"
    }

    // MARK: - Wallet payments

    /// Collects a sale. Comes back with the plug-in's last word, after at most about 70 s.
    ///
    /// The plug-in's silence is not a failure: the till asks on until it knows, and a *paid* is written down and
    /// then acknowledged.
    ///
    /// - Parameters:
    ///   - acknowledge: False plays a till that stops before it takes note of the payment.
    ///   - patience: How long to ask on; zero plays a till that stops with the plug-in.
    package func pay(
        _ request: PaymentRequest,
        acknowledge: Bool = true,
        patience: Duration? = nil
    ) async throws -> PluginReply<SaleAnswer> {
        if !acknowledge { withheld.insert(request.saleRef) }
        let deadline = ContinuousClock.now + (patience ?? .seconds(PluginClient.paymentSeconds))
        var entry = PaperEntry(
            time: TillDesk.now(),
            kind: .asked,
            call: .pay,
            saleRef: request.saleRef,
            amount: request.amount
        )
        entry.note = "items: \(request.items.count)"
        try await note(entry)
        var reply = await plugin.pay(request)
        try await note(reply, to: .pay, sale: request.saleRef)
        while reply.isUndecided, !Task.isCancelled, ContinuousClock.now < deadline {
            try? await Task.sleep(for: .milliseconds(500))
            // Asking on would keep a payment alive that nobody wants any more; unasked, the plug-in undoes it.
            if book.isTakenInCash(request.saleRef) { return reply }
            reply = try await status(of: request.saleRef)
            if case .refused(let problem) = reply, problem.status == 404 {
                // The plug-in never heard of it, so nothing was sent and nothing is owed.
                var answer = SaleAnswer(outcome: .unavailable, saleRef: request.saleRef, amount: request.amount)
                answer.reason = "plug-in-restarted"
                try await note(PaperEntry(time: TillDesk.now(), told: answer, by: .pay))
                return .answer(answer)
            }
        }
        return reply
    }

    /// Sends a body as it is: what a register that gets things wrong would send.
    package func present(_ body: String, as sale: String) async throws -> PluginReply<SaleAnswer> {
        try await order(.pay, sale) { await plugin.post("/v1/payments", body: Data(body.utf8)) }
    }

    /// What the plug-in says of a sale now. Written down where it is news.
    package func status(of sale: String) async throws -> PluginReply<SaleAnswer> {
        let reply = await plugin.status(of: sale)
        guard case .answer(let answer) = reply else { return reply }
        if told[sale].map({ !answer.saysTheSame(as: $0) }) ?? true {
            try await note(reply, to: .status, sale: sale)
        }
        return reply
    }

    /// The cashier stops waiting.
    package func cancel(_ sale: String) async throws -> PluginReply<SaleAnswer> {
        try await order(.cancel, sale) { await plugin.cancel(sale) }
    }

    /// The goods stay here: the shopper gets the money back.
    package func disown(_ sale: String) async throws -> PluginReply<SaleAnswer> {
        try await order(.disown, sale) { await plugin.disown(sale) }
    }

    /// The sale is taken: the plug-in may forget about undoing it.
    package func acknowledge(_ sale: String) async throws -> PluginReply<SaleAnswer> {
        guard acknowledging.insert(sale).inserted else { return .silence("being acknowledged") }
        defer { acknowledging.remove(sale) }
        return try await order(.acknowledge, sale) { await plugin.acknowledge(sale) }
    }

    package func release(supervisorCode: String, reason: String) async throws -> PluginReply<ReleaseAnswer> {
        var entry = PaperEntry(time: TillDesk.now(), kind: .asked, call: .release)
        entry.note = reason
        try await note(entry)
        let reply = await plugin.release(supervisorCode: supervisorCode, reason: reason)
        var answer = PaperEntry(time: TillDesk.now(), kind: .told, call: .release)
        switch reply {
        case .answer(let released):
            answer.note = "lane: \(released.lane ?? "")"
        case .refused(let problem):
            answer.kind = .refused
            answer.status = problem.status
            answer.note = problem.detail ?? problem.title
        case .silence(let why):
            answer.kind = .silence
            answer.note = why
        }
        try await note(answer)
        return reply
    }

    /// Acknowledges again what the plug-in has not confirmed yet, as after a restart of the till.
    package func acknowledgeOpenSales() async throws {
        guard acknowledges else { return }
        for sale in book.unacknowledged where !acknowledging.contains(sale) && !withheld.contains(sale) {
            if case .refused = try await acknowledge(sale) { withheld.insert(sale) }
        }
    }

    // MARK: - Cash

    /// Cash is always possible; the plug-in is not asked. Should a wallet turn out to have paid the same sale, that is
    /// never acknowledged by itself: a person gives the money back.
    package func takeCash(sale: String, amount: Int64) async throws {
        withheld.insert(sale)
        try await note(PaperEntry(time: TillDesk.now(), kind: .cash, saleRef: sale, amount: amount))
    }

    // MARK: - Paper

    private func order(
        _ call: PaperEntry.Call,
        _ sale: String,
        _ body: () async -> PluginReply<SaleAnswer>
    ) async throws -> PluginReply<SaleAnswer> {
        try await note(PaperEntry(time: TillDesk.now(), kind: .asked, call: call, saleRef: sale))
        let reply = await body()
        try await note(reply, to: call, sale: sale)
        return reply
    }

    private func note(_ reply: PluginReply<SaleAnswer>, to call: PaperEntry.Call, sale: String) async throws {
        switch reply {
        case .answer(let answer):
            told[answer.saleRef] = answer
            try await note(PaperEntry(time: TillDesk.now(), told: answer, by: call))
            guard answer.outcome == .paid, call == .pay || call == .status, acknowledges,
                !withheld.contains(answer.saleRef)
            else { return }
            _ = try await acknowledge(answer.saleRef)
        case .refused(let problem):
            var entry = PaperEntry(time: TillDesk.now(), kind: .refused, call: call, saleRef: sale)
            entry.status = problem.status
            entry.note = problem.detail ?? problem.title
            try await note(entry)
        case .silence(let why):
            var entry = PaperEntry(time: TillDesk.now(), kind: .silence, call: call, saleRef: sale)
            entry.note = why
            try await note(entry)
        }
    }

    private func note(_ entry: PaperEntry) async throws {
        book.note(entry)
        try await paper.append(entry)
    }

    private static func now() -> Int64 { Int64((Date().timeIntervalSince1970 * 1000).rounded()) }
}

extension PluginReply<SaleAnswer> {
    /// The till has to ask on.
    fileprivate var isUndecided: Bool {
        switch self {
        case .answer(let answer): answer.outcome == .waiting
        case .refused: false
        case .silence: true
        }
    }
}

extension SaleAnswer {
    /// Whether a record of `other` makes a record of this answer superfluous: countdowns do not count.
    fileprivate func saysTheSame(as other: SaleAnswer) -> Bool {
        outcome == other.outcome && orderNumber == other.orderNumber && reason == other.reason
            && waitingFor == other.waitingFor && final == other.final && walletTransaction == other.walletTransaction
    }
}
