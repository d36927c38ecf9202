// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine
import TillProtocol

/// How a request ended, as metrics and the access log tell it.
enum RequestOutcome: Int, CaseIterable, Sendable {
    /// Status 200 from a cloud.
    case answered
    /// Any other status from a cloud.
    case refused
    /// No byte of it reached any cloud.
    case notForwarded
    /// It was sent, at least in part, and no whole answer came.
    case unknown
    /// The register left before the answer came.
    case abandoned

    var label: StaticString {
        switch self {
        case .answered: "answered"
        case .refused: "refused"
        case .notForwarded: "not-forwarded"
        case .unknown: "unknown"
        case .abandoned: "abandoned"
        }
    }
}

/// Why a request was not forwarded.
enum NotForwardedReason: Int, CaseIterable, Sendable {
    case cloudDown, breakerOpen, busy, connectFailed

    var label: StaticString {
        switch self {
        case .cloudDown: "cloud-down"
        case .breakerOpen: "breaker-open"
        case .busy: "busy"
        case .connectFailed: "connect-failed"
        }
    }

    var detail: StaticString {
        switch self {
        case .cloudDown: "The cloud is not reachable at the moment; nothing was sent to it."
        case .breakerOpen: "The cloud does not answer payments at the moment; nothing was sent to it."
        case .busy: "The cloud is busy; nothing was sent to it."
        case .connectFailed: "No connection to the cloud could be made; nothing was sent to it."
        }
    }
}

/// Why a register's connection was ended by the proxy.
enum CloseReason: Int, CaseIterable, Sendable {
    case framing, idle, slowHandshake, slowRequest, stalledReader, tooManyConnections, pipelined, drain

    var label: StaticString {
        switch self {
        case .framing: "framing"
        case .idle: "idle"
        case .slowHandshake: "slow-handshake"
        case .slowRequest: "slow-request"
        case .stalledReader: "stalled-reader"
        case .tooManyConnections: "too-many-connections"
        case .pipelined: "pipelined"
        case .drain: "drain"
        }
    }
}

/// Upper bounds of latency buckets, in microseconds.
enum LatencyBuckets {
    static let bounds: [Int64] = [
        500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000,
    ]
    static let labels: [String] = [
        "0.0005", "0.001", "0.0025", "0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5", "1", "2.5", "5",
    ]
}

/// What one event loop has counted. Flat arrays, so that counting is an addition and a copy is cheap.
struct Counters: Sendable {
    private static let clouds = CloudName.allCases.count
    private static let outcomes = RequestOutcome.allCases.count
    private static let buckets = LatencyBuckets.bounds.count + 1

    private var requests = [UInt64](repeating: 0, count: RequestClass.count * clouds * outcomes)
    private var latencies = [UInt64](repeating: 0, count: RequestClass.count * buckets)
    private var latencySums = [UInt64](repeating: 0, count: RequestClass.count)
    private var notForwarded = [UInt64](
        repeating: 0,
        count: NotForwardedReason.allCases.count * CloudName.allCases.count
    )
    private var closes = [UInt64](repeating: 0, count: CloseReason.allCases.count)
    private var faults = [UInt64](repeating: 0, count: FramingFault.allCases.count)
    var accepted: UInt64 = 0
    /// By what the register's lane was doing; the last one is anything this build does not know.
    private(set) var heartbeats = [UInt64](repeating: 0, count: TillProtocol.LaneStatus.allCases.count + 1)
    var throttled: UInt64 = 0
    /// Pooled connections that were found dead before anything was written to them.
    var staleReplaced: UInt64 = 0

    mutating func count(_ requestClass: RequestClass, _ cloud: CloudName, _ outcome: RequestOutcome) {
        requests[Self.requestIndex(requestClass, cloud, outcome)] += 1
    }

    func requests(_ requestClass: RequestClass, _ cloud: CloudName, _ outcome: RequestOutcome) -> UInt64 {
        requests[Self.requestIndex(requestClass, cloud, outcome)]
    }

    mutating func observe(_ requestClass: RequestClass, microseconds: Int64) {
        var bucket = 0
        while bucket < LatencyBuckets.bounds.count, microseconds > LatencyBuckets.bounds[bucket] { bucket += 1 }
        latencies[requestClass.rawValue * Self.buckets + bucket] += 1
        latencySums[requestClass.rawValue] += UInt64(max(0, microseconds))
    }

    /// Not cumulative; the last one is everything beyond the bounds.
    func latencies(_ requestClass: RequestClass) -> ArraySlice<UInt64> {
        latencies[requestClass.rawValue * Self.buckets..<(requestClass.rawValue + 1) * Self.buckets]
    }

    func latencySumMicroseconds(_ requestClass: RequestClass) -> UInt64 { latencySums[requestClass.rawValue] }

    mutating func count(_ reason: NotForwardedReason, _ cloud: CloudName) {
        notForwarded[reason.rawValue * Self.clouds + cloud.index] += 1
    }

    func notForwarded(_ reason: NotForwardedReason, _ cloud: CloudName) -> UInt64 {
        notForwarded[reason.rawValue * Self.clouds + cloud.index]
    }

    mutating func countHeartbeat(_ lane: TillProtocol.LaneStatus?) {
        let index = lane.flatMap { TillProtocol.LaneStatus.allCases.firstIndex(of: $0) }
        heartbeats[index ?? TillProtocol.LaneStatus.allCases.count] += 1
    }

    mutating func count(_ reason: CloseReason) { closes[reason.rawValue] += 1 }
    func closes(_ reason: CloseReason) -> UInt64 { closes[reason.rawValue] }

    mutating func count(_ fault: FramingFault) {
        if let index = FramingFault.allCases.firstIndex(of: fault) { faults[index] += 1 }
    }

    func faults(_ fault: FramingFault) -> UInt64 {
        FramingFault.allCases.firstIndex(of: fault).map { faults[$0] } ?? 0
    }

    static func += (left: inout Counters, right: Counters) {
        add(&left.requests, right.requests)
        add(&left.latencies, right.latencies)
        add(&left.latencySums, right.latencySums)
        add(&left.notForwarded, right.notForwarded)
        add(&left.closes, right.closes)
        add(&left.faults, right.faults)
        left.accepted += right.accepted
        add(&left.heartbeats, right.heartbeats)
        left.throttled += right.throttled
        left.staleReplaced += right.staleReplaced
    }

    private static func add(_ left: inout [UInt64], _ right: [UInt64]) {
        for index in left.indices { left[index] += right[index] }
    }

    private static func requestIndex(
        _ requestClass: RequestClass,
        _ cloud: CloudName,
        _ outcome: RequestOutcome
    ) -> Int {
        (requestClass.rawValue * clouds + cloud.index) * outcomes + outcome.rawValue
    }
}

extension CloudName {
    /// The place in arrays of one element per cloud.
    var index: Int { self == .a ? 0 : 1 }

    var letter: StaticString { wireName }
}
