// Part of Tillbridge. See LICENSE.
import TillDomain

extension PluginLane {
    mutating func register(_ call: RegisterCall, token: UInt64, now: Int64) {
        switch call {
        case .pay(let sale): pay(sale, token: token, now: now)
        case .status(let sale): status(sale, token: token, now: now)
        case .acknowledge(let sale): forward(.acknowledge, sale, token: token, now: now)
        case .disown(let sale): forward(.disown, sale, token: token, reason: .disowned, now: now)
        case .cancel(let sale): forward(.cancel, sale, token: token, reason: .cashier, now: now)
        case .release(let code, let note): release(code: code, note: note, token: token, now: now)
        case .refund(let request): refund(request, token: token, now: now)
        case .refundStatus(let reference): refundStatus(reference, token: token)
        case .laneStatus: effects.append(.answer(token: token, .status(laneStatus(now: now))))
        }
    }

    // MARK: - Pay

    /// The same sale re-attaches while its attempt is open or paid; an attempt that ended unpaid answers the same
    /// code with what is stored and takes a different code as a new attempt with a new number.
    mutating func pay(_ sale: SaleRequest, token: UInt64, now: Int64) {
        var occasion = Occasion()
        occasion.token = token
        occasion.sale = sale
        let saleHash = PluginLane.hash64(sale.saleReference.bytes)
        occasion.saleHash = saleHash
        switch record(of: sale.saleReference, hash: saleHash) {
        case .attempt(let position):
            let state = attempts[position].state
            let endedUnpaid = state == .declined || state == .final
            if !endedUnpaid || attempts[position].codeHash == codeHash(sale.code) {
                guard attempts[position].intent.amount == sale.amount else {
                    let known = answer(at: position, now: now)
                    effects.append(.answer(token: token, .refused(.amountDiffers, known)))
                    return
                }
                if state == .intent, attempts[position].reattachUntil != nil { attempts[position].isReattached = true }
                fire(.paySameSale, at: position, occasion, now: now)
                return
            }
        case .ended(let ended)
        where ended.state == .acked || ended.code == PluginLane.code64(codeHash(sale.code)):
            let stored = answer(for: ended, sale: sale.saleReference, now: now)
            let answer: RegisterAnswer =
                ended.amount == sale.amount ? .sale(stored) : .refused(.amountDiffers, stored)
            effects.append(.answer(token: token, answer))
            return
        case .ended, nil: break
        }
        if let limit = link.configuration?.amountLimit, limit > .zero, sale.amount > limit {
            effects.append(.answer(token: token, .refused(.amountAboveLimit(limit), nil)))
            return
        }
        if let blocking = blockingPosition {
            fire(.payOtherSale, at: blocking, occasion, now: now)
        } else {
            let hash = codeHash(sale.code)
            occasion.codeHash = hash
            occasion.refusal = refusal(of: sale, hash: hash, now: now)
            fire(.payNew, at: nil, occasion, now: now)
        }
    }

    /// Why a new payment cannot start now; nil when it can.
    private mutating func refusal(of sale: SaleRequest, hash: [UInt8], now: Int64) -> AnswerReason? {
        if let recent = recentCodes.first(where: { $0.hash == hash }), recent.sale != sale.saleReference {
            return .declined(.codeUsed)
        }
        if let routing = link.routing {
            let kind = routing.classify(sale.code, at: link.cloudTime(now: now) ?? .unknown)
            switch kind {
            case .wallet(let wallet):
                if link.dark.contains(wallet) { return .walletDark }
            case .disabled:
                // The cloud's table is the authority: anything plausible goes up.
                break
            case .notAPaymentCode, .receiveCode:
                if kind == .notAPaymentCode, PaymentCodeForm(sale.code.secret) == .digits {
                    unknownCodes.count(sign: routing.sign(of: sale.code), length: sale.code.secret.count)
                }
                // The table may have grown since the last HELLO.
                for cloud in CloudName.allCases where link.isUp(cloud) { link.hello[cloud] = now }
                return .declined(.unsupportedCode)
            }
        }
        return unavailability(now: now)
    }

    /// Why the tender key is dark; nil while a payment can start.
    func unavailability(now: Int64) -> AnswerReason? {
        if let red { return red }
        guard link.isFresh(now: now, times: times) else { return .offline }
        guard link.helloSucceeded, link.routing != nil else { return .starting }
        if link.configuration?.enabled == false { return .disabled }
        guard link.cloudTime(now: now) != nil else { return .clockUnknown }
        guard link.next != nil else { return .offline }
        guard journalHasRoom else { return .journalFull }
        return nil
    }

    // MARK: - Other calls

    private mutating func status(_ sale: SaleReference?, token: UInt64, now: Int64) {
        guard let sale = sale ?? lastSale else {
            effects.append(.answer(token: token, .refused(.unknownSale, nil)))
            return
        }
        if case .attempt(let position) = record(of: sale), attempts[position].state == .intent,
            attempts[position].reattachUntil != nil
        {
            attempts[position].isReattached = true
        }
        forward(.status, sale, token: token, now: now)
    }

    private mutating func forward(
        _ event: LaneEventKind,
        _ sale: SaleReference,
        token: UInt64,
        reason: RevokeReason? = nil,
        now: Int64
    ) {
        switch record(of: sale) {
        case .attempt(let position):
            var occasion = Occasion()
            occasion.token = token
            occasion.revokeReason = reason
            fire(event, at: position, occasion, now: now)
        case .ended(let ended):
            let stored = answer(for: ended, sale: sale, now: now)
            let makesNoSense = ended.state == .acked ? event == .disown : event == .acknowledge
            effects.append(
                .answer(token: token, makesNoSense ? .refused(.wrongState, stored) : .sale(stored))
            )
        case nil: effects.append(.answer(token: token, .refused(.unknownSale, nil)))
        }
    }

    private mutating func release(code: [UInt8], note: [UInt8], token: UInt64, now: Int64) {
        // Before the first answer of a cloud nobody's code is known: that is no wrong try.
        guard let configuration = link.configuration else {
            effects.append(.answer(token: token, .refused(.supervisorsMissing, nil)))
            return
        }
        let supervisor: [UInt8]
        switch lock.check(code, configuration.supervisors, now: now, times: times) {
        case .supervisor(let id): supervisor = id
        case .unknown:
            effects.append(.answer(token: token, .refused(.supervisorUnknown, nil)))
            return
        case .locked(let seconds):
            effects.append(.answer(token: token, .refused(.supervisorLocked(seconds: seconds), nil)))
            return
        }
        var occasion = Occasion()
        occasion.token = token
        occasion.supervisor = supervisor
        occasion.note = [UInt8](note.prefix(200)).map { $0 == 10 ? 32 : $0 }
        occasion.revokeReason = .disowned
        if red != nil {
            // A person has looked: what the journal has open is undone from here on, and the lane takes payments again.
            // A paid sale that was not taken is asked for as ever; releasing that one is another step.
            red = nil
            comparedIndex = foreignIndex
            link.hello.dueA = now
            link.hello.dueB = now
            effects.append(.answer(token: token, .status(laneStatus(now: now))))
        } else if let blocking = blockingPosition {
            fire(.release, at: blocking, occasion, now: now)
        } else {
            effects.append(.answer(token: token, .status(laneStatus(now: now))))
        }
    }

    mutating func answerWritten(token: UInt64, now: Int64) {
        guard !settings.acknowledges,
            let position = attempts.firstIndex(where: { $0.state == .paid && $0.paidToken == token })
        else { return }
        attempts[position].implicitlyAckedAt = now + times.implicitAcknowledgement
    }

    // MARK: - Finding

    /// What stands for a sale: its newest attempt, wherever that one is. An earlier attempt may still be in hand,
    /// because a cloud has not taken its undo, when a later one was paid and closed long ago.
    enum SaleRecord {
        case attempt(Int)
        case ended(EndedSale)
    }

    func record(of sale: SaleReference) -> SaleRecord? {
        // An attempt in hand knows its hash.
        if let position = position(of: sale) { return record(of: sale, hash: attempts[position].saleHash) }
        return record(of: sale, hash: PluginLane.hash64(sale.bytes))
    }

    private func record(of sale: SaleReference, hash: UInt64) -> SaleRecord? {
        let ended = memory.latest(sale: hash)
        guard let position = position(of: sale) else { return ended.map { .ended($0) } }
        if let ended, UInt64(ended.sequence) > attempts[position].intent.orderNumber.sequence { return .ended(ended) }
        return .attempt(position)
    }

    /// The newest attempt for a sale that is still in hand.
    // By place, and without closures or calls, which would copy the lane: an attempt is large, and these run after every
    // event.

    func position(of sale: SaleReference) -> Int? {
        for position in attempts.indices.reversed() where attempts[position].intent.saleReference == sale {
            return position
        }
        return nil
    }

    func position(of number: OrderNumber) -> Int? {
        for position in attempts.indices.reversed() where attempts[position].intent.orderNumber == number {
            return position
        }
        return nil
    }

    @inline(__always) var blockingPosition: Int? {
        for position in attempts.indices where attempts[position].state.blocksLane { return position }
        return nil
    }

    // MARK: - Codes

    mutating func rememberCode(_ hash: [UInt8], sale: SaleReference) {
        recentCodes.removeAll { $0.hash == hash }
        recentCodes.append(RecentCode(hash: hash, sale: sale))
        if recentCodes.count > 100 { recentCodes.removeFirst() }
    }

    /// 32 hexadecimal digits of HMAC-SHA256 under the journal's own key.
    func codeHash(_ code: PaymentCode) -> [UInt8] {
        var keyed = preparedCodeKey
        keyed.update(code.secret.span.bytes)
        return Hex.encode(keyed.finalize().prefix(16))
    }

    static func hash64(_ bytes: [UInt8]) -> UInt64 {
        var hasher = SHA256()
        hasher.update(bytes.span.bytes)
        let digest = hasher.digest()
        var first: UInt64 = 0
        for index in 0..<8 { first = first << 8 | UInt64(digest[index]) }
        return first
    }

    /// The first 64 bits of a code's keyed hash.
    static func code64(_ hexadecimal: [UInt8]) -> UInt64 {
        hexadecimal.prefix(16).reduce(0) { $0 << 4 | UInt64($1 < 58 ? $1 - 48 : $1 - 87) }
    }
}
