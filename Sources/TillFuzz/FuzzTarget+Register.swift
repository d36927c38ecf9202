// Part of Tillbridge. See LICENSE.
import TillDomain

@testable import TillPlugin
@testable import TillProtocol

/// What a register sends to its plug-in, and the plug-in's own files.
extension FuzzTarget {
    private static let get = ("GET" as StaticString).bytes
    private static let post = ("POST" as StaticString).bytes
    private static let payment = ("/v1/payments/" as StaticString).bytes

    private static let headers: HTTPHeaders = {
        var headers = HTTPHeaders()
        headers.add(HeaderName.contentType, MediaType.json)
        return headers
    }()

    private static func call(_ method: [UInt8], _ target: [UInt8], _ body: [UInt8]) {
        let start = HTTPRequest.Start(method: method, target: target, minorVersion: 1)
        _ = try? RegisterRequest.call(HTTPRequest(start, headers: headers, body: body))
    }

    static let register: [FuzzTarget] = [
        FuzzTarget(
            "register-call",
            seeds: [
                #"{"saleRef":"S-1","amount":1290,"currency":"CNY","paymentCode":"283456789012345678","items":[]}"#,
                #"{"refundRef":"R-1","saleRef":"S-1","amount":290,"supervisorCode":"7711","reason":"broken"}"#,
                #"{"supervisorCode":"7711","reason":"records compared"}"#,
            ]
        ) { bytes in
            for target in ["/v1/payments", "/v1/refunds", "/v1/lane/release"] as [StaticString] {
                call(post, target.bytes, bytes)
            }
            call(get, payment + bytes.filter { $0 > 32 && $0 < 127 }, [])
        },
        FuzzTarget(
            "plugin-files",
            seeds: ["data = /var/lib/tillbridge\nproxies = 127.0.0.1:7500\nlisten = 127.0.0.1:7600\n", "{\"v\":1}"]
        ) { bytes in
            _ = try? PluginConfiguration(text: bytes, file: Array("plugin.conf".utf8))
            _ = Identity(decoding: bytes)
            _ = IPAddress(bytes)
        },
    ]
}
