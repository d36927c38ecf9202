// Part of Tillbridge. See LICENSE.

/// The object inside a reply of Alipay: `code`, `msg`, then `sub_code`, `sub_msg`, then the rest by name; no white
/// space. The signature covers exactly these bytes.
package struct AlipayNode: Equatable, Sendable {
    package enum Value: Equatable, Sendable {
        case text(String)
        case list([[String: String]])
    }

    package let code: String
    package let message: String
    package let subCode: String?
    package let subMessage: String?
    package var fields: [String: Value] = [:]

    package init(code: String, message: String, subCode: String? = nil, subMessage: String? = nil) {
        self.code = code
        self.message = message
        self.subCode = subCode
        self.subMessage = subMessage
    }

    package subscript(name: String) -> String? {
        get {
            guard case .text(let text) = fields[name] else { return nil }
            return text
        }
        set { fields[name] = newValue.map(Value.text) }
    }

    package var json: String {
        var members = [("code", code), ("msg", message)]
        if let subCode { members.append(("sub_code", subCode)) }
        if let subMessage { members.append(("sub_msg", subMessage)) }
        var parts = members.map { "\(AlipayNode.quote($0.0)):\(AlipayNode.quote($0.1))" }
        for (name, value) in fields.sorted(by: { $0.key < $1.key }) {
            parts.append("\(AlipayNode.quote(name)):\(value.json)")
        }
        return "{\(parts.joined(separator: ","))}"
    }

    package static func quote(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case _ where scalar.value < 32:
                quoted += "\\u00" + (scalar.value < 16 ? "0" : "1") + String(scalar.value % 16, radix: 16)
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}

extension AlipayNode.Value {
    fileprivate var json: String {
        switch self {
        case .text(let text):
            return AlipayNode.quote(text)
        case .list(let items):
            let objects = items.map { item in
                let members = item.sorted { $0.key < $1.key }.map {
                    "\(AlipayNode.quote($0.key)):\(AlipayNode.quote($0.value))"
                }
                return "{\(members.joined(separator: ","))}"
            }
            return "[\(objects.joined(separator: ","))]"
        }
    }
}
