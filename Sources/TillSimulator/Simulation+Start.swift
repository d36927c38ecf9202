// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// A lane that has taken in the first records of a disk, and nothing else.
struct JournalReading {
    let lane: PluginLane
    let records: Int
    /// The disk's losses by then.
    let losses: Int
}

/// A plug-in starts on what its disk kept.
extension Simulation {
    mutating func startPlugin(_ register: Int, life: Int) {
        guard !registers[register].isRunning, registers[register].life == life, !registers[register].isOff
        else { return }
        registers[register].life += 1
        registers[register].bootedAt = now - worldSpan(1_000_000)
        registers[register].frozen = 0
        registers[register].drift = options[.skew] > 0 ? draw(.skew, 8_001) - 4_000 : 0
        registers[register].hadNewerIndex = false
        registers[register].isConnected = false
        if traces { tell(nil, "register \(register): the plug-in starts") }
        flipBit(register)
        let seed = world.next()
        var lane = replayed(register)
        lane.random = LaneRandom(seed: seed)
        if countsRows { lane.rowsTaken = [UInt32](repeating: 0, count: laneTable.count) }
        if options.judgesSteps { lane.steps = [] }
        let key = (0..<32).map { _ in UInt8(truncatingIfNeeded: world.next()) }
        var epoch = world.next() & (1 << 35 - 1)
        if bug == .epochNotRedrawn, let last = registers[register].epochs.last { epoch = last }
        registers[register].laneIsRed = registers[register].disk.isDamaged
        let effects = lane.start(
            epoch: epoch,
            newCodeKey: key,
            condition: registers[register].disk.isDamaged ? .damaged : .sound,
            now: registers[register].monotonic(now)
        )
        lanes[register] = lane
        judgeSteps(of: register)
        registers[register].isRunning = true
        registers[register].startedAt = now
        registers[register].wasAsked = false
        registers[register].wrongTries = 0
        registers[register].releaseLockedUntil = 0
        checkEpoch(epoch, register: register)
        perform(effects, at: register)
        if registers[register].isRunning, bug == .payAgainAfterRestart, let last = registers[register].lastPay {
            sendAgain(last, register)
        }
        guard registers[register].restartsLeft > 0 else { return }
        registers[register].restartsLeft -= 1
        noteAll(.restartLoop, register: register)
        crashPlugin(register)
    }

    private mutating func sendAgain(_ last: LaneCall, _ register: Int) {
        guard registers[register].open.contains(where: { payments[$0].intent == last.intent }) else { return }
        send(last, from: register)
    }

    /// The lane as the journal leaves it, read entry by entry where nothing happened to the disk, else from its bytes.
    ///
    /// Many starts follow soon upon another, and reading is a pure function: records that an earlier start has read are
    /// not taken in again.
    private mutating func replayed(_ register: Int) -> PluginLane {
        var entries = registers[register].disk.records
        if registers[register].torn != nil || registers[register].flipped != nil {
            entries = readBytes(register)
        }
        if bug == .ackedSaleStartsAgain { entries = forgetAcked(entries) }
        let losses = registers[register].disk.losses
        var earlier = readings[register].take()
        if let reading = earlier, reading.losses != losses || reading.records > entries.count || bug != nil {
            earlier = nil
        }
        var lane =
            earlier?.lane
            ?? PluginLane(
                settings: registers[register].settings,
                seed: 0,
                table: laneTable,
                supervisorRounds: Supervisor.rounds
            )
        var makesSense = true
        let known = earlier?.records ?? 0
        var index = registers[register].disk.lastIndex + 1 - UInt64(entries.count - known)
        for entry in entries[known...] {
            let record = JournalRecord(index: index, entry: entry, hash: Simulation.noHash, end: 0)
            index += 1
            guard lane.replay(record) else {
                makesSense = false
                registers[register].disk.isDamaged = true
                if traces { tell(nil, "register \(register): a record makes no sense") }
                continue
            }
            if bug == .laneLockInMemory, entry.kind == .revoke {
                _ = lane.replay(
                    JournalRecord(
                        index: record.index,
                        entry: JournalEntry(kind: .released, time: entry.time, fields: Array(entry.fields.prefix(1))),
                        hash: Simulation.noHash,
                        end: 0
                    )
                )
            }
        }
        // A record that makes no sense is found by every start.
        if makesSense { readings[register] = JournalReading(lane: lane, records: entries.count, losses: losses) }
        return lane
    }

    private static let noHash = [UInt8](repeating: 0, count: 16)

    /// A journal without the records of sales that were acknowledged.
    private func forgetAcked(_ entries: [JournalEntry]) -> [JournalEntry] {
        func isAcked(_ entry: JournalEntry) -> Bool {
            let offset = entry.kind == .intent ? 2 : 0
            guard let place = numbers.place(of: entry.payload, at: offset) else { return false }
            return payments[place].hadAcked && entry.kind.isOfPayment
        }
        return entries.filter { !isAcked($0) }
    }

    // MARK: - Bytes

    /// A bit of a record that is not the last one flips. (In the last one it could not be told from a torn write:
    /// M1 takes for granted that this does not happen.)
    private mutating func flipBit(_ register: Int) {
        let count = registers[register].disk.records.count
        guard count > 4, registers[register].torn == nil, chance(.bitFlip) else { return }
        noteAll(.bitFlip, register: register)
        registers[register].flipped = Int(draw(.bitFlip, Int64(count - 1)))
    }

    /// Makes the file's bytes, does to them what happened, and reads them as production does.
    private mutating func readBytes(_ register: Int) -> [JournalEntry] {
        var bytes = registers[register].disk.bytes()
        let expected = registers[register].disk.records
        if let flipped = registers[register].flipped {
            var start = 0
            for entry in expected.prefix(flipped) {
                start += (JournalWriter.headerSize + entry.payload.count + 7) / 8 * 8
            }
            let length = (JournalWriter.headerSize + expected[flipped].payload.count + 7) / 8 * 8
            let bit = Int(draw(.bitFlip, Int64(8 * length)))
            bytes[start + bit / 8] ^= 1 << UInt8(bit % 8)
        }
        var tornEntry: JournalEntry?
        if let torn = registers[register].torn {
            var writer = JournalWriter(index: registers[register].disk.lastIndex)
            let record = writer.encode(torn)
            // Its padding is zeros, like the file behind it: without the padding alone it would be whole.
            let written = JournalWriter.headerSize + torn.payload.count
            let count = 1 + Int(draw(.tornTail, Int64(written - 1)))
            bytes += record.prefix(count)
            tornEntry = torn
        }
        bytes += [UInt8](repeating: 0, count: 256)
        var found: [JournalEntry] = []
        let (end, _, offset) = JournalCodec.read(bytes, after: nil) { found.append($0.entry) }
        if case .damaged = end {
            // Behind damage every record that is good by itself still says something true.
            var start = (offset + 7) / 8 * 8
            while start + JournalWriter.headerSize <= bytes.count {
                guard let record = JournalCodec.record(in: bytes, at: start) else {
                    start += 8
                    continue
                }
                found.append(record.entry)
                start = record.end
            }
        }
        if bug == .tornTailIsRecord, let tornEntry {
            let cut = tornEntry.payload.prefix(tornEntry.payload.count / 2)
            found.append(JournalEntry(kind: tornEntry.kind, flags: 0, time: tornEntry.time, payload: Array(cut)))
        }
        checkRead(found, expected, register: register)
        if let flipped = registers[register].flipped { forget(flipped, register) }
        registers[register].flipped = nil
        registers[register].torn = nil
        return found
    }

    /// The damaged record is gone for good.
    private mutating func forget(_ damaged: Int, _ register: Int) {
        guard damaged < registers[register].disk.records.count else { return }
        let entry = registers[register].disk.records[damaged]
        registers[register].disk.removeDamaged(at: damaged)
        if let place = numbers.place(of: entry.payload, at: entry.kind == .intent ? 2 : 0), entry.kind.isOfPayment {
            payments[place].forgotten = true
        }
    }

    /// Somebody restores the image that was taken before a payment's record, while the plug-in runs on.
    mutating func restoreDisk(_ register: Int, image: Int64) {
        guard faultsOn, registers[register].isRunning, registers[register].disk.image?.takenAt == image else { return }
        crashPlugin(register)
        rollBack(register)
    }

    /// The disk has gone back to an image: what happened since is forgotten.
    mutating func rollBack(_ register: Int) {
        guard let image = registers[register].disk.image, registers[register].disk.rollBack() else { return }
        noteAll(.rollback, register: register)
        if traces { tell(nil, "register \(register): the disk goes back to an old image") }
        for place in payments.indices
        where payments[place].register == register && payments[place].durableAt >= image.takenAt {
            payments[place].forgotten = true
        }
    }
}

extension JournalKind {
    /// Whether its payload names a payment.
    var isOfPayment: Bool {
        switch self {
        case .intent, .paid, .acked, .declined, .unsent, .revoke, .duty, .released, .final, .closed: true
        case .start, .checkpoint, .refund: false
        }
    }
}

enum Supervisor {
    static let rounds = 2
    static let code: [UInt8] = [55, 55, 49, 49]
    static let configuration: LaneConfiguration = {
        let salt: [UInt8] = [1, 2, 3, 4]
        let hash = PBKDF2.key(password: code, salt: salt, rounds: rounds, length: 32)
        return LaneConfiguration(
            version: 1,
            amountLimit: .zero,
            refundLimit: Money(fen: 1_000_000),
            supervisors: [LaneConfiguration.Supervisor(id: [83, 49], salt: salt, hash: hash)],
            enabled: true
        )
    }()
}
