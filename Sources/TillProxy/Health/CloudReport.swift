// Part of Tillbridge. See LICENSE.
import Foundation
import NIOCore
import TillDomain

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

    init(time: Timestamp, takesPayments: Bool, load: Int, routing: Int, configuration: Int, dark: [Wallet]) {
        self.time = time
        self.takesPayments = takesPayments
        self.load = load
        self.routing = routing
        self.configuration = configuration
        self.dark = dark
    }

    init?(json: ByteBuffer) {
        guard let object = try? JSONSerialization.jsonObject(with: Data(json.readableBytesView)) as? [String: Any],
            let time = object["time"] as? Int64, let takes = object["takesPayments"] as? Bool,
            let load = object["load"] as? Int, let routing = object["routing"] as? Int,
            let configuration = object["configuration"] as? Int, let dark = object["dark"] as? [String]
        else { return nil }
        self.init(
            time: Timestamp(milliseconds: time),
            takesPayments: takes,
            load: load,
            routing: routing,
            configuration: configuration,
            dark: dark.compactMap { Wallet(wireName: Array($0.utf8)) }
        )
    }
}
