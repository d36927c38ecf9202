// Part of Tillbridge. See LICENSE.

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#endif

/// Ports of loopback that nobody uses now.
enum FreePorts {
    /// Below the range from which the system takes ports for outgoing connections, so that a service that is killed
    /// and started again finds its port free.
    private static let range = 20_000...29_999

    static func draw(_ count: Int) throws -> [Int] {
        var ports: [Int] = []
        for _ in 0..<2_000 where ports.count < count {
            let port = Int.random(in: range)
            if !ports.contains(port), take(port) { ports.append(port) }
        }
        guard ports.count == count else { throw DemoFailure("No free ports were found: end other programs.") }
        return ports
    }

    /// Takes a port once, so that nobody draws it before its service has opened it.
    /// - Returns: False where it is in use or taken already.
    static func take(_ port: Int) -> Bool { isFree(port) && reserve(port) }

    /// Until a service has opened its port, some seconds from now, another demo must not draw it as well. A name in the
    /// system's abstract space of sockets belongs to one process, and is free again when that has ended, however it ends.
    private static func reserve(_ port: Int) -> Bool {
        #if os(Linux)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        // A zero byte, then the name.
        let name = [0] + Array("tillbridge-port-\(port)".utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: name) }
        let size = socklen_t(MemoryLayout<sa_family_t>.size + name.count)
        let isOurs = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) == 0 }
        }
        // Kept open: the reservation ends with this process.
        if !isOurs { _ = close(descriptor) }
        return isOurs
        #else
        return true
        #endif
    }

    static func isFree(_ port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { _ = close(descriptor) }
        // As servers do: a port in TIME_WAIT is free.
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        let size = socklen_t(MemoryLayout<sockaddr_in>.size)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, size) == 0 }
        }
    }
}
