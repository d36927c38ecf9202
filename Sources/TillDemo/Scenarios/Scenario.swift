// Part of Tillbridge. See LICENSE.

/// One thing that happens in a shop, played through real processes.
struct Scenario: Sendable {
    let name: String
    /// What the register should be told.
    let expected: String
    /// In fen.
    let amount: Int64
    /// Whether the wallets are told to misbehave for it.
    var needsFault = false
    /// Plays it with a sale reference that no sale had before.
    let play: @Sendable (DemoLane, String, Int64) async throws -> Played
}

/// How a scenario went, seen from the register.
struct Played: Sendable {
    /// The outcome the register was told, or `refused` for a call that was not taken.
    var told: String
    /// Until it was told.
    var seconds: Double
    /// What went differently from what it should, besides the outcome.
    var remarks: [String] = []

    init(_ told: Told) {
        self.told = told.word
        seconds = told.seconds
    }

    /// It could not be played to its end.
    init(failed reason: String) {
        told = "failed"
        seconds = 0
        remarks = [reason]
    }

    mutating func expect(_ isSo: Bool, _ remark: String) {
        if !isSo { remarks.append(remark) }
    }
}
