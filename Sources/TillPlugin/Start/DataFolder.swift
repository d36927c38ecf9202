// Part of Tillbridge. See LICENSE.
import TillDomain

/// The plug-in's folder: identity, device key, the register's token, journal.
struct DataFolder: Sendable {
    let path: [UInt8]

    init(_ path: [UInt8]) { self.path = path }

    private var keyPath: [UInt8] { Files.joined(path, ("device.key" as StaticString).bytes) }
    var identityPath: [UInt8] { Files.joined(path, ("identity" as StaticString).bytes) }
    var tokenPath: [UInt8] { Files.joined(path, ("register.token" as StaticString).bytes) }

    /// Makes the folder where there is none. The register's user passes through it to the token.
    func create() throws(StartError) {
        do throws(SystemError) {
            try Files.makeFolder(path, mode: 0o750)
        } catch {
            throw StartError("The folder \(path) cannot be made (\(error)); check 'data' and the rights above it.")
        }
    }

    // MARK: - Device key

    /// The device key; nil where there is none yet.
    func key() throws(StartError) -> SigningKey? {
        guard let content = try content(of: keyPath, limit: 33, forbidden: 0o077, rule: "0600") else { return nil }
        guard let key = SigningKey(secret: content) else {
            throw StartError("\(keyPath) is not a key of 32 bytes; restore it, or activate the register anew.")
        }
        return key
    }

    func store(_ key: SigningKey) throws(StartError) { try replace(keyPath, key.secret, mode: 0o600) }

    // MARK: - Identity

    /// Who this register is; nil before activation.
    func identity() throws(StartError) -> Identity? {
        guard let content = try content(of: identityPath, limit: 65_536, forbidden: 0o022, rule: "0644 or stricter")
        else { return nil }
        guard let identity = Identity(decoding: content) else {
            throw StartError(
                "\(identityPath) is not readable as an identity; restore it, or activate the register anew."
            )
        }
        return identity
    }

    func store(_ identity: Identity) throws(StartError) { try replace(identityPath, identity.encode(), mode: 0o600) }

    // MARK: - Token

    /// What the register proves itself with: 64 characters, or whatever a person put into the file. Made where missing.
    func token() throws(StartError) -> [UInt8] {
        if let token = try storedToken() { return token }
        let token = Hex.encode(Random.bytes(32))
        try replace(tokenPath, token + [10], mode: 0o640)
        return token
    }

    /// The same for a caller, who makes none.
    func presentToken() throws(StartError) -> [UInt8] {
        guard let token = try storedToken() else {
            throw StartError("\(tokenPath) is missing; it is made when the plug-in starts.")
        }
        return token
    }

    private func storedToken() throws(StartError) -> [UInt8]? {
        guard let content = try content(of: tokenPath, limit: 1_025, forbidden: 0o007, rule: "0640") else { return nil }
        let token = content.filter { $0 > 32 }
        guard (16...1_024).contains(token.count), token.allSatisfy({ $0 < 127 }) else {
            throw StartError("\(tokenPath) is not a token of 16 to 1024 visible characters; delete it for a new one.")
        }
        return token
    }

    // MARK: - Files

    /// - Parameter forbidden: Permission bits that nobody may have.
    private func content(
        of path: [UInt8],
        limit: Int,
        forbidden: UInt32,
        rule: StaticString
    ) throws(StartError) -> [UInt8]? {
        let information: Files.Information
        let content: [UInt8]
        do throws(SystemError) {
            information = try Files.information(path)
            content = try Files.read(path, limit: limit)
        } catch {
            if error.isMissing { return nil }
            throw StartError("\(path) cannot be read (\(error)); check its owner and rights.")
        }
        guard information.isFile else { throw StartError("\(path) is not a file; move it away.") }
        guard information.mode & forbidden == 0 else {
            throw StartError("\(path) is open to others than its owner; set its mode to \(rule).")
        }
        return content
    }

    private func replace(_ path: [UInt8], _ content: [UInt8], mode: UInt32) throws(StartError) {
        do throws(SystemError) {
            try Files.replace(path, with: content, mode: mode)
        } catch {
            throw StartError("\(path) cannot be written (\(error)); check the folder's owner and free space.")
        }
    }
}
