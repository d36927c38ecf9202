// Part of Tillbridge. See LICENSE.
package import TillDomain

/// What a register says of itself in HELLO.
package struct RegisterHello: Equatable, Sendable {
    package let register: RegisterID
    /// The generation of the key that signed it.
    package let generation: Int
    package let epoch: UInt64
    /// The last used; 0 for none.
    package let sequence: UInt64
    package let journalIndex: Int64
    package let journalHash: [UInt8]
    package let version: String
    package let acknowledges: Bool
    package let at: Timestamp

    package init(
        register: RegisterID,
        generation: Int,
        epoch: UInt64,
        sequence: UInt64,
        journalIndex: Int64,
        journalHash: [UInt8],
        version: String,
        acknowledges: Bool,
        at: Timestamp
    ) {
        self.register = register
        self.generation = generation
        self.epoch = epoch
        self.sequence = sequence
        self.journalIndex = journalIndex
        self.journalHash = journalHash
        self.version = version
        self.acknowledges = acknowledges
        self.at = at
    }
}

/// What this cloud has seen of a register. The configuration of a register is a document; this is experience.
package struct RegisterStanding: Equatable, Sendable {
    package let register: RegisterID
    /// The highest sequence of any of its numbers; 0 for none.
    package var highestSequence: UInt64 = 0
    package var epoch: UInt64 = 0
    /// The highest journal index under each generation of its key.
    package var journals: [JournalMark] = []
    package var version = ""
    package var acknowledges = true
    package var lastContact: Timestamp?

    package init(register: RegisterID) { self.register = register }

    package func journalIndex(generation: Int) -> Int64 {
        journals.first { $0.generation == generation }?.index ?? 0
    }
}

package protocol RegisterStore: Sendable {
    /// Nil: never seen.
    func standing(of register: RegisterID) async throws(StoreError) -> RegisterStanding?
    func standings() async throws(StoreError) -> [RegisterStanding]
    /// Takes a HELLO in. Highest values never go down.
    /// - Returns: What was known before, for the comparison that finds a journal that went back.
    func hello(_ hello: RegisterHello) async throws(StoreError) -> RegisterStanding?
    /// The highest sequence of any of a register's numbers; 0 for none.
    func highestSequence(of register: RegisterID) async throws(StoreError) -> UInt64
}
