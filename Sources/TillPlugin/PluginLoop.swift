// Part of Tillbridge. See LICENSE.
import CPlatform
import TillDomain
import TillEngine

/// The plug-in at work: one thread, one poll, the lane's mind and its hands.
///
/// The loop performs the lane's effects in their order. A journal record is durable before the effect behind it
/// begins; records in a row share one sync.
final class PluginLoop {
    let server: RegisterServer
    private(set) var lane: PluginLane
    private let journal: JournalFiles
    private let upstream: Upstream
    private let folder: DataFolder
    private let stop: Int32
    /// The newest cloud time a call was made with: good enough to tell old segments.
    private var cloudTime = Timestamp.unknown

    /// - Parameter stop: A descriptor that becomes readable when the plug-in should end.
    init(
        settings: LaneSettings,
        journal: JournalFiles,
        server: RegisterServer,
        upstream: Upstream,
        folder: DataFolder,
        stop: Int32
    ) {
        lane = PluginLane(settings: settings, seed: Random.bits())
        self.journal = journal
        self.server = server
        self.upstream = upstream
        self.folder = folder
        self.stop = stop
    }

    // MARK: - Start

    /// Reads the journal and begins. Nothing has been sent or answered before this returns.
    func start() throws(StartError) {
        var otherFormat = false
        let finding = try journal.replay { record in
            if record.entry.kind == .start, record.entry.fields.first != PluginLoop.format { otherFormat = true }
            return lane.replay(record)
        }
        if otherFormat {
            throw StartError(
                "The journal in \(folder.path) was written by another version of the plug-in; start that version, or name another folder."
            )
        }
        if finding.cut > 0 { Log.line("journal: cut \(finding.cut) bytes of an unfinished record") }
        if let damage = finding.damage {
            Log.line("journal: \(damage); the lane is red until a supervisor releases it")
        }
        guard ensureRoom(now: Clock.monotonic) else {
            throw StartError("There is no room for the journal in \(folder.path); free some space on the disk.")
        }
        let effects = lane.start(
            epoch: Random.bits() & (1 << 35 - 1),
            newCodeKey: Random.bytes(32),
            condition: finding.condition,
            now: Clock.monotonic
        )
        perform(effects, now: Clock.monotonic)
        cp_trim_memory()
    }

    private static let format: [UInt8] = [49]

    // MARK: - Run

    /// Runs until told to stop.
    func run() {
        var entries: [cp_poll_entry] = []
        while true {
            entries.removeAll(keepingCapacity: true)
            entries.append(cp_poll_entry(fd: stop, wanted: UInt16(CP_READ), happened: 0))
            let upstreamInterest = upstream.interest
            entries.append(
                cp_poll_entry(fd: upstreamInterest?.socket ?? -1, wanted: upstreamInterest?.events ?? 0, happened: 0)
            )
            server.addInterests(to: &entries)
            let ready = cp_poll(&entries, Int32(entries.count), timeout(now: Clock.monotonic))
            let now = Clock.monotonic
            if ready < 0 { Log.stop("waiting for sockets failed (\(SystemError(code: -ready)))") }
            if entries[0].happened != 0 { return }
            if entries[1].happened != 0 { upstream.handle(entries[1].happened, now: now) }
            server.handle(entries[2...], now: now)
            upstream.passTime(now: now)
            server.passTime(now: now)
            if lane.nextWake <= now { perform(lane.handle(.tick, now: now), now: now) }
            deliver(now: now)
        }
    }

    private func timeout(now: Int64) -> Int64 {
        let wake = min(lane.nextWake, min(upstream.deadline, server.deadline))
        return wake == .max ? -1 : max(0, wake - now)
    }

    /// Hands over what server and upstream have for the lane, until neither has anything new.
    private func deliver(now: Int64) {
        while true {
            let events = server.takeEvents()
            let results = upstream.takeResults()
            if events.isEmpty, results.isEmpty { break }
            for (id, result) in results { perform(lane.handle(.result(id: id, result), now: now), now: now) }
            for event in events {
                switch event {
                case .call(let call, let token):
                    lane.journalHasRoom = ensureRoom(now: now)
                    perform(lane.handle(.register(call, token: token), now: now), now: now)
                case .written(let token): perform(lane.handle(.answerWritten(token: token), now: now), now: now)
                }
            }
        }
        if let identity = upstream.takeLearntIdentity() { store(identity) }
        for note in upstream.takeNotes() { Log.line(note) }
    }

    // MARK: - Effects

    private func perform(_ effects: [LaneEffect], now: Int64) {
        do throws(SystemError) {
            for effect in effects {
                if case .journal(let entry) = effect {
                    try journal.append(entry)
                    continue
                }
                var request: Upstream.Prepared?
                if case .send(let call) = effect {
                    // The disk writes while the processor signs.
                    journal.startWriting()
                    request = upstream.prepare(call)
                }
                try journal.sync()
                switch effect {
                case .journal: break
                case .send(let call):
                    if call.createdAt > cloudTime { cloudTime = call.createdAt }
                    upstream.send(request, now: now)
                case .abandon: upstream.abandon()
                case .answer(let token, let answer): server.answer(token: token, answer, now: now)
                case .alarm(let alarm, let number): Log.alarm(alarm, number)
                }
            }
            try journal.sync()
        } catch {
            // Nobody knows what the disk holds now. Reading it back is the only way to know: start again.
            Log.stop("the journal in \(folder.path) cannot be written (\(error)); check the disk, then start again")
        }
    }

    /// Whether the newest segment holds the worst case of one payment; goes on to a new segment where it does not.
    private func ensureRoom(now: Int64) -> Bool {
        if journal.hasRoom { return true }
        do throws(SystemError) {
            try journal.prepareNext()
        } catch {
            Log.line("there is no room for the journal in \(folder.path) (\(error)); mobile payment is off")
            return false
        }
        do throws(SystemError) {
            try journal.roll(lane.checkpoint(now: now))
            try journal.deleteOld(neededFrom: lane.oldestNeededIndex, now: cloudTime)
        } catch {
            Log.stop("the journal in \(folder.path) cannot be written (\(error)); check the disk, then start again")
        }
        return true
    }

    private func store(_ identity: Identity) {
        do throws(StartError) {
            try folder.store(identity)
            Log.line("stored new keys or settings of the clouds")
        } catch {
            // They are held in memory, and the next HELLO brings them again.
            Log.line(error.sentence)
        }
    }
}
