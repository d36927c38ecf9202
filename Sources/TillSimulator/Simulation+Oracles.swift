// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// The invariants, judged from the disks, the wallet's ledger and the registers' paper logs.
extension Simulation {
    /// S3, S4 and S9, at the moment a request leaves the plug-in.
    mutating func checkSending(_ call: LaneCall, register: Int) {
        guard let number = call.intent?.orderNumber else { return }
        let durable = registers[register].durable[number]
        switch call.kind {
        case .pay:
            if durable != .intent { violation("S4: pay for \(number) left without a durable intent") }
            var owed = 0
            for other in registers[register].open where other != number {
                switch registers[register].durable[other] {
                case .intent, .paid, .revoke: violation("S3: pay for \(number) while \(other) is not over")
                default: owed += 1
                }
            }
            if owed > 3 { violation("S3: \(owed) attempts are DUTY or RELEASED") }
        case .revoke:
            if durable == .acked { violation("S9: revoke for \(number) after ACKED") }
        case .heartbeat, .hello, .query, .confirm, .refund: break
        }
    }

    /// S5 and S9 at a cloud.
    mutating func checkCommit(
        _ commit: CloudCommit,
        from old: CloudPayment,
        to new: CloudPayment,
        at cloud: CloudName
    ) {
        let number = new.intent.orderNumber
        if commit.to == .sending, new.home != cloud {
            violation("S12: \(cloud) claims \(number), which it does not pay")
        }
        let undone: [CloudState] = [.revoking, .revoked, .stuck]
        if undone.contains(commit.from), commit.to == .paid {
            violation("S5: \(number) became paid at \(cloud) after a revoke")
        }
        if commit.from == .confirmed, undone.contains(commit.to) {
            violation("S9: \(cloud) undoes the confirmed \(number)")
        }
    }

    /// S12: pay is written at most once for a number.
    mutating func checkPayWritten(_ number: OrderNumber) {
        paysWritten[number, default: 0] += 1
        if paysWritten[number, default: 0] > 1 { violation("S12: pay for \(number) was written twice") }
    }

    /// S1: a number that was called final, or declined, is never booked afterwards. That the money would be found and
    /// returned later does not count: repair is for wallets that break their word.
    mutating func checkBooked(_ number: OrderNumber) {
        guard wallet.net(number) > 0 else { return }
        for cloud in clouds {
            switch cloud.rows[number]?.state {
            case .revoked: violation("S1: \(number) was booked after cloud \(cloud.name) called it final")
            case .declined: violation("S1: \(number) was booked after cloud \(cloud.name) called it declined")
            default: break
            }
        }
    }

    /// S8: never more back than was paid.
    mutating func checkLedger(_ number: OrderNumber) {
        if wallet.net(number) < 0 { violation("S8: more was given back for \(number) than was paid") }
    }

    /// S1, S2 and L1, when the faults are over and everybody had time.
    mutating func judgeEnd() {
        for number in wallet.numbers { wallet.settle(number, now: now) }
        var perSale: [SaleReference: Int64] = [:]
        for register in registers.indices {
            for number in registers[register].open where registers[register].durable[number] != .paid {
                violation("L1: register \(register) still holds \(number)")
            }
            for number in registers[register].toldPaidOrder where registers[register].disowned[number] == nil {
                guard let price = registers[register].toldPaid[number] else { continue }
                if registers[register].toldNotPaid[number] == nil, wallet.net(number) != price.fen {
                    violation("S1: \(number) was told paid, the wallet holds \(wallet.net(number)) of \(price.fen)")
                }
            }
            for number in registers[register].toldNotPaidOrder where wallet.net(number) != 0 {
                violation("S1: \(number) was told not paid, the wallet holds \(wallet.net(number))")
            }
            for entry in registers[register].disk where entry.kind == .intent {
                guard let intent = Intent(line: entry.fields[0]) else { continue }
                let sum = perSale[intent.saleReference, default: 0] + wallet.net(intent.orderNumber)
                perSale[intent.saleReference] = sum
                if sum > intent.amount.fen { violation("S2: \(intent.saleReference) was charged \(sum)") }
            }
        }
        for cloud in clouds where cloud.isUp {
            for number in cloud.numbers {
                guard let state = cloud.rows[number]?.state else { continue }
                if cloud.rows[number]?.record.isUnproven == true {
                    violation("S11: cloud \(cloud.name) never saw the money that it calls confirmed, \(number)")
                }
                if state == .sending || state == .revoking || state == .stuck {
                    violation("L1: cloud \(cloud.name) still holds \(number) at \(state)")
                }
            }
        }
    }
}
