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

    @Test("paid, found, refunded, and shown as refunded", arguments: [Wallet.alipay, .weChatPay])
    func paidAndRefunded(wallet: Wallet) async throws {
        try await SandboxShop.open(wallet) { shop in
            let order = try shop.order()
            let paid = try await shop.outcome(shop.payment(order, code: shop.code("pays")))
            #expect(try #require(trade(paid)).isPayment(of: order))
            #expect(try await shop.eventuallyPaid(order))

            let part = WalletRefund(
                order: order,
                number: order.number.refundNumber(1),
                requestedAt: order.startedAt,
                amount: Money(fen: 290),
                reason: []
            )
            #expect(try await shop.outcome(.refundQuery(part)) == .refundQuery(.notFound))
            let first = try await shop.outcome(.refund(part))
            #expect(first == .refund(wallet == .alipay ? .done : .accepted))
            // The same number again returns nothing more and says so in its own way.
            #expect(try await shop.outcome(.refund(part)) == .refund(.accepted))
            #expect(try await shop.eventually(.refundQuery(part), .refundQuery(.done)))
            if wallet == .alipay { #expect(try await shop.eventuallyPaid(order)) }

            let rest = WalletRefund(
                order: order,
                number: order.number.refundNumber(2),
                requestedAt: order.startedAt,
                amount: Money(fen: 1000),
                reason: [0xe9, 0x80, 0x80]
            )
            #expect(try await shop.outcome(.refund(rest)) == .refund(wallet == .alipay ? .done : .accepted))
            #expect(try await shop.eventually(.refundQuery(rest), .refundQuery(.done)))
            let end: QueryOutcome = wallet == .alipay ? .closed : .unknown(.refundExists)
            #expect(try await shop.eventually(.query(order), .query(end)))
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

    @Test("a shopper who types is waited for, and cancelled for good", arguments: [Wallet.alipay, .weChatPay])
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

    @Test("a paid order that is cancelled gives the money back", arguments: [Wallet.alipay, .weChatPay])
    func cancelledAfterPaying(wallet: Wallet) async throws {
        try await SandboxShop.open(wallet) { shop in
            let order = try shop.order()
            #expect(trade(try await shop.outcome(shop.payment(order, code: shop.code("pays")))) != nil)
            try await shop.untilReversal()
            let cancelled: CancelOutcome = wallet == .alipay ? .refunded : .closed
            #expect(try await shop.eventually(.cancel(order), .cancel(cancelled)))
            guard wallet == .weChatPay else {
                #expect(try await shop.eventually(.query(order), .query(.closed)))
                return
            }
            // Its order only says that a refund exists; the refunds say how much is back.
            #expect(try await shop.eventually(.query(order), .query(.unknown(.refundExists))))
            #expect(try await shop.eventually(.returns(order), .query(.closed)))
            let part = try shop.order()
            #expect(trade(try await shop.outcome(shop.payment(part, code: shop.code("pays")))) != nil)
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

    @Test("declines have their reasons", arguments: [Wallet.alipay, .weChatPay])
    func declined(wallet: Wallet) async throws {
        try await SandboxShop.open(wallet) { shop in
            let reasons: [(String, DeclineReason)] = [
                ("insufficient", .insufficientFunds), ("expired", .codeExpired), ("risk-refused", .risk),
            ]
            for (behaviour, reason) in reasons {
                let order = try shop.order()
                let outcome = try await shop.outcome(shop.payment(order, code: shop.code(behaviour)))
                #expect(outcome == .pay(.declined(reason)), "\(behaviour)")
                #expect(trade(try await shop.outcome(.query(order))) == nil)
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

    @Test("a number that the wallet never saw is not found by any call", arguments: [Wallet.alipay, .weChatPay])
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

    @Test("an answer that went wrong is unknown, and a query knows", arguments: [Wallet.alipay, .weChatPay])
    func faults(wallet: Wallet) async throws {
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
            #expect(failed == .pay(.unknown(.walletUnsure)))
            #expect(try await shop.outcome(.query(order)) == .query(.notFound))

            let other = try shop.order()
            try await shop.fault("wrong-amount", "pay")
            let differing = try await shop.outcome(shop.payment(other, code: shop.code("pays")))
            #expect(trade(differing)?.isPayment(of: other) == false)

            let again = try shop.order()
            #expect(trade(try await shop.outcome(shop.payment(again, code: shop.code("pays")))) != nil)
            try await shop.fault("cancel-retry", "cancel")
            #expect(try await shop.outcome(.cancel(again)) == .cancel(.retry))
        }
    }
}
