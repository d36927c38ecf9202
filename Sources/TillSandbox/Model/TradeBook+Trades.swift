// Part of Tillbridge. See LICENSE.

extension TradeBook {
    /// What the shopper's side makes of a first pay call.
    package enum Opening: Sendable {
        case paid(Trade)
        case waiting(Trade)
        case refused(PayRefusal)
    }

    /// Carries out a pay call for a number that the wallet does not know yet, with a code that may be used.
    package mutating func open(
        _ request: PayRequest,
        with code: IssuedCode,
        absoluteExpiry: Bool,
        at now: Int64,
        using generator: inout SeededGenerator
    ) -> Opening {
        use(code, for: request.key)
        if code.behaviour == .riskRefused { return .refused(.risk) }
        if code.behaviour == .insufficient || balance(of: code.shopper) < request.amount {
            return .refused(.insufficient)
        }
        var trade = makeTrade(
            request,
            shopper: code.shopper,
            absoluteExpiry: absoluteExpiry,
            at: now,
            using: &generator
        )
        trade.note("created", trade.amount, at: now)
        switch code.behaviour {
        case .pays:
            put(trade)
            return .paid(book(trade, at: now))
        case .password:
            trade.confirmable = true
        case .passwordPaysAfter(let seconds):
            trade.confirmable = true
            trade.paysAt = now + pace.wait(Int64(seconds) * 1000)
        case .never, .insufficient, .expired, .used, .riskRefused:
            break
        }
        trade.note("asked", at: now)
        put(trade)
        return .waiting(trade)
    }

    /// Takes a pay call on at a wallet that answers before it decides. What comes of it comes `deciding` milliseconds of
    /// wallet time later.
    package mutating func accept(
        _ request: PayRequest,
        with code: IssuedCode,
        deciding delay: Int64,
        at now: Int64,
        using generator: inout SeededGenerator
    ) -> Trade {
        use(code, for: request.key)
        var trade = makeTrade(request, shopper: code.shopper, absoluteExpiry: false, at: now, using: &generator)
        trade.note("created", trade.amount, at: now)
        switch code.behaviour {
        case .pays:
            trade.paysAt = now + pace.wait(delay)
        case .insufficient:
            trade.paysAt = now + pace.wait(delay)
            trade.refusal = .insufficient
        case .riskRefused:
            trade.paysAt = now + pace.wait(delay)
            trade.refusal = .risk
        case .password:
            trade.confirmable = true
        case .passwordPaysAfter(let seconds):
            trade.confirmable = true
            trade.paysAt = now + pace.wait(max(delay, Int64(seconds) * 1000))
        case .never, .expired, .used:
            break
        }
        if trade.confirmable { trade.note("asked", at: now) }
        put(trade)
        return trade
    }

    /// Keeps an order that was refused, at a wallet that does so.
    package mutating func keepRefused(
        _ request: PayRequest,
        shopper: String,
        refusal: PayRefusal,
        at now: Int64,
        using generator: inout SeededGenerator
    ) {
        var trade = makeTrade(request, shopper: shopper, absoluteExpiry: false, at: now, using: &generator)
        trade.refusal = refusal
        trade.note("created", trade.amount, at: now)
        put(trade)
        close(trade, as: .declined, at: now)
    }

    private func makeTrade(
        _ request: PayRequest,
        shopper: String,
        absoluteExpiry: Bool,
        at now: Int64,
        using generator: inout SeededGenerator
    ) -> Trade {
        var expiresAt = now + pace.wait(request.life)
        if absoluteExpiry, let absolute = request.absoluteExpiry { expiresAt = absolute }
        return Trade(
            wallet: wallet,
            merchantOrderNumber: request.merchantOrderNumber,
            orderTime: request.orderTime,
            walletNumber: wallet.tradeNumber(at: now, sequence: sequence.count + 1, using: &generator),
            amount: request.amount,
            subject: request.subject,
            shopper: shopper,
            code: request.code,
            fingerprint: request.fingerprint,
            echoes: request.echoes,
            createdAt: now,
            expiresAt: expiresAt,
            state: .waiting,
            closing: nil,
            paysAt: nil,
            confirmable: false,
            paidAt: nil,
            endedAt: nil,
            refusal: nil,
            refunds: [],
            history: []
        )
    }

    /// The shopper's money goes to the merchant.
    @discardableResult
    package mutating func book(_ trade: Trade, at now: Int64) -> Trade {
        var trade = trade
        move(trade.amount, from: .shopper(trade.shopper), to: .merchant, for: trade, at: now, memo: "payment")
        trade.state = .paid
        trade.paysAt = nil
        trade.confirmable = false
        trade.paidAt = now
        trade.note("paid", trade.amount, at: now)
        put(trade)
        return trade
    }

    @discardableResult
    package mutating func close(_ trade: Trade, as closing: Closing, at now: Int64) -> Trade {
        var trade = trade
        trade.state = .closed
        trade.closing = closing
        trade.paysAt = nil
        trade.confirmable = false
        trade.endedAt = now
        trade.note(closing.rawValue, at: now)
        put(trade)
        return trade
    }

    /// Ends a trade by the merchant's cancel. What was paid goes back to the shopper at once.
    @discardableResult
    package mutating func reverse(_ trade: Trade, at now: Int64) -> Trade {
        var trade = trade
        if trade.state == .paid {
            move(trade.amount, from: .merchant, to: .shopper(trade.shopper), for: trade, at: now, memo: "reversal")
        }
        trade.note("reversed", trade.state == .paid ? trade.amount : nil, at: now)
        trade.state = .reversed
        trade.paysAt = nil
        trade.confirmable = false
        trade.endedAt = now
        put(trade)
        return trade
    }

    package enum DecisionProblem: Error, Sendable {
        case noPayment, notWaiting, insufficient
    }

    /// The shopper types the password, or declines.
    package mutating func decide(code: String, pays: Bool, at now: Int64) -> Result<Trade, DecisionProblem> {
        guard let key = codes[code]?.usedBy, let trade = trades[key], trade.code == code else {
            return .failure(.noPayment)
        }
        guard trade.state == .waiting, trade.confirmable else { return .failure(.notWaiting) }
        guard pays else { return .success(close(trade, as: .declined, at: now)) }
        guard balance(of: trade.shopper) >= trade.amount else { return .failure(.insufficient) }
        return .success(book(trade, at: now))
    }

    /// What is due for a trade happens: the decision before expiry before refunds.
    package mutating func settle(_ key: String, at due: Int64) {
        guard var trade = trades[key] else { return }
        if trade.state == .waiting {
            if let paysAt = trade.paysAt, paysAt <= due, paysAt < trade.expiresAt {
                // Without a password nobody but the wallet has declined, and the order says why.
                if balance(of: trade.shopper) < trade.amount, !trade.confirmable { trade.refusal = .insufficient }
                let pays = trade.refusal == nil && balance(of: trade.shopper) >= trade.amount
                if pays { book(trade, at: due) } else { close(trade, as: .declined, at: due) }
            } else if trade.expiresAt <= due {
                close(trade, as: .expired, at: due)
            }
        }
        settleRefunds(key, at: due)
    }
}

extension SandboxWallet {
    /// The wallet's own number of a trade: 28 digits, at UnionPay 21, that begin as the real ones do.
    fileprivate func tradeNumber(at now: Int64, sequence: Int, using generator: inout SeededGenerator) -> String {
        let time = ChinaTime(milliseconds: now)
        let day = time.compactDate
        let tail = String(sequence)
        switch self {
        case .alipay:
            return day + "22001400" + String(repeating: "0", count: max(0, 12 - tail.count)) + tail
        case .wechatpay:
            return "42000" + generator.digits(5) + day + String(repeating: "0", count: max(0, 10 - tail.count)) + tail
        case .qqwallet:
            let merchant = "19" + generator.digits(8)
            return merchant + "47" + day.dropFirst(2) + String(repeating: "0", count: max(0, 10 - tail.count)) + tail
        case .unionpay:
            return time.compact + String(repeating: "0", count: max(0, 7 - tail.count)) + tail
        }
    }
}
