// Part of Tillbridge. See LICENSE.
import Foundation

/// A chart as the page's script draws it, and as a table for whoever cannot see it. Every mark opens the list behind it.
struct ChartModel: Encodable, Sendable {
    enum Kind: String, Encodable, Sendable {
        case line, bar, doughnut
    }

    struct Series: Encodable, Sendable {
        let name: String
        let values: [Double?]
        let links: [String]
    }

    let kind: Kind
    /// What the values are in: `%`, `ms`.
    let unit: String
    let labels: [String]
    let series: [Series]

    /// For a template: the data, and rows of a table.
    func model(id: String, title: String, help: String) -> [String: Any] {
        let data = (try? JSONEncoder().encode(self)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
        return [
            "id": id,
            "title": title,
            "help": help,
            "data": data,
            "isEmpty": !series.contains { $0.values.contains { $0 != nil } },
            "columns": series.map { ["name": $0.name] },
            "rows": labels.enumerated().map { position, label -> [String: Any] in
                [
                    "label": label,
                    "cells": series.map { series -> [String: Any] in
                        let value = series.values[position]
                        return [
                            "text": value.map { "\(text($0))\u{00A0}\(unit)" } ?? "–",
                            "path": value == nil ? "" : series.links[position],
                        ]
                    },
                ]
            },
        ]
    }

    private func text(_ value: Double) -> String {
        value == value.rounded() ? "\(Int(value))" : "\((value * 10).rounded() / 10)"
    }
}
