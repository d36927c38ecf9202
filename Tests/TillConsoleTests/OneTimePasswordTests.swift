// Part of Tillbridge. See LICENSE.
import Testing

@testable import TillConsole

@Suite("second factor") struct OneTimePasswordTests {
    /// RFC 6238, appendix B: the secret of the SHA-1 rows, the last six of their eight digits.
    private let password = OneTimePassword(secret: Array("12345678901234567890".utf8))

    @Test(
        "the vectors of RFC 6238",
        arguments: [
            (59, "287082"), (1_111_111_109, "081804"), (1_111_111_111, "050471"), (1_234_567_890, "005924"),
            (2_000_000_000, "279037"), (20_000_000_000, "353130"),
        ] as [(Int64, String)]
    ) func vectors(seconds: Int64, digits: String) {
        #expect(password.digits(step: OneTimePassword.step(at: seconds * 1_000)) == digits)
    }

    @Test("one step of lateness is forgiven, two are not, and none is taken twice") func window() {
        let now: Int64 = 1_700_000_000_000
        let step = OneTimePassword.step(at: now)
        #expect(password.step(of: password.digits(step: step), at: now, after: 0) == step)
        #expect(password.step(of: password.digits(step: step - 1), at: now, after: 0) == step - 1)
        #expect(password.step(of: password.digits(step: step - 2), at: now, after: 0) == nil)
        #expect(password.step(of: password.digits(step: step + 2), at: now, after: 0) == nil)
        #expect(password.step(of: password.digits(step: step), at: now, after: step) == nil)
        #expect(password.step(of: "", at: now, after: 0) == nil)
    }

    @Test("the secret as authenticator apps take it") func secretText() {
        #expect(password.secretText == "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ")
    }
}
