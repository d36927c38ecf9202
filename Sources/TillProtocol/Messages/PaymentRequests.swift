// Part of Tillbridge. See LICENSE.
package import TillDomain

/// `/v1/pay`: the one message that carries the payment code. Repeating it never charges twice.
package struct PayRequest: WireMessage {
    package static let maxItems = 100

    package let id: MessageID
    package let intent: Intent
    /// The paying cloud, for ever.
    package let home: CloudName
    /// 1 for the first copy of this request, 2 for the next, …
    package let send: Int64
    /// Never stored, never logged.
    package let code: PaymentCode
    /// UTF-8; empty if not told.
    package let operatorName: [UInt8]
    package let items: [BasketItem]
    /// Milliseconds.
    package let wait: Int64

    package init(
        id: MessageID,
        intent: Intent,
        home: CloudName,
        send: Int64,
        code: PaymentCode,
        operatorName: [UInt8],
        items: [BasketItem],
        wait: Int64
    ) {
        self.id = id
        self.intent = intent
        self.home = home
        self.send = send
        self.code = code
        self.operatorName = operatorName
        self.items = items
        self.wait = wait
    }

    package init(_ object: JSONObject) throws(MessageError) {
        id = try object.identifier("id", as: MessageID.self)
        intent = try object.intent("intent")
        home = try object.knownName("home", as: CloudName.self)
        send = try object.integer("send", in: 1...1_000)
        guard let code = PaymentCode(scanned: try object.string("code", length: 1...512)) else {
            throw object.invalid("code")
        }
        // The intent's sign and length decide the wallet: they must be this code's.
        guard code.secret.count == intent.codeLength, code.secret.starts(with: intent.sign) else {
            throw object.invalid("code")
        }
        self.code = code
        operatorName = try object.optionalText("operator", length: 0...40) ?? []
        var items: [BasketItem] = []
        for entry in try object.optionalObjects("items", atMost: PayRequest.maxItems) ?? [] {
            items.append(try BasketItem(entry))
        }
        self.items = items
        wait = try object.integer("wait", in: WaitRange.call)
    }

    package func write(to json: inout JSONWriter) {
        json.identifier("id", id)
        json.string("intent", intent.line)
        json.name("home", home)
        json.integer("send", send)
        json.string("code", code.secret)
        if !operatorName.isEmpty { json.string("operator", operatorName) }
        if !items.isEmpty {
            json.array("items") { json in
                for item in items { json.object { item.write(to: &$0) } }
            }
        }
        json.integer("wait", wait)
    }

    /// This request, without its basket if the body would be larger than `limit` bytes with it. The basket is a
    /// courtesy to the shopper's wallet, and no reason to refuse a sale.
    package func fitted(to limit: Int = HTTPLimits.wire.body) -> PayRequest {
        guard !items.isEmpty, encode().count > limit else { return self }
        return PayRequest(
            id: id,
            intent: intent,
            home: home,
            send: send,
            code: code,
            operatorName: operatorName,
            items: [],
            wait: wait
        )
    }
}

extension BasketItem {
    /// Reads one line of a basket, as the register and the plug-in send it.
    package init(_ object: JSONObject) throws(MessageError) {
        self.init(
            sku: try object.text("sku", length: 0...64),
            name: try object.text("name", length: 0...256),
            quantity: try object.integer("quantity", in: 1...1_000_000),
            unitPrice: try object.money("unitPrice", in: 0...100_000_000_000)
        )
    }

    func write(to json: inout JSONWriter) {
        json.string("sku", sku)
        json.string("name", name)
        json.integer("quantity", quantity)
        json.money("unitPrice", unitPrice)
    }
}

/// `/v1/query`: what became of a payment? Asks the wallet when that is not final.
package struct QueryRequest: WireMessage {
    package let id: MessageID
    package let intent: Intent
    package let home: CloudName
    /// Milliseconds.
    package let wait: Int64

    package init(id: MessageID, intent: Intent, home: CloudName, wait: Int64) {
        self.id = id
        self.intent = intent
        self.home = home
        self.wait = wait
    }

    package init(_ object: JSONObject) throws(MessageError) {
        id = try object.identifier("id", as: MessageID.self)
        intent = try object.intent("intent")
        home = try object.knownName("home", as: CloudName.self)
        wait = try object.integer("wait", in: WaitRange.call)
    }

    package func write(to json: inout JSONWriter) {
        json.identifier("id", id)
        json.string("intent", intent.line)
        json.name("home", home)
        json.integer("wait", wait)
    }
}

/// `/v1/revoke`: undo a payment, whatever became of it. It carries all a cloud without a record needs.
package struct RevokeRequest: WireMessage {
    package let id: MessageID
    package let intent: Intent
    package let home: CloudName
    package let reason: Named<RevokeReason>
    /// Milliseconds.
    package let wait: Int64

    package init(id: MessageID, intent: Intent, home: CloudName, reason: Named<RevokeReason>, wait: Int64) {
        self.id = id
        self.intent = intent
        self.home = home
        self.reason = reason
        self.wait = wait
    }

    package init(_ object: JSONObject) throws(MessageError) {
        id = try object.identifier("id", as: MessageID.self)
        intent = try object.intent("intent")
        home = try object.knownName("home", as: CloudName.self)
        reason = try object.name("reason", as: RevokeReason.self)
        wait = try object.integer("wait", in: WaitRange.call)
    }

    package func write(to json: inout JSONWriter) {
        json.identifier("id", id)
        json.string("intent", intent.line)
        json.name("home", home)
        json.string("reason", reason.bytes)
        json.integer("wait", wait)
    }
}

/// `/v1/confirm`: the register took the tender.
package struct ConfirmRequest: WireMessage {
    package let id: MessageID
    package let intent: Intent
    package let home: CloudName
    /// The register did not say so itself: the next sale, or time, implied it.
    package let isImplicit: Bool
    /// Of the journal record that holds the acknowledgement.
    package let journalIndex: Int64

    package init(id: MessageID, intent: Intent, home: CloudName, isImplicit: Bool, journalIndex: Int64) {
        self.id = id
        self.intent = intent
        self.home = home
        self.isImplicit = isImplicit
        self.journalIndex = journalIndex
    }

    package init(_ object: JSONObject) throws(MessageError) {
        id = try object.identifier("id", as: MessageID.self)
        intent = try object.intent("intent")
        home = try object.knownName("home", as: CloudName.self)
        isImplicit = try object.bool("implicit")
        journalIndex = try object.integer("journalIndex")
    }

    package func write(to json: inout JSONWriter) {
        json.identifier("id", id)
        json.string("intent", intent.line)
        json.name("home", home)
        json.bool("implicit", isImplicit)
        json.integer("journalIndex", journalIndex)
    }
}
