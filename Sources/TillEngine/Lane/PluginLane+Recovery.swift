// Part of Tillbridge. See LICENSE.
import TillDomain

/// What the shell found in the journal's files, beyond the good records.
package enum JournalCondition: Equatable, Sendable {
    case sound
    /// A bad record before a good one: the lane starts red and a person must look.
    case damaged
}

extension PluginLane {
    /// Takes in one good record, oldest first. Call for every record of every segment, then ``start(epoch:newCodeKey:condition:now:)``.
    ///
    /// - Returns: False for a record whose payload is not what its kind promises: damage.
    package mutating func replay(_ record: JournalRecord) -> Bool {
        journal = JournalWriter(index: record.index, hash: record.hash)
        switch record.entry.kind {
        case .start: return true
        case .checkpoint: return replayCheckpoint(record.entry.fields)
        case .intent: return replayIntent(record.entry.fields, index: record.index)
        case .refund: return replayRefund(record.entry.fields)
        case .paid, .acked, .declined, .unsent, .revoke, .duty, .released, .final, .closed:
            let number = record.entry.number
            // What names an attempt in hand is a number. Its INTENT may lie in a segment that was deleted because it is
            // closed.
            guard let position = position(named: number) else { return OrderNumber(number) != nil }
            return replayState(record.entry, at: position)
        }
    }

    private func position(named number: [UInt8]) -> Int? {
        for position in attempts.indices.reversed() where attempts[position].intent.orderNumber.bytes == number {
            return position
        }
        return nil
    }

    private mutating func replayCheckpoint(_ fields: [[UInt8]]) -> Bool {
        guard fields.count == 2, let next = Decimal.parse(fields[0]), next > 0 else { return false }
        // Every segment repeats the key.
        if codeKey.isEmpty || Hex.encode(codeKey) != fields[1] {
            guard let key = Hex.decode(fields[1]), key.count == 32 || key.isEmpty else { return false }
            // Empty in a segment that was begun behind damage, before a new key was drawn.
            if !key.isEmpty { codeKey = key }
        }
        lastSequence = max(lastSequence, UInt64(next - 1))
        return true
    }

    private mutating func replayIntent(_ fields: [[UInt8]], index: UInt64) -> Bool {
        guard fields.count == 3, let intent = Intent(line: fields[0]), let home = CloudName(wireName: fields[1]),
            fields[2].count == 32
        else { return false }
        lastSequence = max(lastSequence, intent.orderNumber.sequence)
        lastSale = intent.saleReference
        rememberCode(fields[2], sale: intent.saleReference)
        attempts.append(
            LaneAttempt(intent: intent, home: home, codeHash: fields[2], journalIndex: index, isOurs: false)
        )
        return true
    }

    private mutating func replayState(_ entry: JournalEntry, at position: Int) -> Bool {
        switch entry.kind {
        case .paid:
            let fields = entry.fields
            guard fields.count == 4, let wallet = Wallet(fields[1]),
                let transaction = WalletTransactionID(fields[2])
            else { return false }
            attempts[position].state = .paid
            attempts[position].paid = PaidReply(
                amount: attempts[position].intent.amount,
                isCNY: true,
                wallet: wallet,
                transaction: transaction,
                payer: fields[3]
            )
        case .acked:
            attempts[position].state = .acked
            attempts[position].isImplicit = entry.flags & JournalEntry.implicitFlag != 0
        case .declined:
            attempts[position].state = .declined
            attempts[position].reason = entry.word.flatMap { AnswerReason(journal: $0) }
        case .unsent:
            attempts[position].state = .unsent
            attempts[position].reason = entry.word.flatMap { AnswerReason(journal: $0) }
            close(at: position)
        case .revoke:
            attempts[position].state = .revoke
            attempts[position].reason = .revoked(entry.word.flatMap { RevokeReason(wireName: $0) } ?? .restart)
            attempts[position].lockedSince = entry.time
        case .duty: attempts[position].state = .duty
        case .released: attempts[position].state = .released
        case .final:
            attempts[position].state = .final
            attempts[position].kind = entry.word.flatMap { UndoKind(wireName: $0) }
            if attempts[position].kind == .kept { close(at: position) }
        case .closed: close(at: position)
        case .start, .intent, .checkpoint, .refund: return false
        }
        return true
    }

    private mutating func replayRefund(_ fields: [[UInt8]]) -> Bool {
        guard fields.count == 3, let reference = SaleReference(fields[0]), let number = OrderNumber(fields[1]),
            let fen = Decimal.parse(fields[2])
        else { return false }
        let request = RefundRequest(
            reference: reference,
            target: .order(number),
            amount: Money(fen: fen),
            reason: [],
            operatorName: []
        )
        add(request, number: number, home: position(of: number).map { attempts[$0].home } ?? .a, token: nil, now: 0)
        return true
    }

    /// Begins this process's life, after all records have been replayed.
    ///
    /// - Parameters:
    ///   - epoch: 35 fresh random bits, so that a restored or cloned disk never repeats a number.
    ///   - newCodeKey: 32 fresh random bytes, used where the journal is new.
    package mutating func start(
        epoch: UInt64,
        newCodeKey: [UInt8],
        condition: JournalCondition,
        now: Int64
    ) -> [LaneEffect] {
        self.epoch = epoch & (1 << 35 - 1)
        startedAt = now
        link.hello.dueA = now
        link.hello.dueB = now
        if codeKey.isEmpty {
            codeKey = newCodeKey
            append(.checkpoint, fields: checkpointFields, now: now)
        }
        append(.start, fields: [[49], Base32.encode(self.epoch, count: 7)], now: now)
        if condition == .damaged {
            red = .journalDamaged
            effects.append(.alarm(.journalDamaged, nil))
        }
        for number in attempts.map({ $0.intent.orderNumber }) {
            guard let position = position(of: number) else { continue }
            switch attempts[position].state {
            case .intent: attempts[position].reattachUntil = now + times.reattachAfterRestart
            case .revoke: attempts[position].lockedAt = now
            default: break
            }
            fire(.restart, at: position, now: now)
        }
        return settle(now: now)
    }

    private var checkpointFields: [[UInt8]] {
        [Decimal.text(Int64(lastSequence + 1)), Hex.encode(codeKey)]
    }

    /// The first record of a new segment. The shell appends it before it goes on; this machine's own writer moves on
    /// with it.
    package mutating func checkpoint(now: Int64) -> JournalEntry {
        let entry = JournalEntry(
            kind: .checkpoint,
            time: link.cloudTime(now: now) ?? .unknown,
            fields: checkpointFields
        )
        journal.pass(entry)
        return entry
    }

    /// Records before this index are needed by no payment that is still open.
    package var oldestNeededIndex: UInt64 {
        attempts.map { $0.journalIndex }.min() ?? journal.index + 1
    }

    /// Index and hash of the newest record this machine has asked for.
    package var journalHead: JournalWriter { journal }
}

extension AnswerReason {
    init?(journal bytes: [UInt8]) {
        if let reason = DeclineReason(wireName: bytes) {
            self = .declined(reason)
        } else if let reason = RefusalReason(wireName: bytes) {
            self = .refused(reason)
        } else if AnswerReason.offline.wireName.matches(bytes) {
            self = .offline
        } else {
            return nil
        }
    }
}
