// Part of Tillbridge. See LICENSE.
import Foundation
import NIOCore
import TillDomain

/// The one call that the proxy answers itself.
enum Heartbeat {
    /// The register that asks, or nil if the body is no heartbeat.
    static func register(in body: ByteBuffer) -> RegisterID? {
        guard let object = try? JSONSerialization.jsonObject(with: Data(body.readableBytesView)) as? [String: Any],
            let register = object["register"] as? String
        else { return nil }
        return RegisterID(Array(register.utf8))
    }

    static func answer(_ view: HealthView, next: CloudName?, at now: Int64) -> [UInt8] {
        var object: [String: Any] = [
            "v": 1, "time": view.time(at: now).milliseconds, "routing": view.routing,
            "configuration": view.configuration,
            "dark": view.dark(at: next).map { String(decoding: $0.wireBytes, as: UTF8.self) },
            "clouds": CloudName.allCases.map {
                ["name": String(decoding: $0.wireBytes, as: UTF8.self), "up": view[$0].isUp] as [String: Any]
            },
        ]
        if let next { object["next"] = String(decoding: next.wireBytes, as: UTF8.self) }
        return Array((try? JSONSerialization.data(withJSONObject: object)) ?? Data())
    }
}
