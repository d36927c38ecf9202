// Part of Tillbridge. See LICENSE.
import CZlib

/// Unpacks what a wallet packed, within the limits of a statement.
enum Unpack {
    enum Wrapping: Int32 {
        // zlib's "window bits", which also tell it what stands around the packed data.
        case raw = -15
        case zlib = 15
        case gzip = 31
    }

    static func isGzip(_ bytes: [UInt8]) -> Bool { bytes.starts(with: [0x1f, 0x8b]) }

    /// - Parameter limit: Bytes that may still come out.
    /// - Throws: Also for data that ends early, or goes on behind its end.
    static func inflate(
        _ packed: ArraySlice<UInt8>,
        _ wrapping: Wrapping,
        limit: Int = StatementLimits.unpacked
    ) throws(StatementError) -> [UInt8] {
        let limit = min(limit, mostOf(packed.count))
        var stream = z_stream()
        guard czlib_inflate_init(&stream, wrapping.rawValue) == Z_OK else { throw .malformed("it cannot be unpacked") }
        defer { inflateEnd(&stream) }
        var result: [UInt8] = []
        var piece = [UInt8](repeating: 0, count: 1 << 16)
        let status = packed.withUnsafeBufferPointer { source -> Int32 in
            stream.next_in = UnsafeMutablePointer(mutating: source.baseAddress)
            stream.avail_in = UInt32(source.count)
            var status = Z_OK
            repeat {
                let size = piece.withUnsafeMutableBufferPointer { target -> Int in
                    stream.next_out = target.baseAddress
                    stream.avail_out = UInt32(target.count)
                    status = CZlib.inflate(&stream, Z_NO_FLUSH)
                    return target.count - Int(stream.avail_out)
                }
                result += piece[..<size]
            } while status == Z_OK && result.count <= limit
            return status
        }
        guard result.count <= limit else { throw .tooLarge }
        guard status == Z_STREAM_END, stream.avail_in == 0 else { throw .malformed("what it was packed in is damaged") }
        return result
    }

    private static func mostOf(_ packedSize: Int) -> Int { max(1 << 20, packedSize * StatementLimits.ratio) }

    /// The files of a zip archive, in the order of its directory.
    ///
    /// An own reader of forty lines over zlib: wallets send the plainest form, and every other one (encryption, the
    /// 64-bit form, several volumes) is refused.
    static func zip(_ archive: [UInt8]) throws(StatementError) -> [(name: [UInt8], content: [UInt8])] {
        let damaged = StatementError.malformed("it is no zip archive")
        let reader = LittleEndian(archive)
        let earliest = max(0, archive.count - 22 - 0xffff)
        guard archive.count >= 22,
            let end = stride(from: archive.count - 22, through: earliest, by: -1).first(where: {
                reader.four($0) == 0x0605_4b50
            }),
            let count = reader.two(end + 10), var place = reader.four(end + 16)
        else { throw damaged }
        guard count <= StatementLimits.entries else { throw .tooLarge }
        var files: [(name: [UInt8], content: [UInt8])] = []
        var room = StatementLimits.unpacked
        for _ in 0..<count {
            guard reader.four(place) == 0x0201_4b50, let flags = reader.two(place + 8),
                let method = reader.two(place + 10), let check = reader.four(place + 16),
                let packedSize = reader.four(place + 20), let size = reader.four(place + 24),
                let nameSize = reader.two(place + 28), let extraSize = reader.two(place + 30),
                let commentSize = reader.two(place + 32), let local = reader.four(place + 42),
                reader.four(local) == 0x0403_4b50, let localName = reader.two(local + 26),
                let localExtra = reader.two(local + 28),
                let name = reader.slice(place + 46, nameSize),
                let packed = reader.slice(local + 30 + localName + localExtra, packedSize)
            else { throw damaged }
            guard flags & 1 == 0, method == 0 || method == 8 else { throw .malformed("its zip archive is encrypted") }
            guard size <= min(room, mostOf(packedSize)) else { throw .tooLarge }
            let content: [UInt8]
            do throws(StatementError) {
                content = method == 0 ? [UInt8](packed) : try inflate(packed, .raw, limit: size)
            } catch {
                // More than the directory says.
                throw damaged
            }
            guard content.count == size, crc32(0, content, UInt32(content.count)) == UInt(check) else { throw damaged }
            room -= size
            files.append(([UInt8](name), content))
            place += 46 + nameSize + extraSize + commentSize
        }
        return files
    }

    /// Numbers in a file, never outside it.
    private struct LittleEndian {
        let bytes: [UInt8]

        init(_ bytes: [UInt8]) { self.bytes = bytes }

        func slice(_ start: Int, _ count: Int) -> ArraySlice<UInt8>? {
            start >= 0 && count >= 0 && start <= bytes.count && count <= bytes.count - start
                ? bytes[start..<(start + count)] : nil
        }

        func two(_ start: Int) -> Int? { slice(start, 2).map { $0.reversed().reduce(0) { $0 << 8 | Int($1) } } }
        func four(_ start: Int) -> Int? { slice(start, 4).map { $0.reversed().reduce(0) { $0 << 8 | Int($1) } } }
    }
}
