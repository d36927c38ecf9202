// Part of Tillbridge. See LICENSE.

extension PhonePage {
    static let html = #"""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>Shopper's phone</title>
        <link rel="icon" href="data:,">
        <link rel="stylesheet" href="/phone.css">
        </head>
        <body data-wallet="alipay">
        <main>
          <section class="phone" aria-label="Phone">
            <header>
              <div class="wallets" role="tablist" data-label="wallet">
                <button role="tab" id="tab-alipay" data-wallet="alipay" data-text="alipay"></button>
                <button role="tab" id="tab-wechatpay" data-wallet="wechatpay" data-text="wechatpay"></button>
                <button role="tab" id="tab-qqwallet" data-wallet="qqwallet" data-text="qqwallet"></button>
                <button role="tab" id="tab-unionpay" data-wallet="unionpay" data-text="unionpay"></button>
              </div>
            </header>
            <div class="screen">
              <div class="card" id="card">
                <p class="lead" data-text="show"></p>
                <svg id="bars" class="bars" role="img" data-label="barcode" preserveAspectRatio="none"></svg>
                <button id="digits" class="digits" type="button" data-title="copy"></button>
                <svg id="qr" class="qr" role="img" data-label="qr" viewBox="-4 -4 29 29"></svg>
                <div class="life">
                  <svg class="ring" viewBox="0 0 44 44" aria-hidden="true">
                    <circle class="track" cx="22" cy="22" r="18"></circle>
                    <circle class="left" id="ring" cx="22" cy="22" r="18" pathLength="100"></circle>
                    <text id="seconds" x="22" y="27"></text>
                  </svg>
                  <span id="notice" role="status"></span>
                  <button id="renew" class="quiet" type="button" data-text="renew"></button>
                </div>
                <div class="done" id="done" hidden>
                  <div class="badge" id="done-badge" aria-hidden="true"></div>
                  <p class="amount" id="done-amount"></p>
                  <p id="done-text"></p>
                  <button id="done-close" type="button" data-text="next"></button>
                </div>
              </div>
              <div class="balance">
                <span data-text="balance"></span>
                <strong id="balance">–</strong>
              </div>
              <section class="history">
                <h2 data-text="history"></h2>
                <ul id="history"></ul>
              </section>
            </div>
            <div class="sheet" id="sheet" role="dialog" aria-modal="true" aria-labelledby="sheet-title" hidden>
              <div class="sheet-body">
                <p class="sheet-title" id="sheet-title" data-text="password"></p>
                <p class="subject" id="sheet-subject"></p>
                <p class="amount" id="sheet-amount"></p>
                <div class="dots" aria-hidden="true"><i></i><i></i><i></i><i></i><i></i><i></i></div>
                <button id="confirm" class="primary" type="button" data-text="confirm"></button>
                <button id="reject" class="quiet" type="button" data-text="reject"></button>
              </div>
            </div>
          </section>
          <aside>
            <div class="language" role="group" aria-label="Language / 语言">
              <button type="button" data-language="en" lang="en">English</button>
              <button type="button" data-language="zh" lang="zh-CN">简体中文</button>
            </div>
            <h1 data-text="title"></h1>
            <p data-text="intro"></p>
            <fieldset>
              <legend data-text="behaviour"></legend>
              <div id="behaviours"></div>
            </fieldset>
          </aside>
        </main>
        <script src="/phone.js"></script>
        </body>
        </html>
        """#
}
