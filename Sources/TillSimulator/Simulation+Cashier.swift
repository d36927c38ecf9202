// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// Cashiers and shoppers.
extension Simulation {
    // MARK: - A sale

    /// Starts the next sale, or tries the present one again.
    mutating func cashierActs(_ register: Int, plan: Int) {
        guard registers[register].cashier.plan == plan, registers[register].cashier.token == nil else { return }
        guard !isClosing, !registers[register].isOff else {
            registers[register].cashier.isHome = isClosing
            if !isClosing { nextSale(register, after: 30_000, sameSale: true) }
            return
        }
        let sale: Int
        if let present = registers[register].cashier.sale {
            sale = present
        } else {
            sale = newSale(register)
            registers[register].cashier.sale = sale
            registers[register].cashier.tries = 0
        }
        registers[register].cashier.tries += 1
        scan(sale, register)
        if chance(.cashierStops) {
            somebody(.cancel(sale), register, within: draw(.cashierStops, 2) == 0 ? 300 : 44_000)
        }
        if chance(.cashierRescans) { somebody(.rescan(sale), register, within: worldSpan(3) == 0 ? 90_000 : 12_000) }
        if options.confusion > 0, faultsOn, worldSpan(1_000) < options.confusion {
            somebody(.anything, register, within: 60_000)
        }
        if chance(.otherBasket) { somebody(.otherBasket, register, within: 8_000) }
    }

    private mutating func newSale(_ register: Int) -> Int {
        guard let reference = SaleReference([83] + Decimal.text(Int64(sales.count))) else {
            preconditionFailure("a letter and digits")
        }
        sales.append(SimulatedSale(register: register, reference: reference, amount: 100 + worldSpan(50_000)))
        report.sales += 1
        return sales.count - 1
    }

    private mutating func scan(_ sale: Int, _ register: Int) {
        // Now and then the screen of the shopper before is still in front of the scanner.
        let code =
            options.variedShoppers && worldSpan(200) == 0
            ? codes.last ?? newCode() : codeShownAgain(sale) ?? newCode()
        guard let scannedCode = PaymentCode(scanned: code.digits) else { return }
        let request = SaleRequest(
            saleReference: reference(sale),
            amount: Money(fen: sales[sale].amount),
            code: scannedCode
        )
        ask(.pay(request), register, isPay: true)
    }

    /// The code of the sale's last attempt.
    private mutating func codeShownAgain(_ sale: Int) -> SimulatedCode? {
        guard rare(.sameCode), let last = sales[sale].attempts.last, payments[last].code.number >= 0 else { return nil }
        return payments[last].code
    }

    func reference(_ sale: Int) -> SaleReference { sales[sale].reference }

    private mutating func newCode() -> SimulatedCode {
        let number = Int64(codes.count)
        var shopper = SimulatedCode.Shopper.pays
        var sign: (UInt8, UInt8) = (50, 56)
        var wallet = Wallet.alipay
        switch world.next() % 8 {
        case 0..<3: break
        case 3..<6: (sign, wallet) = ((49, 51), .weChatPay)
        case 6: (sign, wallet) = ((57, 49), .qqWallet)
        default: (sign, wallet) = ((54, 50), .unionPay)
        }
        if options.variedShoppers {
            switch world.next() % 24 {
            case 0, 1, 2: shopper = .hesitates
            case 3, 4: shopper = .absent
            case 5: shopper = .late
            case 6: shopper = .poor
            case 7: shopper = .expired
            // A wallet that has no adapter, and a code that is none.
            case 8: if world.next() % 3 == 0 { sign = (53, 49) }
            case 9: if world.next() % 6 == 0 { sign = (52, 48) }
            default: break
            }
        }
        // Where the wallet does not echo the nonce, a stranger's trade is the hardest to tell from ours.
        if rare(.lateStranger), rareSpan(2) == 0 { (sign, wallet) = ((54, 50), .unionPay) }
        if rare(.foreignCode) { sign = (53, 49) }
        var digits = [UInt8](repeating: 48, count: wallet == .unionPay ? 19 : 18)
        (digits[0], digits[1]) = sign
        var rest = number
        for place in digits.indices.reversed() where rest > 0 {
            digits[place] += UInt8(rest % 10)
            rest /= 10
        }
        let code = SimulatedCode(
            digits: digits,
            number: number,
            shopper: shopper,
            shownAt: now - worldSpan(2_000)
        )
        codes.append(code)
        return code
    }

    mutating func newToken(_ register: Int) -> UInt64 {
        registers[register].cashier.nextToken += 1
        return registers[register].cashier.nextToken
    }

    /// Asks the plug-in and waits. The register's own limit is longer than the plug-in's: it then asks again.
    private mutating func ask(_ call: RegisterCall, _ register: Int, isPay: Bool = false) {
        let token = newToken(register)
        registers[register].cashier.token = token
        registers[register].cashier.isPay = isPay
        registers[register].cashier.askedAt = now
        registers[register].cashier.plan += 1
        let plan = registers[register].cashier.plan
        guard registers[register].isRunning else {
            // Nobody listens.
            registers[register].cashier.token = nil
            return self.plan(.look(register, plan: plan), after: 3_000 + worldSpan(4_000))
        }
        registers[register].cashier.askedLife = registers[register].life
        self.plan(.look(register, plan: plan), after: 70_000)
        give(.register(call, token: token), to: register)
    }

    /// The register does not know how the sale went: it asks.
    mutating func cashierLooks(_ register: Int, plan: Int) {
        guard registers[register].cashier.plan == plan else { return }
        if registers[register].cashier.token != nil { checkPatience(register) }
        registers[register].cashier.token = nil
        guard let sale = registers[register].cashier.sale, !isClosing else {
            return nextSale(register, after: 1_000)
        }
        ask(.status(reference(sale)), register)
    }

    mutating func cashierSeesCrash(_ register: Int) {
        registers[register].cashier.token = nil
        registers[register].cashier.plan += 1
        plan(.look(register, plan: registers[register].cashier.plan), after: 500 + worldSpan(20_000))
    }

    // MARK: - Answers

    mutating func told(_ answer: RegisterAnswer, token: UInt64, register: Int) {
        noteTold(answer, register: register)
        answered.append(token)
        checkAcknowledged(answer, token: token)
        if !registers[register].owed.isEmpty { registers[register].owed.removeAll { $0.token == token } }
        if !registers[register].settings.acknowledges, case .sale(let sale) = answer, sale.outcome == .paid {
            plan(.answerWritten(register, life: registers[register].life, token: token), after: 1 + worldSpan(200))
        }
        guard registers[register].cashier.token == token else { return }
        checkPatience(register)
        registers[register].cashier.token = nil
        switch answer {
        case .sale(let told): react(to: told, register)
        case .refused(.unknownSale, _): nextSale(register, after: 1_000, sameSale: true)
        case .refused(_, let told):
            if let told, told.outcome == .waiting {
                lookAgain(register, after: 2_000)
            } else {
                nextSale(register, after: 1_000)
            }
        case .refund, .status, .released: nextSale(register, after: 500)
        }
    }

    private mutating func react(to answer: SaleAnswer, _ register: Int) {
        if answer.lane == .red { callManager(register) }
        let tries = registers[register].cashier.tries
        switch answer.outcome {
        case .paid: paid(answer, register)
        case .declined:
            let isHasty = tries < 3 && rare(.sameCode)
            let pause = isHasty ? 20 + rareSpan(1_000) : 2_000 + worldSpan(2_000)
            nextSale(register, after: pause, sameSale: isHasty || tries < 3 && worldSpan(2) == 0)
        case .cancelled: nextSale(register, after: 2_000 + worldSpan(4_000), sameSale: tries < 3 && worldSpan(3) > 0)
        case .unavailable:
            report.refused += answer.orderNumber == nil ? 1 : 0
            let seconds = max(1, answer.retryAfterSeconds ?? 2)
            nextSale(register, after: 1_000 * seconds, sameSale: tries < 40)
        case .busy:
            report.refused += 1
            lockedOut(answer, register)
        case .unacknowledged:
            report.refused += 1
            resolve(answer, register)
            nextSale(register, after: 800, sameSale: true)
        case .waiting: lookAgain(register, after: 1_000 + worldSpan(1_500))
        }
    }

    private mutating func paid(_ answer: SaleAnswer, _ register: Int) {
        guard let sale = registers[register].cashier.sale else { return nextSale(register, after: 500) }
        let place = answer.orderNumber.flatMap { numbers.place(of: $0.bytes) }
        if let place { sales[sale].taken = place }
        if chance(.disown, place) {
            somebody(.disown(sale), register, within: 4_000)
        } else if chance(.otherBasket, place) {
            // The next shopper's goods come before the tender is booked.
        } else if registers[register].settings.acknowledges {
            somebody(.acknowledge(sale), register, within: 300)
        }
        if options.refunds > 0, worldSpan(1_000) < options.refunds {
            somebody(.refund(sale), register, within: 400_000)
        }
        // Where nothing is acknowledged, now and then nobody comes for so long that the time itself does it.
        if options.variedShoppers, !registers[register].settings.acknowledges, worldSpan(50) == 0 {
            return nextSale(register, after: times.implicitAcknowledgement + 10_000)
        }
        nextSale(register, after: 400 + worldSpan(options.isFaultFree ? 600 : 2_000))
    }

    /// Another sale is in the way: its undo runs.
    private mutating func lockedOut(_ answer: SaleAnswer, _ register: Int) {
        let since = registers[register].cashier.lockedSince ?? now
        registers[register].cashier.lockedSince = since
        if now - since > 121_000, chance(.release) { return release(register) }
        let seconds = min(30, max(1, answer.retryAfterSeconds ?? 2))
        let tries = registers[register].cashier.tries
        nextSale(register, after: 1_000 * seconds, sameSale: tries < 30)
        registers[register].cashier.lockedSince = since
    }

    /// A supervisor opens the lane, now and then with a wrong code.
    private mutating func release(_ register: Int) {
        registers[register].releasedAt = now
        let code: [UInt8] = worldSpan(8) == 0 ? [48, 48] : Supervisor.code
        ask(.release(supervisorCode: code, reason: [114]), register)
    }

    /// An earlier sale was not acknowledged. Where the register does not know of it, a supervisor may open the lane.
    private mutating func resolve(_ answer: SaleAnswer, _ register: Int) {
        if let place = answer.orderNumber.flatMap({ numbers.place(of: $0.bytes) }), !payments[place].toldPaid,
            worldSpan(2) == 0
        {
            payments[place].disowned = true
            registers[register].releasedAt = now
            return release(register, reason: 117)
        }
        lookIntoBooks(answer, register)
    }

    /// An earlier sale was not acknowledged: the register looks into its own books.
    private mutating func lookIntoBooks(_ answer: SaleAnswer, _ register: Int) {
        guard let blocking = answer.blockedBy ?? (answer.outcome == .paid ? answer.saleReference : nil),
            let number = answer.orderNumber, let place = numbers.place(of: number.bytes),
            let sale = Simulation.sale(of: blocking.bytes[...])
        else { return }
        if payments[place].toldPaid, !payments[place].disowned, sales[sale].taken == place {
            somebody(.acknowledge(sale), register, within: 200)
        } else {
            somebody(.disown(sale), register, within: 200)
        }
    }

    static func sale(of reference: ArraySlice<UInt8>) -> Int? {
        Decimal.parse(reference.dropFirst()).map { Int($0) }
    }

    private mutating func lookAgain(_ register: Int, after span: Int64) {
        registers[register].cashier.plan += 1
        plan(.look(register, plan: registers[register].cashier.plan), after: span)
    }

    private mutating func nextSale(_ register: Int, after span: Int64, sameSale: Bool = false) {
        if !sameSale { registers[register].cashier.sale = nil }
        registers[register].cashier.lockedSince = nil
        registers[register].cashier.plan += 1
        plan(.cashier(register, plan: registers[register].cashier.plan), after: span)
    }

    // MARK: - Besides

    mutating func somebody(_ call: CashierCall, _ register: Int, within span: Int64) {
        plan(.registerCall(register, call), after: 1 + worldSpan(span))
    }

    /// A call that nobody waits for.
    mutating func somebodyActs(_ register: Int, _ call: CashierCall) {
        guard registers[register].isRunning else { return }
        let token = newToken(register)
        switch call {
        case .acknowledge(let sale):
            if let taken = sales[sale].taken, payments[taken].disowned { return }
            acknowledgeToken = token
            give(.register(.acknowledge(reference(sale)), token: token), to: register)
            acknowledgeToken = 0
        case .disown(let sale):
            for place in sales[sale].attempts where payments[place].durable == .paid || payments[place].toldPaid {
                if payments[place].durable != .acked { payments[place].disowned = true }
            }
            give(.register(.disown(reference(sale)), token: token), to: register)
        case .cancel(let sale): give(.register(.cancel(reference(sale)), token: token), to: register)
        case .rescan(let sale): rescan(sale, register, token)
        case .otherBasket:
            guard !isClosing, report.attempts < options.payments else { return }
            rescan(newSale(register), register, token)
        case .refund(let sale): refund(sale, register, token)
        case .anything: pressAnything(register)
        }
    }

    /// Somebody presses a key that makes no sense now, about one of the last sales.
    private mutating func pressAnything(_ register: Int) {
        let recent = sales.indices.reversed().prefix(30).filter { sales[$0].register == register }
        guard !recent.isEmpty else { return }
        let sale = recent[Int(worldSpan(Int64(min(recent.count, 4))))]
        switch worldSpan(8) {
        case 0, 1: somebodyActs(register, .acknowledge(sale))
        case 2, 3: somebodyActs(register, .disown(sale))
        case 4: somebodyActs(register, .cancel(sale))
        case 5: give(.register(.status(reference(sale)), token: newToken(register)), to: register)
        case 6: somebodyActs(register, .rescan(sale))
        default:
            guard let status = laneStatus(register) else { return }
            let isRight = worldSpan(3) > 0
            if isRight, status.light != .red {
                // The supervisor means it: whatever is paid and not acknowledged goes back.
                for place in registers[register].open where payments[place].durable == .paid {
                    payments[place].disowned = true
                }
            }
            registers[register].releasedAt = now
            release(register, code: isRight ? Supervisor.code : [48], reason: 120)
        }
    }

    private mutating func release(_ register: Int, code: [UInt8] = Supervisor.code, reason: UInt8) {
        give(.register(.release(supervisorCode: code, reason: [reason]), token: newToken(register)), to: register)
        // A locked release looks at no code.
        guard code == Supervisor.code, registers[register].knowsSupervisors,
            now >= registers[register].releaseLockedUntil
        else { return }
        registers[register].laneIsRed = false
    }

    private mutating func laneStatus(_ register: Int) -> LaneStatus? {
        managerToken = newToken(register)
        managerAnswer = nil
        give(.register(.laneStatus, token: managerToken), to: register)
        return registers[register].isRunning ? managerAnswer : nil
    }

    private mutating func rescan(_ sale: Int, _ register: Int, _ token: UInt64) {
        guard !isClosing, let scannedCode = PaymentCode(scanned: (codeShownAgain(sale) ?? newCode()).digits)
        else { return }
        let request = SaleRequest(
            saleReference: reference(sale),
            amount: Money(fen: sales[sale].amount + (worldSpan(12) == 0 ? 1 : 0)),
            code: scannedCode
        )
        give(.register(.pay(request), token: token), to: register)
    }

    /// Goods brought back.
    private mutating func refund(_ sale: Int, _ register: Int, _ token: UInt64) {
        guard let place = sales[sale].taken, payments[place].durable == .acked, !payments[place].isExempt else {
            return
        }
        let amount = worldSpan(2) == 0 ? payments[place].amount : 1 + worldSpan(payments[place].amount)
        guard
            let reference = SaleReference([70] + Decimal.text(Int64(payments.count)) + [45] + Decimal.text(Int64(sale)))
        else { return }
        payments[place].authorised += amount
        let request = RefundRequest(
            reference: reference,
            target: .sale(self.reference(sale)),
            amount: Money(fen: amount),
            reason: [114]
        )
        give(.register(.refund(request), token: token), to: register)
        if worldSpan(4) == 0, registers[register].isRunning {
            give(.register(.refundStatus(reference), token: newToken(register)), to: register)
        }
    }

    // MARK: - The manager

    private mutating func callManager(_ register: Int) {
        guard !registers[register].cashier.isManagerHere else { return }
        registers[register].cashier.isManagerHere = true
        plan(.manager(register), after: 20_000 + worldSpan(60_000))
    }

    /// Somebody with authority looks at a lane that does not go on: a red one, or at closing time any.
    mutating func managerLooks(_ register: Int) {
        registers[register].cashier.isManagerHere = false
        guard registers[register].isRunning, registers[register].stoppedUntil <= now else {
            if isClosing || registers[register].laneIsRed { callManager(register) }
            return
        }
        guard let status = laneStatus(register) else { return callManager(register) }
        switch status.light {
        case .red:
            if traces { tell(nil, "register \(register): a supervisor has looked at the red lane") }
            release(register, reason: 106)
        case .unacknowledged: if let blocking = status.blockingSale { resolve(blocking, register) }
        case .revoking:
            registers[register].releasedAt = now
            release(register, reason: 99)
        case .free, .waiting: break
        }
        if isClosing { plan(.manager(register), after: 5_000) }
    }
}
