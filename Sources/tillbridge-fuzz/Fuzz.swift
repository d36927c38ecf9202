// Part of Tillbridge. See LICENSE.
import Glibc
import TillFuzz

#if TILLBRIDGE_LIBFUZZER
/// libFuzzer's own `main`: reads its options, and calls `test` until it has had enough.
@_extern(c, "LLVMFuzzerRunDriver")
private func runLibFuzzer(
    _ count: UnsafeMutablePointer<CInt>,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>>,
    _ test: @convention(c) (UnsafePointer<UInt8>?, Int) -> CInt
) -> CInt

/// In place of libFuzzer's own, which notes what 64-bit numbers are compared. In Swift those are indices and their bounds at
/// nearly every step: a third of the time for coverage no better. Comparisons with constants and of bytes are still noted.
@_cdecl("__sanitizer_cov_trace_cmp8")
func ignoreComparison(_: UInt64, _: UInt64) {}

/// Which parser: `TILLBRIDGE_FUZZ` names it. `list` prints the names, and where each begins.
private let target: FuzzTarget = {
    let name = getenv("TILLBRIDGE_FUZZ").map { String(cString: $0) } ?? "list"
    guard let target = FuzzTarget.named(name) else {
        for target in FuzzTarget.all { print(([target.name] + target.corpus).joined(separator: "\t")) }
        exit(name == "list" ? 0 : 2)
    }
    return target
}()

@main struct Fuzz {
    static func main() {
        writeSeeds()
        var count = CommandLine.argc
        var arguments = CommandLine.unsafeArgv
        let code = runLibFuzzer(&count, &arguments) { bytes, count in
            target.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
            return 0
        }
        exit(code)
    }

    /// Writes the beginnings that no file holds to where `TILLBRIDGE_FUZZ_SEEDS` says.
    private static func writeSeeds() {
        let seeds = target.seeds
        guard let folder = getenv("TILLBRIDGE_FUZZ_SEEDS").map({ String(cString: $0) }) else { return }
        for (place, seed) in seeds.enumerated() {
            guard let file = fopen("\(folder)/seed-\(place)", "w") else { exit(2) }
            fwrite(Array(seed.utf8), 1, seed.utf8.count, file)
            fclose(file)
        }
    }
}
#else
@main struct Fuzz {
    static func main() {
        print("This program was built without libFuzzer: ./run fuzz builds it with.")
        exit(2)
    }
}
#endif
