// Part of Tillbridge. See LICENSE.
import Foundation
import Testing
import TillDomain
import TillEngine
import TillSandbox
import TillWallets

/// One cell of the matrix: a protocol, what its shopper does, and what goes wrong with which call.
struct ConformanceCell: Sendable, CustomTestStringConvertible {
    let row: Int
    let operation: SandboxOperation
    let behaviour: Behaviour
    let fault: FaultKind?
    /// How often the fault strikes.
    let count: Int

    var name: String { KitProtocol.name(KitProtocol.registry.rows[row]) }
    var testDescription: String {
        "\(name), \(operation.rawValue): \(behaviour.text)" + (fault.map { ", \($0.rawValue) × \(count)" } ?? "")
    }

    static let operations: [SandboxOperation] = [.pay, .query, .cancel, .refund, .refundQuery, .bill]
    private static let behaviours: [Behaviour] = [
        .pays, .password, .passwordPaysAfter(seconds: 12), .never, .insufficient, .expired, .used, .riskRefused,
    ]

    static let all: [ConformanceCell] = KitProtocol.registry.rows.indices.flatMap(cells)

    private static func cells(row: Int) -> [ConformanceCell] {
        var cells = behaviours.map { ConformanceCell(row: row, operation: .pay, behaviour: $0, fault: nil, count: 0) }
        cells.append(ConformanceCell(row: row, operation: .bill, behaviour: .pays, fault: nil, count: 0))
        for operation in operations {
            // A query matters where the answer to the payment was not the end.
            let behaviour = operation == .query ? Behaviour.passwordPaysAfter(seconds: 12) : .pays
            for fault in FaultKind.allCases where fault.operations?.contains(operation) ?? true {
                for count in operation == .pay ? [1] : [1, 3] {
                    cells.append(
                        ConformanceCell(
                            row: row,
                            operation: operation,
                            behaviour: behaviour,
                            fault: fault,
                            count: count
                        )
                    )
                }
            }
        }
        return cells
    }

    var course: VirtualSale.Course {
        switch operation {
        case .pay, .query: .sells
        case .cancel: .hearsNothing
        case .refund, .refundQuery, .bill: .givesBack
        }
    }
}

/// All protocols × all calls × all behaviours and faults, in virtual time: each cell ends certain, and what the register
/// was told is what the wallet holds.
@Suite("Conformance: every cell ends certain and agrees with the ledger")
struct ConformanceTests {
    @Test(arguments: ConformanceCell.all)
    func cell(_ cell: ConformanceCell) throws {
        let (ending, problem) = try ConformanceTests.play(cell)
        #expect(problem == nil, "\(ending)")
        try ConformanceTests.report(cell, problem)
    }

    private static func play(_ cell: ConformanceCell) throws -> (ending: String, problem: String?) {
        let kit = try KitProtocol.all.get()[cell.row]
        var wallet = kit.wallet
        // V3 has no list of an order's refunds: where a reversed order shows REFUND its undo stays with a person.
        if kit.row.version == "v3", var side = wallet as? SandboxSide {
            _ = side.wallets.state.policies.choose("revoked", for: .afterReversal)
            wallet = side
        }
        let code = wallet.code(cell.behaviour, at: KitRun.start + -1_000)
        if let fault = cell.fault { wallet.strike(fault, cell.operation, count: cell.count) }
        var sale = try VirtualSale(
            cell.course,
            account: kit.account,
            schedule: kit.row.schedule,
            wallet: wallet,
            code: code,
            intent: try intent(code, at: KitRun.start)
        )
        sale.play()
        let (ending, problem) = judge(sale)
        guard cell.operation == .bill, problem == nil else { return (ending, problem) }
        return (ending, try statementProblem(sale))
    }

    /// The statement must name the sale and its refunds, each once, and nothing else.
    private static func statementProblem(_ sale: VirtualSale) throws -> String? {
        var virtual = try VirtualStatement(after: sale)
        guard let statement = try virtual.fetch() else { return "no statement came" }
        func line(_ kind: StatementKind, _ refund: [UInt8], _ amount: Money) -> String {
            "\(kind) \(String(decoding: refund, as: UTF8.self)) \(amount.fen)"
        }
        let number = sale.intent.orderNumber
        let expected =
            [line(.sale, [], sale.intent.amount)]
            + sale.payment.record.refunds.map { line(.refund, number.refundNumber($0.counter).bytes, $0.amount) }
        let found = statement.rows.map { line($0.kind, $0.refund, $0.kind == .sale ? $0.amount : $0.refunded) }
        guard statement.rows.allSatisfy({ $0.order == number.bytes }), statement.others == 0 else {
            return "the statement has rows of other orders"
        }
        guard statement.checks.allSatisfy(\.agrees) else { return "the statement's totals are not those of its rows" }
        return found.sorted() == expected.sorted() ? nil : "the statement has \(found), the ledger \(expected)"
    }

    private static func judge(_ sale: VirtualSale) -> (ending: String, problem: String?) {
        let record = sale.payment.record
        let held = sale.held
        let refunded = record.refunds.filter { $0.state == .done }.reduce(Int64(0)) { $0 + $1.amount.fen }
        let told = sale.told.map { "\($0)" } ?? "nothing"
        let ending = "told \(told), \(record.state), \(record.refunds.map(\.state)), the wallet holds \(held)"
        let isRefundOpen = record.refunds.contains { $0.state != .done && $0.state != .failed }
        let expected = sale.told == .paid ? VirtualSale.amount - refunded : 0
        switch (sale.told, record.state) {
        case (nil, _): return (ending, "the register was told nothing")
        case (.paid, .confirmed) where !isRefundOpen, (.notPaid, .declined), (.notPaid, .revoked), (.notPaid, .tomb):
            return (ending, held == expected ? nil : "the wallet holds \(held) fen, not \(expected)")
        default: return (ending, "not certain: \(record.state)")
        }
    }

    private static func intent(_ code: String, at start: Timestamp) throws -> Intent {
        Intent(
            orderNumber: OrderNumber(
                installation: .sandbox,
                register: try #require(RegisterID("QF000K703".utf8)),
                epoch: 7,
                sequence: 1
            ),
            saleReference: try #require(SaleReference("S-1".utf8)),
            amount: Money(fen: VirtualSale.amount),
            sign: Array(code.utf8.prefix(2)),
            codeLength: code.utf8.count,
            routing: 1,
            startedAt: start,
            nonce: Nonce(0x9f86_d081_884c_7d65)
        )
    }

    /// For `./run conformance`, which prints the matrix: one line a cell of a protocol that ships.
    private static func report(_ cell: ConformanceCell, _ problem: String?) throws {
        guard WalletRegistry.standard.rows.indices.contains(cell.row),
            let path = ProcessInfo.processInfo.environment["TILLBRIDGE_CONFORMANCE"]
        else { return }
        let line = [
            cell.name, cell.operation.rawValue, cell.behaviour.text, cell.fault?.rawValue ?? "", "\(cell.count)",
            problem ?? "",
        ].joined(separator: "\t")
        let file = open(path, O_WRONLY | O_APPEND | O_CREAT, 0o644)
        guard file >= 0 else { throw CocoaError(.fileWriteNoPermission) }
        defer { close(file) }
        // One write appends one line whole, whoever else writes.
        let bytes = Array((line + "\n").utf8)
        try #require(write(file, bytes, bytes.count) == bytes.count)
    }
}
