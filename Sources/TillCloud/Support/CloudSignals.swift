// Part of Tillbridge. See LICENSE.
import Logging
import Synchronization
import TillDomain
import TillEngine

/// What needs people: logged, counted, and kept for a while for those who look.
final class CloudSignals: Sendable {
    /// Alarms beyond those of the payment machine.
    enum Alarm: String, Sendable {
        case sequenceWentBack = "sequence-went-back"
        case journalWentBack = "journal-went-back"
        case activationBlocked = "activation-blocked"
        case peerLogRefused = "peer-log-refused"
        case clockNotTrusted = "clock-not-trusted"

        var pages: Bool { self == .peerLogRefused || self == .clockNotTrusted }
    }

    private let metrics: Metrics
    private let logger: Logger

    init(metrics: Metrics, logger: Logger) {
        self.metrics = metrics
        self.logger = logger
    }

    func alarm(_ alarm: Alarm, key: some CustomStringConvertible) {
        raise(alarm.rawValue, key: "\(key)", pages: alarm.pages)
    }

    func alarm(_ alarm: CloudAlarm, payment: OrderNumber) {
        raise(alarm.text, key: "\(payment)", pages: alarm.pages)
    }

    private func raise(_ name: String, key: String, pages: Bool) {
        metrics.count("alarms", "alarm=\"\(name)\"")
        logger.log(
            level: pages ? .critical : .warning,
            pages ? "a person is needed" : "alarm",
            metadata: ["alarm": "\(name)", "key": "\(key)"]
        )
    }
}
