// Part of Tillbridge. See LICENSE.
import TillSimulator

extension Simulate {
    func tell(_ coverage: Coverage, enough: Int) {
        for row in coverage.rows where row.taken >= enough {
            print("\(Simulate.padded(row.taken))  \(row.words)")
        }
        print("taken fewer than \(enough) times:")
        for row in coverage.rows where row.taken > 0 && row.taken < enough {
            print("\(Simulate.padded(row.taken))  \(row.words)")
        }
        print("never taken:")
        for row in coverage.rows where row.taken == 0 { print("           \(row.words)") }
        print("faults:")
        for kind in FaultKind.allCases {
            let unmet = coverage.unmet(kind)
            let words = unmet.isEmpty ? "met every state" : "did not meet \(unmet.joined(separator: ", "))"
            print(
                "\(Simulate.padded(coverage.faults[Int(kind.rawValue)]))  \(kind.family.name) \(kind.name): \(words)"
            )
        }
    }

    private static func padded(_ number: Int) -> String {
        let digits = "\(number)"
        return String(repeating: " ", count: max(0, 9 - digits.count)) + digits
    }
}
