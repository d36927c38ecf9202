// Part of Tillbridge. See LICENSE.
import TillDomain
import TillEngine
import TillProtocol

/// Turns a request of the native interface into a call of the lane. Everything from outside is checked here, before
/// the lane hears of it.
enum RegisterRequest {
    /// The PAY message holds the same basket and a little more, and must not be larger than the wire allows.
    static let limits = HTTPLimits(body: 15 * 1024)

    static func call(_ request: HTTPRequest) throws(RegisterProblem) -> RegisterCall {
        guard let segments = request.segments, segments.count >= 2, ("v1" as StaticString).matches(segments[0])
        else { throw notFound }
        let rest = [[UInt8]](segments[2...])
        if ("payments" as StaticString).matches(segments[1]) { return try payments(rest, request) }
        if ("refunds" as StaticString).matches(segments[1]) { return try refunds(rest, request) }
        if ("status" as StaticString).matches(segments[1]), rest.isEmpty {
            try expect("GET", request)
            return .laneStatus
        }
        if ("lane" as StaticString).matches(segments[1]), rest.count == 1, ("release" as StaticString).matches(rest[0])
        {
            try expect("POST", request)
            return try release(request)
        }
        throw notFound
    }

    private static var notFound: RegisterProblem {
        RegisterProblem(.notFound, "The paths here are /v1/payments, /v1/refunds, /v1/lane/release and /v1/status.")
    }

    private static func expect(_ method: StaticString, _ request: HTTPRequest) throws(RegisterProblem) {
        guard method.matches(request.method) else {
            throw RegisterProblem(.methodNotAllowed, "This path takes \(method).")
        }
    }

    private static func payments(_ rest: [[UInt8]], _ request: HTTPRequest) throws(RegisterProblem) -> RegisterCall {
        guard let name = rest.first else {
            try expect("POST", request)
            return try pay(request)
        }
        if rest.count == 1 {
            try expect("GET", request)
            return .status(("last" as StaticString).matches(name) ? nil : try sale(name))
        }
        guard rest.count == 2 else { throw notFound }
        let sale = try sale(name)
        if ("acknowledge" as StaticString).matches(rest[1]) {
            try expect("POST", request)
            return .acknowledge(sale)
        }
        if ("disown" as StaticString).matches(rest[1]) {
            try expect("POST", request)
            return .disown(sale)
        }
        if ("cancel" as StaticString).matches(rest[1]) {
            try expect("POST", request)
            return .cancel(sale)
        }
        throw notFound
    }

    private static func sale(_ name: [UInt8]) throws(RegisterProblem) -> SaleReference {
        guard let sale = SaleReference(name) else {
            throw RegisterProblem(
                .malformed,
                "A saleRef is 1 to 40 of A-Z a-z 0-9 . _ : -",
                field: ("saleRef" as StaticString).bytes
            )
        }
        return sale
    }

    private static func pay(_ request: HTTPRequest) throws(RegisterProblem) -> RegisterCall {
        do throws(MessageError) {
            let object = try JSONObject(parsing: request.body)
            let sale = try object.identifier("saleRef", as: SaleReference.self)
            let amount = try object.money("amount", in: 1...Int64(1) << 53 - 1)
            let currency = try object.string("currency", length: 0...16)
            guard ("CNY" as StaticString).matches(currency) else { throw object.invalid("currency") }
            guard let code = PaymentCode(scanned: try object.string("paymentCode", length: 1...1024)) else {
                throw object.invalid("paymentCode")
            }
            let operatorName = try object.optionalText("operator", length: 0...40) ?? []
            var items: [BasketItem] = []
            for entry in try object.optionalObjects("items", atMost: PayRequest.maxItems) ?? [] {
                items.append(try BasketItem(entry))
            }
            return .pay(
                SaleRequest(saleReference: sale, amount: amount, code: code, operatorName: operatorName, items: items)
            )
        } catch {
            throw RegisterProblem(error)
        }
    }

    private static func refunds(_ rest: [[UInt8]], _ request: HTTPRequest) throws(RegisterProblem) -> RegisterCall {
        if let name = rest.first {
            guard rest.count == 1 else { throw notFound }
            try expect("GET", request)
            guard let reference = SaleReference(name) else {
                throw RegisterProblem(
                    .malformed,
                    "A refundRef is 1 to 40 of A-Z a-z 0-9 . _ : -",
                    field: ("refundRef" as StaticString).bytes
                )
            }
            return .refundStatus(reference)
        }
        try expect("POST", request)
        do throws(MessageError) {
            let object = try JSONObject(parsing: request.body)
            let target: TillEngine.RefundRequest.Target
            if let order = try object.optionalIdentifier("orderNumber", as: OrderNumber.self) {
                target = .order(order)
            } else {
                target = .sale(try object.identifier("saleRef", as: SaleReference.self))
            }
            return .refund(
                TillEngine.RefundRequest(
                    reference: try object.identifier("refundRef", as: SaleReference.self),
                    target: target,
                    amount: try object.money("amount", in: 1...Int64(1) << 53 - 1),
                    reason: try object.text("reason", length: 1...200),
                    operatorName: try object.optionalText("operator", length: 0...40) ?? []
                )
            )
        } catch {
            throw RegisterProblem(error)
        }
    }

    private static func release(_ request: HTTPRequest) throws(RegisterProblem) -> RegisterCall {
        do throws(MessageError) {
            let object = try JSONObject(parsing: request.body)
            return .release(
                supervisorCode: try object.text("supervisorCode", length: 1...64),
                reason: try object.text("reason", length: 1...200)
            )
        } catch {
            throw RegisterProblem(error)
        }
    }
}
