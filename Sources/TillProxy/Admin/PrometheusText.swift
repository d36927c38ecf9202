// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine
import TillProtocol

/// The numbers of a proxy in Prometheus' text format, version 0.0.4.
struct PrometheusText {
    private(set) var text = ""

    init(_ sample: ShardSample, _ view: HealthView, refusedConnections: UInt64, droppedLogPages: UInt64) {
        connections(sample, refusedConnections)
        requests(sample.counters)
        clouds(sample, view)
        family("tillbridge_proxy_access_log_dropped_pages_total", "counter", "Pages of access log lines that were lost")
        line("tillbridge_proxy_access_log_dropped_pages_total", "", droppedLogPages)
    }

    private mutating func connections(_ sample: ShardSample, _ refused: UInt64) {
        family("tillbridge_proxy_connections", "gauge", "Register connections that are open")
        line("tillbridge_proxy_connections", "", sample.connections)
        family("tillbridge_proxy_connections_accepted_total", "counter", "Register connections accepted")
        line("tillbridge_proxy_connections_accepted_total", "", sample.counters.accepted)
        family("tillbridge_proxy_connections_refused_total", "counter", "Register connections beyond the limits")
        line("tillbridge_proxy_connections_refused_total", "", refused)
        family("tillbridge_proxy_connections_ended_total", "counter", "Register connections that the proxy ended")
        for reason in CloseReason.allCases where reason != .tooManyConnections {
            line(
                "tillbridge_proxy_connections_ended_total",
                "reason=\"\(reason.label)\"",
                sample.counters.closes(reason)
            )
        }
        family("tillbridge_proxy_framing_faults_total", "counter", "Requests that were refused as malformed")
        for fault in FramingFault.allCases {
            line("tillbridge_proxy_framing_faults_total", "fault=\"\(fault.label)\"", sample.counters.faults(fault))
        }
        family("tillbridge_proxy_draining", "gauge", "1 while the process ends")
        line("tillbridge_proxy_draining", "", sample.isDraining ? 1 : 0)
    }

    private mutating func requests(_ counters: Counters) {
        family(
            "tillbridge_proxy_heartbeats_total",
            "counter",
            "Heartbeats answered by the proxy, by the register's lane"
        )
        for (lane, count) in zip(TillProtocol.LaneStatus.allCases.map(\.wireName) + ["other"], counters.heartbeats) {
            line("tillbridge_proxy_heartbeats_total", "lane=\"\(lane)\"", count)
        }
        family(
            "tillbridge_proxy_throttled_total",
            "counter",
            "Requests held back because their connection asked too often"
        )
        line("tillbridge_proxy_throttled_total", "", counters.throttled)
        family("tillbridge_proxy_requests_total", "counter", "Requests by class, cloud and outcome")
        for requestClass in RequestClass.all {
            for cloud in CloudName.allCases {
                for outcome in RequestOutcome.allCases {
                    line(
                        "tillbridge_proxy_requests_total",
                        "class=\"\(requestClass.name)\",cloud=\"\(cloud.letter)\",outcome=\"\(outcome.label)\"",
                        counters.requests(requestClass, cloud, outcome)
                    )
                }
            }
        }
        family("tillbridge_proxy_not_forwarded_total", "counter", "Attempts of which no byte reached the cloud")
        for reason in NotForwardedReason.allCases {
            for cloud in CloudName.allCases {
                line(
                    "tillbridge_proxy_not_forwarded_total",
                    "cloud=\"\(cloud.letter)\",reason=\"\(reason.label)\"",
                    counters.notForwarded(reason, cloud)
                )
            }
        }
        histogram(counters)
    }

    private mutating func histogram(_ counters: Counters) {
        let name = "tillbridge_proxy_request_seconds"
        family(name, "histogram", "From the last byte of a request to its answer, the cloud's time included")
        for requestClass in RequestClass.all {
            let label = "class=\"\(requestClass.name)\""
            var sum: UInt64 = 0
            let buckets = Array(counters.latencies(requestClass))
            for (index, bound) in LatencyBuckets.labels.enumerated() {
                sum += buckets[index]
                line("\(name)_bucket", "\(label),le=\"\(bound)\"", sum)
            }
            sum += buckets[LatencyBuckets.labels.count]
            line("\(name)_bucket", "\(label),le=\"+Inf\"", sum)
            let microseconds = counters.latencySumMicroseconds(requestClass)
            text += "\(name)_sum{\(label)} \(Double(microseconds) / 1_000_000)\n"
            line("\(name)_count", label, sum)
        }
    }

    private mutating func clouds(_ sample: ShardSample, _ view: HealthView) {
        gauge("tillbridge_proxy_cloud_up", "1 while the cloud is reachable", sample, view) { _, cloud in
            cloud.isUp ? 1 : 0
        }
        family("tillbridge_proxy_cloud_checks_total", "counter", "Health checks of the cloud, by outcome")
        for cloud in CloudName.allCases {
            let label = "cloud=\"\(cloud.letter)\",outcome="
            line("tillbridge_proxy_cloud_checks_total", label + "\"good\"", view[cloud].goodChecks)
            line("tillbridge_proxy_cloud_checks_total", label + "\"failed\"", view[cloud].failedChecks)
        }
        gauge("tillbridge_proxy_cloud_takes_payments", "1 while the cloud takes payments", sample, view) { _, cloud in
            cloud.takesPayments ? 1 : 0
        }
        gauge("tillbridge_proxy_cloud_load", "By the cloud's own account, 0 to 1000", sample, view) { _, cloud in
            cloud.report?.load ?? 0
        }
        gauge("tillbridge_proxy_limit", "Requests that may be at the cloud at the same time", sample, view) {
            numbers,
            _ in
            numbers.limit
        }
        gauge("tillbridge_proxy_breakers_open", "Event loops that keep payments away", sample, view) { numbers, _ in
            numbers.breakersOpen
        }
        gauge("tillbridge_proxy_breakers_half_open", "Event loops that try payments again", sample, view) {
            numbers,
            _ in
            numbers.breakersHalfOpen
        }
        family("tillbridge_proxy_in_flight", "gauge", "Requests at the cloud, by class")
        perClass("tillbridge_proxy_in_flight", sample) { $0.inFlight }
        family("tillbridge_proxy_queue_depth", "gauge", "Requests that wait for a place, by class")
        perClass("tillbridge_proxy_queue_depth", sample) { $0.waiting }
        family("tillbridge_proxy_cloud_connections", "gauge", "Pooled connections to the cloud")
        for cloud in CloudName.allCases {
            let numbers = sample.clouds[cloud.index]
            for (state, count) in [("idle", numbers.idle), ("busy", numbers.busy), ("opening", numbers.opening)] {
                line("tillbridge_proxy_cloud_connections", "cloud=\"\(cloud.letter)\",state=\"\(state)\"", count)
            }
        }
        family(
            "tillbridge_proxy_stale_connections_total",
            "counter",
            "Pooled connections found dead before any byte was written"
        )
        line("tillbridge_proxy_stale_connections_total", "", sample.counters.staleReplaced)
        family("tillbridge_proxy_share_of_a", "gauge", "Thousandths of the registers that are assigned to cloud A")
        line("tillbridge_proxy_share_of_a", "", view.line)
    }

    private mutating func gauge(
        _ name: String,
        _ help: String,
        _ sample: ShardSample,
        _ view: HealthView,
        _ value: (ShardSample.Cloud, HealthView.Cloud) -> Int
    ) {
        family(name, "gauge", help)
        for cloud in CloudName.allCases {
            line(name, "cloud=\"\(cloud.letter)\"", value(sample.clouds[cloud.index], view[cloud]))
        }
    }

    private mutating func perClass(_ name: String, _ sample: ShardSample, _ values: (ShardSample.Cloud) -> [Int]) {
        for cloud in CloudName.allCases {
            for requestClass in RequestClass.all {
                line(
                    name,
                    "cloud=\"\(cloud.letter)\",class=\"\(requestClass.name)\"",
                    values(sample.clouds[cloud.index])[requestClass.rawValue]
                )
            }
        }
    }

    private mutating func family(_ name: String, _ type: String, _ help: String) {
        text += "# HELP \(name) \(help).\n# TYPE \(name) \(type)\n"
    }

    private mutating func line(_ name: String, _ labels: String, _ value: some BinaryInteger) {
        text += labels.isEmpty ? "\(name) \(value)\n" : "\(name){\(labels)} \(value)\n"
    }
}
