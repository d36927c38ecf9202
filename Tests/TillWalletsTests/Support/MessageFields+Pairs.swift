// Part of Tillbridge. See LICENSE.

@testable import TillWallets

/// Fields as tests write and compare them.
extension MessageFields {
    init(_ pairs: some Sequence<(name: [UInt8], value: [UInt8])>) {
        self.init()
        for pair in pairs { append(pair.name, pair.value) }
    }

    init(_ pairs: some Sequence<(key: String, value: String)>) {
        self.init(pairs.map { (name: [UInt8]($0.key.utf8), value: [UInt8]($0.value.utf8)) })
    }

    var pairs: [(name: [UInt8], value: [UInt8])] { places.map { ([UInt8](name($0)), [UInt8](value($0))) } }
}
