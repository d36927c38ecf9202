// Part of Tillbridge. See LICENSE.
import Glibc

/// Something that is done again and again.
struct Workload {
    let once: () throws -> Void

    init(_ once: @autoclosure @escaping () throws -> Void) { self.once = once }
}

/// The times of several workloads on one thread, taken in turns of about four milliseconds.
///
/// Other programs, and other guests of the machine, slow a processor down for seconds at a time. Workloads of one round
/// were slowed down alike, so that a ratio is taken within a round, and of all rounds the median.
struct Rounds {
    /// Microseconds of one run, by workload and round.
    private var times: [[Double]]

    private static let turn = 4_000.0

    /// - Parameter seconds: Processor time of all rounds together. There are at least five rounds.
    init(_ workloads: [Workload], seconds: Double) throws {
        times = workloads.map { _ in [] }
        let runs = try workloads.map { workload in
            max(1, Int(Rounds.turn / (try Rounds.time(workload, runs: 20))))
        }
        let end = Rounds.now + seconds * 1_000_000
        while Rounds.now < end || count < 5 {
            for place in workloads.indices {
                times[place].append(try Rounds.time(workloads[place], runs: runs[place]))
            }
        }
    }

    var count: Int { times.map(\.count).min() ?? 0 }

    /// Runs of a workload per second.
    func rate(_ place: Int) -> Int { Int(1_000_000 / Rounds.median(times[place])) }

    /// How often `place` runs in the time in which `peer` runs once.
    func ratio(of place: Int, to peer: Int) -> Double {
        Rounds.thousandths(zip(times[peer], times[place]).map { $0 / $1 })
    }

    /// Microseconds of one run; with a `part`, of what is left without it.
    func microseconds(_ place: Int, without part: Int?) -> Double {
        let rest = part.map { part in zip(times[place], times[part]).map { $0 - $1 } } ?? times[place]
        return (Rounds.median(rest) * 10).rounded() / 10
    }

    /// The ratio of a call that does nothing but sign and verify.
    func ceiling(sign: Int, verify: Int) -> Double {
        Rounds.thousandths(zip(times[sign], times[verify]).map { $0 / ($0 + $1) })
    }

    private static func thousandths(_ ratios: [Double]) -> Double { (median(ratios) * 1000).rounded() / 1000 }

    private static func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }

    /// Microseconds of one run, behind one that does not count: what the neighbour has left of the caches, and the units
    /// for wide registers, which a processor wakes when they are used, would tell of the neighbour.
    private static func time(_ workload: Workload, runs: Int) throws -> Double {
        try workload.once()
        let start = now
        for _ in 0..<runs { try workload.once() }
        return (now - start) / Double(runs)
    }

    /// Processor time of this thread in microseconds: what others take does not count.
    private static var now: Double {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return Double(time.tv_sec) * 1e6 + Double(time.tv_nsec) / 1e3
    }
}
