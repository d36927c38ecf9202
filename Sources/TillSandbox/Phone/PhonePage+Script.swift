// Part of Tillbridge. See LICENSE.

extension PhonePage {
    static let script = #"""
        "use strict";
        const texts = {
          en: {
            title: "A shopper's phone", wallet: "Wallet", alipay: "Alipay", wechatpay: "WeChat Pay",
            qqwallet: "QQ Wallet", unionpay: "UnionPay",
            intro: "It shows payment codes of the sandbox wallets. Hold it up to the register, or click the digits to "
              + "copy them and paste them there. No real money moves.",
            show: "Show this code to the cashier", hold: "Click the code to hold it up to the scanner",
            barcode: "Bar code", qr: "QR code", copy: "Copy the digits",
            copied: "Copied", fresh: "Valid once. A new one comes by itself.", renew: "New code",
            balance: "Balance", history: "Payments", none: "Nothing paid yet", password: "Enter the payment password",
            confirm: "Pay", reject: "Decline", next: "Next code", behaviour: "What this shopper does",
            paid: "Paid", refused: "The wallet refused this payment", closed: "Closed, nothing was charged",
            reversed: "Cancelled by the shop", refunded: "Refunded", waiting: "Waiting", waitingLong: "The shop is waiting",
            partly: "Partly refunded", offline: "The sandbox does not answer",
            pays: "Pays at once", paysMore: "The usual shopper",
            ask: "Types the password", askMore: "The phone asks; you decide",
            after: "Types it after 8 s", afterMore: "Without your help",
            never: "Never types it", neverMore: "The shop has to give up",
            insufficient: "Has too little money", insufficientMore: "The wallet declines",
            expired: "Shows an old code", expiredMore: "The wallet asks for a fresh one",
            used: "Shows a used code", usedMore: "A code works once",
            risk: "Looks suspicious", riskMore: "The wallet's risk check says no",
          },
          zh: {
            title: "顾客的手机", wallet: "钱包", alipay: "支付宝", wechatpay: "微信支付",
            qqwallet: "QQ 钱包", unionpay: "云闪付",
            intro: "这里显示沙箱钱包的付款码。把它对着收银台扫描，或点击数字复制后粘贴到收银台。不会动用真实资金。",
            show: "向收银员出示付款码", hold: "点击付款码，即对准扫码枪", barcode: "条形码", qr: "二维码", copy: "复制数字", copied: "已复制",
            fresh: "仅限使用一次，到期自动更新。", renew: "换一个", balance: "余额", history: "账单", none: "暂无付款记录",
            password: "请输入支付密码", confirm: "支付", reject: "拒绝", next: "下一个付款码", behaviour: "这位顾客会怎么做",
            paid: "支付成功", refused: "钱包拒绝了这笔付款", closed: "交易已关闭，未扣款", reversed: "商家已撤销",
            refunded: "已退款", waiting: "等待付款", waitingLong: "商家正在等待", partly: "部分退款", offline: "沙箱没有响应",
            pays: "直接付款", paysMore: "最常见的顾客", ask: "输入密码", askMore: "手机会提示，由您决定",
            after: "8 秒后输入密码", afterMore: "无需操作", never: "一直不输入密码", neverMore: "商家只能放弃",
            insufficient: "余额不足", insufficientMore: "钱包会拒绝", expired: "出示过期的付款码", expiredMore: "需要刷新付款码",
            used: "出示用过的付款码", usedMore: "每个码只能用一次", risk: "交易有风险", riskMore: "未通过钱包风控",
          },
        };
        const behaviours = [
          ["pays", "pays"], ["ask", "password"], ["after", "password-pays-after:8"], ["never", "never"],
          ["insufficient", "insufficient"], ["expired", "expired"], ["used", "used"], ["risk", "risk-refused"],
        ];
        const address = new URLSearchParams(location.search);
        const remembered = name => { try { return localStorage.getItem(name); } catch { return null; } };
        const remember = (name, value) => { try { localStorage.setItem(name, value); } catch {} };
        const pick = (value, choices) => choices.includes(value) ? value : choices[0];
        const state = {
          language: pick(address.get("lang") ?? remembered("language") ?? navigator.language.slice(0, 2), ["en", "zh"]),
          wallet: pick(address.get("wallet") ?? remembered("wallet"),
            ["alipay", "wechatpay", "qqwallet", "unionpay"]),
          behaviour: pick(address.get("behaviour"), behaviours.map(item => item[1])),
          shopper: address.get("shopper") ?? "phone",
          code: null, result: null, account: null, busy: false, copied: 0, offline: false,
        };
        const at = id => document.getElementById(id);
        const say = name => texts[state.language][name];
        const yuan = fen => (fen < 0 ? "−" : "") + "¥" + Math.floor(Math.abs(fen) / 100).toLocaleString("en-US") + "."
          + String(Math.abs(fen) % 100).padStart(2, "0");

        async function call(method, path, body) {
          const options = { method };
          if (body) { options.headers = { "Content-Type": "application/json" }; options.body = JSON.stringify(body); }
          try {
            const answer = await fetch("/sandbox/v1/" + path, options);
            state.offline = false;
            return answer.ok ? await answer.json() : null;
          } catch { state.offline = true; return null; }
        }

        const accountPath = () => `shoppers/${state.wallet}/${encodeURIComponent(state.shopper)}`;

        async function newCode() {
          if (state.busy) return;
          state.busy = true;
          const { wallet, behaviour, shopper } = state;
          const order = { wallet, behaviour, shopper };
          // A shopper who is new here starts with an ordinary balance.
          if (!state.account && !await call("GET", accountPath())) order.balance = 500000;
          // A code that somebody else had issued can be shown once, by its digits in the page's address.
          const given = address.get("code");
          address.delete("code");
          const code = given ? await call("GET", `codes/${given}`) : await call("POST", "codes", order);
          const picture = code && await call("GET", `codes/${code.code}/picture`);
          state.busy = false;
          if (wallet !== state.wallet || behaviour !== state.behaviour) return newCode();
          if (!picture) return;
          if (given) {
            Object.assign(state, { wallet: code.wallet, shopper: code.shopper, behaviour: code.behaviour });
            for (const radio of document.querySelectorAll("#behaviours input")) radio.checked = radio.value === code.behaviour;
          }
          state.code = { ...code, picture, end: performance.now() + code.expiresAt - code.issuedAt,
            life: code.expiresAt - code.issuedAt };
          state.result = null;
          draw();
          await look();
        }

        async function look() {
          const { code } = state;
          const wallet = state.wallet;
          const [seen, account] = await Promise.all([
            code && call("GET", `codes/${code.code}`),
            call("GET", accountPath()),
          ]);
          if (wallet !== state.wallet || code !== state.code) return;
          if (account) state.account = account;
          if (seen && code) {
            code.seen = seen;
            const trade = seen.trade;
            if (trade && trade.state !== "waiting") state.result = trade;
            else if (seen.usedBy && !trade) state.result = { state: "refused" };
          }
          draw();
        }

        async function decide(answer) {
          at("confirm").disabled = at("reject").disabled = true;
          await call("POST", `codes/${state.code.code}/${answer}`);
          await look();
          at("confirm").disabled = at("reject").disabled = false;
        }

        const runs = (line, y) => {
          let path = "";
          for (let x = 0; x < line.length; x++) {
            if (line[x] !== "1") continue;
            let end = x;
            while (line[end] === "1") end++;
            path += `M${x} ${y}h${end - x}v1h${x - end}z`;
            x = end;
          }
          return path;
        };
        // Bars are narrower than two dots on many screens: rounded to whole dots a scanner cannot measure them.
        const svgPath = (svg, data, edges) => { svg.innerHTML = `<path d="${data}" shape-rendering="${edges}"/>`; };

        function describe(trade) {
          if (trade.state === "paid") return trade.refunded > 0 ? ["partly", ""] : ["paid", "good"];
          if (trade.state === "waiting") return ["waiting", ""];
          return [trade.state, trade.state === "refused" ? "bad" : ""];
        }

        function drawHistory() {
          const list = at("history");
          const trades = state.account?.trades ?? [];
          list.replaceChildren(...trades.slice(0, 12).map(trade => {
            const item = document.createElement("li");
            const [name, tone] = describe(trade);
            const time = new Date(trade.createdAt).toLocaleTimeString(state.language === "zh" ? "zh-CN" : "en-GB");
            for (const [tag, style, text] of [
              ["span", "what", trade.subject], ["span", "sum", yuan(-trade.amount)],
              ["small", "", time], ["small", "state " + tone, say(name)],
            ]) {
              const part = document.createElement(tag);
              part.className = style;
              part.textContent = text;
              item.append(part);
            }
            return item;
          }));
          if (!trades.length) {
            const item = document.createElement("li");
            item.className = "empty";
            item.textContent = say("none");
            list.append(item);
          }
        }

        function draw() {
          const { code, result } = state;
          document.documentElement.lang = state.language === "zh" ? "zh-CN" : "en";
          document.title = say("title");
          document.body.dataset.wallet = state.wallet;
          for (const item of document.querySelectorAll("[data-text]")) item.textContent = say(item.dataset.text);
          for (const item of document.querySelectorAll("[data-label]")) item.ariaLabel = say(item.dataset.label);
          for (const item of document.querySelectorAll("[data-title]")) item.title = say(item.dataset.title);
          for (const tab of document.querySelectorAll(".wallets button"))
            tab.setAttribute("aria-selected", tab.dataset.wallet === state.wallet);
          for (const button of document.querySelectorAll(".language button"))
            button.setAttribute("aria-pressed", button.dataset.language === state.language);
          at("balance").textContent = state.account ? yuan(state.account.balance) : "–";
          drawHistory();
          if (code) {
            at("digits").textContent = code.code.replace(/(\d{4})(?=\d)/g, "$1 ");
            if (code.drawn !== code.code) {
              code.drawn = code.code;
              at("bars").setAttribute("viewBox", `-10 0 ${code.picture.code128.length + 20} 1`);
              svgPath(at("bars"), runs(code.picture.code128, 0), "auto");
              svgPath(at("qr"), code.picture.qr.map((line, y) => runs(line, y)).join(""), "crispEdges");
            }
          }
          at("done").hidden = !result;
          if (result) {
            const [name, tone] = describe(result);
            at("done").classList.toggle("bad", tone !== "good");
            at("done-badge").textContent = tone === "good" ? "✓" : "!";
            at("done-amount").textContent = result.amount ? yuan(result.amount) : "";
            at("done-text").textContent = say(name);
          }
          const trade = !result && code?.seen?.trade;
          const asks = Boolean(trade && trade.state === "waiting" && trade.asks);
          const opens = asks && at("sheet").hidden;
          at("sheet").hidden = !asks;
          if (asks) {
            at("sheet-subject").textContent = trade.subject;
            at("sheet-amount").textContent = yuan(trade.amount);
            if (opens) at("confirm").focus();
          }
          drawTime();
        }

        function drawTime() {
          const { code } = state;
          if (!code) { at("notice").textContent = state.offline ? say("offline") : ""; return; }
          const left = Math.max(0, code.end - performance.now());
          const share = code.life > 0 ? left / code.life : 0;
          at("ring").style.strokeDashoffset = 100 - 100 * share;
          at("ring").parentElement.classList.toggle("late", share < 1 / 6);
          at("seconds").textContent = Math.ceil(left / 1000);
          const waits = code.seen?.trade?.state === "waiting";
          at("notice").textContent = state.offline ? say("offline")
            : waits ? say("waitingLong") : performance.now() < state.copied ? say("copied") : say("fresh");
          if (left === 0 && !code.seen?.usedBy && !state.result) newCode();
        }

        function choose(change) {
          Object.assign(state, change, { code: null, result: null });
          if (change.wallet) state.account = null;
          draw();
          newCode();
        }

        for (const [name, value] of behaviours) {
          const label = document.createElement("label");
          label.innerHTML = `<input type="radio" name="behaviour" value="${value}"><span><b data-text="${name}"></b>`
            + `<small data-text="${name}More"></small></span>`;
          label.firstChild.checked = value === state.behaviour;
          label.firstChild.addEventListener("change", () => choose({ behaviour: value }));
          at("behaviours").append(label);
        }
        for (const tab of document.querySelectorAll(".wallets button"))
          tab.addEventListener("click", () => { remember("wallet", tab.dataset.wallet); choose({ wallet: tab.dataset.wallet }); });
        for (const button of document.querySelectorAll(".language button"))
          button.addEventListener("click", () => {
            state.language = button.dataset.language;
            remember("language", state.language);
            draw();
          });
        at("renew").addEventListener("click", newCode);
        at("done-close").addEventListener("click", newCode);
        at("confirm").addEventListener("click", () => decide("confirm"));
        at("reject").addEventListener("click", () => decide("reject"));
        at("digits").addEventListener("click", async () => {
          try { await navigator.clipboard.writeText(state.code.code); state.copied = performance.now() + 2000; } catch {}
          drawTime();
        });
        // Beside a till, inside its page: a click on the code holds it up to the scanner, and the till chooses the
        // language. Only pages of this machine can take this page in.
        if (window.parent !== window) {
          document.body.classList.add("beside");
          document.querySelector("[data-text=show]").dataset.text = "hold";
          const hold = () => {
            const { code, result } = state;
            if (code && !result) window.parent.postMessage({ tillbridgePaymentCode: code.code }, "*");
          };
          for (const id of ["bars", "qr"]) at(id).addEventListener("click", hold);
          window.addEventListener("message", ({ source, data }) => {
            if (source !== window.parent) return;
            if (data?.tillbridgeNextShopper && state.result) newCode();
            if (!texts[data?.tillbridgeLanguage]) return;
            state.language = data.tillbridgeLanguage;
            draw();
          });
        }
        setInterval(drawTime, 250);
        setInterval(() => { if (!document.hidden) look(); }, 700);
        draw();
        newCode();
        """#
}
