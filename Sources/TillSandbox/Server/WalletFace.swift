// Part of Tillbridge. See LICENSE.

/// A call to a wallet as it came off the connection.
package struct WalletRequest: Sendable {
    package enum ClientCertificate: Equatable, Sendable {
        /// The plain port, which only this machine reaches.
        case plainPort
        case missing
        /// The merchant number in the certificate's name.
        case merchant(String)
    }

    package let method: String
    package let path: String
    /// Without the question mark, still percent-encoded.
    package let query: String
    package let contentType: String
    package let body: [UInt8]
    package let clientCertificate: ClientCertificate
    /// By their names in lower case.
    package let headers: [String: String]

    package init(
        method: String,
        path: String,
        query: String,
        contentType: String,
        body: [UInt8],
        clientCertificate: ClientCertificate,
        headers: [String: String] = [:]
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.contentType = contentType
        self.body = body
        self.clientCertificate = clientCertificate
        self.headers = headers
    }

    /// Scheme and host by which the caller reached the sandbox; addresses that it gives out begin with it.
    package var origin: String {
        "\(clientCertificate == .plainPort ? "http" : "https")://\(headers["host"] ?? "127.0.0.1")"
    }
}

/// A wallet's answer, to the byte.
package struct WalletReply: Equatable, Sendable {
    package let status: Int
    package let contentType: String
    package let body: [UInt8]
    /// The wallet's result code, for the log of calls.
    package let outcome: String
    package var headers: [String: String] = [:]

    /// What the real hosts answer where a client certificate is missing, before the wallet's software is asked at all.
    static let certificateRequired = WalletReply(
        status: 400,
        contentType: "text/html",
        body: Array(
            """
            <html>\r\n<head><title>400 No required SSL certificate was sent</title></head>\r\n<body>\r\n\
            <center><h1>400 Bad Request</h1></center>\r\n\
            <center>No required SSL certificate was sent</center>\r\n</body>\r\n</html>\r\n
            """.utf8
        ),
        outcome: "no-client-certificate"
    )
}

/// How a true answer is bent before it leaves.
package struct Distortion: Equatable, Sendable {
    /// Fen added to the amount it names.
    package let amountShift: Int64
    package let breaksSignature: Bool

    package static let none = Distortion(amountShift: 0, breaksSignature: false)
}

/// An answer that says nothing about what happened.
package enum SubstituteAnswer: Sendable {
    case systemError
    case unsignedError
    case foreignCharset
    /// "Not finished, call again" of a cancel.
    case callAgain
}

package protocol WalletCall: Sendable {
    var operation: SandboxOperation { get }
    var merchantOrderNumber: String? { get }
    /// What a pay call asks for.
    var payRequest: PayRequest? { get }
}

package enum Reading<Call: WalletCall>: Sendable {
    case call(Call)
    /// Refused at the door; the books were not opened.
    case refused(WalletReply)
    /// Answered at the door: it takes no books.
    case answered(WalletReply)
}

/// A wallet's wire: reads and checks what arrives, in the documented order, and writes the answer.
package protocol WalletFace: Sendable {
    associatedtype Call: WalletCall
    associatedtype Answer: Sendable

    var wallet: SandboxWallet { get }

    /// Whether the real wallet takes calls to this path with the merchant's client certificate only.
    func demandsCertificate(_ path: String) -> Bool

    /// `realNow`: milliseconds since 1970, by which a request's own time is judged.
    func read(_ request: WalletRequest, policies: Policies, realNow: Int64) -> Reading<Call>

    /// What the call is, for the faults. A wallet that asks one question for payments and refunds looks into its books.
    func operation(of call: Call, in state: SandboxState) -> SandboxOperation

    func execute(_ call: Call, on state: inout SandboxState, at now: Int64, course: RefundCourse) -> Answer

    func reply(_ answer: Answer, to call: Call, distortion: Distortion) -> WalletReply

    func reply(_ substitute: SubstituteAnswer, to call: Call) -> WalletReply
}

extension WalletFace {
    package func demandsCertificate(_ path: String) -> Bool { false }

    package func operation(of call: Call, in state: SandboxState) -> SandboxOperation { call.operation }
}
