// Part of Tillbridge. See LICENSE.
"use strict";

// Says what would go back, as it is being chosen. The server reckons for itself.
const form = document.querySelector("form.refund");
if (form) {
  const output = form.querySelector(".refund-sum");
  const typed = (text) => {
    const plain = text.replace(/[\s¥￥,，元]/g, "").replace("。", ".");
    return /^\d{1,12}(\.\d{1,2})?$/.test(plain) ? Math.round(Number(plain) * 100) : 0;
  };
  const chosen = () => [...form.querySelectorAll("[data-price]")].reduce((sum, input) => {
    const units = input.type === "checkbox" ? Number(input.checked) : Number(input.value);
    return sum + units * Number(input.dataset.price);
  }, 0);
  const fen = () => {
    const way = form.elements.way.value;
    if (way === "whole") return Number(form.elements.left.value);
    if (way === "lines" && "linesGiveAmount" in form.dataset) return chosen();
    return typed(form.elements.amount.value);
  };
  const show = () => {
    const amount = fen();
    output.hidden = !(amount > 0);
    const money = "¥" + (amount / 100).toLocaleString("en-US", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
    output.textContent = amount > 0 ? output.dataset.text.replace("{0}", () => money) : "";
  };
  form.addEventListener("input", show);
  // A page that comes back from the browser's memory holds what was chosen.
  addEventListener("pageshow", show);
  show();
}
