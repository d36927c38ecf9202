// Part of Tillbridge. See LICENSE.
import Synchronization

/// Counters and latency histograms of one process, printed as Prometheus text.
///
/// Label values come from closed sets of our own (paths, classes, outcomes), never from a request.
final class Metrics: Sendable {
    private struct Histogram {
        var counts: [Int]
        var sum: Int64 = 0
        var count = 0
    }

    private struct State {
        var counters: [String: [String: Int]] = [:]
        var histograms: [String: [String: Histogram]] = [:]
    }

    /// Upper bounds in milliseconds.
    private static let bounds: [Int64] = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2500, 5000, 10000]

    private let state = Mutex(State())
    private let gauges: @Sendable () -> [(name: String, labels: String, value: Int)]

    /// - Parameter gauges: Values read at each scrape.
    init(gauges: @escaping @Sendable () -> [(name: String, labels: String, value: Int)] = { [] }) {
        self.gauges = gauges
    }

    func count(_ name: String, _ labels: String = "", by amount: Int = 1) {
        state.withLock { $0.counters[name, default: [:]][labels, default: 0] += amount }
    }

    func value(_ name: String, _ labels: String = "") -> Int {
        state.withLock { $0.counters[name]?[labels] ?? 0 }
    }

    func observe(_ name: String, _ labels: String = "", milliseconds: Int64) {
        let index = Metrics.bounds.firstIndex { milliseconds <= $0 } ?? Metrics.bounds.count
        state.withLock { state in
            var histogram =
                state.histograms[name]?[labels]
                ?? Histogram(counts: Array(repeating: 0, count: Metrics.bounds.count + 1))
            histogram.counts[index] += 1
            histogram.sum += milliseconds
            histogram.count += 1
            state.histograms[name, default: [:]][labels] = histogram
        }
    }

    func prometheusText() -> String {
        let (counters, histograms) = state.withLock { ($0.counters, $0.histograms) }
        var text = ""
        for (name, series) in counters.sorted(by: { $0.key < $1.key }) {
            text += "# TYPE tillbridge_\(name)_total counter\n"
            for (labels, value) in series.sorted(by: { $0.key < $1.key }) {
                text += "tillbridge_\(name)_total\(braced(labels)) \(value)\n"
            }
        }
        for (name, series) in histograms.sorted(by: { $0.key < $1.key }) {
            text += "# TYPE tillbridge_\(name)_milliseconds histogram\n"
            for (labels, histogram) in series.sorted(by: { $0.key < $1.key }) {
                text += lines(of: histogram, name: name, labels: labels)
            }
        }
        var described = ""
        for gauge in gauges() {
            if gauge.name != described { text += "# TYPE tillbridge_\(gauge.name) gauge\n" }
            described = gauge.name
            text += "tillbridge_\(gauge.name)\(braced(gauge.labels)) \(gauge.value)\n"
        }
        return text
    }

    private func lines(of histogram: Histogram, name: String, labels: String) -> String {
        var text = ""
        var total = 0
        let prefix = labels.isEmpty ? "" : labels + ","
        for (index, count) in histogram.counts.enumerated() {
            total += count
            let bound = index < Metrics.bounds.count ? "\(Metrics.bounds[index])" : "+Inf"
            text += "tillbridge_\(name)_milliseconds_bucket{\(prefix)le=\"\(bound)\"} \(total)\n"
        }
        text += "tillbridge_\(name)_milliseconds_sum\(braced(labels)) \(histogram.sum)\n"
        text += "tillbridge_\(name)_milliseconds_count\(braced(labels)) \(histogram.count)\n"
        return text
    }

    private func braced(_ labels: String) -> String { labels.isEmpty ? "" : "{\(labels)}" }
}
