// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine

/// From a plug-in through a proxy to a cloud, and back.
extension Simulation {
    // MARK: - Out

    mutating func send(_ call: LaneCall, from register: Int) {
        let place = call.intent.flatMap { numbers.place(of: $0.orderNumber.bytes) }
        checkSending(call, place, register: register)
        if traces, !call.isHeartbeat {
            tell(place, "register \(register) sends \(call.word) to \(call.cloud.map { "\($0)" } ?? "a proxy")")
        }
        let message = Message(
            call: call,
            register: register,
            life: registers[register].life,
            place: place,
            seal: Simulation.seal(key: registers[register].key, call: call)
        )
        registers[register].call = message
        registers[register].callEndsAt = now + call.timeoutMilliseconds
        registers[register].hasLeft = false
        message.proxiesLeft = proxies.count
        transmit(message)
    }

    /// Through the connection that is open, or a new one.
    private mutating func transmit(_ message: Message) {
        let register = message.register
        guard !registers[register].isConnected else { return leave(message, after: 0) }
        let link = Links.store(register)
        if !proxies[registers[register].proxy].isUp {
            plan(.connectFails(message), after: 2)
        } else if links.out[link] > now || links.back[link] > now {
            plan(.connectFails(message), after: 1_000)
        } else {
            registers[register].isConnected = true
            leave(message, after: 4)
        }
    }

    /// No byte has left: the next proxy is tried.
    mutating func connectFails(_ message: Message) {
        let register = message.register
        guard registers[register].call === message, registers[register].life == message.life else { return }
        nextProxy(register)
        message.proxiesLeft -= 1
        if message.proxiesLeft > 0 {
            transmit(message)
        } else {
            deliver(Delivery(.failed(unwritten: true)), to: message)
        }
    }

    mutating func nextProxy(_ register: Int) {
        registers[register].isConnected = false
        registers[register].proxy = 1 - registers[register].proxy
    }

    private mutating func leave(_ message: Message, after span: Int64) {
        let register = message.register
        let proxy = registers[register].proxy
        let place = message.place
        registers[register].hasLeft = true
        message.proxy = proxy
        message.proxyLife = proxies[proxy].life
        // The proxy is gone and the connection does not know it yet.
        guard proxies[proxy].isUp else {
            nextProxy(register)
            return plan(.atPlugin(message, Delivery(.failed(unwritten: false))), after: 5)
        }
        if links.out[Links.store(register)] > now { return }
        if chance(.loss, place) { return tell(place, "the request is lost") }
        var at = now + span + 1 + Int64(world.next() & 7) + hindrance(place)
        if chance(.resetAfterSend, place) {
            plan(.atPlugin(message, Delivery(.failed(unwritten: false))), after: 1 + draw(.resetAfterSend, 300))
        }
        at = max(at, proxies[proxy].stoppedUntil)
        guard let name = message.call.cloud else { return answerHeartbeat(message, at: at) }
        forward(message, to: index(name), at: at)
    }

    /// What slows a message down.
    private mutating func hindrance(_ place: Int?) -> Int64 {
        var span: Int64 = 0
        if chance(.delay, place) { span += 20 + draw(.delay, 3_000) }
        if chance(.reorder, place) { span += 200 + draw(.reorder, 20_000) }
        if chance(.trickle, place) { span += 2_000 + draw(.trickle, 8_000) }
        return span
    }

    // MARK: - The proxy

    private mutating func forward(_ message: Message, to cloud: Int, at: Int64) {
        var at = at
        let proxy = message.proxy
        let place = message.place
        if proxies[proxy].cloggedUntil > now {
            // Everything waits, and comes out in any order.
            if proxies[proxy].held >= SimulatedProxy.limit, bug != .unboundedProxyQueue {
                return plan(.atPlugin(message, Delivery(.failed(unwritten: false))), after: 2)
            }
            note(.clog, place)
            message.isHeld = true
            proxies[proxy].held += 1
            if proxies[proxy].held > SimulatedProxy.limit {
                violation(.queue, place, "proxy \(proxy) holds \(proxies[proxy].held) requests")
            }
            at = max(at, proxies[proxy].cloggedUntil + draw(.clog, 500))
        }
        var target = cloud
        if !clouds[cloud].isUp {
            // No connection, so no byte was written to any cloud: NOT_FORWARDED.
            guard bug == .proxyTriesOtherCloud, case .pay = message.call.kind else {
                release(message)
                if registers[message.register].call === message { nextProxy(message.register) }
                return plan(.atPlugin(message, Delivery(.failed(unwritten: false))), after: 4)
            }
            target = 1 - cloud
        }
        if links.out[Links.cloud(target, from: proxy)] > now {
            return release(message)
        }
        message.arrivesAt = target
        queue.add(.atCloud(message), at: at + 1 + Int64(world.next() & 15))
        if chance(.duplicate, place) {
            queue.add(.atCloud(message), at: at + 1 + draw(.duplicate, draw(.duplicate, 2) == 0 ? 30_000 : 300))
        }
    }

    /// A clogged proxy no longer holds it.
    mutating func release(_ message: Message) {
        guard message.isHeld else { return }
        message.isHeld = false
        if proxies[message.proxy].life == message.proxyLife { proxies[message.proxy].held -= 1 }
    }

    /// By whether A, and 2 more whether B is up.
    private static let up: [[CloudName]] = [[], [.a], [.b], [.a, .b]]

    /// The proxy answers from what its health checks know.
    private mutating func answerHeartbeat(_ message: Message, at: Int64) {
        let proxy = message.proxy
        for cloud in clouds.indices { look(at: cloud, from: proxy) }
        func takes(_ cloud: Int) -> Bool {
            proxies[proxy].seesUp[cloud] && clouds[cloud].load == .normal && clouds[cloud].isClockTrusted
        }
        // A cloud that takes no payments may do so because it distrusts its clock: the other one's time is newer.
        for cloud in clouds.indices where proxies[proxy].seesUp[cloud] {
            if takes(cloud) || !takes(1 - cloud) { proxies[proxy].lastError = clouds[cloud].clockError }
        }
        let error = proxies[proxy].lastError
        let next = Balancer.next(for: registers[message.register].id, line: 500, a: takes(0), b: takes(1))
        let up = Simulation.up[(proxies[proxy].seesUp[0] ? 1 : 0) + (proxies[proxy].seesUp[1] ? 2 : 0)]
        let reply = HeartbeatReply(
            time: Timestamp(milliseconds: Simulation.epochStart + at + error),
            next: next,
            up: up,
            routing: 1,
            configuration: 1,
            dark: []
        )
        back(Delivery(.heartbeat(reply)), to: message, at: at)
    }

    /// Two failed checks mean down, 1.4 s after the loss; two good ones mean up.
    private mutating func look(at cloud: Int, from proxy: Int) {
        let link = Links.cloud(cloud, from: proxy)
        let truth =
            clouds[cloud].isUp && clouds[cloud].stoppedUntil <= now && links.out[link] <= now
            && links.back[link] <= now
        if truth != proxies[proxy].truth[cloud] {
            proxies[proxy].truth[cloud] = truth
            proxies[proxy].changedAt[cloud] = now
        }
        if now - proxies[proxy].changedAt[cloud] >= (truth ? 1_000 : 1_400) { proxies[proxy].seesUp[cloud] = truth }
    }

    mutating func startProxy(_ proxy: Int) {
        guard !proxies[proxy].isUp, !proxies[proxy].isDead else { return }
        proxies[proxy].isUp = true
        proxies[proxy].life += 1
        proxies[proxy].held = 0
        if traces { tell(nil, "proxy \(proxy) starts") }
    }

    // MARK: - Back

    /// A cloud's answer.
    mutating func reply(_ result: LaneCallResult, to message: Message, from cloud: Int) {
        guard links.back[Links.cloud(cloud, from: message.proxy)] <= now else { return }
        back(Delivery(result), to: message, at: now + 1 + Int64(world.next() & 15))
    }

    private mutating func back(_ delivery: Delivery, to message: Message, at: Int64) {
        guard links.back[Links.store(message.register)] <= now, proxies[message.proxy].life == message.proxyLife
        else { return }
        if chance(.loss, message.place) { return tell(message.place, "the answer is lost") }
        let at = at + 1 + Int64(world.next() & 7) + hindrance(message.place)
        queue.add(.atPlugin(message, delivery), at: at)
        if chance(.duplicate, message.place) {
            queue.add(.atPlugin(message, delivery), at: at + 1 + draw(.duplicate, 10_000))
        }
    }

    mutating func deliver(_ delivery: Delivery, to message: Message) {
        let register = message.register
        guard registers[register].life == message.life, registers[register].isRunning else { return }
        guard registers[register].stoppedUntil <= now else {
            return queue.add(.atPlugin(message, delivery), at: registers[register].stoppedUntil)
        }
        let heard = heard(delivery, message)
        let expected = expectation(of: heard, message)
        if registers[register].call === message {
            registers[register].call = nil
            registers[register].callEndsAt = .max
            // From an answer to a call that was given up nothing is learned.
            if heard.isHello { registers[register].knowsSupervisors = true }
        }
        noteDelivery(delivery, of: message)
        give(.result(id: message.call.id, heard.result), to: register, expecting: expected)
    }

    /// What the plug-in's shell makes of an answer. A planted bug mishears here.
    func heard(_ delivery: Delivery, _ message: Message) -> Delivery {
        guard let bug else { return delivery }
        switch (bug, delivery.result, message.call.kind) {
        case (.confirmDropped, .failed, .confirm): return Delivery(.confirm(.confirmed, time: trueTime))
        case (.clockOffsetIgnored, .heartbeat(let reply), _):
            return Delivery(
                .heartbeat(
                    HeartbeatReply(
                        time: trueTime + 180_000 * Int64(message.register + 1),
                        next: reply.next,
                        up: reply.up,
                        routing: reply.routing,
                        configuration: reply.configuration,
                        dark: reply.dark
                    )
                )
            )
        default: return delivery
        }
    }

    // MARK: - Seals

    /// The signature: a keyed checksum. Elliptic curves would be most of a simulated payment, and prove nothing here.
    static func seal(key: UInt64, call: LaneCall) -> UInt64 {
        var seal = (key ^ call.id) &* 0x9E37_79B9_7F4A_7C15
        if let intent = call.intent {
            seal ^= UInt64(truncatingIfNeeded: intent.amount.fen) &* 0xBF58_476D_1CE4_E5B9
            seal ^= UInt64(truncatingIfNeeded: intent.startedAt.milliseconds) &* 0x94D0_49BB_1331_11EB
        }
        return seal ^ seal >> 31
    }
}

extension UndoReply {
    var isDuty: Bool { if case .duty = state { true } else { false } }
}

extension LaneCall {
    var isHeartbeat: Bool { if case .heartbeat = kind { true } else { false } }

    var word: String {
        switch kind {
        case .heartbeat: "heartbeat"
        case .hello: "hello"
        case .pay(let facts): "pay \(facts.send)"
        case .query: "query"
        case .revoke(let reason): "revoke (\(reason))"
        case .confirm: "confirm"
        case .refund: "refund"
        }
    }
}
