// Part of Tillbridge. See LICENSE.

/// What is to happen when: ordered by virtual time, and for equal times by a seeded draw, so that no order of events in
/// one millisecond is taken for granted.
///
/// Nearly all events come within milliseconds, and hundreds wait for minutes and hours. So only what happens in the
/// present slice of time is kept in order; the slices of the present page are lists that are sorted when time gets
/// there, and what lies beyond the page is one list more. Keys alone are moved; the events stay where they
/// are until their time comes.
struct EventQueue<Event> {
    /// The time, below it 44 bits of the draw, below them the event's place: one comparison.
    private typealias Key = UInt128

    private static var places: UInt64 { 1 << 20 }
    /// A slice has a second, a page 128 slices.
    private static var sliceBits: Int64 { 10 }
    private static var pageBits: Int64 { 17 }

    /// The present slice in order, with what came for it since, and how much of it has happened.
    private var present: [Key] = []
    private var gone = 0
    private var slice: Int64 = 0
    private var slices = [[Key]](repeating: [], count: 1 << Int(pageBits - sliceBits))
    /// How many keys the slices hold.
    private var waiting = 0
    /// Beyond the page, in no order.
    private var beyond: [Key] = []
    private var events: [Event?] = []
    private var free: [Int] = []
    private var sequence: UInt64 = 0
    private let salt: UInt64

    init(salt: UInt64) { self.salt = salt | 1 }

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
        put(Key(at) << 64 | Key(draw | UInt64(place)))
    }

    /// When the next event happens; nil: nothing is left to happen.
    mutating func nextAt() -> Int64? {
        while gone == present.count { guard turn() else { return nil } }
        return Self.time(present[gone])
    }

    /// The next event. There must be one, and ``nextAt()`` must have named its time.
    mutating func removeNext() -> Event {
        let place = Int(UInt64(truncatingIfNeeded: present[gone]) & (Self.places - 1))
        gone += 1
        guard let event = events[place].take() else { preconditionFailure("an event is taken once") }
        free.append(place)
        return event
    }

    private static func time(_ key: Key) -> Int64 { Int64(truncatingIfNeeded: key >> 64) }

    private mutating func put(_ key: Key) {
        let at = Self.time(key)
        let own = at >> Self.sliceBits
        if own <= slice {
            insert(key)
        } else if at >> Self.pageBits == slice >> (Self.pageBits - Self.sliceBits) {
            slices[Int(own) & (slices.count - 1)].append(key)
            waiting += 1
        } else {
            beyond.append(key)
        }
    }

    /// A handful of keys, and what is new comes late among them.
    private mutating func insert(_ key: Key) {
        present.append(key)
        present.withUnsafeMutableBufferPointer { [gone] present in
            var place = present.count - 1
            while place > gone, present[place - 1] > key {
                present[place] = present[place - 1]
                place -= 1
            }
            present[place] = key
        }
    }

    /// On to the next slice, of the next page where this one holds nothing more.
    ///
    /// - Returns: False when nothing is left at all.
    private mutating func turn() -> Bool {
        if waiting > 0 {
            slice += 1
        } else {
            guard let first = beyond.min() else { return false }
            slice = Self.time(first) >> Self.sliceBits
            let page = Self.time(first) >> Self.pageBits
            var kept = 0
            for place in beyond.indices {
                let key = beyond[place]
                if Self.time(key) >> Self.pageBits == page {
                    slices[Int(Self.time(key) >> Self.sliceBits) & (slices.count - 1)].append(key)
                    waiting += 1
                } else {
                    beyond[kept] = key
                    kept += 1
                }
            }
            beyond.removeLast(beyond.count - kept)
        }
        present.removeAll(keepingCapacity: true)
        gone = 0
        let place = Int(slice) & (slices.count - 1)
        guard !slices[place].isEmpty else { return true }
        waiting -= slices[place].count
        for key in slices[place] { insert(key) }
        slices[place].removeAll(keepingCapacity: true)
        return true
    }
}
