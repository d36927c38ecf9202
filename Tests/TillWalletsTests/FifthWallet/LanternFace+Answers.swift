// Part of Tillbridge. See LICENSE.
import Foundation

@testable import TillSandbox

// What Lantern does with a call that passed its door, and how it says so.
extension LanternFace {
    typealias Members = [String: Value]

    func execute(_ call: Call, on state: inout SandboxState, at now: Int64, course: RefundCourse) -> Members {
        let order = OrderReference.merchantNumber(call.order ?? "")
        switch call.content {
        case .pay(let request):
            let answer = state.alipay.pay(request, policies: state.policies, at: now, using: &state.generator)
            switch answer {
            case .paid(let trade), .waiting(let trade): return LanternFace.members(trade)
            case .refused(let refusal): return LanternFace.result(LanternFace.code(refusal))
            }
        case .query:
            return state.alipay.query(order, policies: state.policies, at: now).map(LanternFace.members)
                ?? LanternFace.result("NO_ORDER")
        case .cancel:
            switch state.alipay.cancel(order, policies: state.policies, at: now) {
            case .done(_, let refunded): return LanternFace.state(refunded ? "RETURNED" : "CLOSED")
            case .nothingFound, .notExist: return LanternFace.result("NO_ORDER")
            case .refused: return LanternFace.result("TOO_LATE")
            }
        case .refund(let number, let amount):
            let answer = state.alipay.refund(
                order,
                number: number,
                amount: amount,
                reason: "",
                course: course,
                at: now,
                using: &state.generator
            )
            switch answer {
            case .accepted(_, let refund, let moved): return LanternFace.members(refund, moved ? "DONE" : "TAKEN")
            case .refused(let code):
                return LanternFace.result(code == "ACQ.TRADE_NOT_EXIST" ? "NO_ORDER" : "REFUSED")
            }
        case .refundQuery(let number, let amount):
            guard let trade = state.alipay.book.trade(order) else { return LanternFace.result("NO_ORDER") }
            let refund = trade.refunds.first { $0.number == number && $0.amount == amount && $0.state != .failed }
            return refund.map { LanternFace.members($0, $0.state == .done ? "DONE" : "TAKEN") }
                ?? LanternFace.result("NO_REFUND")
        case .bill(let day, let period):
            let lines = now < period.readyAt ? [] : state.alipay.book.billLines(in: period)
            var members = lines.isEmpty ? LanternFace.result("NO_BILL") : LanternFace.result("OK")
            members["day"] = .text(day)
            if !lines.isEmpty { members["file"] = .text(LanternFace.file(lines)) }
            return members
        }
    }

    private static func result(_ code: String) -> Members { ["result": .text(code)] }

    private static func state(_ state: String) -> Members { ["result": .text("OK"), "state": .text(state)] }

    private static func members(_ trade: Trade) -> Members {
        switch trade.state {
        case .waiting: return state("TYPING")
        case .closed: return state("CLOSED")
        case .reversed, .refunded: return state("RETURNED")
        case .paid:
            return state("PAID").merging([
                "amount": .number(trade.amount), "number": .text(trade.walletNumber),
                "note": .text(trade.echoes["note"] ?? ""), "payer": .text("灯***"),
            ]) { $1 }
        }
    }

    private static func members(_ refund: RefundRecord, _ name: String) -> Members {
        state(name).merging(["refund": .text(refund.number), "amount": .number(refund.amount)]) { $1 }
    }

    private static func code(_ refusal: PayRefusal) -> String {
        switch refusal {
        case .codeUnknown: "CODE_UNKNOWN"
        case .codeUsed: "CODE_USED"
        case .codeExpired, .expiryPassed: "CODE_EXPIRED"
        case .insufficient: "BALANCE"
        case .risk: "RISK"
        case .inconsistent, .otherShopper, .alreadyPaid, .alreadyClosed, .alreadyReversed: "ORDER_USED"
        }
    }

    private static func file(_ lines: [BillLine]) -> String {
        let rows = lines.map { line in
            let kind =
                switch line.kind {
                case .payment: "sale"
                case .refund: "refund"
                case .reversal: "cancel"
                }
            return [
                kind, line.trade.merchantOrderNumber, line.refund?.number ?? "",
                line.refund?.walletNumber ?? line.trade.walletNumber, ChinaTime(milliseconds: line.at).compact,
                "\(line.amount)",
            ].joined(separator: ",")
        }
        return (["kind,order,refund,number,time,fen"] + rows + ["total,\(rows.count),,,,", ""]).joined(separator: "\n")
    }

    // MARK: Out

    func reply(_ answer: Members, to call: Call, distortion: Distortion) -> WalletReply {
        var members = answer.merging(names(call)) { $1 }
        if case .number(let amount) = members["amount"] { members["amount"] = .number(amount + distortion.amountShift) }
        return write(members, distortion: distortion)
    }

    func reply(_ substitute: SubstituteAnswer, to call: Call) -> WalletReply {
        let unsure = names(call).merging(LanternFace.result("BUSY")) { $1 }
        switch substitute {
        case .systemError: return write(unsure, distortion: .none)
        case .unsignedError: return write(unsure, distortion: .none, isSigned: false)
        case .callAgain: return write(names(call).merging(LanternFace.result("AGAIN")) { $1 }, distortion: .none)
        case .foreignCharset:
            // "Busy", in GBK.
            let busy: [UInt8] = [0xcf, 0xb5, 0xcd, 0xb3, 0xb7, 0xb1, 0xc3, 0xa6]
            let body = Array(#"{"content":""#.utf8) + busy + Array("\"}".utf8)
            return WalletReply(status: 200, contentType: "application/json", body: body, outcome: "busy")
        }
    }

    private func names(_ call: Call) -> Members {
        var names: Members = ["call": .text(call.name)]
        if let order = call.order { names["order"] = .text(order) }
        return names
    }
}
