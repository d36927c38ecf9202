// Part of Tillbridge. See LICENSE.
import CPlatform
import TillDomain
import TillProtocol

/// The commands that speak to the running plug-in, over the same interface as the register's software.
enum RegisterCommand {
    enum Call: WireName {
        case pay, status, acknowledge, disown, cancel, refund, release

        static let allCases: [Call] = [.pay, .status, .acknowledge, .disown, .cancel, .refund, .release]

        var wireName: StaticString {
            switch self {
            case .pay: "pay"
            case .status: "status"
            case .acknowledge: "acknowledge"
            case .disown: "disown"
            case .cancel: "cancel"
            case .refund: "refund"
            case .release: "release"
            }
        }
    }

    private struct Request {
        var method: StaticString = "POST"
        var target: [UInt8]
        var body: [UInt8] = []
    }

    static func run(
        _ call: Call,
        _ configuration: PluginConfiguration,
        _ arguments: Arguments
    ) throws(StartError) -> Int32 {
        var arguments = arguments
        let asJSON = arguments.flag("--json")
        let request = try request(call, &arguments)
        try arguments.finish()
        guard let answer = try exchange(request, configuration) else {
            Log.write(2, "tillbridge-plugin: no plug-in answers on \(configuration.listen.text); start it first.\n")
            return 3
        }
        return show(answer, call, configuration, asJSON: asJSON)
    }

    // MARK: - Request

    private static func request(_ call: Call, _ arguments: inout Arguments) throws(StartError) -> Request {
        switch call {
        case .pay:
            let sale = try arguments.required("--sale")
            let amount = try fen(&arguments)
            let operatorName = try arguments.option("--operator")
            let code = try arguments.option("--code") ?? input()
            return Request(
                target: ("/v1/payments" as StaticString).bytes,
                body: JSONWriter.object { json in
                    json.string("saleRef", sale)
                    json.integer("amount", amount)
                    json.string("currency", "CNY")
                    json.string("paymentCode", code)
                    if let operatorName { json.string("operator", operatorName) }
                }
            )
        case .status:
            if let sale = try arguments.option("--sale") {
                return Request(method: "GET", target: try path("/v1/payments/", sale))
            }
            if let refund = try arguments.option("--refund") {
                return Request(method: "GET", target: try path("/v1/refunds/", refund))
            }
            return Request(method: "GET", target: ("/v1/status" as StaticString).bytes)
        case .acknowledge, .disown, .cancel:
            let sale = try arguments.required("--sale")
            return Request(target: try path("/v1/payments/", sale) + [47] + call.wireBytes)
        case .refund:
            let reference = try arguments.required("--reference")
            let amount = try fen(&arguments)
            let reason = try arguments.required("--reason")
            let sale = try arguments.option("--sale")
            let order = try arguments.option("--order")
            return Request(
                target: ("/v1/refunds" as StaticString).bytes,
                body: JSONWriter.object { json in
                    json.string("refundRef", reference)
                    if let sale { json.string("saleRef", sale) }
                    if let order { json.string("orderNumber", order) }
                    json.integer("amount", amount)
                    json.string("reason", reason)
                }
            )
        case .release:
            let reason = try arguments.required("--reason")
            let code = try arguments.option("--supervisor") ?? input()
            return Request(
                target: ("/v1/lane/release" as StaticString).bytes,
                body: JSONWriter.object { json in
                    json.string("supervisorCode", code)
                    json.string("reason", reason)
                }
            )
        }
    }

    private static func fen(_ arguments: inout Arguments) throws(StartError) -> Int64 {
        let text = try arguments.required("--amount")
        guard let fen = Decimal.parse(text), fen > 0, fen < 1 << 53 else {
            throw StartError("--amount \(quoted: text) is not a whole number of fen above 0.")
        }
        return fen
    }

    private static func path(_ prefix: StaticString, _ name: [UInt8]) throws(StartError) -> [UInt8] {
        guard let reference = SaleReference(name) else {
            throw StartError("\(quoted: name) is not a reference: 1 to 40 of A-Z a-z 0-9 . _ : -")
        }
        return prefix.bytes + reference.bytes
    }

    /// The first line of standard input: what a scanner types, and what must not stand in a list of processes.
    private static func input() -> [UInt8] {
        var line: [UInt8] = []
        while line.count < 1_024, !line.contains(10) {
            let part = Bytes.filled(capacity: 256) { Int(cp_read(0, $0, $1)) }
            if part.isEmpty { break }
            line += part
        }
        return [UInt8](line.prefix { $0 != 10 && $0 != 13 })
    }

    // MARK: - Exchange

    private static func exchange(
        _ request: Request,
        _ configuration: PluginConfiguration
    ) throws(StartError) -> HTTPResponse? {
        var headers = HTTPHeaders()
        headers.add(HeaderName.contentType, MediaType.json)
        if configuration.tokenRequired {
            let token = try DataFolder(configuration.data).presentToken()
            headers.add("authorization", ("Bearer " as StaticString).bytes + token)
        }
        let message = HTTPSerializer.request(
            method: request.method,
            target: request.target,
            host: configuration.listen.text,
            headers: headers,
            body: request.body
        )
        var native = configuration.listen.native
        let socket = cp_connect(&native)
        guard socket >= 0 else { return nil }
        defer { _ = cp_close(socket) }
        var parser = HTTPResponseParser(limits: HTTPLimits(body: 64 * 1024))
        var rest = message[...]
        // The plug-in answers within a minute, whatever happens.
        let deadline = Clock.monotonic + 75_000
        while true {
            var entry = cp_poll_entry(fd: socket, wanted: UInt16(rest.isEmpty ? CP_READ : CP_WRITE), happened: 0)
            guard Clock.monotonic < deadline, cp_poll(&entry, 1, deadline - Clock.monotonic) >= 0 else { return nil }
            if entry.happened == 0 { continue }
            if !rest.isEmpty {
                let put = rest.withUnsafeBufferPointer { cp_write(socket, $0.baseAddress, $0.count) }
                guard put >= 0 else { return nil }
                rest = rest.dropFirst(Int(put))
                continue
            }
            let bytes = Bytes.filled(capacity: 4_096) { Int(cp_read(socket, $0, $1)) }
            if bytes.isEmpty { return nil }
            parser.feed(bytes)
            do throws(HTTPError) {
                if let answer = try parser.next() { return answer }
            } catch {
                return nil
            }
        }
    }

    // MARK: - Answer

    private static func show(
        _ answer: HTTPResponse,
        _ call: Call,
        _ configuration: PluginConfiguration,
        asJSON: Bool
    ) -> Int32 {
        if asJSON { Log.write(1, "\(answer.body)\n") }
        do throws(MessageError) {
            let object = try JSONObject(parsing: answer.body, limits: JSONLimits(depth: 6))
            guard answer.status == 200 else {
                if !asJSON {
                    Log.write(2, "tillbridge-plugin: \(try object.optionalText("detail", length: 0...2_000) ?? [])\n")
                }
                return answer.status == 400 ? 2 : 1
            }
            if !asJSON { try show(object, configuration.language) }
            guard call == .pay || call == .acknowledge else { return 0 }
            return ("paid" as StaticString).matches(try object.string("outcome", length: 0...40)) ? 0 : 1
        } catch {
            Log.write(2, "tillbridge-plugin: the answer cannot be read (\(error.detail)).\n")
            return 1
        }
    }

    private static let shown: [StaticString] = [
        "outcome", "state", "saleRef", "refundRef", "orderNumber", "wallet", "walletTransaction", "register", "lane",
        "reason", "version",
    ]
    private static let shownNumbers: [StaticString] = [
        "amount", "refunded", "decidesInSeconds", "retryAfterSeconds", "secondsSinceContact", "journalIndex",
    ]

    private static func show(_ object: JSONObject, _ language: PluginConfiguration.Language) throws(MessageError) {
        let message = try object.object("message")
        Log.write(1, "\(try message.text(language == .chinese ? "zh" : "en", length: 0...2_000))\n")
        for name in shown {
            if let value = try object.optionalString(name, length: 0...2_000) { Log.write(1, "\(name): \(value)\n") }
        }
        for name in shownNumbers {
            if let value = try object.optionalInteger(name) { Log.write(1, "\(name): \(value)\n") }
        }
    }
}
