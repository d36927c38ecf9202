// Part of Tillbridge. See LICENSE.
"use strict";

const $ = (id) => document.getElementById(id);
const KEY = "tillbridge.till";

// The sale on the screen. `ref` is drawn when the first code is charged, and again when the basket changes after that.
const fresh = () => ({ lines: [], ref: null, phase: "open", answer: null, problem: null, at: 0, practice: false });
let sale = fresh();
let lane = null;        // the till's last status, null before the first
let laneAt = 0;
let facts = { language: "en", phone: null };
let language = "en";
let phoneOpen = false;
let scanNote = null;    // a complaint under the scan field: a key of WORDS
let goodNote = null;    // what a person has just decided, in the same place: a key of WORDS

// ---------------------------------------------------------------- words and numbers

function t(key, values) {
  let text = key.split(".").reduce((at, part) => (at == null ? at : at[part]), WORDS[language]);
  if (typeof text !== "string") return "";
  for (const [name, value] of Object.entries(values || {})) text = text.replaceAll(`{${name}}`, value);
  return text;
}

const yuan = (fen) => {
  const digits = String(Math.abs(fen)).padStart(3, "0");
  const whole = digits.slice(0, -2).replace(/\B(?=(\d{3})+$)/g, ",");
  return `${fen < 0 ? "−" : ""}¥${whole}.${digits.slice(-2)}`;
};

// Integers only: 12.80 becomes 1280 without passing through a floating-point product.
function fenOf(text) {
  const match = /^(\d{1,6})(?:[.．](\d{0,2}))?$/.exec(text.trim().replace(/^¥/, ""));
  if (!match) return null;
  const fen = Number(match[1]) * 100 + Number((match[2] || "").padEnd(2, "0"));
  return fen > 0 && fen <= 5000000 ? fen : null;
}

const clockTime = (ms) => new Date(ms).toLocaleTimeString(language === "zh" ? "zh-CN" : "en-GB", { hour: "2-digit", minute: "2-digit" });
const walletName = (wallet) => t(`wallets.${wallet}`) || wallet || "";
const reasonText = (answer) => (answer && (t(`reasons.${answer.reason}`) || (answer.message && answer.message[language]))) || "";
// By what a program can read of a refusal, never by its English sentence; that is the last resort.
function problemText(problem) {
  const type = (problem.type || "").split("/").pop();
  return (type === "malformed" && t(`fields.${problem.field}`)) || t(`problems.${type}`)
    || [problem.title, problem.detail].filter(Boolean).join(": ");
}
const sentences = (...parts) => parts.filter(Boolean).join(language === "zh" ? "" : " ");

// ---------------------------------------------------------------- basket

const total = () => sale.lines.reduce((sum, line) => sum + line.price * line.quantity, 0);
const isFinished = () => sale.phase === "paid" || sale.phase === "cash";
const isAsking = () => sale.phase === "asking" || sale.phase === "lost";

function lineName(line) {
  const good = GOODS.find((g) => g.sku === line.sku);
  return good ? good[language] : t("other");
}

function change(sku, price, by) {
  if (isAsking()) return;
  if (isFinished()) sale = fresh();
  const line = sale.lines.find((l) => l.sku === sku && l.price === price);
  if (line) line.quantity = Math.min(99, line.quantity + by);
  else if (by > 0) sale.lines.push({ sku, price, quantity: by });
  sale.lines = sale.lines.filter((l) => l.quantity > 0);
  // Another amount is another tender: the old reference keeps its old amount for ever.
  if (sale.phase !== "open" || sale.ref) Object.assign(sale, { ref: null, phase: "open", answer: null, problem: null });
  scanNote = goodNote = null;
  keep();
  render();
}

function keep() {
  try { localStorage.setItem(KEY, JSON.stringify({ sale, language, phoneOpen })); } catch { /* private mode: not kept */ }
}

function recall() {
  try {
    const kept = JSON.parse(localStorage.getItem(KEY) || "null");
    if (!kept) return;
    if (WORDS[kept.language]) language = kept.language;
    phoneOpen = kept.phoneOpen !== false;
    if (kept.sale && Array.isArray(kept.sale.lines)) sale = Object.assign(fresh(), kept.sale);
    if (isFinished()) sale = fresh();
  } catch { /* an older page's note */ }
}

// ---------------------------------------------------------------- the till's server

async function call(method, path, body) {
  const options = { method };
  if (body !== undefined) {
    options.headers = { "Content-Type": "application/json" };
    options.body = JSON.stringify(body);
  }
  let response;
  try { response = await fetch(path, options); } catch { return { silent: true }; }
  let content = null;
  try { content = await response.json(); } catch { /* told below by the status */ }
  if (response.ok && content) return { answer: content };
  if (response.status >= 400 && response.status < 500) return { problem: content || { title: String(response.status) } };
  return { silent: true };
}

function told(result) {
  if (result.answer) {
    sale.answer = result.answer;
    sale.problem = null;
    sale.at = Date.now();
    const outcome = result.answer.outcome;
    if (outcome === "waiting") sale.phase = "asking";
    else if (outcome === "busy" || outcome === "unacknowledged" || outcome === "unavailable") sale.phase = "refused";
    else sale.phase = outcome;
  } else if (result.problem) {
    sale.problem = result.problem;
    sale.phase = "problem";
  } else {
    sale.phase = "unknown";
  }
  keep();
}

async function charge(code) {
  Object.assign(sale, { phase: "asking", answer: null, problem: null, at: Date.now(), practice: $("practice").checked });
  render();
  if (window.innerWidth <= 760) document.querySelector(".payment").scrollIntoView({ behavior: "smooth" });
  if (!sale.ref) {
    const made = await call("POST", "/till/v1/sales", {});
    // Nothing was sent. Where the till itself is silent, its state says so.
    if (!made.answer) { sale.phase = "open"; await look(); render(); return; }
    sale.ref = made.answer.saleRef;
    keep();
  }
  const mine = sale;
  const items = sale.lines.map((l) => ({ sku: l.sku, name: lineName(l), quantity: l.quantity, unitPrice: l.price }));
  follow(mine);
  const result = await call("POST", "/till/v1/payments", {
    saleRef: sale.ref, amount: total(), currency: "CNY", paymentCode: code, items, acknowledge: !sale.practice });
  mine.asked = true;
  // Taken in cash meanwhile: what the wallet did is the lane's matter now.
  if (sale !== mine || sale.phase === "cash") return;
  told(result);
  render();
  await look();
  render();
}

// While the payment call is open, a second question shows whom it waits for and how long at most.
async function follow(mine) {
  mine.asked = false;
  while (!mine.asked && sale === mine) {
    await pause(700);
    if (mine.asked || sale !== mine) return;
    const result = await call("GET", `/till/v1/payments/${encodeURIComponent(mine.ref)}`);
    if (mine.asked || sale !== mine) return;
    if (result.answer && result.answer.outcome === "waiting") {
      mine.answer = result.answer;
      mine.at = Date.now();
      mine.phase = "asking";
      render();
    } else if (result.silent) {
      mine.phase = "lost";
      render();
    }
  }
}

async function ask() {
  const mine = sale;
  if (!mine.ref) return;
  const result = await call("GET", `/till/v1/payments/${encodeURIComponent(mine.ref)}`);
  if (sale !== mine || sale.phase === "cash") return;
  if (result.problem && (result.problem.type || "").endsWith("/unknown-sale")) {
    // The plug-in does not know this sale: nothing was begun.
    Object.assign(sale, { phase: "open", answer: null, problem: null });
  } else if (result.answer) {
    told(result);
    if (sale.phase === "asking") resume();
  }
  render();
}

async function order(verb, ref) {
  const result = await call("POST", `/till/v1/payments/${encodeURIComponent(ref)}/${verb}`, {});
  if (ref === sale.ref && result.answer && !isAsking()) told(result);
  await look();
  render();
  return result;
}

// A person says what became of a paid sale that nobody has taken note of.
async function decide(verb, ref) {
  const result = await order(verb, ref);
  if (result.answer) goodNote = verb === "disown" ? "noteDisowned" : "noteClaimed";
  render();
}

async function takeCash() {
  if (total() <= 0) return;
  if (!sale.ref) {
    const made = await call("POST", "/till/v1/sales", {});
    if (!made.answer) { await look(); render(); return; }
    sale.ref = made.answer.saleRef;
  }
  const result = await call("POST", "/till/v1/cash", { saleRef: sale.ref, amount: total() });
  if (result.answer) { sale.phase = "cash"; sale.answer = null; keep(); }
  await look();
  render();
}

async function look() {
  const result = await call("GET", "/till/v1/status");
  const silent = { reachable: false, stopped: true, lastReceipt: lane && lane.lastReceipt, sales: (lane && lane.sales) || [] };
  lane = result.answer || silent;
  laneAt = Date.now();
}

const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// ---------------------------------------------------------------- what to show

// The lane alone: what the light says, whatever sale is on the screen.
function laneView() {
  if (!lane) return { light: "", text: t("lightStart") };
  if (!lane.reachable) return { light: "red", text: t(lane.stopped ? "lightTill" : lane.refusal ? "lightRefused" : "lightSilent") };
  const status = lane.status;
  switch (status.lane) {
    case "red": return { light: "red", text: t("lightRed") };
    case "revoking": return { light: "amber", text: t("lightRevoking"), more: lane.revokingSeconds == null ? "" : `${revoking()} ${t("seconds")}` };
    case "unacknowledged": return { light: "violet", text: t("lightUnacknowledged") };
    case "waiting": return { light: "blue", text: t("lightWaiting") };
  }
  if (!status.available) return { light: "red", text: t("lightOffline"), more: "" };
  return { light: "green", text: t("lightFree") };
}

const revoking = () => (lane.revokingSeconds == null ? 0 : lane.revokingSeconds + Math.floor((Date.now() - laneAt) / 1000));
const timeFactor = () => ((lane && lane.status && lane.status.timeFactorThousandths) || 1000) / 1000;
const since = () => (Date.now() - sale.at) / 1000;
const ownSaleBlocks = () => lane && lane.status && lane.status.payment && lane.status.payment.saleRef === sale.ref;

// One name for what the stage shows.
function stageKey() {
  switch (sale.phase) {
    case "asking": return sale.answer && sale.answer.waitingFor === "shopper" ? "shopper" : "waiting";
    case "lost": return "lost";
    case "unknown": return "unknown";
    case "paid": return "paid";
    case "cash": return "cash";
    case "declined": return "declined";
    case "problem": return "problem";
    case "cancelled": return sale.answer && sale.answer.final ? "undone" : sale.undone ? "owed" : "undoing";
  }
  return laneKey();
}

// What the lane alone allows.
function laneKey() {
  if (!lane) return "idle";
  if (!lane.reachable) return lane.stopped ? "till" : lane.refusal ? "refused" : "silent";
  const status = lane.status;
  if (status.lane === "red") return "red";
  if (status.lane === "revoking") return "otherUndoing";
  if (status.lane === "unacknowledged") return "claim";
  if (status.lane === "waiting") return "busy";
  if (!status.available) return "offline";
  return total() > 0 ? "ready" : "idle";
}

const ICONS = {
  scan: "M4 9V5h4m8 0h4v4M4 15v4h4m8 0h4v-4M8 9v6m4-6v6m4-6v6", tick: "M5 12.500l5 5 9-11", cross: "M6 6l12 12M18 6L6 18",
  undo: "M8 5L4 9l4 4M4 9h10a5 5 0 0 1 0 10H9", off: "M7 18h10a4 4 0 0 0 .8-7.900A6 6 0 0 0 6.300 9.500A4.300 4.300 0 0 0 7 18zM4 3l16 18", clock: "M12 7v5l3.500 2M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18",
  ask: "M9 9a3 3 0 1 1 4 3c-1 .5-1 1-1 2m0 3.500v.01", cash: "M3 7h18v10H3zM12 9.500a2.500 2.500 0 1 0 0 5a2.500 2.500 0 1 0 0-5M6 12h.01M18 12h.01",
  basket: "M4 9h16l-2 10H6zM8 9l3-5m5 5l-3-5", warn: "M12 4l9 16H3zM12 10v4m0 3v.01"
};

function stageView(key) {
  const amount = yuan(total());
  const answer = sale.answer;
  const blocking = lane && lane.status && lane.status.payment;
  const none = { facts: [], actions: [] };
  // After a result the next step depends on the lane: scan again, or what keeps the lane shut and who opens it.
  const after = (next) => {
    const lanes = laneKey();
    if (lanes === "ready" || lanes === "idle") return { text: t(next), actions: [] };
    const { text, actions } = stageView(lanes);
    return { text, actions };
  };
  switch (key) {
    case "idle": return { ...none, tone: "idle", icon: "basket", title: t("idleTitle"), text: t("idleText") };
    case "ready": return { ...none, tone: "ready", icon: "scan", title: t("readyTitle"), text: t("readyText") };
    case "waiting":
    case "shopper":
    case "lost":
      return { ...none, tone: "waiting", icon: "clock", title: t(`${key}Title`), text: t(`${key}Text`), facts: orderFacts(answer) };
    case "paid":
      return { tone: "paid", icon: "tick", title: t("paidTitle"),
        text: sale.practice ? t("practiceText") : t("paidText", { wallet: walletName(answer.wallet), amount }),
        facts: orderFacts(answer), actions: [] };
    case "cash": return { ...none, tone: "paid", icon: "cash", title: t("cashTitle"), text: t("cashText", { amount }) };
    case "declined": {
      const { text, actions } = after("declinedNext");
      return { tone: "declined", icon: "cross", title: t("declinedTitle"),
        text: sentences(reasonText(answer), t("declinedNothing"), text), facts: orderFacts(answer), actions };
    }
    case "undoing":
      return { tone: "amber", icon: "undo", title: t("undoingTitle"), text: sentences(reasonText(answer), t("undoingText")),
        facts: orderFacts(answer), actions: releaseAction() };
    case "undone":
    case "owed": {
      const { text, actions } = after("undoneNext");
      return { tone: "undone", icon: "undo", title: t(`${key}Title`), text: sentences(t(`${key}Text`), text), facts: orderFacts(answer), actions };
    }
    case "otherUndoing":
      return { tone: "amber", icon: "undo", title: t("otherUndoingTitle"), text: t("otherUndoingText"),
        facts: orderFacts(blocking), actions: releaseAction() };
    case "busy":
      return { ...none, tone: "amber", icon: "clock", title: t("busyTitle"), text: t("busyText"), facts: orderFacts(blocking) };
    case "claim": {
      const other = (blocking && blocking.saleRef) || (answer && answer.blockedBy) || "";
      // While its result was unknown the sale was taken in cash: handed over, but not for the wallet's money.
      if (lane.sales.some((record) => record.saleRef === other && record.cash)) {
        return { tone: "claim", icon: "ask", title: t("twiceTitle"), text: t("twiceText", { sale: other, amount: blocking ? yuan(blocking.amount) : "" }),
          facts: orderFacts(blocking), actions: [["twice", () => decide("disown", other)]] };
      }
      return { tone: "claim", icon: "ask", title: t("claimTitle"),
        text: t("claimText", { sale: other, amount: blocking ? yuan(blocking.amount) : "" }), facts: orderFacts(blocking),
        actions: [["claim", () => decide("acknowledge", other)], ["disown", () => decide("disown", other), "quiet"]] };
    }
    case "offline":
      return { ...none, tone: "offline", icon: "off", title: t("offlineTitle"), text: sentences(reasonText(lane.status), t("offlineText")) };
    case "silent":
    case "refused":
    case "till": return { ...none, tone: "offline", icon: "off", title: t(`${key}Title`), text: t(`${key}Text`) };
    case "red":
      return { tone: "offline", icon: "warn", title: t("redTitle"), text: t("redText"), facts: [], actions: [["supervisorRed", openSupervisor]] };
    case "unknown":
      return { tone: "claim", icon: "ask", title: t("unknownTitle"), text: t("unknownText"), facts: [], actions: [["askAgain", ask]] };
    case "problem": {
      const { text, actions } = after("declinedNext");
      return { tone: "declined", icon: "warn", title: t("problemTitle"), facts: [], actions,
        text: sentences(problemText(sale.problem || {}), t("problemText"), text) };
    }
  }
  return { ...none, tone: "idle", icon: "basket", title: "", text: "" };
}

function orderFacts(answer) {
  if (!answer) return [];
  const facts = [];
  if (answer.orderNumber) facts.push([t("order"), answer.orderNumber, "number"]);
  if (answer.wallet && answer.outcome === "paid") facts.push([t("wallet"), walletName(answer.wallet)]);
  if (answer.payer) facts.push([t("payer"), answer.payer]);
  return facts;
}

function releaseAction() {
  const left = Math.ceil(120 * timeFactor() - revoking());
  if (left > 0) return [["supervisorIn", null, "quiet", { n: left }]];
  return [["supervisor", openSupervisor, "quiet"]];
}

// The countdown: seconds left and of how many.
function countdown(key) {
  if (key === "waiting" || key === "shopper") {
    const answer = sale.answer;
    if (!answer || answer.decidesInSeconds == null) return null;
    return { left: Math.max(0, answer.decidesInSeconds - since()), of: 45 * timeFactor() };
  }
  if (key === "busy") {
    const blocking = lane.status.payment;
    const left = blocking && (blocking.decidesInSeconds ?? blocking.retryAfterSeconds);
    return left == null ? null : { left: Math.max(0, left - (Date.now() - laneAt) / 1000), of: 45 * timeFactor() };
  }
  if ((key === "undoing" || key === "otherUndoing") && lane && lane.revokingSeconds != null) {
    return { left: revoking(), of: 130 * timeFactor(), up: true };
  }
  return null;
}

function canScan(key) {
  if (total() <= 0 || !lane || !lane.reachable || !lane.status.available) return false;
  return ["ready", "declined", "undone", "owed", "problem"].includes(key);
}

// ---------------------------------------------------------------- drawing

function text(id, value) {
  const element = $(id);
  if (element.textContent !== value) element.textContent = value;
}

function make(name, properties, ...children) {
  const element = document.createElement(name);
  Object.assign(element, properties || {});
  element.append(...children);
  return element;
}

function svg(path, hue) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  element.setAttribute("viewBox", "0 0 24 24");
  element.setAttribute("aria-hidden", "true");
  const line = document.createElementNS("http://www.w3.org/2000/svg", "path");
  line.setAttribute("d", path);
  element.append(line);
  if (hue !== undefined) {
    element.style.background = `hsl(${hue} 60% 92%)`;
    element.style.stroke = `hsl(${hue} 55% 33%)`;
  }
  return element;
}

function drawWords() {
  document.documentElement.lang = language === "zh" ? "zh-CN" : "en";
  document.title = t("title");
  for (const [id, key] of Object.entries({
    goodsTitle: "goods", basketTitle: "basket", totalLabel: "total", dueLabel: "due", emptyBasket: "emptyBasket", clear: "clear",
    priceLabel: "price", priceAdd: "addPrice", codeLabel: "code", charge: "charge", cash: "cash", next: "next", stop: "stop",
    lastTitle: "lastReceipt", salesTitle: "recent", practiceLabel: "practice", phoneTitle: "phone",
    supervisorCodeLabel: "supervisorCode", supervisorReasonLabel: "supervisorReason", supervisorCancel: "back" })) text(id, t(key));
  drawSupervisor();
  $("code").placeholder = t("codePlace");
  text("phoneToggle", t(phoneOpen ? "hidePhone" : "showPhone"));
  for (const button of document.querySelectorAll("[data-language]")) {
    button.setAttribute("aria-pressed", String(button.dataset.language === language));
  }
}

function drawGoods() {
  const tiles = GOODS.map((good) => {
    const inBasket = sale.lines.find((l) => l.sku === good.sku);
    const tile = make("button", { type: "button", className: "tile", disabled: isAsking(), onclick: () => change(good.sku, good.price, 1) },
      svg(good.art, good.hue), make("span", { textContent: good[language] }), make("b", { textContent: yuan(good.price) }));
    if (inBasket && !isFinished()) tile.append(make("em", { textContent: String(inBasket.quantity) }));
    return tile;
  });
  $("tiles").replaceChildren(...tiles);
}

function drawBasket() {
  const locked = isAsking() || isFinished();
  $("lines").replaceChildren(...sale.lines.map((line) => {
    const step = (by, sign, name) => make("button", { type: "button", textContent: sign, disabled: locked, title: t(name),
      ariaLabel: `${t(name)}: ${lineName(line)}`, onclick: () => change(line.sku, line.price, by) });
    return make("li", {}, make("span", { className: "name", textContent: lineName(line) }),
      make("span", { className: "sum", textContent: yuan(line.price * line.quantity) }),
      make("span", { className: "unit", textContent: yuan(line.price) }),
      make("span", { className: "steps" }, step(-1, "−", "less"), make("b", { textContent: String(line.quantity) }),
        step(1, "+", "more"), step(-line.quantity, "×", "remove")));
  }));
  $("emptyBasket").hidden = sale.lines.length > 0;
  $("clear").disabled = locked || sale.lines.length === 0;
  text("saleRef", sale.ref || "");
  text("total", yuan(total()));
  text("due", yuan(total()));
}

let drawnStage = "";

function drawStage() {
  const key = stageKey();
  const view = stageView(key);
  const stage = $("stage");
  const count = countdown(key);
  // Drawn anew only where it differs, so that a button under the finger and a reader's voice stay undisturbed.
  const shape = JSON.stringify([key, language, view.title, view.text, view.facts, view.actions.map((a) => [a[0], a[3]])]);
  if (shape !== drawnStage) {
    drawnStage = shape;
    stage.dataset.tone = view.tone;
    $("stageIcon").replaceChildren(svg(ICONS[view.icon]));
    text("stageTitle", view.title);
    text("stageText", view.text.trim());
    $("stageFacts").replaceChildren(...view.facts.flatMap(([name, value, kind]) =>
      [make("dt", { textContent: name }), make("dd", { textContent: value, className: kind || "" })]));
    $("stageActions").replaceChildren(...view.actions.map(([word, action, kind, values]) =>
      make("button", { type: "button", className: kind || "", textContent: t(word, values), onclick: action, disabled: !action })));
  }
  $("ring").hidden = !count;
  $("stageIcon").hidden = Boolean(count);
  if (count) {
    $("ringArc").style.strokeDashoffset = String(163.4 * (1 - Math.min(1, count.left / count.of)));
    text("ringNumber", String(count.up ? Math.floor(count.left) : Math.ceil(count.left)));
    text("ringUnit", t("seconds"));
  }
  return key;
}

function drawScan(key) {
  const open = canScan(key);
  $("scan").dataset.open = open ? "yes" : "no";
  $("code").disabled = !open;
  $("charge").disabled = !open;
  const hint = $("scanHint");
  let words = scanNote ? t(scanNote) : goodNote ? t(goodNote) : "";
  if (!words) {
    if (isFinished()) words = t("hintDone");
    else if (isAsking()) words = t("hintBusy");
    else if (open) words = t("hintReady");
    else if (key === "till") words = t("hintTill");
    else if (key === "claim") words = t("hintClaim");
    else if (total() <= 0 && lane && lane.reachable && lane.status.available) words = t("hintEmpty");
    else words = t("hintDark");
  }
  hint.classList.toggle("bad", Boolean(scanNote));
  hint.classList.toggle("good", Boolean(goodNote) && !scanNote);
  text("scanHint", words);

  const finished = isFinished();
  $("cash").hidden = finished;
  // While a payment runs its result is not certain: stop it first, then the cash key opens.
  $("cash").disabled = total() <= 0 || isAsking() || Boolean(lane && lane.stopped);
  $("cash").classList.toggle("called", ["undoing", "otherUndoing", "offline", "silent", "refused", "red", "busy"].includes(key) && total() > 0);
  $("next").hidden = !finished;
  $("stop").hidden = !isAsking();
  $("stop").disabled = !sale.ref || sale.stopping === true;
  $("practice").disabled = isAsking();
  if (open && document.activeElement === document.body && !$("supervisor").open) $("code").focus({ preventScroll: true });
}

function drawLight() {
  const view = laneView();
  $("light").dataset.light = view.light;
  text("lightText", view.text);
  text("lightMore", view.more || "");
  const register = lane && lane.status && lane.status.register;
  text("register", register ? t("register", { register }) : "");
  text("clock", clockTime(Date.now()));
}

function statusOf(record) {
  if (record.cash) return "cash";
  if (record.refused && !record.outcome) return "refused";
  if (record.disowned) return record.undone ? "undone" : "disowned";
  if (record.outcome === "cancelled" && record.undone) return "undone";
  return record.outcome || "";
}

function drawReceipt() {
  const receipt = lane && lane.lastReceipt;
  text("lastSummary", receipt ? `${yuan(receipt.amount)} · ${receipt.cash ? t("cash") : walletName(receipt.wallet)} · ${clockTime(receipt.time)}` : t("noReceipt"));
  const rows = !receipt ? [] : [[t("sale"), receipt.saleRef, "number"], [t("amount"), yuan(receipt.amount)],
    [t("tender"), receipt.cash ? t("cash") : walletName(receipt.wallet)],
    ...(receipt.cash || !receipt.orderNumber ? [] : [[t("order"), receipt.orderNumber, "number"]]),
    ...(receipt.cash || !receipt.walletTransaction ? [] : [[t("transaction"), receipt.walletTransaction, "number"]]),
    [t("time"), new Date(receipt.time).toLocaleString(language === "zh" ? "zh-CN" : "en-GB")]];
  $("lastFacts").replaceChildren(...rows.flatMap(([name, value, kind]) =>
    [make("dt", { textContent: name }), make("dd", { textContent: value, className: kind || "" })]));
  const sales = (lane && lane.sales) || [];
  $("sales").replaceChildren(...sales.map((record) => make("li", {},
    make("time", { textContent: clockTime(record.time) }),
    make("i", { textContent: record.cash ? "" : walletName(record.wallet) }),
    make("span", { className: "chip", textContent: t(`status.${statusOf(record)}`) }),
    make("b", { textContent: yuan(record.amount) }))));
  for (const [position, chip] of [...document.querySelectorAll("#sales .chip")].entries()) chip.dataset.kind = statusOf(sales[position]);
}

let phoneLanguage = "";

function tellPhone(message) {
  if (facts.phone && $("phoneFrame").src) $("phoneFrame").contentWindow.postMessage(message, new URL(facts.phone).origin);
}

function drawPhone() {
  $("phoneToggle").hidden = !facts.phone;
  const open = Boolean(facts.phone) && phoneOpen;
  $("phone").hidden = !open;
  $("main").classList.toggle("with-phone", open);
  const frame = $("phoneFrame");
  if (open && !frame.src) frame.src = `${facts.phone}?lang=${language}`;
  else if (open && phoneLanguage !== language) tellPhone({ tillbridgeLanguage: language });
  phoneLanguage = language;
}

function render() {
  drawWords();
  drawGoods();
  drawBasket();
  tick();
  drawReceipt();
  drawPhone();
}

function tick() {
  drawLight();
  drawScan(drawStage());
}

// ---------------------------------------------------------------- hands

$("scan").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = $("code");
  // Scanners add their own line ends and spaces; people paste with gaps.
  const code = field.value.replace(/[\s\u0000]/g, "");
  field.value = "";
  if (!code || !canScan(stageKey())) return;
  if (!/^[\x21-\x7e]{10,64}$/.test(code)) { scanNote = "codeError"; tick(); return; }
  scanNote = goodNote = null;
  charge(code);
});
$("openPrice").addEventListener("submit", (event) => {
  event.preventDefault();
  const fen = fenOf($("price").value);
  text("priceError", fen ? "" : t("priceError"));
  if (!fen) return;
  $("price").value = "";
  change("other", fen, 1);
});
$("clear").addEventListener("click", () => { sale = fresh(); scanNote = goodNote = null; keep(); render(); });
$("cash").addEventListener("click", takeCash);
$("next").addEventListener("click", () => {
  sale = fresh();
  scanNote = goodNote = null;
  $("practice").checked = false;
  tellPhone({ tillbridgeNextShopper: true });
  keep();
  render();
});
$("stop").addEventListener("click", async () => {
  const mine = sale;
  mine.stopping = true;
  tick();
  const result = await order("cancel", mine.ref);
  mine.stopping = false;
  // Nobody is there to stop it. The shopper need not wait for that: cash is open, and nothing is charged again.
  if (result.silent && sale === mine && isAsking()) {
    mine.asked = true;
    mine.phase = "unknown";
    keep();
  }
  render();
});
for (const button of document.querySelectorAll("[data-language]")) {
  button.addEventListener("click", () => { language = button.dataset.language; keep(); render(); });
}
$("phoneToggle").addEventListener("click", () => { phoneOpen = !phoneOpen; keep(); render(); });

// A wedge scanner types wherever the focus is; digits that go nowhere belong to the scan field. Enter on a finished
// sale starts the next one.
document.addEventListener("keydown", (event) => {
  if ($("supervisor").open || event.ctrlKey || event.metaKey || event.altKey) return;
  const typing = event.target instanceof HTMLInputElement && event.target.type !== "checkbox";
  if (!typing && /^\d$/.test(event.key) && !$("code").disabled) $("code").focus();
  if (event.key === "Enter" && isFinished() && !(event.target instanceof HTMLButtonElement)) $("next").click();
});

// The phone beside the till may hold its code to the scanner.
window.addEventListener("message", (event) => {
  if (!facts.phone || event.source !== $("phoneFrame").contentWindow || event.origin !== new URL(facts.phone).origin) return;
  const code = event.data && event.data.tillbridgePaymentCode;
  if (typeof code !== "string" || $("code").disabled) return;
  $("code").value = code;
  $("scan").requestSubmit();
});

// One call of the plug-in opens both, a red lane and one that has been undoing for long: the words say which.
let releasesRed = false;

function drawSupervisor() {
  text("supervisorTitle", t(releasesRed ? "redReleaseTitle" : "supervisorTitle"));
  text("supervisorText", t(releasesRed ? "redReleaseText" : "supervisorText"));
  text("supervisorSend", t(releasesRed ? "redReleaseSend" : "supervisorSend"));
  text("supervisorError", !supervisorProblem ? "" : typeof supervisorProblem === "string" ? t(supervisorProblem) : problemText(supervisorProblem));
}

let supervisorProblem = null;   // a key of WORDS, or the plug-in's refusal

function openSupervisor() {
  releasesRed = Boolean(lane && lane.status && lane.status.lane === "red");
  supervisorProblem = null;
  for (const id of ["supervisorCode", "supervisorReason"]) $(id).value = "";
  drawSupervisor();
  $("supervisor").showModal();
}
$("supervisorCancel").addEventListener("click", () => $("supervisor").close());
$("supervisorForm").addEventListener("submit", async (event) => {
  event.preventDefault();
  const supervisorCode = $("supervisorCode").value.trim();
  const reason = $("supervisorReason").value.trim();
  supervisorProblem = supervisorCode && reason ? null : "supervisorEmpty";
  drawSupervisor();
  if (supervisorProblem) return;
  const result = await call("POST", "/till/v1/release", { supervisorCode, reason });
  if (result.answer) {
    goodNote = releasesRed ? "noteReopened" : "noteReleased";
    $("supervisor").close();
  } else {
    supervisorProblem = result.problem || "silentTitle";
    drawSupervisor();
  }
  await look();
  render();
});

// ---------------------------------------------------------------- life

async function watch() {
  let lastLane = "";
  for (;;) {
    await look();
    const mine = sale;
    if (sale.phase === "cancelled" && !(sale.answer && sale.answer.final) && sale.ref) {
      const result = await call("GET", `/till/v1/payments/${encodeURIComponent(sale.ref)}`);
      if (sale === mine && result.answer) {
        sale.answer = result.answer;
        // A cloud or a supervisor has opened the lane; the wallet may take its time for the money.
        sale.undone = lane.reachable && !ownSaleBlocks();
        keep();
        if (sale.answer.final) await look();
      }
    }
    if (sale.phase === "unknown" && sale.ref && lane.reachable) await ask();
    // What stood in the way is gone: the same sale may be charged.
    if (sale.phase === "refused" && lane.reachable && lane.status.available) sale.phase = "open";
    const shape = JSON.stringify([lane, sale.phase]);
    if (shape !== lastLane) { lastLane = shape; drawReceipt(); }
    tick();
    await pause(document.hidden ? 4000 : 1000);
  }
}

async function start() {
  const result = await call("GET", "/till/v1/facts");
  if (result.answer) facts = result.answer;
  language = WORDS[facts.language] ? facts.language : "en";
  phoneOpen = true;
  recall();
  await look();
  render();
  // The page was loaded anew during a payment: the plug-in knows how it went.
  if (sale.ref && (isAsking() || sale.phase === "unknown")) { sale.phase = "unknown"; await ask(); }
  setInterval(tick, 250);
  watch();
}

// A payment whose call this page does not hold open (it was loaded anew, or the plug-in was restarted) is asked for
// until it has a result.
let resumed = null;

async function resume() {
  const mine = sale;
  if (resumed === mine) return;
  resumed = mine;
  while (sale === mine && sale.phase === "asking") { await pause(700); await ask(); }
  resumed = null;
}

start();
