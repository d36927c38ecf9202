// Part of Tillbridge. See LICENSE.
"use strict";

// Draws every chart of the page with Chart.js. A mark that is clicked opens the list behind it.
const colours = ["#0d3b45", "#1b7f5c", "#b35c00", "#5a3ea8", "#a8201a", "#1b5e9e", "#7a6a00", "#51626c", "#c2447a", "#2f8fe8"];
for (const canvas of document.querySelectorAll("canvas[data-chart]")) {
  const chart = JSON.parse(canvas.dataset.chart);
  const isRound = chart.kind === "doughnut";
  new Chart(canvas, {
    type: chart.kind,
    data: {
      labels: chart.labels,
      datasets: chart.series.map((series, position) => ({
        label: series.name,
        data: series.values,
        links: series.links,
        borderColor: isRound ? "#fff" : colours[position % colours.length],
        backgroundColor: isRound ? chart.labels.map((_, place) => colours[place % colours.length]) : colours[position % colours.length],
        borderWidth: 2, pointRadius: 3, pointHitRadius: 12, spanGaps: true, tension: 0.2,
      })),
    },
    options: {
      animation: false, maintainAspectRatio: false,
      indexAxis: chart.kind === "bar" ? "y" : "x",
      interaction: isRound ? {} : { mode: "nearest", intersect: false, axis: chart.kind === "bar" ? "y" : "x" },
      scales: isRound ? {} : { [chart.kind === "bar" ? "x" : "y"]: { beginAtZero: chart.unit !== "%", max: chart.unit === "%" ? 100 : undefined, ticks: { precision: 0 }, title: { display: true, text: chart.unit } } },
      plugins: {
        legend: { display: isRound || chart.series.length > 1, position: "bottom" },
        tooltip: { callbacks: { label: (item) => `${item.dataset.label}: ${item.formattedValue} ${chart.unit}` } },
      },
      onClick: (_, marks, drawn) => {
        if (marks.length) location.href = drawn.data.datasets[marks[0].datasetIndex].links[marks[0].index];
      },
      onHover: (event, marks) => { event.native.target.classList.toggle("over", marks.length > 0); },
    },
  });
}
