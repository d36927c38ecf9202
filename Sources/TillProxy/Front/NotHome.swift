// Part of Tillbridge. See LICENSE.
import NIOCore
import TillProtocol

/// The problem that says: ask the other cloud.
enum NotHome {
    static func isSaid(by head: AnswerHead, _ answer: ByteBuffer) -> Bool {
        guard head.status == ProblemType.notHome.status else { return false }
        var body = answer
        body.moveReaderIndex(forwardBy: head.headLength)
        let problem = try? Problem(decoding: Array(body.readableBytesView))
        return problem?.type == .known(.notHome)
    }
}
