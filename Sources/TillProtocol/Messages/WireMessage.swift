// Part of Tillbridge. See LICENSE.
package import TillDomain

/// One body of `docs/wire.md`: a JSON object that begins with `v`, the version of this protocol.
package protocol WireMessage: Equatable, Sendable {
    init(_ object: JSONObject) throws(MessageError)
    /// Writes the members after `v`.
    func write(to json: inout JSONWriter)
}

extension WireMessage {
    package init(decoding bytes: [UInt8]) throws(MessageError) {
        let object = try JSONObject(parsing: bytes, limits: .wire)
        _ = try object.integer("v", in: 1...1)
        try self.init(object)
    }

    package func encode() -> [UInt8] {
        JSONWriter.object { json in
            json.integer("v", 1)
            write(to: &json)
        }
    }
}

/// How long a cloud may hold an answer for a change, in milliseconds.
package enum WaitRange {
    package static let call: ClosedRange<Int64> = 0...2_500
    package static let peerLog: ClosedRange<Int64> = 0...20_000
}

/// What every answer of a cloud begins with.
package struct AnswerHead: Equatable, Sendable {
    /// The request's.
    package let id: MessageID
    package let cloud: CloudName
    /// The cloud's time.
    package let time: Timestamp

    package init(id: MessageID, cloud: CloudName, time: Timestamp) {
        self.id = id
        self.cloud = cloud
        self.time = time
    }

    init(_ object: JSONObject) throws(MessageError) {
        id = try object.identifier("id", as: MessageID.self)
        cloud = try object.knownName("cloud", as: CloudName.self)
        time = try object.time("time")
    }
}
