// Part of Tillbridge. See LICENSE.
import Synchronization
import TillDomain
import TillProtocol

/// What a cloud says of itself, unsigned: proxies balance by it, and people look at it. Nothing in it moves money.
final class CloudStatus: Sendable {
    enum Page: String, CaseIterable, Sendable {
        /// For proxies: ``CloudStatus/healthz()``.
        case health = "/healthz"
        /// 200 once payments can be taken, else 503.
        case ready = "/readyz"
        case metrics = "/metrics"
        case openAPI = "/openapi.json"
    }

    private let directory: Directory
    private let clock: any CloudClock
    private let fence: ClockFence
    private let admission: Admission
    private let metrics: Metrics
    private let dark: @Sendable () -> [Wallet]
    private let state = Mutex((isRunning: false, storeWorks: true))

    init(
        directory: Directory,
        clock: any CloudClock,
        fence: ClockFence,
        admission: Admission,
        metrics: Metrics,
        dark: @escaping @Sendable () -> [Wallet]
    ) {
        self.directory = directory
        self.clock = clock
        self.fence = fence
        self.admission = admission
        self.metrics = metrics
        self.dark = dark
    }

    /// Running: between the end of the start and the beginning of the shutdown.
    func set(isRunning: Bool) { state.withLock { $0.isRunning = isRunning } }
    var isRunning: Bool { state.withLock { $0.isRunning } }
    func set(storeWorks: Bool) { state.withLock { $0.storeWorks = storeWorks } }
    var storeWorks: Bool { state.withLock { $0.storeWorks } }

    var takesPayments: Bool {
        let state = state.withLock { $0 }
        return state.isRunning && state.storeWorks && fence.isTrusted(at: clock.now())
            && directory.snapshot.routing != nil
    }

    func answer(_ path: String) async -> GatewayAnswer {
        switch Page(rawValue: path) {
        case .health: .json(healthz())
        case .ready: takesPayments ? .text("ready\n") : .text("not ready\n", status: 503)
        case .metrics: .text(metrics.prometheusText(), type: "text/plain; version=0.0.4; charset=utf-8")
        case .openAPI: .json(OpenAPI.document)
        case nil: GatewayAnswer(Problem(.notFound, detail: "See /openapi.json."))
        }
    }

    /// `time` in milliseconds, `load` 0 (idle) … 1000 (full), versions of the documents that registers should hold (0
    /// for none), wallets that cannot be paid with.
    func healthz() -> [UInt8] {
        let snapshot = directory.snapshot
        let darkWallets = dark()
        let takes = takesPayments
        return JSONWriter.object { json in
            json.bool("takesPayments", takes)
            json.integer("load", Int64(admission.load))
            json.integer("routing", Int64(snapshot.offered?.version ?? 0))
            json.integer("configuration", Int64(snapshot.chain.version))
            json.array("dark") { json in
                for wallet in darkWallets { json.string(wallet.bytes) }
            }
            // Read as late as possible: registers set their clocks by it.
            json.time("time", clock.now())
        }
    }
}
