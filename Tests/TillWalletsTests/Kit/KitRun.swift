// Part of Tillbridge. See LICENSE.
import Foundation
import Testing
import TillDomain
import TillEngine
import TillSandbox

@testable import TillWallets

/// Plays one scenario: the adapter on one side, the wallet on the other, one order between them.
struct KitRun {
    let manners: KitManners
    let account: WalletAccount
    private var wallet: any KitWallet
    private var now: Timestamp
    private let order: WalletOrder
    private var code: String?
    private var firstSent: Timestamp?
    private var generator = SeededGenerator(seed: 1)

    /// Noon in China of tomorrow: the keys and their certificates are made today.
    static let start: Timestamp = {
        let day: Int64 = 86_400_000
        let today = Int64(Date().timeIntervalSince1970 * 1000) / day
        return Timestamp(milliseconds: (today + 1) * day + 4 * 3_600_000 + 123)
    }()

    init(_ kit: KitProtocol, _ manners: KitManners) throws {
        self.manners = manners
        account = kit.account
        wallet = kit.wallet
        now = KitRun.start
        order = WalletOrder(
            Intent(
                orderNumber: OrderNumber(
                    installation: .sandbox,
                    register: try #require(RegisterID("QF000K703".utf8)),
                    epoch: 7,
                    sequence: 1
                ),
                saleReference: try #require(SaleReference("S-1".utf8)),
                amount: Money(fen: 1290),
                sign: [50, 56],
                codeLength: 18,
                routing: 1,
                startedAt: KitRun.start,
                nonce: Nonce(0x9f86_d081_884c_7d65)
            )
        )
    }

    mutating func play(_ scenario: KitScenario) throws {
        for step in scenario.steps {
            // Somebody does something between two calls.
            now = now + 100
            if let problem = try take(step) {
                Issue.record("\(manners.name), line \(step.line), \(step.text): \(problem)")
                return
            }
        }
    }

    /// What is not as the step says.
    private mutating func take(_ step: KitStep) throws -> String? {
        switch step.action {
        case .code(let behaviour): code = wallet.code(behaviour, at: now)
        case .fault(let fault, let operation): wallet.strike(fault, operation, count: 1)
        case .shopper(let pays): wallet.decide(code: code ?? "", pays: pays, at: now)
        case .wait(let span): now = now + span
        case .waitUntilReversal:
            now = max(now, (firstSent ?? now) + account.adapter.schedule.earliestReversal)
        // Every wallet has made the day's statement by then, and one that is not there will not come.
        case .waitUntilAfternoon: now = KitRun.start + 25 * 3_600_000
        case .call(let call, let words, let span):
            let expected = try #require(manners.text(words), "\(words)")
            let operation = try operation(call)
            let end = now + span
            while true {
                let found = KitOutcome.text(exchange(operation), of: order)
                if KitOutcome.matches(found, expected) { return nil }
                guard now < end else { return "'\(found)', not '\(expected)'" }
                now = now + 1_000
            }
        case .statement(let words):
            let expected = try #require(manners.text(words), "\(words)")
            let found = try statement()
            return found == expected ? nil : "'\(found)', not '\(expected)'"
        case .holds(let words):
            let expected = try #require(manners.text(words), "\(words)")
            let found = wallet.held(order.number)
            return "\(found)" == expected ? nil : "the wallet holds \(found) fen, not \(expected)"
        }
        return nil
    }

    private mutating func operation(_ call: KitStep.Call) throws -> WalletOperation {
        switch call {
        case .pay:
            firstSent = firstSent ?? now
            return .pay(
                WalletPayment(
                    order: order,
                    code: try #require(PaymentCode(scanned: (code ?? "").utf8)),
                    subject: [UInt8]("示例门店 & Söhne/=<购物>".utf8),
                    operatorName: [UInt8]("c07".utf8),
                    items: Sample.basket
                )
            )
        case .query: return .query(order)
        case .cancel: return .cancel(order)
        case .returns: return .returns(order)
        case .refund(let fen, let number): return .refund(refund(fen, number))
        case .refundQuery(let fen, let number): return .refundQuery(refund(fen, number))
        }
    }

    private func refund(_ fen: Int64, _ number: Int) -> WalletRefund {
        WalletRefund(
            order: order,
            number: order.number.refundNumber(number),
            requestedAt: order.startedAt,
            amount: Money(fen: fen),
            reason: [UInt8]("退货".utf8)
        )
    }

    /// One call, until its answer or until the caller's patience ends.
    private mutating func exchange(_ operation: WalletOperation) -> WalletOutcome {
        do throws(WalletError) {
            let request = try account.adapter.request(for: operation, at: now, message: message())
            guard let response = send(request) else { return operation.unknown(.noAnswer) }
            return account.adapter.outcome(of: operation, from: response)
        } catch {
            return operation.unknown(.neverLeft)
        }
    }

    private mutating func message() -> MessageID { MessageID(generator.next(), generator.next()) }

    private mutating func send(_ request: OutboundRequest) -> InboundResponse? {
        switch wallet.call(request, at: now) {
        case .response(let response, let span):
            now = now + span
            return response
        case .nothing(let span):
            now = now + span
            return nil
        }
    }

    private mutating func statement() throws -> String {
        let source = account.adapter.statements
        var request = try source.request(
            for: try #require(TillWallets.ChinaTime(KitRun.start).flatMap { StatementDay($0.spaced.prefix(10)) }),
            at: now,
            message: message()
        )
        for _ in 0..<4 {
            guard let response = send(request.request) else { return "no answer" }
            switch source.read(response, of: request.step, message: message()) {
            case .file(let statement): return KitOutcome.text(statement, of: order)
            case .next(let next): request = next
            case .noTrades: return "nothing"
            case .notYet(let code): return "not yet: \(code)"
            case .failed(let failure): return "failed: \(failure)"
            }
        }
        return "no file after four requests"
    }
}
