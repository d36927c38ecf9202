// Part of Tillbridge. See LICENSE.
import TillDomain

@testable import TillWallets

/// Lantern's bill: one signed answer with the whole file in it.
extension LanternClient: StatementSource {
    func request(
        for day: StatementDay,
        at now: Timestamp,
        message: MessageID
    ) throws(WalletError) -> StatementRequest {
        StatementRequest(
            request("bill", try codec.bill(day, at: now, message: message), readTimeout: WalletTimeouts.file),
            step: StatementStep(day: day, expected: .answer)
        )
    }

    func read(_ response: InboundResponse, of step: StatementStep, message: MessageID) -> StatementReading {
        guard response.status == 200 else { return .notYet(code: "HTTP \(response.status)") }
        guard case .signed(let content) = signing.content(response) else { return .failed(.badSignature) }
        let answer = LanternAnswer(content: content)
        guard answer.says([UInt8]("bill".utf8), in: "call"), answer.says(codec.merchant, in: "merchant"),
            answer.says(step.day.dashed, in: "day"), let result = answer.code("result")
        else { return .failed(.unreadable(.malformed("it is about something else"))) }
        switch result {
        case "OK":
            return .file { () throws(StatementError) in
                try LanternStatement.read(content.value("file") ?? [])
            }
        case "BUSY": return .notYet(code: result)
        case "NO_BILL": return step.day.missing(result, at: response.receivedAt)
        default: return .failed(.code(result))
        }
    }
}

enum LanternStatement {
    static func read(_ file: [UInt8]) throws(StatementError) -> Statement {
        var lines = StatementText.lines(file)[...]
        guard lines.popFirst() == ("kind,order,refund,number,time,fen" as StaticString).bytes[...] else {
            throw .malformed("its first line does not name the columns of a bill")
        }
        guard lines.count <= StatementLimits.rows else { throw .tooLarge }
        // Without the totals at its end a file broke off, wherever.
        guard let totals = lines.popLast().map(cells), totals.count == 6, totals[0].elementsEqual("total".utf8),
            let stated = Decimal.parse(totals[1])
        else { throw .malformed("it does not end with its totals") }
        var rows: [StatementRow] = []
        for line in lines {
            guard let row = row(cells(line)) else { throw .malformed("row \(rows.count + 1) cannot be read") }
            rows.append(row)
        }
        let check = StatementCheck(name: "total", stated: stated, summed: Int64(rows.count), isCount: true)
        return try Statement(rows: rows, others: 0, checks: [check])
    }

    private static func cells(_ line: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        line.split(separator: 44, omittingEmptySubsequences: false)
    }

    private static func row(_ cells: [ArraySlice<UInt8>]) -> StatementRow? {
        guard cells.count == 6, let time = ChinaTime.moment(ofCompact: cells[4]), let fen = Decimal.parse(cells[5]),
            (1...1 << 50).contains(fen)
        else { return nil }
        let kind: StatementKind
        switch String(decoding: cells[0], as: UTF8.self) {
        case "sale": kind = .sale
        case "refund": kind = .refund
        case "cancel": kind = .reversal
        default: return nil
        }
        return StatementRow(
            kind: kind,
            order: [UInt8](cells[1]),
            refund: [UInt8](cells[2]),
            transaction: [UInt8](cells[3]),
            time: time,
            amount: kind == .sale ? Money(fen: fen) : .zero,
            refunded: kind == .sale ? .zero : Money(fen: fen),
            feeThousandths: 0,
            currency: ("CNY" as StaticString).bytes
        )
    }
}
