// Part of Tillbridge. See LICENSE.
import Synchronization

/// What a request is for, in the order in which a crowded cloud gives up: reports first, undo and confirmation last.
enum RequestClass: Int, CaseIterable, Sendable {
    case background, pay, query, revoke

    /// The share of the slots, in percent, that requests of this class may fill together with all others.
    /// The last 20 % are reserved for undo and confirmation.
    var sharePercent: Int {
        switch self {
        case .background: 60
        case .pay: 70
        case .query: 80
        case .revoke: 100
        }
    }
}

/// Counts the requests that are being worked on. A long poll gives its slot back while it waits.
final class Admission: Sendable {
    let slots: Int
    private let busy = Atomic<Int>(0)
    private let shed = Mutex([Int](repeating: 0, count: RequestClass.allCases.count))

    init(slots: Int) { self.slots = slots }

    /// Takes a slot. False: the request must be answered `busy` at once, with nothing stored.
    func enter(_ kind: RequestClass) -> Bool {
        let limit = slots * kind.sharePercent / 100
        var current = busy.load(ordering: .relaxed)
        while current < limit {
            let result = busy.weakCompareExchange(
                expected: current,
                desired: current + 1,
                ordering: .acquiringAndReleasing
            )
            if result.exchanged { return true }
            current = result.original
        }
        shed.withLock { $0[kind.rawValue] += 1 }
        return false
    }

    func leave() { busy.subtract(1, ordering: .acquiringAndReleasing) }

    /// 0 (idle) … 1000 (every slot taken): what proxies balance by.
    var load: Int { min(1000, busy.load(ordering: .relaxed) * 1000 / slots) }

    func shedCount(_ kind: RequestClass) -> Int { shed.withLock { $0[kind.rawValue] } }
}

/// One taken slot, given back once.
final class AdmissionSlot: Sendable {
    private let admission: Admission
    private let isHeld = Atomic<Bool>(true)

    /// Nil where there is no room.
    init?(_ admission: Admission, _ kind: RequestClass) {
        guard admission.enter(kind) else { return nil }
        self.admission = admission
    }

    func leave() {
        if isHeld.exchange(false, ordering: .acquiringAndReleasing) { admission.leave() }
    }

    deinit { leave() }
}
