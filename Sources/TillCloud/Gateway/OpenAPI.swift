// Part of Tillbridge. See LICENSE.
import TillDomain
import TillProtocol

/// The OpenAPI 3.1 document of a cloud, made from the same lists that the gateway routes by.
enum OpenAPI {
    static let document: [UInt8] = Array(text.utf8)

    private struct Field {
        let name: String
        let schema: String
        var isRequired = true

        init(_ name: String, _ schema: String, optional: Bool = false) {
            self.name = name
            self.schema = schema
            isRequired = !optional
        }
    }

    private static let string = #"{"type":"string"}"#
    private static let integer = #"{"type":"integer","minimum":0}"#
    private static let boolean = #"{"type":"boolean"}"#
    private static let money = #"{"type":"integer","minimum":0,"description":"fen"}"#
    private static let time = #"{"type":"integer","description":"milliseconds since 1970 UTC"}"#
    private static let list = #"{"type":"array"}"#
    private static let object = #"{"type":"object"}"#
    private static let cloud = #"{"enum":["A","B"]}"#
    private static let number = #"{"type":"string","minLength":24,"maxLength":24,"description":"order number"}"#
    private static let intent = #"{"type":"string","maxLength":200,"description":"the intent line"}"#
    private static let wait = #"{"type":"integer","minimum":0,"maximum":2500,"description":"milliseconds"}"#

    private static let paymentAnswer = [
        Field("n", number),
        Field(
            "state",
            #"{"enum":["paid","pending","unknown","declined","refused","conflict","revoking","revoked"]}"#
        ),
        Field("amount", money, optional: true), Field("currency", #"{"const":"CNY"}"#, optional: true),
        Field("wallet", string, optional: true), Field("walletTransaction", string, optional: true),
        Field("payer", string, optional: true), Field("reason", string, optional: true),
        Field("waitingFor", #"{"enum":["shopper","wallet"]}"#, optional: true),
    ]

    private static let items =
        #"{"type":"array","maxItems":100,"items":{"type":"object","required":["sku","name","quantity","unitPrice"]}}"#

    private static func request(_ endpoint: Endpoint) -> [Field] {
        switch endpoint {
        case .heartbeat: []
        case .hello:
            [
                Field("epoch", integer), Field("sequence", integer), Field("journalIndex", integer),
                Field("journalHash", #"{"type":"string","minLength":32,"maxLength":32}"#), Field("version", string),
                Field("acknowledges", boolean), Field("open", list), Field("unknown", list, optional: true),
            ]
        case .pay:
            [
                Field("intent", intent), Field("home", cloud), Field("send", integer),
                Field("code", #"{"type":"string","description":"the payment code; stored nowhere"}"#),
                Field("operator", string, optional: true), Field("items", items, optional: true), Field("wait", wait),
            ]
        case .query: [Field("intent", intent), Field("home", cloud), Field("wait", wait)]
        case .revoke:
            [
                Field("intent", intent), Field("home", cloud),
                Field(
                    "reason",
                    #"{"enum":["timeout","cashier","restart","disowned","mismatch","conflict","hygiene"]}"#
                ),
                Field("wait", wait),
            ]
        case .confirm:
            [Field("intent", intent), Field("home", cloud), Field("implicit", boolean), Field("journalIndex", integer)]
        case .refund:
            [
                Field("n", number), Field("reference", #"{"type":"string","minLength":1,"maxLength":40}"#),
                Field("amount", money), Field("reason", string), Field("operator", string),
            ]
        case .activate:
            [
                Field("code", #"{"type":"string","minLength":4,"maxLength":4}"#), Field("publicKey", string),
                Field("proof", #"{"type":"string","minLength":64,"maxLength":64}"#), Field("version", string),
                Field("acknowledges", boolean),
            ]
        case .peerLog:
            [
                Field("after", integer), Field("limit", #"{"type":"integer","minimum":1,"maximum":500}"#),
                Field("wait", #"{"type":"integer","minimum":0,"maximum":20000}"#),
                Field("routing", integer, optional: true),
            ]
        }
    }

    private static func answer(_ endpoint: Endpoint) -> [Field] {
        switch endpoint {
        case .heartbeat: []
        case .hello:
            [
                Field("sequence", integer), Field("journalIndex", integer), Field("open", list),
                Field("routing", object), Field("configuration", object), Field("keys", list), Field("ca", string),
                Field("timeFactor", #"{"type":"string"}"#, optional: true),
            ]
        case .pay, .query: paymentAnswer
        case .revoke:
            [
                Field("n", number), Field("state", #"{"enum":["revoking","duty","revoked","confirmed","stuck"]}"#),
                Field("step", string, optional: true), Field("nextSeconds", integer, optional: true),
                Field("kind", string, optional: true), Field("reason", string, optional: true),
            ]
        case .confirm: [Field("n", number), Field("state", #"{"enum":["confirmed","revoking","revoked"]}"#)]
        case .refund:
            [
                Field("n", number), Field("reference", string), Field("refundNumber", string, optional: true),
                Field("state", #"{"enum":["accepted","done","failed","refused"]}"#),
                Field("reason", string, optional: true), Field("refunded", money),
            ]
        case .activate:
            [
                Field("register", string), Field("generation", integer), Field("installation", #"{"enum":["T","1"]}"#),
                Field("store", object), Field("clouds", list), Field("ca", string), Field("proxies", list),
            ]
        case .peerLog: [Field("entries", list), Field("head", integer), Field("promotedAt", time)]
        }
    }

    private static func summary(_ endpoint: Endpoint) -> String {
        switch endpoint {
        case .heartbeat: "Answered by the proxy."
        case .hello: "Who the plug-in is, and what the installation is like."
        case .pay: "Collects money, once. Repeating it never charges twice."
        case .query: "What became of a payment."
        case .revoke: "Undoes a payment, whatever became of it."
        case .confirm: "The register took the tender."
        case .refund: "Gives money back for goods brought back."
        case .activate: "Enrols a register with its one-time code."
        case .peerLog: "The transaction log, for the other cloud."
        }
    }

    private static func schema(_ fields: [Field]) -> String {
        let properties = fields.map { #""\#($0.name)":\#($0.schema)"# }.joined(separator: ",")
        let required = fields.filter(\.isRequired).map { #""\#($0.name)""# }.joined(separator: ",")
        return #"{"type":"object","properties":{\#(properties)},"required":[\#(required)]}"#
    }

    private static let headers = ["Content-Digest", "Tillbridge-Cloud", "Signature-Input", "Signature"]

    private static func operation(_ endpoint: Endpoint) -> String {
        let head = [Field("v", #"{"const":1}"#), Field("id", string)]
        let cloudHead = endpoint == .activate ? [Field("time", time)] : [Field("cloud", cloud), Field("time", time)]
        let parameters = headers.map {
            #"{"name":"\#($0)","in":"header","required":true,"schema":{"type":"string"}}"#
        }.joined(separator: ",")
        return #"{"post":{"operationId":"\#(endpoint.label)","summary":"\#(summary(endpoint))","#
            + #""parameters":[\#(parameters)],"#
            + #""requestBody":{"required":true,"content":{"application/json":{"schema":"#
            + #"\#(schema(head + request(endpoint)))}}},"#
            + #""responses":{"200":{"description":"signed","content":{"application/json":{"schema":"#
            + #"\#(schema(head + cloudHead + answer(endpoint)))}}},"#
            + #""default":{"description":"a problem (RFC 9457); it says nothing about money","#
            + #""content":{"application/problem+json":{"schema":{"$ref":"#
            + ##""#/components/schemas/Problem"}}}}}}}"##
    }

    private static func page(_ page: CloudStatus.Page) -> String {
        let type =
            switch page {
            case .health, .openAPI: "application/json"
            case .ready, .metrics: "text/plain"
            }
        return #"{"get":{"operationId":"\#(page)","responses":{"200":{"description":"\#(page)","#
            + #""content":{"\#(type)":{}}}}}}"#
    }

    private static let text: String = {
        let calls = Endpoint.allCases.compactMap {
            CloudGateway.endpoint(String(decoding: $0.wireBytes, as: UTF8.self))
        }
        let paths =
            calls.map { #""\#(String(decoding: $0.wireBytes, as: UTF8.self))":\#(operation($0))"# }
            + CloudStatus.Page.allCases.map { #""\#($0.rawValue)":\#(page($0))"# }
        return #"{"openapi":"3.1.0","info":{"title":"Tillbridge cloud","version":"1"},"#
            + #""paths":{\#(paths.joined(separator: ","))},"#
            + #""components":{"schemas":{"Problem":{"type":"object","required":["type","title","status","detail"],"#
            + #""properties":{"type":{"type":"string"},"title":{"type":"string"},"status":{"type":"integer"},"#
            + #""detail":{"type":"string"},"field":{"type":"string"}}}}}}"#
    }()
}
