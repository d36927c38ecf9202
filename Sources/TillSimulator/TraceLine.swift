// Part of Tillbridge. See LICENSE.

/// One step of a run in words.
package struct TraceLine: Sendable {
    package let at: Int64
    /// The payment it is about; nil for what happens to parts.
    let place: Int?
    package let words: String
}

extension Simulation {
    /// Notes a step. Callers make the words only where somebody reads them.
    mutating func tell(_ place: Int?, _ words: String) {
        trace?.append(TraceLine(at: now, place: place, words: words))
    }

    var traces: Bool { trace != nil }

    func name(_ place: Int?) -> String { place.map { "n\($0)" } ?? "-" }

    /// The lines that belong to the violation: its payment, the other attempts of its sale, and what happened to
    /// parts meanwhile.
    package func traceOfViolation(limit: Int) -> [String] {
        guard let trace, let violation = report.violation else { return [] }
        var places: [Int] = []
        var begin: Int64 = 0
        if let place = violation.place {
            places = sales[payments[place].sale].attempts
            // What stood in the lane before it.
            let register = payments[place].register
            places += payments[..<place].indices.suffix(24).filter { payments[$0].register == register }.suffix(2)
            begin = places.map { payments[$0].begunAt }.min() ?? 0
        }
        let chosen = trace.filter { line in
            guard line.at >= begin - 2_000 else { return false }
            guard let place = line.place else { return true }
            return places.contains(place)
        }
        let lines = chosen.map { line in
            "\(Simulation.clock(line.at))  \(line.place.map { "n\($0)  " } ?? "")\(line.words)"
        }
        guard lines.count > limit else { return lines }
        return Array(lines.prefix(limit / 2)) + ["…  \(lines.count - limit) lines left out"]
            + Array(lines.suffix(limit / 2))
    }

    static func clock(_ milliseconds: Int64) -> String {
        let seconds = milliseconds / 1_000
        let rest = String(milliseconds % 1_000)
        return "\(seconds).\(String(repeating: "0", count: 3 - rest.count))\(rest) s"
    }
}
