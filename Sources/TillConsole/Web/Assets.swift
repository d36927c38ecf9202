// Part of Tillbridge. See LICENSE.
import Crypto
import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// Style and script, built into the executable. Their address changes with their content, so browsers keep them.
enum Assets {
    private static let files: [(name: String, type: String, content: [UInt8])] = [
        ("console.css", "text/css; charset=utf-8", PackageResources.console_css),
        ("charts.js", "text/javascript; charset=utf-8", PackageResources.charts_js),
        ("refund.js", "text/javascript; charset=utf-8", PackageResources.refund_js),
        ("console.js", "text/javascript; charset=utf-8", PackageResources.console_js),
        ("icons.svg", "image/svg+xml", PackageResources.icons_svg),
        ("favicon.svg", "image/svg+xml", PackageResources.favicon_svg),
    ]

    static let version: String = {
        var hash = SHA256()
        for file in files { hash.update(data: file.content) }
        return hash.finalize().prefix(6).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }()

    /// Chart.js is a package of the system and no file of ours.
    private static let charts = ConsoleRoute.get("/assets/chart.js", .nothing) { call in
        guard let content = FileManager.default.contents(atPath: call.console.settings.chartLibrary) else {
            throw ConsoleProblem.notFound
        }
        return Response(
            status: .ok,
            headers: [.contentType: "text/javascript; charset=utf-8", .cacheControl: "public, max-age=3600"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: content))
        )
    }

    static let routes: [ConsoleRoute] =
        [charts]
        + files.map { file in
            .get("/assets/\(file.name)", .nothing) { call in
                let isKept = call.query["v"] == version
                return Response(
                    status: .ok,
                    headers: [
                        .contentType: file.type,
                        .cacheControl: isKept ? "public, max-age=31536000, immutable" : "no-cache",
                    ],
                    body: ResponseBody(byteBuffer: ByteBuffer(bytes: file.content))
                )
            }
        }
}
