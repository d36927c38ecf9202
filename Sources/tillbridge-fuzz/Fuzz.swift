// Part of Tillbridge. See LICENSE.
import Glibc
import TillFuzz

#if TILLBRIDGE_LIBFUZZER
/// Which parser: `TILLBRIDGE_FUZZ` names it. `list` prints the names, and where each begins.
private let target: FuzzTarget = {
    let name = getenv("TILLBRIDGE_FUZZ").map { String(cString: $0) } ?? "list"
    guard let target = FuzzTarget.named(name) else {
        for target in FuzzTarget.all { print(([target.name] + target.corpus).joined(separator: "\t")) }
        exit(name == "list" ? 0 : 2)
    }
    return target
}()

/// Writes the beginnings that no file holds to where `TILLBRIDGE_FUZZ_SEEDS` says.
@_cdecl("LLVMFuzzerInitialize")
public func initialize(
    _ count: UnsafeMutablePointer<Int32>?,
    _ arguments: UnsafeMutablePointer<UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?>?
) -> Int32 {
    let seeds = target.seeds
    guard let folder = getenv("TILLBRIDGE_FUZZ_SEEDS").map({ String(cString: $0) }) else { return 0 }
    for (place, seed) in seeds.enumerated() {
        guard let file = fopen("\(folder)/seed-\(place)", "w") else { exit(2) }
        fwrite(Array(seed.utf8), 1, seed.utf8.count, file)
        fclose(file)
    }
    return 0
}

@_cdecl("LLVMFuzzerTestOneInput")
public func test(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> Int32 {
    target.run(Array(UnsafeBufferPointer(start: bytes, count: count)))
    return 0
}
#else
@main struct Fuzz {
    static func main() {
        print("This program was built without libFuzzer: ./run fuzz builds it with.")
        exit(2)
    }
}
#endif
