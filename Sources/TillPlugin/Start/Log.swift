// Part of Tillbridge. See LICENSE.
import CPlatform
import TillDomain
import TillEngine

/// Lines for the service manager's journal, on standard error. No line holds a payment code, a key or a shopper.
enum Log {
    static func line(_ text: Text) { write(2, "tillbridge-plugin: \(text)\n") }

    static func alarm(_ alarm: LaneAlarm, _ number: OrderNumber?) {
        line("alarm \(alarm.name)\(number.map { [32] + $0.bytes } ?? [])")
    }

    /// Ends the process at once with a status that makes a service manager start it again.
    static func stop(_ text: Text) -> Never {
        line(text)
        cp_exit(70)
    }

    static func write(_ descriptor: Int32, _ text: Text) {
        var rest = text.bytes[...]
        while !rest.isEmpty {
            let put = rest.withUnsafeBufferPointer { cp_write(descriptor, $0.baseAddress, $0.count) }
            guard put > 0 else { return }
            rest = rest.dropFirst(Int(put))
        }
    }
}
