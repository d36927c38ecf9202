// Part of Tillbridge. See LICENSE.
package import TillDomain

/// `/v1/hello`: who the plug-in is and how far its journal goes.
package struct HelloRequest: WireMessage {
    package static let maxOpen = 256

    package let id: MessageID
    /// 35 bits, drawn at this start.
    package let epoch: UInt64
    /// The last one used; 0 before the first.
    package let sequence: Int64
    package let journalIndex: Int64
    /// 16 bytes: the hash in the journal's newest record.
    package let journalHash: [UInt8]
    /// The plug-in's version, for people.
    package let version: [UInt8]
    /// Whether the register acknowledges each paid sale.
    package let acknowledges: Bool
    /// Payments that are not closed in the journal.
    package let open: [OrderNumber]
    /// Codes that no rule knew, since a cloud last heard of them. Clouds that do not know the field leave it unread.
    package let unknown: [UnknownCodes.Row]

    package init(
        id: MessageID,
        epoch: UInt64,
        sequence: Int64,
        journalIndex: Int64,
        journalHash: [UInt8],
        version: [UInt8],
        acknowledges: Bool,
        open: [OrderNumber],
        unknown: [UnknownCodes.Row] = []
    ) {
        self.id = id
        self.epoch = epoch
        self.sequence = sequence
        self.journalIndex = journalIndex
        self.journalHash = journalHash
        self.version = version
        self.acknowledges = acknowledges
        self.open = open
        self.unknown = unknown
    }

    package init(_ object: JSONObject) throws(MessageError) {
        id = try object.identifier("id", as: MessageID.self)
        epoch = UInt64(try object.integer("epoch", in: 0...Int64(1) << 35 - 1))
        sequence = try object.integer("sequence", in: 0...Int64(1) << 30 - 1)
        journalIndex = try object.integer("journalIndex")
        journalHash = try object.hex("journalHash", count: 16)
        version = try object.text("version", length: 1...40)
        acknowledges = try object.bool("acknowledges")
        var open: [OrderNumber] = []
        for text in try object.strings("open", atMost: HelloRequest.maxOpen, length: 24...24) {
            guard let number = OrderNumber(text) else { throw object.invalid("open") }
            open.append(number)
        }
        self.open = open
        var unknown: [UnknownCodes.Row] = []
        for entry in try object.optionalObjects("unknown", atMost: UnknownCodes.registerRows) ?? [] {
            let prefix = try entry.string("prefix", length: 0...4)
            let length = Int(try entry.integer("length", in: 0...512))
            let count = Int(try entry.integer("count", in: 1...Int64(UnknownCodes.most)))
            guard let row = UnknownCodes.Row(prefix: prefix, length: length, count: count) else {
                throw entry.invalid("prefix")
            }
            unknown.append(row)
        }
        self.unknown = unknown
    }

    package func write(to json: inout JSONWriter) {
        json.identifier("id", id)
        json.integer("epoch", Int64(epoch))
        json.integer("sequence", sequence)
        json.integer("journalIndex", journalIndex)
        json.string("journalHash", Hex.encode(journalHash))
        json.string("version", version)
        json.bool("acknowledges", acknowledges)
        json.array("open") { json in
            for number in open { json.string(number.bytes) }
        }
        guard !unknown.isEmpty else { return }
        json.array("unknown") { json in
            for row in unknown {
                json.object { json in
                    json.string("prefix", row.prefix)
                    json.integer("length", Int64(row.length))
                    json.integer("count", Int64(row.count))
                }
            }
        }
    }
}

package struct HelloAnswer: WireMessage {
    package struct Open: Equatable, Sendable {
        package let orderNumber: OrderNumber
        package let state: Named<PaymentStateName>

        package init(orderNumber: OrderNumber, state: Named<PaymentStateName>) {
            self.orderNumber = orderNumber
            self.state = state
        }
    }

    package static let maxOpen = 64

    package let head: AnswerHead
    /// The highest sequence seen of this register.
    package let sequence: Int64
    /// The highest journal index seen under this key.
    package let journalIndex: Int64
    /// What this cloud holds open for the register.
    package let open: [Open]
    package let routing: RoutingDocument
    package let configuration: ConfigurationDocument
    /// The signing keys of the clouds.
    package let keys: [PublicKeyEntry]
    /// The CA's certificate, PEM.
    package let authority: [UInt8]
    package let times: ProtocolTimes

    package init(
        head: AnswerHead,
        sequence: Int64,
        journalIndex: Int64,
        open: [Open],
        routing: RoutingDocument,
        configuration: ConfigurationDocument,
        keys: [PublicKeyEntry],
        authority: [UInt8],
        times: ProtocolTimes
    ) {
        self.head = head
        self.sequence = sequence
        self.journalIndex = journalIndex
        self.open = open
        self.routing = routing
        self.configuration = configuration
        self.keys = keys
        self.authority = authority
        self.times = times
    }

    package init(_ object: JSONObject) throws(MessageError) {
        head = try AnswerHead(object)
        sequence = try object.integer("sequence", in: 0...Int64(1) << 30 - 1)
        journalIndex = try object.integer("journalIndex")
        var open: [Open] = []
        for entry in try object.objects("open", atMost: HelloAnswer.maxOpen) {
            let number = try entry.identifier("n", as: OrderNumber.self)
            open.append(Open(orderNumber: number, state: try entry.name("state", as: PaymentStateName.self)))
        }
        self.open = open
        routing = try RoutingDocument(try object.object("routing"))
        configuration = try ConfigurationDocument(try object.object("configuration"))
        keys = try PublicKeyEntry.list(object, "keys")
        authority = try object.string("ca", length: 1...4096)
        times = try ProtocolTimes(object)
    }

    package func write(to json: inout JSONWriter) {
        json.identifier("id", head.id)
        json.name("cloud", head.cloud)
        json.time("time", head.time)
        json.integer("sequence", sequence)
        json.integer("journalIndex", journalIndex)
        json.array("open") { json in
            for entry in open {
                json.object { json in
                    json.identifier("n", entry.orderNumber)
                    json.string("state", entry.state.bytes)
                }
            }
        }
        json.object("routing") { routing.write(to: &$0) }
        json.object("configuration") { configuration.write(to: &$0) }
        PublicKeyEntry.write(keys, "keys", to: &json)
        json.string("ca", authority)
        times.write(to: &json)
    }
}

extension ProtocolTimes {
    /// The time factor travels in thousandths, since no number on the wire has a fraction.
    init(_ object: JSONObject) throws(MessageError) {
        self.init(thousandths: try object.integer("timeFactorThousandths", in: 1...1000))
    }

    func write(to json: inout JSONWriter) {
        json.integer("timeFactorThousandths", thousandths)
    }
}
