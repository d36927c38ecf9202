// Part of Tillbridge. See LICENSE.
import NIOCore
import TillDomain
import TillProtocol

/// What a cloud says of itself: the answer to `GET /healthz`, which a proxy asks every 500 ms over its mutual TLS.
///
/// ```json
/// {"time":1795343400123,"takesPayments":true,"load":120,"routing":12,"configuration":7,"dark":["wechatpay"]}
/// ```
///
/// | Name | Meaning |
/// |---|---|
/// | `time` | the cloud's time in milliseconds since 1970 UTC, read as late as possible |
/// | `takesPayments` | false while it starts, drains, or distrusts its clock or its database; queries and undos still go there |
/// | `load` | 0 idle … 1000 full, for the assignment of registers |
/// | `routing`, `configuration` | versions of the newest documents it holds |
/// | `dark` | wallets that cannot be paid with at the moment |
///
/// Status 200 and this object is a good check; anything else, or nothing within 400 ms, is a failed one. The body is
/// at most 16 KiB; unknown names are ignored.
struct CloudReport: Equatable, Sendable {
    var time: Timestamp
    var takesPayments: Bool
    var load: Int
    var routing: Int
    var configuration: Int
    var dark: [Wallet]
}

extension CloudReport {
    init(json bytes: ByteBuffer) throws(MessageError) {
        let object = try JSONObject(parsing: Array(bytes.readableBytesView))
        time = try object.time("time")
        takesPayments = try object.bool("takesPayments")
        load = Int(try object.integer("load", in: 0...1_000))
        routing = Int(try object.integer("routing"))
        configuration = Int(try object.integer("configuration"))
        var dark: [Wallet] = []
        for name in try object.strings("dark", atMost: 32, length: 1...20) {
            guard let wallet = Wallet(name) else { throw object.invalid("dark") }
            dark.append(wallet)
        }
        self.dark = dark
    }
}
