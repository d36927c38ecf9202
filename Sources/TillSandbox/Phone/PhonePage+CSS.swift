// Part of Tillbridge. See LICENSE.

extension PhonePage {
    static let css = #"""
        :root { --brand: #1677ff; --brand-deep: #0d4fb3; --ink: #16181d; --soft: #5d6470; --line: #e4e7ec; --bad: #c62828;
          --good: #12833c; font: 16px/1.45 system-ui, "Noto Sans CJK SC", "PingFang SC", "Microsoft YaHei", sans-serif; }
        body[data-wallet="wechatpay"] { --brand: #07a850; --brand-deep: #05713a; }
        body[data-wallet="qqwallet"] { --brand: #0f8fd6; --brand-deep: #0b5a9c; }
        body[data-wallet="unionpay"] { --brand: #d7322f; --brand-deep: #a01c1a; }
        * { box-sizing: border-box; }
        [hidden] { display: none !important; }
        body { margin: 0; min-height: 100vh; color: var(--ink); background: #eef1f6; }
        button { font: inherit; color: inherit; cursor: pointer; border: 0; background: none; }
        button:focus-visible, input:focus-visible + span { outline: 3px solid var(--brand); outline-offset: 2px; }
        main { display: flex; gap: 56px; justify-content: center; align-items: center; min-height: 100vh; padding: 28px; }
        .phone { position: relative; flex: none; width: 392px; height: min(844px, calc(100vh - 56px)); min-height: 640px;
          border: 11px solid #14161b; border-radius: 46px; overflow: hidden; display: flex; flex-direction: column;
          background: linear-gradient(#fff0, #fff0) , var(--brand); box-shadow: 0 24px 60px #1d2b4a3d; }
        .phone header { padding: 18px 16px 12px; }
        .wallets { display: grid; grid-template-columns: repeat(4, auto); gap: 2px; padding: 4px; border-radius: 14px;
          background: #0000002b; }
        .wallets button { padding: 8px 4px; border-radius: 11px; font-size: 14px; white-space: nowrap; color: #fff; font-weight: 600; }
        .wallets button[aria-selected="true"] { background: #fff; color: var(--brand-deep); }
        .screen { flex: 1; overflow-y: auto; padding: 0 14px 18px; scrollbar-width: none; }
        .card { position: relative; padding: 16px 16px 12px; text-align: center; background: #fff; border-radius: 18px; }
        .lead { margin: 0 0 12px; color: var(--soft); font-size: 15px; }
        .bars { display: block; width: 100%; height: 84px; }
        .bars path, .qr path { fill: #000; }
        .digits { padding: 8px 10px; font: 600 19px/1.2 ui-monospace, "DejaVu Sans Mono", Menlo, monospace;
          letter-spacing: .01em; border-radius: 8px; white-space: nowrap; }
        .digits:hover { background: #f2f4f8; }
        .qr { display: block; width: 208px; height: 208px; margin: -6px auto -4px; }
        .life { display: flex; align-items: center; gap: 10px; padding-top: 10px; border-top: 1px solid var(--line);
          text-align: left; font-size: 14px; color: var(--soft); }
        .life span { flex: 1; }
        .ring { flex: none; width: 44px; height: 44px; }
        .ring circle { fill: none; stroke-width: 4; }
        .ring .track { stroke: var(--line); }
        .ring .left { stroke: var(--brand); stroke-dasharray: 100; stroke-linecap: round; transform: rotate(-90deg);
          transform-origin: 50% 50%; }
        .ring.late .left { stroke: var(--bad); }
        .ring text { text-anchor: middle; font-size: 14px; font-weight: 600; fill: var(--ink); }
        .quiet { padding: 8px 12px; border-radius: 10px; color: var(--brand-deep); font-weight: 600; }
        .quiet:hover { background: #f2f4f8; }
        .done { position: absolute; inset: 0; z-index: 1; display: flex; flex-direction: column; gap: 6px;
          align-items: center; justify-content: center; background: #fff; border-radius: 18px; padding: 24px; }
        .done p { margin: 0; color: var(--soft); }
        .badge { flex: none; width: 72px; height: 72px; border-radius: 50%; display: grid; place-items: center;
          font-size: 38px; line-height: 1; color: #fff; background: var(--good); margin-bottom: 8px; }
        .done.bad .badge { background: var(--bad); }
        .amount { font-size: 34px; font-weight: 700; color: var(--ink) !important; font-variant-numeric: tabular-nums; }
        .done button { margin-top: 18px; padding: 10px 22px; border-radius: 12px; color: var(--brand-deep);
          background: #f2f4f8; font-weight: 600; }
        .balance { display: flex; justify-content: space-between; align-items: baseline; margin: 12px 0;
          padding: 12px 16px; background: #fff; border-radius: 14px; }
        .balance strong { font-size: 20px; font-variant-numeric: tabular-nums; }
        .history { padding: 12px 16px 6px; background: #fff; border-radius: 14px; }
        .history h2 { margin: 0 0 4px; font-size: 15px; color: var(--soft); font-weight: 600; }
        .history ul { list-style: none; margin: 0; padding: 0; }
        .history li { display: grid; grid-template-columns: 1fr auto; gap: 0 12px; padding: 9px 0;
          border-top: 1px solid var(--line); }
        .history li:first-child { border-top: 0; }
        .history .empty { display: block; color: var(--soft); }
        .history .what { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
        .history .sum { text-align: right; font-weight: 600; font-variant-numeric: tabular-nums; }
        .history small { color: var(--soft); }
        .history .state { text-align: right; }
        .state.good { color: var(--good); } .state.bad { color: var(--bad); }
        .sheet { position: absolute; inset: 0; z-index: 2; display: flex; align-items: flex-end; background: #0009; }
        .sheet-body { width: 100%; padding: 24px 24px 28px; text-align: center; background: #fff;
          border-radius: 24px 24px 0 0; animation: rise .22s ease-out; }
        .sheet p { margin: 0 0 4px; }
        .sheet-title { font-weight: 700; font-size: 18px; }
        .subject { color: var(--soft); overflow-wrap: anywhere; }
        .dots { display: flex; justify-content: center; gap: 12px; margin: 14px 0 22px; }
        .dots i { width: 40px; height: 46px; border: 1px solid #c9ced6; border-radius: 9px; display: grid;
          place-items: center; }
        .dots i::after { content: ""; width: 12px; height: 12px; border-radius: 50%; background: var(--ink); }
        .primary { width: 100%; padding: 14px; border-radius: 14px; color: #fff; background: var(--brand-deep);
          font-weight: 700; margin-bottom: 8px; }
        .primary:hover { filter: brightness(1.1); }
        @keyframes rise { from { transform: translateY(40%); } }
        @media (prefers-reduced-motion: reduce) { .sheet-body { animation: none; } }
        aside { max-width: 400px; }
        aside h1 { margin: 22px 0 8px; font-size: 30px; line-height: 1.2; }
        aside p { color: var(--soft); margin: 0 0 22px; }
        .language { display: inline-flex; gap: 4px; padding: 4px; border-radius: 12px; background: #dfe4ec; }
        .language button { padding: 6px 14px; border-radius: 9px; }
        .language button[aria-pressed="true"] { background: #fff; font-weight: 600; }
        fieldset { margin: 0; padding: 0; border: 0; }
        legend { padding: 0; margin-bottom: 8px; font-weight: 600; }
        #behaviours { display: grid; gap: 6px; }
        #behaviours label { display: block; cursor: pointer; }
        #behaviours input { position: absolute; opacity: 0; }
        #behaviours span { display: block; padding: 9px 14px; background: #fff; border: 2px solid #fff;
          border-radius: 12px; }
        #behaviours small { display: block; color: var(--soft); }
        #behaviours input:checked + span { border-color: var(--brand); }
        @media (max-width: 860px) {
          main { flex-direction: column; gap: 0; padding: 0; align-items: stretch; }
          .phone { width: 100%; height: auto; min-height: 0; border: 0; border-radius: 0; box-shadow: none; }
          .screen { overflow: visible; max-width: 480px; width: 100%; margin: 0 auto; }
          .sheet { position: fixed; }
          aside { max-width: 480px; width: 100%; margin: 0 auto; padding: 22px 14px 32px; }
        }
        @media (max-width: 380px) { .wallets { grid-template-columns: 1fr 1fr; } }
        @media (min-width: 861px) and (max-height: 880px) {
          #behaviours small { display: none; }
          aside h1 { margin-top: 12px; }
          aside p { margin-bottom: 14px; }
        }
        .beside .phone header { padding: 12px 14px 10px; }
        .beside .card { padding: 12px 16px 8px; }
        .beside .lead { margin: 0 0 8px; font-size: 14px; }
        .beside .bars { height: 62px; cursor: pointer; }
        .beside .qr { width: 158px; height: 158px; cursor: pointer; }
        .beside .screen { padding-bottom: 12px; }
        .beside .balance { margin: 10px 0; padding: 8px 16px; }
        .beside .history { padding: 8px 16px 4px; max-height: 132px; overflow-y: auto; }
        .beside .history li { padding: 5px 0; font-size: 14px; }
        .beside .language, .beside h1, .beside aside > p, .beside #behaviours small { display: none; }
        .beside aside { padding: 12px 14px 14px; }
        .beside #behaviours { grid-template-columns: 1fr 1fr; }
        .beside #behaviours span { padding: 6px 10px; font-size: 14px; }
        .beside #behaviours b { font-weight: 500; }
        .beside legend { margin-bottom: 6px; font-size: 14px; }
        @media (max-height: 800px) { .beside .qr { display: none; } .beside .history { max-height: 86px; } }
        """#
}
