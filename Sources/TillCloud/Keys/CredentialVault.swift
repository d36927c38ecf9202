// Part of Tillbridge. See LICENSE.
import Crypto
import Foundation

/// The port to whatever holds the key that wraps data keys: a file here, a key management service elsewhere.
package protocol MasterKeys: Sendable {
    /// Wraps a fresh data key. `context` is bound to it and must be given again to unwrap.
    func wrap(_ dataKey: Secret<[UInt8]>, context: [UInt8]) throws -> (keyID: String, wrapped: [UInt8])
    func unwrap(_ wrapped: [UInt8], keyID: String, context: [UInt8]) throws -> Secret<[UInt8]>
}

/// Master keys from files: AES-256-GCM.
package struct FileMasterKeys: MasterKeys {
    struct Entry: Sendable {
        let id: String
        let key: Secret<SymmetricKey>
    }

    private let entries: [Entry]
    private let newest: Entry

    /// Nil without any key. The newest is the last.
    init?(_ entries: [Entry]) {
        guard let newest = entries.last else { return nil }
        self.entries = entries
        self.newest = newest
    }

    package func wrap(_ dataKey: Secret<[UInt8]>, context: [UInt8]) throws -> (keyID: String, wrapped: [UInt8]) {
        let box = try AES.GCM.seal(dataKey.reveal(), using: newest.key.reveal(), authenticating: context)
        return (newest.id, try CredentialVault.combined(box))
    }

    package func unwrap(_ wrapped: [UInt8], keyID: String, context: [UInt8]) throws -> Secret<[UInt8]> {
        guard let entry = entries.first(where: { $0.id == keyID }) else {
            throw StartError("The credentials are encrypted with \(keyID), which the key folder lacks: copy it there.")
        }
        let box = try AES.GCM.SealedBox(combined: wrapped)
        return Secret([UInt8](try AES.GCM.open(box, using: entry.key.reveal(), authenticating: context)))
    }
}

/// Encrypts wallet credentials at rest, as an envelope: a fresh data key per record, wrapped by the master key, so
/// that the master key can be rotated or live in a key service without touching the records' contents.
///
/// The text form is `tb1:<master key id>:<wrapped data key>:<sealed content>`, Base64. The record's name is bound to
/// both parts, so that an envelope moved to another account does not open.
package struct CredentialVault: Sendable {
    private let masterKeys: any MasterKeys

    package init(masterKeys: any MasterKeys) { self.masterKeys = masterKeys }

    package func seal(_ content: Secret<[UInt8]>, name: String) throws -> String {
        let dataKey = SymmetricKey(size: .bits256)
        let context = Array(name.utf8)
        let box = try AES.GCM.seal(content.reveal(), using: dataKey, authenticating: context)
        let (keyID, wrapped) = try masterKeys.wrap(Secret(dataKey.withUnsafeBytes { [UInt8]($0) }), context: context)
        let parts = [wrapped, try CredentialVault.combined(box)].map { Data($0).base64EncodedString() }
        return "tb1:\(keyID):\(parts[0]):\(parts[1])"
    }

    /// - Throws: ``StartError`` if the envelope is damaged, belongs to another record, or its master key is missing.
    package func open(_ envelope: String, name: String) throws(StartError) -> Secret<[UInt8]> {
        let parts = envelope.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 4, parts[0] == "tb1", let wrapped = Data(base64Encoded: String(parts[2])),
            let sealed = Data(base64Encoded: String(parts[3]))
        else { throw damaged(name) }
        do {
            let context = Array(name.utf8)
            let dataKey = try masterKeys.unwrap([UInt8](wrapped), keyID: String(parts[1]), context: context)
            let content = try AES.GCM.open(
                AES.GCM.SealedBox(combined: sealed),
                using: SymmetricKey(data: dataKey.reveal()),
                authenticating: context
            )
            return Secret([UInt8](content))
        } catch let error as StartError {
            throw error
        } catch {
            throw damaged(name)
        }
    }

    private func damaged(_ name: String) -> StartError {
        StartError("The encrypted credentials of account \(name) do not open: add the account again.")
    }

    fileprivate static func combined(_ box: AES.GCM.SealedBox) throws -> [UInt8] {
        // Nil only for a nonce of another length than the default.
        guard let combined = box.combined else { throw CryptoKitError.incorrectParameterSize }
        return [UInt8](combined)
    }
}
