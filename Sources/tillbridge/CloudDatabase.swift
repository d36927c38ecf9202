// Part of Tillbridge. See LICENSE.
import NIOCore
import TillCloud
import TillDomain
import TillStore
import TillStoreSQLite

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// The database of a cloud, by the setting that names it.
enum CloudDatabase {
    static func open(_ setting: String?, settings: CloudSettings) throws(StartError) -> any CloudStore {
        let path: String
        if let setting {
            guard setting.hasPrefix("sqlite:"), setting.count > "sqlite:".count else {
                throw StartError("--database \(setting): give sqlite:PATH.")
            }
            path = String(setting.dropFirst("sqlite:".count))
        } else {
            path = settings.data + "/cloud.sqlite"
        }
        let clock = SystemClock()
        do throws(StoreStartError) {
            return try SQLiteStore.open(path: path, cloud: settings.name, clock: { clock.now() })
        } catch {
            throw StartError(error.sentence)
        }
    }

    static func makeFolder(_ path: String) throws(StartError) { try PrivateFile.createFolder(path) }

    /// What a person can do about an error of the operating system.
    static func explained(_ error: any Error, listen: String) -> any Error {
        if error is SocketAddressError.UnknownHost {
            return StartError("--listen \(listen): this host is not known; give an address of this machine.")
        }
        guard let error = error as? IOError else { return error }
        switch error.errnoCode {
        case EADDRINUSE:
            return StartError("--listen \(listen): the port is in use; stop the other program or give another port.")
        case EACCES, EADDRNOTAVAIL:
            return StartError("--listen \(listen): this address cannot be used here; give another one.")
        default: return error
        }
    }
}
