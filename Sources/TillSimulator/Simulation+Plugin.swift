// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

extension Simulation {
    /// The process starts on what its disk kept.
    mutating func startPlugin(_ register: Int) {
        guard registers[register].lane == nil else { return }
        registers[register].life += 1
        registers[register].bootedAt = now - Int64(random.next() % 1_000_000)
        var lane = PluginLane(settings: registers[register].settings, seed: random.next())
        var writer = JournalWriter()
        for entry in registers[register].disk {
            _ = writer.encode(entry)
            if !lane.replay(JournalRecord(index: writer.index, entry: entry, hash: writer.hash, end: 0)) {
                violation("a record of the plug-in's own does not replay: \(entry.kind)")
            }
        }
        let key = (0..<32).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        let effects = lane.start(
            epoch: random.next(),
            newCodeKey: key,
            condition: .sound,
            now: monotonic(register)
        )
        registers[register].lane = lane
        perform(effects, at: register)
    }

    func monotonic(_ register: Int) -> Int64 { now - registers[register].bootedAt }

    mutating func give(_ input: LaneInput, to register: Int) {
        guard var lane = registers[register].lane else { return }
        registers[register].lane = nil
        let effects = lane.handle(input, now: monotonic(register))
        registers[register].lane = lane
        perform(effects, at: register)
    }

    mutating func wake(_ register: Int, life: Int) {
        guard registers[register].life == life, registers[register].lane != nil,
            registers[register].wakeAt <= now
        else { return }
        registers[register].wakeAt = .max
        give(.tick, to: register)
    }

    /// Performs effects in their order. A crash between two of them loses the rest and the process.
    private mutating func perform(_ effects: [LaneEffect], at register: Int) {
        let dies = chance(options.crash) ? Int(faultRandom.next() % UInt64(effects.count + 1)) : Int.max
        for (position, effect) in effects.enumerated() {
            if position == dies {
                // The dying write may or may not have reached the disk.
                if case .journal(let entry) = effect, faultRandom.next() % 2 == 0 { record(entry, at: register) }
                crashPlugin(register)
                return
            }
            switch effect {
            case .journal(let entry): record(entry, at: register)
            case .send(let call): send(call, from: register)
            case .abandon: break
            case .answer(let token, let answer): told(answer, token: token, register: register)
            case .alarm(let alarm, _): mix(UInt64(alarm.name.utf8CodeUnitCount))
            }
        }
        if dies != .max {
            crashPlugin(register)
            return
        }
        plan(register)
    }

    private mutating func record(_ entry: JournalEntry, at register: Int) {
        registers[register].keep(entry)
        mix(UInt64(entry.kind.rawValue))
    }

    private mutating func plan(_ register: Int) {
        guard let lane = registers[register].lane else { return }
        let wakeAt = lane.nextWake(now: monotonic(register))
        guard wakeAt != .max else { return }
        let at = max(now + 1, wakeAt + registers[register].bootedAt)
        guard at < registers[register].wakeAt || registers[register].wakeAt <= now else { return }
        registers[register].wakeAt = at
        queue.add(.wake(register: register, life: registers[register].life), at: at)
    }

    private mutating func crashPlugin(_ register: Int) {
        report.crashes += 1
        registers[register].lane = nil
        registers[register].life += 1
        registers[register].wakeAt = .max
        queue.add(.startPlugin(register: register), at: now + delay(100, 20_000))
        if let sale = registers[register].waitingSale {
            registers[register].waitingToken = 0
            queue.add(.lookAgain(register: register, sale: sale), at: now + delay(1_000, 40_000))
        }
    }

    // MARK: - The network

    private mutating func send(_ call: LaneCall, from register: Int) {
        checkSending(call, register: register)
        let address = ReplyAddress(register: register, life: registers[register].life, call: call)
        queue.add(.toPlugin(address, .failed(unwritten: false)), at: now + call.timeoutMilliseconds)
        let copies = chance(options.loss) ? 0 : (chance(options.duplicate) ? 2 : 1)
        for _ in 0..<copies {
            let slow = faultsOn && random.next() % 20 == 0
            let at = now + (slow ? delay(5, 15_000) : delay(1, 40))
            if let cloud = call.cloud {
                queue.add(.toCloud(cloud, address), at: at)
            } else {
                queue.add(.toProxy(address), at: at)
            }
        }
    }

    mutating func reply(_ result: LaneCallResult, to address: ReplyAddress) {
        guard !chance(options.loss) else { return }
        queue.add(.toPlugin(address, result), at: now + delay(1, 40))
    }

    mutating func deliver(_ result: LaneCallResult, to address: ReplyAddress) {
        guard registers[address.register].life == address.life else { return }
        give(.result(id: address.call.id, result), to: address.register)
    }

    /// The proxy answers a heartbeat from what it knows of the clouds.
    mutating func heartbeat(_ address: ReplyAddress) {
        let up = CloudName.allCases.filter { clouds[index($0)].isUp }
        let time = cloudTime(up.first ?? .a)
        let next = up.isEmpty ? nil : up[Int(random.next() % UInt64(up.count))]
        reply(
            .heartbeat(HeartbeatReply(time: time, next: next, up: up, routing: 1, configuration: 1, dark: [])),
            to: address
        )
    }
}
