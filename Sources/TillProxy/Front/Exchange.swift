// Part of Tillbridge. See LICENSE.
import NIOCore
import TillDomain
import TillEngine

/// One request on its way, from its last byte received to its answer.
struct Exchange {
    let head: RequestHead
    /// The request exactly as it was received: a slice, not a copy.
    let request: ByteBuffer
    /// Monotonic microseconds.
    let beganAt: Int64
    var cloud = CloudName.a
    var permit = CircuitBreaker.Permit.ordinary
    /// Clouds that were tried, as bits: only an `any` request has a second one.
    private var tried: UInt8 = 0
    var connectTries = 0
    /// When the request was handed to a cloud's connection; 0 while no byte of it was written to any cloud.
    var sentAt: Int64 = 0
    /// The answer `not-home` of the cloud that was asked first, for when the other one cannot be asked.
    var fallback: (head: AnswerHead, bytes: ByteBuffer)?

    init(head: RequestHead, request: ByteBuffer, beganAt: Int64) {
        self.head = head
        self.request = request
        self.beganAt = beganAt
    }

    mutating func begin(at cloud: CloudName, permit: CircuitBreaker.Permit) {
        self.cloud = cloud
        self.permit = permit
        tried |= 1 << UInt8(cloud.index)
        connectTries = 0
    }

    func hasTried(_ cloud: CloudName) -> Bool { tried >> UInt8(cloud.index) & 1 == 1 }

    mutating func skip(_ cloud: CloudName) {
        self.cloud = cloud
        tried |= 1 << UInt8(cloud.index)
    }
}
