// Part of Tillbridge. See LICENSE.
import TillDomain

/// What the plug-in knows of the world outside: the clouds' time, who answers, what the console decided.
struct LaneLink: Sendable {
    /// Unscaled milliseconds between heartbeats, and the age of the last contact that means *unavailable*.
    static let heartbeatInterval: Int64 = 1_000
    static let contactLimit: Int64 = 2_500
    /// A background call older than this gives way to a payment.
    static let patience: Int64 = 250
    /// A cloud that the proxy calls down is still asked this often, so that a lying proxy cannot hide it for ever.
    static let downInterval: Int64 = 60_000

    /// Cloud time minus monotonic time.
    private var offset: Int64?
    /// Monotonic time that proves contact: the sending of the last answered heartbeat, or a later verified answer.
    private(set) var contactAt: Int64?
    private(set) var next: CloudName?
    private var isAUp = false
    private var isBUp = false
    private(set) var dark: [Wallet] = []
    private var heardRouting = 0
    private var heardConfiguration = 0

    private(set) var routing: SignFlagTable?
    private(set) var configuration: LaneConfiguration?
    private(set) var helloSucceeded = false
    var hello = HelloPlan()
    var lastHeartbeatAt: Int64 = .min / 2

    struct HelloPlan: Sendable {
        var dueA: Int64 = 0
        var dueB: Int64 = 0
        var triesA = 0
        var triesB = 0

        subscript(cloud: CloudName) -> Int64 {
            get { cloud == .a ? dueA : dueB }
            set { if cloud == .a { dueA = newValue } else { dueB = newValue } }
        }

        mutating func failed(_ cloud: CloudName, now: Int64, times: ProtocolTimes) {
            let tries = cloud == .a ? triesA : triesB
            if cloud == .a { triesA += 1 } else { triesB += 1 }
            self[cloud] = now + times.scaled(1_000 << Int64(min(tries, 4)))
        }

        mutating func succeeded(_ cloud: CloudName) {
            if cloud == .a { triesA = 0 } else { triesB = 0 }
            self[cloud] = .max
        }
    }

    func cloudTime(now: Int64) -> Timestamp? {
        offset.map { Timestamp(milliseconds: now + $0) }
    }

    func isUp(_ cloud: CloudName) -> Bool { cloud == .a ? isAUp : isBUp }

    func isFresh(now: Int64, times: ProtocolTimes) -> Bool {
        guard let contactAt else { return false }
        return now - contactAt <= times.scaled(LaneLink.contactLimit)
    }

    /// Takes a heartbeat's answer in. Returns the clouds that came back since the last one, all of them when
    /// contact itself came back.
    mutating func take(
        _ reply: HeartbeatReply,
        sentAt: Int64,
        now: Int64,
        times: ProtocolTimes,
        random: inout LaneRandom
    ) -> [CloudName] {
        let hadContact = isFresh(now: now, times: times)
        offset = reply.time.milliseconds + (now - sentAt) / 2 - now
        contactAt = max(contactAt ?? sentAt, sentAt)
        next = reply.next
        let back = reply.up.filter { !hadContact || !isUp($0) }
        isAUp = reply.up.contains(.a)
        isBUp = reply.up.contains(.b)
        dark = reply.dark
        heardRouting = reply.routing
        heardConfiguration = reply.configuration
        // A newer document is fetched within 2 s, spread so that a chain does not ask in one instant: with the peer's
        // log, the proxy's checks and the heartbeat a change is everywhere within 5 s.
        if helloSucceeded, hasOldDocuments, let cloud = reply.up.first, hello[cloud] == .max {
            hello[cloud] = now + random.below(times.scaled(2_000))
        }
        for cloud in back where helloSucceeded && hello[cloud] == .max {
            hello[cloud] = now + random.below(times.scaled(2_000))
        }
        return back
    }

    private var hasOldDocuments: Bool {
        heardRouting > (routing?.version ?? 0) || heardConfiguration > (configuration?.version ?? 0)
    }

    /// A verified answer of a cloud: contact, and the cloud's own clock.
    mutating func takeContact(now: Int64) { contactAt = max(contactAt ?? now, now) }

    mutating func take(_ reply: HelloReply) {
        helloSucceeded = true
        hello.succeeded(reply.cloud)
        if let routing = reply.routing, routing.version >= (self.routing?.version ?? 0) { self.routing = routing }
        if let configuration = reply.configuration, configuration.version >= (self.configuration?.version ?? 0) {
            self.configuration = configuration
        }
    }
}
