// Part of Tillbridge. See LICENSE.

extension SandboxKeys {
    package struct QQWallet: Codable, Sendable {
        package let mchID: String
        package let apiKey: String
        /// Who may give money back, with the password in clear.
        package let opUserID: String
        package let opUserPassword: String
        /// The authority of the client certificate, which the TLS port trusts.
        package let authority: String
        /// For the calls that give money back; its name is `mchID`.
        package let clientCertificate: String
        package let clientKey: String

        static func make() throws -> QQWallet {
            let mchID = "19" + randomText(8, from: "0123456789")
            let client = try SandboxCertificates.makeClient(mchID: mchID)
            return QQWallet(
                mchID: mchID,
                apiKey: randomText(32, from: "0123456789abcdefghijklmnopqrstuvwxyz"),
                opUserID: mchID + "001",
                opUserPassword: randomText(16, from: "0123456789abcdefghijklmnopqrstuvwxyz"),
                authority: client.authority,
                clientCertificate: client.certificate,
                clientKey: client.key
            )
        }
    }
}
