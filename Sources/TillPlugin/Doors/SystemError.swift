// Part of Tillbridge. See LICENSE.
import CPlatform

/// The operating system's refusal of a call.
struct SystemError: Error, Equatable, Sendable {
    /// errno.
    let code: Int32

    /// Turns the door's convention (negative is -errno) into a thrown error.
    @discardableResult
    static func check<Value: FixedWidthInteger & SignedInteger>(_ result: Value) throws(SystemError) -> Value {
        if result < 0 { throw SystemError(code: Int32(truncatingIfNeeded: -result)) }
        return result
    }

    static var noSpace: SystemError { SystemError(code: cp_error_no_space()) }

    /// The system's sentence, such as "Permission denied".
    var text: [UInt8] { Bytes.filled(capacity: 128) { Int(cp_error_text(code, $0, $1)) } }

    var isMissing: Bool { code == cp_error_missing() }
    var isExisting: Bool { code == cp_error_exists() }
    var isAgain: Bool { code == cp_error_again() }
    var isAddressInUse: Bool { code == cp_error_address_in_use() }
}

enum Bytes {
    /// The bytes that a C function writes into a buffer of `capacity`; it returns how many, negative for none.
    static func filled(capacity: Int, _ write: (UnsafeMutablePointer<UInt8>, Int) -> Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
            guard let start = buffer.baseAddress else { return }
            count = Swift.max(0, write(start, capacity))
        }
    }

    /// Calls with the bytes as a C string. `text` holds no NUL.
    static func withCString<Result>(_ text: [UInt8], _ body: (UnsafePointer<CChar>) -> Result) -> Result {
        var terminated = text
        terminated.append(0)
        return terminated.withUnsafeBytes { raw in
            guard let start = raw.bindMemory(to: CChar.self).baseAddress else { preconditionFailure("never empty") }
            return body(start)
        }
    }
}
