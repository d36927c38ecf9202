// Part of Tillbridge. See LICENSE.

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// What the machine has and what this process has used of it.
enum Processor {
    static var cores: Int { max(1, Int(sysconf(Int32(_SC_NPROCESSORS_ONLN)))) }

    /// Processor time of the whole process, in seconds: what other processes take does not count.
    static var seconds: Double {
        var time = timespec()
        clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
        return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
    }

    static func environment(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }

    /// One line on standard error.
    static func complain(_ sentence: String) {
        let line = sentence + "\n"
        _ = line.withCString { write(2, $0, line.utf8.count) }
    }
}
