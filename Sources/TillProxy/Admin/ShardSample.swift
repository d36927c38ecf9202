// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// A copy of one event loop's numbers, or the sum of several.
struct ShardSample: Sendable {
    struct Cloud: Sendable {
        var idle = 0
        var busy = 0
        var opening = 0
        var limit = 0
        var inFlight = [Int](repeating: 0, count: RequestClass.count)
        var waiting = [Int](repeating: 0, count: RequestClass.count)
        /// Event loops whose breaker is not closed.
        var breakersOpen = 0
        var breakersHalfOpen = 0

        static func += (left: inout Cloud, right: Cloud) {
            left.idle += right.idle
            left.busy += right.busy
            left.opening += right.opening
            left.limit += right.limit
            for index in left.inFlight.indices {
                left.inFlight[index] += right.inFlight[index]
                left.waiting[index] += right.waiting[index]
            }
            left.breakersOpen += right.breakersOpen
            left.breakersHalfOpen += right.breakersHalfOpen
        }
    }

    var counters = Counters()
    var connections = 0
    var clouds = [Cloud(), Cloud()]
    var isDraining = false

    static func += (left: inout ShardSample, right: ShardSample) {
        left.counters += right.counters
        left.connections += right.connections
        for index in left.clouds.indices { left.clouds[index] += right.clouds[index] }
        left.isDraining = left.isDraining || right.isDraining
    }
}

extension Shard {
    func sample() -> ShardSample {
        var sample = ShardSample()
        sample.counters = counters
        sample.connections = openConnections
        sample.isDraining = isDraining
        for name in CloudName.allCases { sample.clouds[name.index] = upstream(name).sample() }
        return sample
    }
}

extension Upstream {
    fileprivate func sample() -> ShardSample.Cloud {
        var cloud = ShardSample.Cloud()
        cloud.idle = idleCount
        cloud.busy = busy
        cloud.opening = opening
        cloud.limit = gate.limit
        for requestClass in RequestClass.all {
            cloud.inFlight[requestClass.rawValue] = gate.inFlight(requestClass)
            cloud.waiting[requestClass.rawValue] = gate.waiting(requestClass)
        }
        switch breaker.state {
        case .closed: break
        case .open: cloud.breakersOpen = 1
        case .halfOpen: cloud.breakersHalfOpen = 1
        }
        return cloud
    }
}
