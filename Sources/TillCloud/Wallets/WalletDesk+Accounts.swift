// Part of Tillbridge. See LICENSE.
import NIOSSL
import TillDomain
import TillEngine
import TillWallets

/// What is known of an account at this cloud, without its credentials.
struct AccountStanding: Sendable {
    enum Circuit: String, Sendable {
        case closed
        /// More than half of the last payments had no certain result: registers are told that the wallet is dark.
        case open
        /// The credentials do not open here.
        case unusable
    }

    struct Certificate: Equatable, Sendable {
        let name: String
        /// The end of the first of its certificates that ends.
        let expiresAt: Timestamp
    }

    var circuit = Circuit.unusable
    var fieldNames: [String] = []
    var publicEnds: [(name: String, end: String)] = []
    var certificates: [Certificate] = []
    /// Calls that are out, callers that wait, and how many calls may be out.
    var busy = 0
    var queued = 0
    var limit = 0
}

/// What a wallet said of an order number that does not exist.
struct AccountTrial: Sendable {
    enum Result: String, Sendable {
        /// Reached, and both sides took the other's signature.
        case good
        /// Reached; it would not look at the question: signature, permission or contract.
        case refused
        /// Something answered, and its signature is not the wallet's.
        case forged
        /// Reached, and nothing clear came.
        case unclear
        /// A connection, and no answer in time.
        case silent
        /// No connection.
        case unreachable
        case unusable
    }

    let result: Result
    let milliseconds: Int64
    /// The wallet's own code.
    var code: String?
}

extension WalletDesk {
    func standing(of document: AccountDocument) -> AccountStanding {
        var standing = AccountStanding()
        guard let account = open(document.id),
            let content = try? vault.open(document.credentials, name: document.id),
            let settings = try? WalletSettings(document: content.reveal())
        else { return standing }
        standing.circuit = account.breaker.isDark(at: clock.now().milliseconds) ? .open : .closed
        standing.fieldNames = settings.fieldNames
        standing.publicEnds = settings.publicEnds
        standing.certificates = settings.certificates.compactMap { name, pem in
            let ends = try? NIOSSLCertificate.fromPEMBytes(Array(pem.utf8)).map(\.notValidAfter)
            return ends?.min().map { .init(name: name, expiresAt: Timestamp(milliseconds: Int64($0) * 1_000)) }
        }
        standing.busy = account.budget.busy
        standing.queued = account.budget.queued
        standing.limit = account.budget.limit
        return standing
    }

    /// Asks the wallet about an order number that nobody has. Neither circuit nor budget hear of it.
    @concurrent
    func trial(of id: String, sandbox: Bool) async -> AccountTrial {
        guard let account = open(id), let operation = WalletDesk.question(sandbox: sandbox),
            let request = try? account.account.adapter.request(for: operation, at: clock.now(), message: .random)
        else { return AccountTrial(result: .unusable, milliseconds: 0) }
        let sent = MonotonicClock.milliseconds()
        let reading: WalletReading
        do throws(WalletSilence) {
            let answer = try await account.connection.send(
                WalletConnection.Request(
                    method: request.method,
                    url: account.account.baseURL(for: request) + request.target,
                    headers: request.headers,
                    body: request.body,
                    timeout: .milliseconds(times.scaled(request.readTimeout))
                )
            )
            var response = answer.response
            response.receivedAt = clock.now()
            reading = account.account.adapter.read(response, of: operation)
        } catch {
            return AccountTrial(
                result: error == .neverLeft ? .unreachable : .silent,
                milliseconds: MonotonicClock.milliseconds() - sent
            )
        }
        return AccountTrial(
            result: .init(reading.outcome.asQuery),
            milliseconds: MonotonicClock.milliseconds() - sent,
            code: reading.code
        )
    }

    /// A number of a register that no store has.
    private static func question(sandbox: Bool) -> WalletOperation? {
        guard let register = RegisterID("ZZZZZZZ\(TestRegister.suffix)".utf8), let sale = SaleReference("TEST".utf8)
        else { return nil }
        let number = OrderNumber(
            installation: sandbox ? .sandbox : .live,
            register: register,
            epoch: .random(in: .min ... .max),
            sequence: 1
        )
        let intent = Intent(
            orderNumber: number,
            saleReference: sale,
            amount: Money(fen: 1),
            sign: Array("00".utf8),
            codeLength: 18,
            routing: 0,
            startedAt: Timestamp(milliseconds: 1),
            nonce: Nonce(.random(in: .min ... .max))
        )
        return .query(WalletOrder(intent))
    }
}

extension AccountTrial.Result {
    fileprivate init(_ outcome: QueryOutcome) {
        switch outcome {
        case .notFound, .paid, .open, .payError, .closed, .returning: self = .good
        case .unknown(.notProcessed): self = .refused
        case .unknown(.badSignature): self = .forged
        case .unknown(.neverLeft): self = .unreachable
        case .unknown(.noAnswer): self = .silent
        case .unknown: self = .unclear
        }
    }
}
