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

    /// Appends a line to a file, with its folder.
    static func append(_ line: String, to path: String) {
        if let slash = path.lastIndex(of: "/") { mkdir(String(path[..<slash]), 0o755) }
        guard let file = fopen(path, "a") else { return complain("\(path) cannot be written") }
        fputs(line + "\n", file)
        fclose(file)
    }

    enum Ending: Sendable {
        case code(Int32)
        case signal(Int32)
    }

    /// Runs this program again with other arguments, without its output, and waits.
    static func run(_ arguments: [String]) -> Ending {
        var words = ([CommandLine.arguments[0]] + arguments).map { strdup($0) }
        words.append(nil)
        defer { for word in words { free(word) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var process = pid_t()
        guard posix_spawn(&process, "/proc/self/exe", &actions, nil, words, environ) == 0 else { return .signal(0) }
        var status: Int32 = 0
        waitpid(process, &status, 0)
        return status & 0x7F == 0 ? .code(status >> 8 & 0xFF) : .signal(status & 0x7F)
    }
}
