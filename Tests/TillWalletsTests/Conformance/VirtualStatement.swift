// Part of Tillbridge. See LICENSE.
import TillDomain
import TillSandbox
import TillWallets

/// The statement of the day of a sale, fetched on the next morning, by hand and again where it did not come.
struct VirtualStatement {
    let account: WalletAccount
    let day: StatementDay
    var wallet: any KitWallet
    var now: Timestamp

    private static let pause: Int64 = 600_000

    init(after sale: VirtualSale) throws {
        let date = TillSandbox.ChinaTime(milliseconds: sale.start.milliseconds).date
        guard let day = StatementDay(date.utf8) else { throw WalletError.malformed(field: "day") }
        account = sale.account
        self.day = day
        wallet = sale.wallet
        // Half past ten, when every wallet has made its file.
        now = day.start + 24 * 3_600_000 + 37_800_000
    }

    /// Nil where nobody could say what the day was in eight tries.
    mutating func fetch() throws -> Statement? {
        for _ in 0..<8 {
            if case .file(let statement) = try attempt() { return statement }
            now = now + VirtualStatement.pause
        }
        return nil
    }

    private mutating func attempt() throws -> StatementReading? {
        let source = account.adapter.statements
        var request = try source.request(for: day, at: now, message: MessageID(1, 2))
        for _ in 0..<2 {
            switch wallet.call(request.request, at: now) {
            case .nothing(let span):
                now = now + span
                return nil
            case .response(let response, let span):
                now = now + span
                let reading = source.read(response, of: request.step, message: MessageID(3, 4))
                guard case .next(let next) = reading else { return reading }
                request = next
            }
        }
        return nil
    }
}
