// Part of Tillbridge. See LICENSE.

/// What a person reads when the demo runs.
enum DemoWelcome {
    /// Seconds with one decimal.
    static func seconds(since start: ContinuousClock.Instant) -> String {
        let tenths = Int((DemoLane.seconds(since: start) * 10).rounded())
        return "\(tenths / 10).\(tenths % 10)"
    }

    static func text(_ ready: ReadyLine, data: String, seconds: String, phone: String?, sales: LiveSales) -> String {
        """

        Tillbridge is running (after \(seconds) s). Nothing here reaches a real wallet.

          Till and phone side by side   \(ready.till ?? "")
          Console                       \(ready.console ?? "")
            users and passwords         \(data)/demo-users.txt
          Phone alone                   \(phone ?? "")
          Proxy's health and metrics    \(ready.proxyAdmin.first ?? "")/readyz, /metrics
          Logs and databases            \(data)/
        \(sales.text.map { "\n\($0)\n" } ?? "")
        Try this:
          1. Tap some goods on the till, and click the phone's bar code to hold it up to the scanner: paid.
          2. Let the shopper type the password, and decline. Or never type it: after 45 s the till says that the
             payment is being undone, and the next mobile payment waits until it is.
          3. Stop a payment while the phone still asks. Cash stays open all the time.
          4. Kill a cloud in the middle of a payment:   kill -9 \(ready.pids["cloudA"] ?? 0)
             or the plug-in:                            kill -9 \(ready.pids["plugin1"] ?? 0)
          5. Let the wallet lose an answer\(sales.text == nil ? "" : " (perhaps that of a live sale)"):
             curl -X PUT \(ready.sandbox)/sandbox/v1/faults -H 'Content-Type: application/json' \\
               -d '[{"wallet":"alipay","operation":"pay","fault":"drop-reply","count":1}]'
          6. While a payment is being undone, release the lane after 120 s as a supervisor: code \(StackSetup.supervisorCode).
          7. Play all of it at once, with a checker:    ./run demo --once

        Ctrl-C ends everything.
        """
    }
}
