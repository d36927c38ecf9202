// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

extension Simulation {
    // MARK: - The cashier

    /// Starts the next sale, or tries the present one again.
    mutating func cashierActs(_ register: Int) {
        guard registers[register].salesLeft > 0, registers[register].waitingToken == nil else { return }
        if registers[register].tries == 0 {
            registers[register].sale += 1
            report.sales += 1
        }
        registers[register].tries += 1
        let sale = reference(register)
        let amount = Money(fen: 100 + Int64(registers[register].sale) * 7)
        guard let code = PaymentCode(scanned: newCode()) else { return }
        ask(.pay(SaleRequest(saleReference: sale, amount: amount, code: code)), about: sale, register)
        if chance(options.restlessCashier) {
            // The same sale once more, at once, with another code.
            guard let second = PaymentCode(scanned: newCode()) else { return }
            give(
                .register(
                    .pay(SaleRequest(saleReference: sale, amount: amount, code: second)),
                    token: newToken(register)
                ),
                to: register
            )
        }
        if chance(options.restlessCashier / 2) {
            give(.register(.cancel(sale), token: newToken(register)), to: register)
        }
    }

    private func reference(_ register: Int) -> SaleReference {
        let text = [82] + Decimal.text(Int64(register)) + [45, 83] + Decimal.text(Int64(registers[register].sale))
        guard let reference = SaleReference(text) else { preconditionFailure("letters, digits and a hyphen") }
        return reference
    }

    private mutating func newCode() -> [UInt8] {
        codeCounter += 1
        let behaviours: [UInt8] = [48, 48, 48, 48, 49, 49, 50, 51, 52, 53]
        let behaviour = behaviours[Int(random.next() % UInt64(behaviours.count))]
        let prefix: [UInt8] = random.next() % 2 == 0 ? [50, 56] : [49, 51]
        let digits = Decimal.text(Int64(codeCounter))
        return prefix + [behaviour] + [UInt8](repeating: 48, count: 15 - digits.count) + digits
    }

    mutating func newToken(_ register: Int) -> UInt64 {
        registers[register].nextToken += 1
        return registers[register].nextToken
    }

    private mutating func ask(_ call: RegisterCall, about sale: SaleReference, _ register: Int) {
        let token = newToken(register)
        registers[register].waitingToken = token
        registers[register].waitingSale = sale
        guard registers[register].lane != nil else {
            registers[register].waitingToken = 0
            queue.add(.lookAgain(register: register, sale: sale), at: now + 5_000)
            return
        }
        registers[register].answersOwed[token] = now
        // The register's own limit is longer than the plug-in's: it then asks instead of guessing.
        queue.add(.lookAgain(register: register, sale: sale), at: now + 70_000)
        give(.register(call, token: token), to: register)
    }

    /// The register never learnt how the sale went: it asks.
    mutating func cashierLooksAgain(_ register: Int, sale: SaleReference) {
        guard registers[register].waitingSale == sale, registers[register].waitingToken != nil else { return }
        if let token = registers[register].waitingToken, token != 0, registers[register].lane != nil,
            let since = registers[register].answersOwed[token], now - since > 60_000
        {
            violation("register \(register) has waited more than 60 s for \(sale)")
        }
        registers[register].waitingToken = nil
        ask(.status(sale), about: sale, register)
    }

    // MARK: - Answers

    mutating func told(_ answer: RegisterAnswer, token: UInt64, register: Int) {
        note(answer, register: register)
        // A slow register's answer counts as written at once.
        if !registers[register].settings.acknowledges, case .sale(let sale) = answer, sale.outcome == .paid {
            queue.add(.answerWritten(register: register, life: registers[register].life, token: token), at: now + 1)
        }
        registers[register].answersOwed[token] = nil
        guard registers[register].waitingToken == token, let sale = registers[register].waitingSale else { return }
        registers[register].waitingToken = nil
        switch answer {
        case .sale(let told): react(to: told, register: register)
        case .refused(.unknownSale, _): next(register, after: 1_000, sameSale: true)
        case .refused(_, let told):
            if let told, told.outcome == .waiting {
                lookAgain(register, sale: sale, after: 2_000)
            } else {
                next(register, after: 1_000)
            }
        case .refund, .status, .released: next(register, after: 1_000)
        }
    }

    private mutating func react(to answer: SaleAnswer, register: Int) {
        switch answer.outcome {
        case .paid:
            let sale = answer.saleReference
            if chance(options.restlessCashier) {
                queue.add(.cashier(register: register), at: now + 500)
                finishSale(register)
                // One half forgets to acknowledge, one half gives the goods back to the shelf.
                if faultRandom.next() % 2 == 0 { disown(sale, answer.orderNumber, register) }
                return
            }
            later(.acknowledge(sale), register)
            next(register, after: 2_000)
        case .declined:
            let again = registers[register].tries < 3 && random.next() % 2 == 0
            next(register, after: 3_000, sameSale: again)
        case .cancelled: next(register, after: 5_000, sameSale: registers[register].tries < 3)
        case .unavailable, .busy:
            next(
                register,
                after: 1_000 * max(1, answer.retryAfterSeconds ?? 2),
                sameSale: registers[register].tries < 30
            )
        case .unacknowledged:
            // The register looks into its own books.
            if let blocking = answer.blockedBy, let number = answer.orderNumber {
                if registers[register].toldPaid[number] != nil, random.next() % 4 != 0 {
                    later(.acknowledge(blocking), register)
                } else {
                    disown(blocking, number, register)
                }
            }
            next(register, after: 1_000, sameSale: true)
        case .waiting: lookAgain(register, sale: answer.saleReference, after: 2_000)
        }
    }

    private mutating func disown(_ sale: SaleReference, _ number: OrderNumber?, _ register: Int) {
        if let number { registers[register].disowned[number] = true }
        later(.disown(sale), register)
    }

    private mutating func later(_ call: RegisterCall, _ register: Int) {
        queue.add(.registerCalls(register, call), at: now + delay(1, 400))
    }

    private mutating func lookAgain(_ register: Int, sale: SaleReference, after span: Int64) {
        registers[register].waitingToken = 0
        registers[register].waitingSale = sale
        queue.add(.lookAgain(register: register, sale: sale), at: now + span)
    }

    private mutating func next(_ register: Int, after span: Int64, sameSale: Bool = false) {
        if !sameSale { finishSale(register) }
        registers[register].waitingSale = nil
        queue.add(.cashier(register: register), at: now + span)
    }

    private mutating func finishSale(_ register: Int) {
        registers[register].tries = 0
        registers[register].salesLeft -= 1
    }

    // MARK: - The paper log

    /// What the register was told, and whether that contradicts what it was told before.
    private mutating func note(_ answer: RegisterAnswer, register: Int) {
        guard case .sale(let sale) = answer, let number = sale.orderNumber, sale.blockedBy == nil else { return }
        switch sale.outcome {
        case .paid:
            if registers[register].toldNotPaid[number] != nil { violation("S5: \(number) told paid after not paid") }
            if registers[register].toldPaid[number] == nil {
                registers[register].toldPaid[number] = sale.amount
                registers[register].toldPaidOrder.append(number)
                report.paid += 1
            }
        case .declined, .cancelled, .unavailable:
            if registers[register].toldNotPaid[number] == nil {
                registers[register].toldNotPaid[number] = true
                registers[register].toldNotPaidOrder.append(number)
            }
            // Only a disown or the cashier's own stop takes a told success back.
            if registers[register].toldPaid[number] != nil, registers[register].disowned[number] == nil {
                violation("S1: \(number) told not paid after paid")
            }
        case .busy, .unacknowledged, .waiting: break
        }
    }
}
