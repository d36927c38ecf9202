// Part of Tillbridge. See LICENSE.

/// Who may be sent to one cloud now, who waits a moment, and who is turned away.
///
/// A ticket is the caller's number for a request. The gate counts requests in flight against an adaptive limit, keeps
/// a part of the places for undoing and asking, and holds the others in one short queue per class, each entry with a
/// deadline. Times are monotonic milliseconds.
package struct AdmissionGate: Sendable {
    package struct Policy: Equatable, Sendable {
        package var limit: AdaptiveLimit.Policy
        /// Part of the places, in percent, that new payments and the rest never get.
        package var reservedPercent = 20
        /// Part of the places, in percent, that the rest (hello, refund, activation) gets at most.
        package var restPercent = 50
        /// Waiting requests per class.
        package var queueLength = 256
        /// How long a payment or the rest may wait, in milliseconds: a register must hear "busy" at once.
        package var ordinaryWait: Int64 = 50
        /// How long an undo, a confirmation or a query may wait, in milliseconds.
        package var urgentWait: Int64 = 500

        package init(limit: AdaptiveLimit.Policy) { self.limit = limit }
    }

    package enum Admission: Equatable, Sendable {
        case go
        case queued
        case shed
    }

    /// How a request that was admitted ended.
    package enum Ending: Equatable, Sendable {
        case answered
        /// The cloud said that it is busy, or let the time run out.
        case overloaded
        /// Says nothing about load: never sent, or the connection broke.
        case other
    }

    private let policy: Policy
    private var adaptive: AdaptiveLimit
    private var queues: [TicketQueue]
    private var counts: [Int]
    package private(set) var inFlight = 0

    package init(policy: Policy) {
        self.policy = policy
        adaptive = AdaptiveLimit(policy: policy.limit)
        queues = RequestClass.all.map { _ in TicketQueue() }
        counts = RequestClass.all.map { _ in 0 }
    }

    package var limit: Int { adaptive.value }

    package func inFlight(_ requestClass: RequestClass) -> Int { counts[requestClass.rawValue] }

    package func waiting(_ requestClass: RequestClass) -> Int { queues[requestClass.rawValue].count }

    /// The earliest deadline of a waiting request.
    package var nextDeadline: Int64? {
        var earliest: Int64?
        for queue in queues {
            // Entries of one class have the same patience, so the first in line is also the first to lose it.
            guard let deadline = queue.first?.deadline else { continue }
            earliest = min(earliest ?? deadline, deadline)
        }
        return earliest
    }

    package mutating func arrive(_ ticket: Int, _ requestClass: RequestClass, at now: Int64) -> Admission {
        let index = requestClass.rawValue
        if queues[index].count == 0, admits(requestClass) {
            enter(requestClass)
            return .go
        }
        guard queues[index].count < policy.queueLength else { return .shed }
        let patience = requestClass.isUrgent ? policy.urgentWait : policy.ordinaryWait
        queues[index].append(TicketQueue.Entry(ticket: ticket, deadline: now + patience))
        return .queued
    }

    /// A request that went is over: its place is free. Ask ``next()`` afterwards.
    package mutating func finish(_ requestClass: RequestClass, _ ending: Ending, at now: Int64) {
        precondition(counts[requestClass.rawValue] > 0, "a request ended that never began")
        switch ending {
        case .answered: adaptive.answered(inFlight: inFlight)
        case .overloaded: adaptive.overloaded(at: now)
        case .other: break
        }
        counts[requestClass.rawValue] -= 1
        inFlight -= 1
    }

    /// Takes the next waiting request that may go now; it counts as in flight from here on.
    package mutating func next() -> Int? {
        for requestClass in RequestClass.all {
            guard queues[requestClass.rawValue].count > 0, admits(requestClass),
                let entry = queues[requestClass.rawValue].popFirst()
            else { continue }
            enter(requestClass)
            return entry.ticket
        }
        return nil
    }

    /// Takes one waiting request whose time is up.
    package mutating func expire(at now: Int64) -> Int? {
        for index in queues.indices {
            guard let first = queues[index].first, first.deadline <= now else { continue }
            return queues[index].popFirst()?.ticket
        }
        return nil
    }

    /// Takes any waiting request: the cloud went down, so nobody needs to wait for it.
    package mutating func dismiss() -> Int? {
        for index in queues.indices {
            guard let entry = queues[index].popFirst() else { continue }
            return entry.ticket
        }
        return nil
    }

    /// The one who asked has left. False if the ticket is not waiting.
    package mutating func abandon(_ ticket: Int, _ requestClass: RequestClass) -> Bool {
        queues[requestClass.rawValue].remove(ticket)
    }

    private func admits(_ requestClass: RequestClass) -> Bool {
        guard inFlight < limit else { return false }
        if requestClass.isUrgent { return true }
        let pay = counts[RequestClass.pay.rawValue]
        let rest = counts[RequestClass.rest.rawValue]
        let reserved = max(1, limit * policy.reservedPercent / 100)
        guard pay + rest < limit - reserved else { return false }
        return requestClass == .pay || rest < max(1, limit * policy.restPercent / 100)
    }

    private mutating func enter(_ requestClass: RequestClass) {
        counts[requestClass.rawValue] += 1
        inFlight += 1
    }
}
