// Part of Tillbridge. See LICENSE.

/// Writes a zip archive as the wallets' bills come in: deflated members, names in whatever encoding the caller gives
/// and no flag that says which, no extras. Everything fits into 32 bits: a bill is made in memory.
package struct ZipArchive: Sendable {
    private var body: [UInt8] = []
    private var directory: [UInt8] = []
    private var count: UInt16 = 0
    private let date: UInt32

    /// - Parameter time: Milliseconds since 1970 UTC; the archive shows it as Chinese time.
    package init(at time: Int64) {
        let time = ChinaTime(milliseconds: time)
        let day = UInt32(max(0, time.year - 1980) << 9 | time.month << 5 | time.day)
        date = day << 16 | UInt32(time.hour << 11 | time.minute << 5 | time.second / 2)
    }

    package mutating func add(name: [UInt8], content: [UInt8]) {
        let deflated = Compression.raw.compress(content)
        var header: [UInt8] = []
        header.append(little: UInt16(20))  // version needed: deflate
        header.append(little: UInt16(0))
        header.append(little: UInt16(8))
        header.append(little: date)
        header.append(little: Compression.crc32(content))
        header.append(little: UInt32(deflated.count))
        header.append(little: UInt32(content.count))
        header.append(little: UInt16(name.count))
        header.append(little: UInt16(0))

        directory.append(little: UInt32(0x0201_4B50))
        directory.append(little: UInt16(20))
        directory += header
        // Comment, disk, attributes.
        directory += [UInt8](repeating: 0, count: 10)
        directory.append(little: UInt32(body.count))
        directory += name

        body.append(little: UInt32(0x0403_4B50))
        body += header + name + deflated
        count += 1
    }

    package var bytes: [UInt8] {
        var end: [UInt8] = []
        end.append(little: UInt32(0x0605_4B50))
        end.append(little: UInt32(0))
        end.append(little: count)
        end.append(little: count)
        end.append(little: UInt32(directory.count))
        end.append(little: UInt32(body.count))
        end.append(little: UInt16(0))
        return body + directory + end
    }
}

extension [UInt8] {
    fileprivate mutating func append(little value: some FixedWidthInteger) {
        for shift in stride(from: 0, to: value.bitWidth, by: 8) { append(UInt8(truncatingIfNeeded: value >> shift)) }
    }
}
