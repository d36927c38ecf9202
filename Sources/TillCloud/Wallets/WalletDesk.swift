// Part of Tillbridge. See LICENSE.
import Logging
import Synchronization
import TillDomain
import TillEngine
import TillStore
import TillWallets

/// Sends for all wallets: finds the account of an intent, keeps its budget and its breaker, makes the request, reads
/// the answer. One call is one request, whatever happens to it.
final class WalletDesk: PaymentWallets {
    let directory: Directory
    let vault: CredentialVault
    let times: ProtocolTimes
    let clock: any CloudClock
    private let fence: ClockFence
    private let metrics: Metrics
    private let logger: Logger
    private let accounts = Mutex<[String: OpenAccount]>([:])
    /// The connections of the statement that is being fetched: one at a time.
    let statement = Mutex<StatementDownload>(.none)

    init(
        directory: Directory,
        vault: CredentialVault,
        times: ProtocolTimes,
        clock: any CloudClock,
        fence: ClockFence,
        metrics: Metrics,
        logger: Logger
    ) {
        self.directory = directory
        self.vault = vault
        self.times = times
        self.clock = clock
        self.fence = fence
        self.metrics = metrics
        self.logger = logger
    }

    func route(_ intent: Intent) -> CloudRoute {
        guard let routing = directory.routing(intent.routing) else { return .missing }
        guard let destination = routing.destination(of: intent) else { return .noWallet }
        // The account travels in the peer's log like the routing; until it is here nothing is decided.
        guard let document = directory.account(destination.account),
            let row = WalletRegistry.standard.row(wallet: destination.wallet, version: document.version)
        else { return .missing }
        return .wallet(destination.wallet, row.schedule)
    }

    func isOn(_ intent: Intent) -> Bool {
        guard let account = account(of: intent) else { return false }
        return !account.breaker.isDark(at: clock.now().milliseconds)
    }

    /// Wallets with accounts none of which takes payments now.
    func darkWallets() -> [Wallet] {
        let now = clock.now().milliseconds
        var light: [Wallet: Bool] = [:]
        for (id, document) in directory.snapshot.accounts {
            guard let wallet = Wallet(document.wallet.utf8) else { continue }
            let isLight = open(id).map { !$0.breaker.isDark(at: now) } ?? false
            light[wallet] = light[wallet, default: false] || isLight
        }
        return light.filter { !$0.value }.keys.sorted { $0.bytes.lexicographicallyPrecedes($1.bytes) }
    }

    /// Whether a wallet has come back since the last question.
    func someWalletCameBack() -> Bool {
        let now = clock.now().milliseconds
        let open = accounts.withLock { Array($0.values) }
        return open.reduce(false) { $1.breaker.cameBack(at: now) || $0 }
    }

    func draft(_ payment: WalletPayment, intent: Intent) async -> PayDraft {
        let message = MessageID.random
        var request: OutboundRequest?
        if let account = account(of: intent) {
            request = await self.request(for: .pay(payment), at: clock.now(), message: message, account: account)
        }
        return PayDraft(payment: payment, intent: intent, request: request, message: message)
    }

    func pay(
        _ draft: PayDraft,
        deadline: Timestamp,
        mayWrite: @escaping @Sendable () -> Bool
    ) async -> (result: PayResult, note: WalletCallNote?) {
        guard let request = draft.request, let account = account(of: draft.intent) else {
            return (.unwritten(.noConnection), nil)
        }
        let now = clock.now()
        guard now < deadline else { return (.unwritten(.late), nil) }
        let patience = Duration.milliseconds(min(times.scaled(1_000), deadline - now))
        guard await account.budget.enter(pay: true, within: patience) else { return (.unwritten(.late), nil) }
        defer { account.budget.leave() }
        guard clock.now() < deadline else { return (.unwritten(.late), nil) }
        let call = WalletCall(operation: .pay(draft.payment), request: request, message: draft.message)
        let (outcome, note) = await exchange(call, account: account, mayWrite: mayWrite)
        let result: PayResult =
            switch outcome {
            case .success(.pay(let outcome)): .outcome(outcome)
            case .success: preconditionFailure("an outcome of another operation")
            // Only a connection that never came about counts as the strict proof; what was held back is asked about.
            case .failure(.neverLeft): .unwritten(.noConnection)
            case .failure: .outcome(.unknown(.noAnswer))
            }
        account.breaker.record(known: result.isKnown, at: clock.now().milliseconds)
        metrics.count("wallet_payments", "wallet=\"\(account.account.wallet)\",outcome=\"\(result.label)\"")
        return (result, note)
    }

    func perform(_ operation: WalletOperation, intent: Intent) async -> (outcome: WalletOutcome, note: WalletCallNote?)
    {
        let message = MessageID.random
        guard let account = account(of: intent),
            let request = await request(for: operation, at: clock.now(), message: message, account: account),
            await account.budget.enter(pay: false, within: .milliseconds(times.scaled(request.readTimeout)))
        else { return (operation.unknown(.noAnswer), nil) }
        defer { account.budget.leave() }
        let call = WalletCall(operation: operation, request: request, message: message)
        let (outcome, note) = await exchange(call, account: account, mayWrite: { true })
        switch outcome {
        case .success(let outcome): return (outcome, note)
        case .failure(let silence): return (operation.unknown(silence == .neverLeft ? .neverLeft : .noAnswer), note)
        }
    }

    /// Signing with RSA takes about a millisecond: not on an event loop.
    @concurrent
    private func request(
        for operation: WalletOperation,
        at now: Timestamp,
        message: MessageID,
        account: OpenAccount
    ) async -> OutboundRequest? {
        do throws(WalletError) {
            return try account.account.adapter.request(for: operation, at: now, message: message)
        } catch {
            logger.error("request not made", metadata: ["account": "\(account.id)", "error": "\(error)"])
            return nil
        }
    }

    @concurrent
    private func exchange(
        _ call: WalletCall,
        account: OpenAccount,
        mayWrite: @escaping @Sendable () -> Bool
    ) async -> (Result<WalletOutcome, WalletSilence>, WalletCallNote) {
        let (operation, request) = (call.operation, call.request)
        let sent = clock.now()
        let answer: WalletConnection.Answer
        do throws(WalletSilence) {
            answer = try await account.connection.send(
                WalletConnection.Request(
                    method: request.method,
                    url: account.account.baseURL(for: request) + request.target,
                    headers: request.headers,
                    body: request.body,
                    timeout: .milliseconds(times.scaled(request.readTimeout)),
                    mayWrite: mayWrite
                )
            )
        } catch {
            return (.failure(error), call.note(of: account, milliseconds: clock.now() - sent, silence: error))
        }
        let received = clock.now()
        metrics.observe(
            "wallet_call",
            "wallet=\"\(account.account.wallet)\",call=\"\(operation.label)\"",
            milliseconds: received - sent
        )
        if let date = answer.date {
            fence.compare(.wallet(account.id), theirs: date, sent: sent, received: received, resolution: 1000)
        }
        var response = answer.response
        response.receivedAt = received
        let reading = account.account.adapter.read(response, of: operation)
        if let alarm = reading.alarm {
            metrics.count("wallet_alarms", "wallet=\"\(account.account.wallet)\",alarm=\"\(alarm)\"")
            logger.warning(
                "wallet alarm",
                metadata: [
                    "account": "\(account.id)", "call": "\(operation.label)", "alarm": "\(alarm)",
                    "code": "\(reading.code ?? "")",
                ]
            )
        }
        let note = call.note(of: account, milliseconds: received - sent, response: response, reading: reading)
        return (.success(reading.outcome), note)
    }

    private func account(of intent: Intent) -> OpenAccount? {
        guard let destination = directory.routing(intent.routing)?.destination(of: intent) else { return nil }
        return open(destination.account)
    }

    /// The account, opened once per version of its document.
    func open(_ id: String) -> OpenAccount? {
        guard let document = directory.account(id) else { return nil }
        return accounts.withLock { accounts in
            if let open = accounts[id], open.document == document { return open }
            do {
                let open = try OpenAccount(document, vault: vault, times: times)
                accounts[id] = open
                return open
            } catch {
                logger.error("account not usable", metadata: ["account": "\(id)", "error": "\(error)"])
                return nil
            }
        }
    }

    func shutdown() async {
        stopStatement()
        let open = accounts.withLock { Array($0.values) }
        for account in open { await account.connection.shutdown() }
    }
}

/// An account with its connections.
final class OpenAccount: Sendable {
    let id: String
    let document: AccountDocument
    let account: WalletAccount
    let transport: WalletTransport
    let connection: WalletConnection
    let budget = WalletBudget(limit: 64)
    let breaker: WalletBreaker

    init(_ document: AccountDocument, vault: CredentialVault, times: ProtocolTimes) throws {
        id = document.id
        self.document = document
        let settings = try WalletSettings(document: vault.open(document.credentials, name: document.id).reveal())
        account = try WalletRegistry.standard.account(from: settings)
        transport = WalletTransport(
            authority: account.authority,
            clientCertificate: account.clientCertificate,
            // Not scaled: machines do not connect faster.
            connectTimeout: .seconds(2)
        )
        connection = try WalletConnection(transport, account: document.id)
        breaker = WalletBreaker(window: times.scaled(30_000))
    }
}

extension PayResult {
    /// Whether the wallet said anything certain.
    fileprivate var isKnown: Bool {
        switch self {
        case .outcome(.unknown), .unwritten: false
        case .outcome: true
        }
    }

    fileprivate var label: String {
        switch self {
        case .outcome(.paid): "paid"
        case .outcome(.waitingForShopper): "waiting"
        case .outcome(.declined): "declined"
        case .outcome(.unknown): "unknown"
        case .unwritten: "unwritten"
        }
    }
}

extension WalletOperation {
    var label: String {
        switch self {
        case .pay: "pay"
        case .query: "query"
        case .cancel: "cancel"
        case .refund: "refund"
        case .refundQuery: "refund-query"
        case .returns: "returns"
        }
    }
}
