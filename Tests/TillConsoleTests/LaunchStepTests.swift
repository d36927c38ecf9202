// Part of Tillbridge. See LICENSE.
import GRDB
import Testing

@testable import TillConsole

/// What a launch does next, as a function of what is known.
@Suite("launch steps") struct LaunchStepTests {
    private static let now: Int64 = 1_764_400_000_000

    private func launch(
        _ state: Launch.State = .running,
        waveSize: Int = 2,
        leastRate: Int? = nil,
        leastPayments: Int = 1,
        next: Int64? = now
    ) -> Launch {
        Launch(
            Row([
                "id": 1, "name": "x", "state": state.rawValue, "starts_at": Self.now, "wave_size": waveSize,
                "wave_minutes": 10, "least_rate": leastRate, "least_payments": leastPayments, "next_wave_at": next,
                "counted_from": 0, "pause_kind": nil, "pause_text": nil, "creator": "anna", "starter": "anna",
                "created_at": Self.now, "version": 1,
            ])
        )
    }

    /// `w` waits, `g` is going, `l` is live; the stores are named by their place.
    private func stores(_ states: String) -> [LaunchStore] {
        states.enumerated().map { place, letter in
            let state = letter == "w" ? "waiting" : letter == "g" ? "going" : "live"
            return LaunchStore(Row(["store": "S\(place)", "state": state, "wave": nil, "live_since": nil]))
        }
    }

    private func outcomes(paid: Int = 0, failed: Int = 0, broken: Int = 0, open: Int = 0) -> Outcomes {
        var outcomes = Outcomes()
        outcomes.add(state: "succeeded", reason: nil, count: paid)
        outcomes.add(state: "failed", reason: "risk", count: failed)
        outcomes.add(state: "revoked", reason: "cashier", count: broken)
        outcomes.add(state: "unknown", reason: nil, count: open)
        return outcomes
    }

    private func step(_ launch: Launch, _ states: String, _ outcomes: Outcomes = Outcomes(), after: Int64 = 0)
        -> LaunchStep
    {
        LaunchStep(launch, stores(states), outcomes: outcomes, at: Self.now + after)
    }

    @Test("a wave begins when it is due, not a millisecond before, with as many stores as were asked for")
    func waves() {
        #expect(step(launch(), "wwwww", after: -1) == .rest)
        #expect(step(launch(), "wwwww") == .begin(["S0", "S1"]))
        #expect(step(launch(), "llwww") == .begin(["S2", "S3"]))
        #expect(step(launch(), "llllw") == .begin(["S4"]))
        #expect(step(launch(waveSize: 0), "wwwww") == .begin(["S0", "S1", "S2", "S3", "S4"]))
    }

    @Test("what was stored is done before anything else, and the last wave is watched as long as the others")
    func order() {
        #expect(step(launch(), "ggwww") == .act(["S0", "S1"]))
        #expect(step(launch(leastRate: 90), "lgw", outcomes(failed: 100)) == .act(["S1"]))
        #expect(step(launch(next: Self.now + 60_000), "lllll") == .rest)
        #expect(step(launch(next: Self.now + 60_000), "lllll", after: 60_000) == .finish)
        #expect(step(launch(), "lllll") == .finish)
    }

    @Test("a launch that does not run begins nothing, and asks what became of a wave that was on its way")
    func standing() {
        for state in [Launch.State.preparing, .paused, .finished, .stopped] {
            #expect(step(launch(state), "lwwww") == .rest)
            #expect(step(launch(state), "lgwww") == .settle(["S1"]))
        }
    }

    @Test(
        "the stop rule: below the rate from enough payments on; exactly the rate is good enough",
        arguments: [
            (89, 11, 90, 100, true), (90, 10, 90, 100, false), (89, 10, 90, 100, false), (899, 101, 90, 100, true),
            (900, 100, 90, 100, false), (0, 1, 1, 1, true), (1, 99, 1, 100, false), (99, 1, 100, 100, true),
            (100, 0, 100, 100, false), (0, 0, 100, 1, false),
        ]
    )
    func rule(paid: Int, failed: Int, rate: Int, least: Int, pauses: Bool) {
        let found = step(launch(leastRate: rate, leastPayments: least), "llw", outcomes(paid: paid, failed: failed))
        if case .pause = found { #expect(pauses) } else { #expect(!pauses && found == .begin(["S2"])) }
    }

    @Test("what shopper or cashier broke off, and what has no result, counts for neither side")
    func counted() {
        let rule = launch(leastRate: 90, leastPayments: 10)
        #expect(step(rule, "llw", outcomes(paid: 9, failed: 1, broken: 50, open: 50)) == .begin(["S2"]))
        #expect(step(rule, "llw", outcomes(paid: 8, failed: 1, broken: 50, open: 50)) == .begin(["S2"]))
        #expect(step(rule, "llw", outcomes(paid: 8, failed: 2, broken: 50, open: 50)) == .pause(rate: 800))
        // Without a rule nothing pauses.
        #expect(step(launch(), "llw", outcomes(failed: 1_000)) == .begin(["S2"]))
    }
}
