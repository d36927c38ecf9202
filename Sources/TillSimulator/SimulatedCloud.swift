// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// One cloud: a database that survives crashes, a process that does not.
struct SimulatedCloud {
    let name: CloudName
    /// This clock's error in milliseconds, within ε.
    let clockError: Int64
    var rows: [OrderNumber: CloudPayment] = [:]
    /// Row numbers in the order of their making: dictionaries are never iterated.
    var numbers: [OrderNumber] = []
    var highestSequence: [RegisterID: UInt64] = [:]
    var highestJournalIndex: [RegisterID: UInt64] = [:]
    var isUp = true
    var isDeadForGood = false
    /// Rises with each start of the process: completions and timers of an earlier life are void.
    var life = 0
    /// Rights to write, in memory only.
    var payCalls: [OrderNumber: CloudPayCall] = [:]
    /// Those who wait to be told of a number without a row.
    var tellWaiters: [OrderNumber: [ReplyAddress]] = [:]

    init(name: CloudName, clockError: Int64) {
        self.name = name
        self.clockError = clockError
    }
}

/// Where an answer goes: one call of one life of one plug-in.
struct ReplyAddress: Equatable {
    let register: Int
    let life: Int
    let call: LaneCall
}
