// Part of Tillbridge. See LICENSE.
import TillDomain
import TillProtocol

@testable import TillPlugin

/// What a register sends to its plug-in, and the plug-in's own files.
extension FuzzTarget {
    static let register: [FuzzTarget] = [
        FuzzTarget(
            "register-call",
            seeds: [
                #"{"saleRef":"S-1","amount":1290,"currency":"CNY","paymentCode":"283456789012345678","items":[]}"#,
                #"{"refundRef":"R-1","saleRef":"S-1","amount":290,"supervisorCode":"7711","reason":"broken"}"#,
                #"{"supervisorCode":"7711","reason":"records compared"}"#,
            ]
        ) { bytes in
            for (method, target) in [
                ("POST", "/v1/payments"), ("POST", "/v1/refunds"), ("POST", "/v1/lane/release"),
                ("GET", "/v1/payments/"),
            ] {
                let isBody = method == "POST"
                var parser = HTTPRequestParser()
                let path = isBody ? Array(target.utf8) : Array(target.utf8) + bytes.filter { $0 > 32 && $0 < 127 }
                parser.feed(Array("\(method) ".utf8) + path + Array(" HTTP/1.1\r\nHost: x\r\n".utf8))
                if isBody {
                    parser.feed(Array("Content-Type: application/json\r\nContent-Length: \(bytes.count)\r\n\r\n".utf8))
                    parser.feed(bytes)
                } else {
                    parser.feed(Array("\r\n".utf8))
                }
                guard let request = try? parser.next() else { continue }
                _ = try? RegisterRequest.call(request)
            }
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
