// Part of Tillbridge. See LICENSE.

/// A launch as pages show it.
struct LaunchView {
    private let seen: LaunchRoutes.Seen
    private let outcomes: Outcomes
    private let call: Call

    init(_ seen: LaunchRoutes.Seen, _ outcomes: Outcomes, _ call: Call) {
        self.seen = seen
        self.outcomes = outcomes
        self.call = call
    }

    private var record: LaunchRecord { seen.record }
    private var launch: Launch { seen.record.launch }

    // MARK: - Chips

    static func chip(_ state: Node.State, _ words: Words) -> [String: Any] {
        let (style, icon) =
            switch state {
            case .draft: ("grey-line", "clock")
            case .testing: ("blue-line", "question")
            case .live: ("green", "check")
            case .paused: ("amber-line", "alert")
            }
        return ["style": style, "icon": icon, "name": words.text(state.phrase)]
    }

    private var stateChip: [String: Any] {
        let (style, icon) =
            switch launch.state {
            case .preparing: ("grey-line", "clock")
            case .running: ("blue", "rocket")
            case .paused: ("amber", "alert")
            case .finished: ("green", "check")
            case .stopped: ("grey-solid", "cross")
            }
        return ["style": style, "icon": icon, "name": call.text(launch.state.phrase)]
    }

    /// A line of a checklist: done, not yet, or wrong.
    private func check(_ isDone: Bool, _ text: String, isWrong: Bool = false) -> [String: Any] {
        [
            "icon": isDone ? "check" : isWrong ? "cross" : "clock",
            "style": isDone ? "done" : isWrong ? "bad" : "open",
            "text": text,
        ]
    }

    // MARK: - Models

    var summary: [String: Any] {
        let formats = call.formats
        let live = record.codes(.live).count
        var model: [String: Any] = [
            "id": launch.id,
            "name": launch.name,
            "version": launch.version,
            "state": stateChip,
            "progress": call.text(
                Phrase("launches.progress", formats.count(live), formats.count(record.stores.count))
            ),
            "live": live,
            "stores": record.stores.count,
            "wallets": record.wallets.map { PaymentRow.walletName($0.wallet, call.words) }.joined(separator: ", "),
            "creator": launch.creator,
            "created": formats.moment(launch.createdAt),
            "rate": Outcomes.text(outcomes.rate),
            "counted": call.text(
                Phrase("accounts.counted", formats.count(outcomes.succeeded + outcomes.failed))
            ),
        ]
        if launch.state == .running, let next = launch.nextWaveAt {
            model["next"] = formats.moment(next)
            model["isLastWave"] = record.codes(.waiting).isEmpty
        }
        return model
    }

    func page(history: [AuditLog.Entry]) -> [String: Any] {
        let formats = call.formats
        let mayManage = call.visitor?.may(.manageLaunches) == true && seen.isWhole
        var model = summary
        model["accounts"] = record.wallets.map { wallet -> [String: Any] in
            ["wallet": PaymentRow.walletName(wallet.wallet, call.words), "account": wallet.account]
        }
        model["hasWallets"] = !record.wallets.isEmpty
        if let startsAt = launch.startsAt {
            model["plan"] = [
                "startsAt": formats.moment(startsAt),
                "waves": launch.waveSize == 0
                    ? call.text(Phrase("launches.allAtOnce"))
                    : call.text(
                        Phrase(
                            "launches.waves",
                            formats.count(launch.waveSize),
                            formats.count(Int(launch.waveMinutes))
                        )
                    ),
                "rule": launch.leastRate.map {
                    call.text(Phrase("launches.rule", "\($0)", formats.count(launch.leastPayments)))
                } ?? call.text(Phrase("launches.noRule")),
            ]
        }
        if launch.state == .paused, let kind = launch.pauseKind {
            let phrase =
                switch kind {
                case .person: Phrase("launches.pausedByPerson", launch.pauseText)
                case .rate: Phrase("launches.pausedByRate", launch.pauseText, "\(launch.leastRate ?? 0)")
                case .cloud: Phrase("launches.pausedByCloud", launch.pauseText)
                }
            model["paused"] = call.text(phrase)
        }
        model["isPreparing"] = launch.state == .preparing && mayManage
        model["isRunning"] = launch.state == .running
        model["mayPause"] = launch.state == .running && mayManage
        model["mayResume"] = launch.state == .paused && mayManage
        model["mayStop"] = launch.state.isOpen && mayManage
        model["rows"] = seen.nodes.map { row($0) }
        let hidden = record.stores.count - seen.nodes.count
        if hidden > 0 { model["hidden"] = call.text(Phrase("launches.hidden", formats.count(hidden))) }
        // What was done names stores: it is for whoever may see them all.
        model["isWhole"] = seen.isWhole
        model["history"] = history.map { entry -> [String: Any] in
            [
                "time": formats.moment(entry.time),
                "actor": entry.actor,
                "action": call.text(Phrase(family: "audit", entry.action)),
                "after": entry.after,
            ]
        }
        return model
    }

    private func row(_ node: Node) -> [String: Any] {
        let store = record.stores.first { $0.store == node.code }
        let mayManage = call.visitor?.scope(of: .manageLaunches).covers(node.path) == true
        var checks = [
            check(!record.wallets.isEmpty, call.text(Phrase("launches.checkAccounts")))
        ]
        for wallet in record.wallets {
            let name = PaymentRow.walletName(wallet.wallet, call.words)
            let test = record.test(node.code, wallet.wallet)
            let isPaid = test?.result == "paid"
            let why = test.flatMap { $0.reason }.map { " · " + PaymentRow.reason($0, call.words) } ?? ""
            checks.append(
                check(isPaid, call.text(Phrase("launches.checkPaid", name)) + why, isWrong: test != nil && !isPaid)
            )
            if isPaid { checks.append(check(test?.isUndone == true, call.text(Phrase("launches.checkUndone", name)))) }
        }
        let isLive = store?.state == .live
        checks.append(
            check(
                isLive,
                store?.liveSince.map { call.text(Phrase("launches.checkLive", call.formats.moment($0))) }
                    ?? call.text(store?.state == .going ? Phrase("launches.checkGoing") : Phrase("launches.checkWaits"))
            )
        )
        return [
            "store": node.code,
            "storeName": node.name,
            "chip": LaunchView.chip(node.state ?? .draft, call.words),
            "wave": store?.wave.map { "\($0)" } ?? "–",
            "checks": checks,
            "mayTest": mayManage && launch.state.isOpen && !record.wallets.isEmpty,
            "mayPause": mayManage && isLive && node.state == .live,
            "mayResume": mayManage && isLive && node.state == .paused,
        ]
    }
}
