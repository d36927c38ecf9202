// Part of Tillbridge. See LICENSE.

/// What is to happen when: a heap ordered by virtual time, and for equal times by a seeded draw, so that no order of
/// events in one millisecond is taken for granted.
///
/// The heap moves keys only; the events stay where they are until their time comes.
struct EventQueue<Event> {
    /// The time, below it 44 bits of the draw, below them the event's place: one comparison.
    private typealias Key = UInt128

    private static var places: UInt64 { 1 << 20 }

    private var heap: [Key] = []
    private var events: [Event?] = []
    private var free: [Int] = []
    private var sequence: UInt64 = 0
    private let salt: UInt64

    init(salt: UInt64) { self.salt = salt | 1 }

    /// When the next event happens; nil: nothing is left to happen.
    var nextAt: Int64? { heap.first.map { Int64($0 >> 64) } }

    /// - Parameter at: Not negative.
    mutating func add(_ event: consuming Event, at: Int64) {
        let place: Int
        if let last = free.popLast() {
            place = last
            events[place] = event
        } else {
            place = events.count
            precondition(place < Int(Self.places), "a million events wait")
            events.append(event)
        }
        sequence &+= 1
        // A bijection of the sequence: in no order.
        let mixed = (sequence ^ sequence >> 7) &* salt
        let draw = (mixed ^ mixed >> 32) & ~(Self.places - 1)
        let key = Key(at) << 64 | Key(draw | UInt64(place))
        heap.append(key)
        heap.withUnsafeMutableBufferPointer { Self.rise(key, from: $0.count - 1, in: $0) }
    }

    /// The next event. There must be one.
    mutating func removeNext() -> Event {
        let place = Int(UInt64(truncatingIfNeeded: heap[0]) & (Self.places - 1))
        let key = heap.removeLast()
        if !heap.isEmpty { heap.withUnsafeMutableBufferPointer { Self.replaceFirst(with: key, in: $0) } }
        guard let event = events[place].take() else { preconditionFailure("an event is taken once") }
        free.append(place)
        return event
    }

    private static func rise(_ key: Key, from place: Int, in heap: UnsafeMutableBufferPointer<Key>) {
        var child = place
        while child > 0 {
            let parent = (child - 1) / 2
            guard key < heap[parent] else { break }
            heap[child] = heap[parent]
            child = parent
        }
        heap[child] = key
    }

    /// The gap sinks to the bottom, and the key, which came from there, rises from it: seldom far.
    private static func replaceFirst(with key: Key, in heap: UnsafeMutableBufferPointer<Key>) {
        var parent = 0
        var least = 1
        while least < heap.count {
            if least + 1 < heap.count, heap[least + 1] < heap[least] { least += 1 }
            heap[parent] = heap[least]
            parent = least
            least = 2 * parent + 1
        }
        rise(key, from: parent, in: heap)
    }
}
