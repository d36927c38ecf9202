// Part of Tillbridge. See LICENSE.

/// A value that must never reach a log, an error text or a debugger's summary: a key, a password, a payment code.
/// Whatever prints it prints a mask; `reveal()` stands out in a review.
package struct Secret<Value: Sendable>: Sendable, CustomStringConvertible, CustomDebugStringConvertible,
    CustomReflectable
{
    private let value: Value

    package init(_ value: Value) { self.value = value }

    package func reveal() -> Value { value }

    package var description: String { "(secret)" }
    package var debugDescription: String { "(secret)" }
    /// Without it `dump` and string interpolation of an enclosing value would walk into the stored property.
    package var customMirror: Mirror { Mirror(self, children: []) }
}
