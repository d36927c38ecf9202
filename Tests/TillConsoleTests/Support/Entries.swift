// Part of Tillbridge. See LICENSE.
import Foundation
import GRDB
import TillDomain
import TillStore

@testable import TillConsole

/// Entries of a cloud's log, as a cloud writes them.
struct Entries {
    private(set) var head = LogHead.start

    mutating func next(_ kind: LogKind, key: String, body: String, at time: Int64) -> LogEntry {
        let entry = LogEntry(
            after: head,
            time: Timestamp(milliseconds: time),
            kind: kind.rawValue,
            key: key,
            body: body
        )
        head = entry.head
        return entry
    }
}

struct SamplePayment {
    var register = "QF0001A01"
    var sequence: UInt64 = 1
    var amount: Int64 = 1_250
    var state = "confirmed"
    var display = "succeeded"
    var wallet = "alipay"
    var version = 1
    var home = "A"
    var startedAt: Int64 = 1_764_400_000_000
    var refunded: Int64 = 0
    var reason = ""
    /// The ticket, where it has more than one payment.
    var sharedTicket: String?
    /// Calls to the wallet, as JSON.
    var calls = ""

    var number: OrderNumber {
        guard let register = RegisterID(register.utf8) else { preconditionFailure("no register's number") }
        return OrderNumber(installation: .sandbox, register: register, epoch: 1, sequence: sequence)
    }

    var ticket: String { sharedTicket ?? "T-\(sequence)" }

    var body: String {
        let line =
            "1|\(number)|\(ticket)|\(amount)|CNY|28|18|1|\(startedAt)|0123456789abcdef"
        return """
            {"intent":"\(line)","home":"\(home)","state":"\(state)","version":\(version),"cause":"pay-paid",\
            "actor":"wallet","display":"\(display)","wallet":"\(wallet)","walletTransaction":"W\(sequence)",\
            "payer":"shopper-identity-\(sequence)","createdAt":\(startedAt + 5)\
            \(reason.isEmpty ? "" : ",\"declineReason\":\"\(reason)\"")\
            \(calls.isEmpty ? "" : ",\"calls\":\(calls)")\
            \(refunded > 0 ? ",\"refunded\":\(refunded)" : "")}
            """
    }
}

extension TestConsole {
    /// Has the read model take a payment, as the log of a cloud tells it.
    func take(_ payment: SamplePayment, of cloud: String = "A", after milliseconds: Int64 = 900) async throws {
        var entries = Entries()
        let entry = entries.next(
            .payment,
            key: "\(payment.number)",
            body: payment.body,
            at: payment.startedAt + milliseconds
        )
        let now = now
        try await console.pool.write { try ReadModel.apply(entry, of: cloud, at: now, $0) }
    }
}
