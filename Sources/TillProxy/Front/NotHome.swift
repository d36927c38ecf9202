// Part of Tillbridge. See LICENSE.
import NIOCore
import TillDomain

/// The problem that says: ask the other cloud.
enum NotHome {
    private static let mark = ("\"/problems/not-home\"" as StaticString).bytes

    static func isSaid(by head: AnswerHead, _ answer: ByteBuffer) -> Bool {
        guard head.status == 409, head.bodyLength >= mark.count else { return false }
        let body = answer.readableBytesView.suffix(head.bodyLength)
        guard let last = body.index(body.endIndex, offsetBy: -mark.count, limitedBy: body.startIndex) else {
            return false
        }
        for start in body.startIndex...last where body[start...].starts(with: mark) { return true }
        return false
    }
}
