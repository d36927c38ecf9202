// Part of Tillbridge. See LICENSE.
import Testing
import TillDomain
import TillEngine

@testable import TillWallets

/// One scenario at one protocol.
struct KitCase: Sendable, CustomTestStringConvertible {
    /// In the registry.
    let row: Int
    let scenario: KitScenario

    var name: String { KitProtocol.name(KitProtocol.registry.rows[row]) }
    var testDescription: String { "\(name), \(scenario.group): \(scenario.name)" }

    /// A file that cannot be read makes no cases; ``KitTests/files()`` says why.
    static let all = KitProtocol.registry.rows.indices.flatMap { row in
        ((try? KitScenario.all.get()) ?? []).map { KitCase(row: row, scenario: $0) }
    }
}

/// The adapter kit: every adapter is played through the same scenarios, against the wallet's side as somebody else read
/// the same documents. A wallet that passes is known; how it differs stands in `manners.txt`.
@Suite("Adapter kit: one list of scenarios for all adapters")
struct KitTests {
    @Test(arguments: KitCase.all)
    func scenario(_ testCase: KitCase) throws {
        let kit = try KitProtocol.all.get()[testCase.row]
        let manners = try #require(KitManners.all.get()[kit.name], "manners.txt has no section [\(kit.name)]")
        var run = try KitRun(kit, manners)
        try run.play(testCase.scenario)
    }

    @Test("the files can be read, every protocol has its manners, and no other has")
    func files() throws {
        let scenarios = try KitScenario.all.get()
        let manners = try KitManners.all.get()
        #expect(Set(manners.keys) == Set(KitProtocol.registry.rows.map(KitProtocol.name)))
        #expect(scenarios.allSatisfy { !$0.steps.isEmpty })
        let names = scenarios.map { "\($0.group): \($0.name)" }
        #expect(Set(names).count == names.count)
        let groups = [
            "happy", "password", "decline", "unknown, then paid", "unknown, then not paid", "cancel", "refund",
            "statement",
        ]
        #expect(Set(scenarios.map(\.group)) == Set(groups))
    }

    @Test("every adapter plays the same number of scenarios")
    func counts() throws {
        let counts = Dictionary(grouping: KitCase.all, by: \.name).mapValues(\.count)
        #expect(counts.count == KitProtocol.registry.rows.count)
        #expect(Set(counts.values) == [try KitScenario.all.get().count])
    }

    @Test("what the scenarios look up is in the table, and what is in the table is looked up")
    func words() throws {
        var used: Set<String> = []
        for step in try KitScenario.all.get().flatMap(\.steps) {
            switch step.action {
            case .call(_, .manner(let name), _), .statement(.manner(let name)), .holds(.manner(let name)):
                used.insert(name)
            default: break
            }
        }
        for manners in try KitManners.all.get().values { #expect(Set(manners.words.keys) == used) }
    }

    @Test("a step that nobody can play is refused with its line")
    func nonsense() {
        let lines = ["group x", "scenario y", "pay at once"].enumerated().map { KitFile.Line(number: $0 + 1, text: $1) }
        #expect(throws: KitError.self) { try KitScenario.read(lines) }
        #expect(throws: KitError.self) { try KitScenario.read([KitFile.Line(number: 1, text: "pay -> paid")]) }
        let manner = [("a = b", 1), ("[one]", 2), ("c = d", 3)].map { KitFile.Line(number: $1, text: $0) }
        #expect(throws: KitError.self) { try KitManners.read(manner) }
    }

    @Test("the kit notices what is not as it should be")
    func notices() throws {
        let lines = ["group x", "scenario y", "code pays", "pay -> waiting", "holds 0"]
        let scenario = try #require(
            try KitScenario.read(lines.enumerated().map { KitFile.Line(number: $0 + 1, text: $1) }).first
        )
        let kit = try #require(try KitProtocol.all.get().first { $0.row.wallet == .alipay })
        let manners = try #require(try KitManners.all.get()[kit.name])
        var run = try KitRun(kit, manners)
        withKnownIssue { try run.play(scenario) }
    }
}
