// Part of Tillbridge. See LICENSE.

/// What is to happen when: a heap ordered by virtual time, and for equal times by a seeded draw, so that no order of
/// events in one millisecond is taken for granted.
///
/// The heap moves keys only; the events stay where they are until their time comes.
struct EventQueue<Event> {
    private struct Key {
        let at: Int64
        let order: UInt64
        let place: Int

        func isBefore(_ other: Key) -> Bool { at != other.at ? at < other.at : order < other.order }
    }

    private var heap: [Key] = []
    private var events: [Event?] = []
    private var free: [Int] = []
    private var sequence: UInt64 = 0
    private let salt: UInt64

    init(salt: UInt64) { self.salt = salt | 1 }

    var isEmpty: Bool { heap.isEmpty }
    var count: Int { heap.count }

    mutating func add(_ event: Event, at: Int64) {
        let place: Int
        if let last = free.popLast() {
            place = last
            events[place] = event
        } else {
            place = events.count
            events.append(event)
        }
        sequence &+= 1
        // A bijection of the sequence: distinct, and in no order.
        let mixed = (sequence ^ sequence >> 7) &* salt
        let key = Key(at: at, order: mixed ^ mixed >> 32, place: place)
        heap.append(key)
        var child = heap.count - 1
        heap.withUnsafeMutableBufferPointer { heap in
            while child > 0 {
                let parent = (child - 1) / 2
                guard key.isBefore(heap[parent]) else { break }
                heap[child] = heap[parent]
                child = parent
            }
            heap[child] = key
        }
    }

    mutating func next() -> (at: Int64, event: Event)? {
        guard let first = heap.first else { return nil }
        let key = heap.removeLast()
        if !heap.isEmpty {
            heap.withUnsafeMutableBufferPointer { heap in
                var parent = 0
                while true {
                    var least = 2 * parent + 1
                    guard least < heap.count else { break }
                    if least + 1 < heap.count, heap[least + 1].isBefore(heap[least]) { least += 1 }
                    guard heap[least].isBefore(key) else { break }
                    heap[parent] = heap[least]
                    parent = least
                }
                heap[parent] = key
            }
        }
        guard let event = events[first.place] else { preconditionFailure("an event is taken once") }
        events[first.place] = nil
        free.append(first.place)
        return (first.at, event)
    }
}
