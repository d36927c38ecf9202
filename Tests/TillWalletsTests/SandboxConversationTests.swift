// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain
import TillEngine
import TillWallets

/// Adapters and sandbox are two readings of the same documents that share no code: here they talk to each other.
@Suite(.serialized) struct SandboxConversationTests {
    private func trade(_ outcome: WalletOutcome) -> WalletTrade? {
        switch outcome {
        case .pay(.paid(let trade)), .query(.paid(let trade)): trade
        default: nil
        }
    }

    /// A payment whose shopper pays. Whether the answer or a query says it is the wallet's manner.
    private func sell(_ shop: SandboxShop, _ order: WalletOrder) async throws {
        let outcome = try await shop.outcome(shop.payment(order, code: shop.code("pays")))
        if WalletManner(wallet: shop.account.wallet).paysAtOnce {
            #expect(try #require(trade(outcome)).isPayment(of: order))
        } else {
            #expect(outcome == .pay(.waitingForShopper))
        }
        #expect(try await shop.eventuallyPaid(order))
    }

    @Test("paid, found, refunded, and shown as refunded", arguments: WalletManner.wallets)
    func paidAndRefunded(wallet: Wallet) async throws {
        let manner = WalletManner(wallet: wallet)
        try await SandboxShop.open(wallet) { shop in
            let order = try shop.order()
            try await sell(shop, order)

            let part = WalletRefund(
                order: order,
                number: order.number.refundNumber(1),
                requestedAt: order.startedAt,
                amount: Money(fen: 290),
                reason: []
            )
            #expect(try await shop.outcome(.refundQuery(part)) == .refundQuery(.notFound))
            let first = try await shop.outcome(.refund(part))
            #expect(first == .refund(manner.refund))
            // The same number again returns nothing more and says so in its own way.
            #expect(try await shop.outcome(.refund(part)) == .refund(.accepted))
            #expect(try await shop.eventually(.refundQuery(part), .refundQuery(.done)))
            if manner.showsPaidAfterPart { #expect(try await shop.eventuallyPaid(order)) }

            let rest = WalletRefund(
                order: order,
                number: order.number.refundNumber(2),
                requestedAt: order.startedAt,
                amount: Money(fen: 1000),
                reason: [0xe9, 0x80, 0x80]
            )
            #expect(try await shop.outcome(.refund(rest)) == .refund(manner.refund))
            #expect(try await shop.eventually(.refundQuery(rest), .refundQuery(.done)))
            if let end = manner.refundedOrder {
                #expect(try await shop.eventually(.query(order), .query(end)))
            } else {
                #expect(try await shop.eventuallyPaid(order))
            }
            let more = WalletRefund(
                order: order,
                number: order.number.refundNumber(3),
                requestedAt: order.startedAt,
                amount: Money(fen: 1),
                reason: []
            )
            #expect(try await shop.outcome(.refund(more)) == .refund(.failed(.other)))
        }
    }

    @Test("a shopper who types is waited for, and cancelled for good", arguments: WalletManner.wallets)
    func cancelledWhileTyping(wallet: Wallet) async throws {
        try await SandboxShop.open(wallet) { shop in
            let order = try shop.order()
            let waiting = try await shop.outcome(shop.payment(order, code: shop.code("password")))
            #expect(waiting == .pay(.waitingForShopper))
            #expect(try await shop.eventually(.query(order), .query(.open)))
            try await shop.untilReversal()
            #expect(try await shop.eventually(.cancel(order), .cancel(.closed)))
            #expect(try await shop.eventually(.query(order), .query(.closed)))
        }
    }

    @Test("a paid order that is cancelled gives the money back", arguments: WalletManner.wallets)
    func cancelledAfterPaying(wallet: Wallet) async throws {
        let manner = WalletManner(wallet: wallet)
        try await SandboxShop.open(wallet) { shop in
            let order = try shop.order()
            try await sell(shop, order)
            try await shop.untilReversal()
            #expect(try await shop.eventually(.cancel(order), .cancel(manner.cancelledAfterPaying)))
            #expect(try await shop.eventually(.query(order), .query(manner.cancelledOrder)))
            guard manner.cancelledOrder == .unknown(.refundExists) else { return }
            // The order only says that a refund exists; the refunds say how much is back.
            #expect(try await shop.eventually(.returns(order), .query(.closed)))
            let part = try shop.order()
            try await sell(shop, part)
            let refund = WalletRefund(
                order: part,
                number: part.number.refundNumber(1),
                requestedAt: part.startedAt,
                amount: Money(fen: 290),
                reason: []
            )
            #expect(try await shop.outcome(.returns(part)) == .query(.unknown(.refundExists)))
            #expect(try await shop.outcome(.refund(refund)) == .refund(.accepted))
            #expect(try await shop.eventually(.refundQuery(refund), .refundQuery(.done)))
            #expect(try await shop.outcome(.returns(part)) == .query(.unknown(.refundExists)))
        }
    }

    @Test("declines have their reasons", arguments: WalletManner.wallets)
    func declined(wallet: Wallet) async throws {
        let manner = WalletManner(wallet: wallet)
        try await SandboxShop.open(wallet) { shop in
            let reasons: [(String, DeclineReason)] = [
                ("insufficient", .insufficientFunds), ("expired", .codeExpired), ("risk-refused", .risk),
            ]
            for (behaviour, reason) in reasons {
                let order = try shop.order()
                let outcome = try await shop.outcome(shop.payment(order, code: shop.code(behaviour)))
                if manner.declinesAtOnce(reason) {
                    #expect(outcome == .pay(.declined(reason)), "\(behaviour)")
                    #expect(trade(try await shop.outcome(.query(order))) == nil)
                } else {
                    #expect(outcome == .pay(.waitingForShopper), "\(behaviour)")
                    #expect(try await shop.eventually(.query(order), .query(.closed)), "\(behaviour)")
                }
            }
            let code = try await shop.code("used")
            let used = try await shop.outcome(shop.payment(shop.order(), code: code))
            guard case .pay(.declined(let reason)) = used else {
                Issue.record("\(used)")
                return
            }
            #expect([.codeUsed, .codeExpired, .codeInvalid].contains(reason))
        }
    }

    @Test("a number that the wallet never saw is not found by any call", arguments: WalletManner.wallets)
    func neverSeen(wallet: Wallet) async throws {
        try await SandboxShop.open(wallet) { shop in
            let order = try shop.order()
            let refund = WalletRefund(
                order: order,
                number: order.number.refundNumber(0),
                requestedAt: order.startedAt,
                amount: order.amount,
                reason: []
            )
            #expect(try await shop.outcome(.query(order)) == .query(.notFound))
            #expect(try await shop.outcome(.cancel(order)) == .cancel(.notFound))
            #expect(try await shop.outcome(.refundQuery(refund)) == .refundQuery(.notFound))
            #expect(try await shop.outcome(.refund(refund)) == .refund(.failed(.other)))
        }
    }

    @Test("an answer that went wrong is unknown, and a query knows", arguments: WalletManner.wallets)
    func faults(wallet: Wallet) async throws {
        let manner = WalletManner(wallet: wallet)
        try await SandboxShop.open(wallet) { shop in
            let faults = [
                "bad-signature", "unsigned-error", "wrong-charset", "error-but-done", "html-page", "http-500",
            ]
            for fault in faults {
                let order = try shop.order()
                try await shop.fault(fault, "pay")
                let outcome = try await shop.outcome(shop.payment(order, code: shop.code("pays")))
                guard case .pay(.unknown) = outcome else {
                    Issue.record("\(fault): \(outcome)")
                    continue
                }
                if !["html-page", "http-500"].contains(fault) {
                    #expect(try await shop.eventuallyPaid(order), "\(fault)")
                }
            }
            let order = try shop.order()
            try await shop.fault("error-not-done", "pay")
            let failed = try await shop.outcome(shop.payment(order, code: shop.code("pays")))
            guard case .pay(.unknown) = failed else {
                Issue.record("error-not-done: \(failed)")
                return
            }
            #expect(try await shop.outcome(.query(order)) == .query(.notFound))

            let other = try shop.order()
            if manner.paysAtOnce {
                try await shop.fault("wrong-amount", "pay")
                let differing = try await shop.outcome(shop.payment(other, code: shop.code("pays")))
                #expect(trade(differing)?.isPayment(of: other) == false)
            } else {
                try await sell(shop, other)
                try await shop.fault("wrong-amount", "query")
                #expect(trade(try await shop.outcome(.query(other)))?.isPayment(of: other) == false)
            }

            let again = try shop.order()
            try await sell(shop, again)
            try await shop.fault("cancel-retry", "cancel")
            #expect(try await shop.outcome(.cancel(again)) == .cancel(.retry))
        }
    }
}
