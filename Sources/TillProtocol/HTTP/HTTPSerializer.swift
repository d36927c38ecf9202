// Part of Tillbridge. See LICENSE.
import TillDomain

/// Writes messages. The length of the body is always told; header values cannot break a line.
package enum HTTPSerializer {
    /// - Parameters:
    ///   - target: A path and perhaps a query, of visible ASCII.
    ///   - headers: Without `Host` and `Content-Length`.
    package static func request(
        method: StaticString,
        target: [UInt8],
        host: [UInt8],
        headers: HTTPHeaders,
        body: [UInt8]
    ) -> [UInt8] {
        var message: [UInt8] = []
        message.reserveCapacity(256 + 80 * headers.fields.count + body.count)
        message += method.bytes
        message.append(32)
        message += target
        message += (" HTTP/1.1\r\nhost: " as StaticString).bytes
        message += host.map(HTTPSyntax.safeInValue)
        append(headers, body, to: &message)
        return message
    }

    /// - Parameters:
    ///   - headers: Without `Content-Length` and `Connection`.
    ///   - closes: Tells the client that this is the last answer on the connection.
    package static func response(
        status: Int,
        headers: HTTPHeaders,
        body: [UInt8],
        closes: Bool = false
    ) -> [UInt8] {
        var message: [UInt8] = []
        message.reserveCapacity(256 + 80 * headers.fields.count + body.count)
        message += ("HTTP/1.1 " as StaticString).bytes
        message += Decimal.text(Int64(status))
        message.append(32)
        message += HTTPStatus.reason(status).bytes
        if closes { message += ("\r\nconnection: close" as StaticString).bytes }
        append(headers, body, to: &message)
        return message
    }

    private static func append(_ headers: HTTPHeaders, _ body: [UInt8], to message: inout [UInt8]) {
        message += [13, 10]
        for field in headers.fields {
            message += field.name
            message += [58, 32]
            message += field.value
            message += [13, 10]
        }
        message += ("content-length: " as StaticString).bytes
        message += Decimal.text(Int64(body.count))
        message += [13, 10, 13, 10]
        message += body
    }
}

package enum HTTPStatus {
    /// The phrase that belongs to a status.
    package static func reason(_ status: Int) -> StaticString {
        switch status {
        case 200: "OK"
        case 201: "Created"
        case 202: "Accepted"
        case 204: "No Content"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 409: "Conflict"
        case 411: "Length Required"
        case 413: "Content Too Large"
        case 415: "Unsupported Media Type"
        case 417: "Expectation Failed"
        case 421: "Misdirected Request"
        case 422: "Unprocessable Content"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 501: "Not Implemented"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        default: "Status"
        }
    }
}
