// Part of Tillbridge. See LICENSE.
import Foundation
package import Logging
import TillDomain
import TillEngine
package import TillProtocol
package import TillStore
package import TillWallets

/// The parts of one cloud, put together. Nothing runs yet: the service does with ``CloudService``, and the admin
/// commands of a stopped cloud work on it directly.
package final class CloudCore: Sendable {
    let settings: CloudSettings
    let store: any CloudStore
    let clock: any CloudClock
    let signer: CloudSigningKey
    let installation: CloudGateway.Installation
    package let directory: Directory
    let vault: CredentialVault
    let fence = ClockFence()
    let limits: CloudGateway.Limits
    let admission: Admission
    let metrics: Metrics
    let unknownCodes: UnknownCodeCounter
    let signals: CloudSignals
    let desk: WalletDesk
    let service: PaymentService
    let documents: DocumentDesk
    let activations: ActivationDesk
    let testPayments: TestPayments
    let status: CloudStatus
    let logBell = ChangeBoard<Int, Bool>()
    let contacts = Contacts()
    let logger: Logger

    /// Opens keys and reads the configuration.
    /// - Throws: ``StartError`` for keys that are missing or open to others, or a configuration that does not fit.
    package convenience init(
        settings: CloudSettings,
        store: any CloudStore,
        clock: any CloudClock = SystemClock(),
        logger: Logger
    ) async throws {
        try await self.init(settings: settings, store: store, clock: clock, logger: logger, wallets: nil)
    }

    /// - Parameter wallets: In place of the real ones, for tests.
    init(
        settings: CloudSettings,
        store: any CloudStore,
        clock: any CloudClock,
        logger: Logger,
        wallets: (any PaymentWallets)?,
        limits: CloudGateway.Limits = CloudGateway.Limits()
    ) async throws {
        try settings.check()
        self.settings = settings
        self.store = store
        self.clock = clock
        self.logger = logger
        self.limits = limits
        admission = Admission(slots: limits.slots)
        if !settings.isPlain { _ = try PrivateFile.read(settings.keys.certificateKeyFile(of: settings.name)) }
        signer = try settings.keys.signingKey(of: settings.name)
        vault = CredentialVault(masterKeys: try settings.keys.masterKeys())
        let keys = try settings.keys.publicKeys(of: .a) + settings.keys.publicKeys(of: .b)
        installation = CloudGateway.Installation(
            authority: try PrivateFile.readPublic(settings.keys.authorityFile),
            proxies: settings.proxies.map { Array($0.utf8) },
            keys: keys
        )
        // The configuration's home hands its routings on; what the other cloud holds came from there.
        let directory = Directory(waitsForPeer: settings.peer != nil && settings.name == settings.configurationHome)
        let unknownCodes = UnknownCodeCounter(since: clock.now())
        self.directory = directory
        self.unknownCodes = unknownCodes
        let (admission, fence) = (admission, fence)
        metrics = Metrics {
            [("load", "", admission.load)]
                + RequestClass.allCases.map { kind in
                    ("shed", "class=\"\(kind)\"", admission.shedCount(kind))
                } + unknownCodes.gauges
        }
        signals = CloudSignals(metrics: metrics, logger: logger)
        let desk = WalletDesk(
            directory: directory,
            vault: vault,
            times: settings.times,
            clock: clock,
            fence: fence,
            metrics: metrics,
            logger: logger
        )
        self.desk = desk
        let promotion = try await store.lastPromotion()
        let (metrics, signals, logBell) = (metrics, signals, logBell)
        var ports = PaymentService.Signals()
        ports.clockTrusted = { fence.isTrusted(at: clock.now()) }
        ports.isOn = { directory.snapshot.isOn($0) }
        ports.clockLeaps = { fence.leaps }
        ports.lastPromotion = { promotion }
        ports.alarm = { signals.alarm($0, payment: $1) }
        ports.count = { metrics.count("uncommon_events", $0) }
        ports.stored = { commit in
            metrics.count("payments", "state=\"\(commit.to.text)\",cause=\"\(commit.cause.text)\"")
            logBell.post(true, for: 0)
        }
        ports.logger = logger
        service = PaymentService(
            cloud: settings.name,
            times: settings.times,
            rows: StoredRows(store: store, owner: "\(settings.name.text)-\(UUID().uuidString)"),
            wallets: wallets ?? desk,
            clock: clock,
            signals: ports
        )
        documents = DocumentDesk(store: store, directory: directory, clock: clock, logBell: logBell)
        activations = ActivationDesk(
            cloud: settings.name,
            configurationHome: settings.configurationHome,
            times: settings.times,
            store: store,
            directory: directory,
            clock: clock,
            signals: signals,
            changes: documents
        )
        testPayments = TestPayments(
            cloud: settings.name,
            service: service,
            store: store,
            directory: directory,
            clock: clock
        )
        status = CloudStatus(
            directory: directory,
            clock: clock,
            fence: fence,
            admission: admission,
            metrics: metrics,
            dark: { desk.darkWallets() }
        )
        try await directory.load(from: store)
        try checkAccounts()
    }

    /// Sandbox and live accounts never meet, and time runs fast with sandbox accounts only.
    private func checkAccounts() throws(StartError) {
        let accounts = directory.snapshot.accounts.values
        let live = accounts.filter { !$0.sandbox }.map(\.id).sorted()
        if let live = live.first, accounts.contains(where: \.sandbox) {
            throw StartError(
                "The database holds sandbox accounts beside the live account \(live): use one database for each kind."
            )
        }
        if let live = live.first, settings.times.thousandths < 1000 {
            throw StartError(
                "--time-factor \(Double(settings.times.thousandths) / 1000): account \(live) moves real money, "
                    + "and only sandbox accounts allow less than 1."
            )
        }
    }

    /// An account with its adapter; nil if there is none, or if its credentials do not open here.
    package func account(_ id: String) -> WalletAccount? { desk.open(id)?.account }

    /// Enrols a register whose device holds a one-time code.
    /// - Throws: ``ProblemError``; whatever is wrong with the code, the refusal is the same.
    package func activate(_ message: ActivationRequest) async throws {
        _ = try await activations.activate(message, installation: installation)
    }

    /// Closes what was opened.
    package func close() async {
        await desk.shutdown()
        await store.close()
    }
}
