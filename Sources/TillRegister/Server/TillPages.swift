// Part of Tillbridge. See LICENSE.
import HTTPTypes
import Hummingbird
import NIOCore

/// The files under `Pages`, built into the executable.
enum TillPages {
    static var page: Response { file(PackageResources.till_html, "text/html; charset=utf-8") }
    static var style: Response { file(PackageResources.till_css, "text/css; charset=utf-8") }
    static var script: Response { file(PackageResources.till_js, "text/javascript; charset=utf-8") }
    static var words: Response { file(PackageResources.words_js, "text/javascript; charset=utf-8") }
    static var icon: Response { file(PackageResources.favicon_svg, "image/svg+xml") }

    private static func file(_ content: [UInt8], _ type: String) -> Response {
        Response(
            status: .ok,
            headers: [.contentType: type, .cacheControl: "no-cache"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: content))
        )
    }
}
