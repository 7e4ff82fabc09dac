// Draws the graph that the server laid out, on a canvas: move, zoom, find, hide kinds, open a node.
"use strict";
{
  const box = document.querySelector("[data-graph]"), canvas = box.querySelector("canvas"), told = box.querySelector("output");
  const form = document.querySelector("[data-graph-form]"), field = form.querySelector("#gk-node"), list = form.querySelector("datalist");
  let nodes = [], lines = [], groups = [], degree = [], at = "", x = 0, y = 0, scale = 1, over = -1, chosen = -1;
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const hidden = () => new Set([...form.querySelectorAll("[name=kind]:not(:checked)")].map((each) => each.value));

  function fit() {
    let left = Infinity, right = -Infinity, top = Infinity, bottom = -Infinity;
    for (const node of nodes) { left = Math.min(left, node[0]); right = Math.max(right, node[0]); top = Math.min(top, node[1]); bottom = Math.max(bottom, node[1]); }
    if (!nodes.length) return;
    scale = Math.min(3, Math.min(canvas.clientWidth / (right - left + 80), canvas.clientHeight / (bottom - top + 80)));
    x = canvas.clientWidth / 2 - scale * (left + right) / 2; y = canvas.clientHeight / 2 - scale * (top + bottom) / 2;
  }

  let due = false;
  function draw() { if (!due) { due = true; requestAnimationFrame(paint); } }
  function paint() {
    due = false;
    const ratio = devicePixelRatio || 1, width = canvas.clientWidth, height = canvas.clientHeight, away = hidden();
    canvas.width = width * ratio; canvas.height = height * ratio;
    const pen = canvas.getContext("2d");
    pen.scale(ratio, ratio);
    const colours = { document: style("--soft"), concept: style("--link"), entity: style("--ok") };
    const seen = (node) => { const a = node[0] * scale + x, b = node[1] * scale + y; return a > -20 && b > -20 && a < width + 20 && b < height + 20; };
    const marked = new Set();
    const focus = over >= 0 ? over : chosen;
    pen.strokeStyle = style("--line"); pen.lineWidth = 1; pen.globalAlpha = lines.length > 20000 ? 0.25 : 0.7; pen.beginPath();
    for (const [one, other] of lines) {
      if (one === focus || other === focus) { marked.add(one); marked.add(other); }
      const from = nodes[one], to = nodes[other];
      if (away.has(from[2]) || away.has(to[2]) || (!seen(from) && !seen(to))) continue;
      pen.moveTo(from[0] * scale + x, from[1] * scale + y); pen.lineTo(to[0] * scale + x, to[1] * scale + y);
    }
    pen.stroke(); pen.globalAlpha = 1;
    if (focus >= 0) {
      pen.strokeStyle = style("--link"); pen.lineWidth = 1.5; pen.beginPath();
      for (const [one, other] of lines) if ((one === focus || other === focus) && !away.has(nodes[one][2]) && !away.has(nodes[other][2])) {
        pen.moveTo(nodes[one][0] * scale + x, nodes[one][1] * scale + y); pen.lineTo(nodes[other][0] * scale + x, nodes[other][1] * scale + y);
      }
      pen.stroke();
    }
    const size = (n) => Math.max(1.5, Math.min(9, 2.5 + Math.sqrt(degree[n]))) * Math.max(0.5, Math.min(1.4, scale));
    nodes.forEach((node, n) => {
      if (away.has(node[2]) || !seen(node)) return;
      pen.fillStyle = colours[node[2]]; pen.beginPath();
      const a = node[0] * scale + x, b = node[1] * scale + y, r = size(n);
      if (node[2] === "document") pen.rect(a - r * 0.8, b - r * 0.8, r * 1.6, r * 1.6); else pen.arc(a, b, r, 0, 7);
      pen.fill();
      if (n === focus) { pen.strokeStyle = style("--ink"); pen.lineWidth = 2; pen.stroke(); }
    });
    pen.font = "12px system-ui, sans-serif"; pen.textBaseline = "middle"; pen.lineJoin = "round";
    const boxes = [];
    const write = (text, a, b, strong) => {
      const short = text.length > 34 ? text.slice(0, 32) + "…" : text, w = pen.measureText(short).width;
      if (!strong && boxes.some((one) => a < one[2] && a + w > one[0] && b - 10 < one[3] && b + 10 > one[1])) return;
      boxes.push([a - 4, b - 10, a + w + 4, b + 10]);
      pen.strokeStyle = style("--paper"); pen.lineWidth = 4; pen.strokeText(short, a, b); pen.fillStyle = style("--ink"); pen.fillText(short, a, b);
    };
    pen.font = "600 14px system-ui, sans-serif";
    for (const [n, [a, b, r, name]] of groups.entries()) if (n < 8 || r * scale > 24) write(name, a * scale + x - pen.measureText(name.slice(0, 34)).width / 2, b * scale + y, false);
    pen.font = "12px system-ui, sans-serif";
    const order = nodes.map((_, n) => n).filter((n) => !away.has(nodes[n][2]) && seen(nodes[n]) && (marked.has(n) || n === chosen || scale > 1.3 || nodes.length < 120 || degree[n] > 12)).sort((one, other) => degree[other] - degree[one]).slice(0, 250);
    for (const n of focus >= 0 ? [focus, ...order.filter((each) => marked.has(each))] : []) write(nodes[n][3], nodes[n][0] * scale + x + size(n) + 4, nodes[n][1] * scale + y, n === focus);
    for (const n of order) if (!marked.has(n)) write(nodes[n][3], nodes[n][0] * scale + x + size(n) + 4, nodes[n][1] * scale + y, false);
  }

  function nearest(event) {
    const a = (event.offsetX - x) / scale, b = (event.offsetY - y) / scale, away = hidden();
    let best = -1, least = (14 / scale) ** 2;
    nodes.forEach((node, n) => { const d = (node[0] - a) ** 2 + (node[1] - b) ** 2; if (d < least && !away.has(node[2])) { least = d; best = n; } });
    return best;
  }
  function tell(n) { told.textContent = n >= 0 ? nodes[n][3] + " (" + nodes[n][2] + ", " + degree[n] + ")" : ""; }
  function open(n) { location.href = "/" + nodes[n][4].split("/").map(encodeURIComponent).join("/") + (at ? "?at=" + encodeURIComponent(at) : ""); }
  function zoom(factor, a, b) { x = a - (a - x) * factor; y = b - (b - y) * factor; scale *= factor; draw(); }

  const down = new Map();
  let moved = 0;
  canvas.addEventListener("pointerdown", (event) => { canvas.setPointerCapture(event.pointerId); down.set(event.pointerId, [event.offsetX, event.offsetY]); moved = 0; });
  canvas.addEventListener("pointermove", (event) => {
    const last = down.get(event.pointerId);
    if (!last) { const n = nearest(event); if (n !== over) { over = n; tell(over); canvas.style.cursor = n >= 0 ? "pointer" : ""; draw(); } return; }
    if (down.size === 1) { x += event.offsetX - last[0]; y += event.offsetY - last[1]; }
    else {
      const other = [...down].find(([id]) => id !== event.pointerId)[1];
      zoom(Math.hypot(event.offsetX - other[0], event.offsetY - other[1]) / Math.max(1, Math.hypot(last[0] - other[0], last[1] - other[1])), other[0], other[1]);
    }
    moved += Math.abs(event.offsetX - last[0]) + Math.abs(event.offsetY - last[1]);
    down.set(event.pointerId, [event.offsetX, event.offsetY]); draw();
  });
  const up = (event) => { down.delete(event.pointerId); };
  canvas.addEventListener("pointerup", (event) => { const n = moved < 5 ? nearest(event) : -1; up(event); if (n >= 0) open(n); });
  canvas.addEventListener("pointercancel", up);
  canvas.addEventListener("wheel", (event) => { event.preventDefault(); zoom(Math.exp(-event.deltaY / 500), event.offsetX, event.offsetY); }, { passive: false });
  canvas.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: [60, 0], ArrowRight: [-60, 0], ArrowUp: [0, 60], ArrowDown: [0, -60] }[event.key];
    if (step) { event.preventDefault(); x += step[0]; y += step[1]; draw(); }
    if (event.key === "+" || event.key === "-") zoom(event.key === "+" ? 1.25 : 0.8, canvas.clientWidth / 2, canvas.clientHeight / 2);
    if (event.key === "Enter" && chosen >= 0) open(chosen);
  });
  form.addEventListener("change", draw);
  form.addEventListener("submit", (event) => { event.preventDefault(); if (chosen >= 0) open(chosen); });
  field.addEventListener("input", () => {
    const words = field.value.toLowerCase(), found = words ? nodes.map((_, n) => n).filter((n) => nodes[n][3].toLowerCase().includes(words)) : [];
    list.textContent = "";
    for (const n of found.slice(0, 20)) { const option = document.createElement("option"); option.value = nodes[n][3]; list.append(option); }
    chosen = found.find((n) => nodes[n][3].toLowerCase() === words) ?? found[0] ?? -1;
    if (chosen >= 0) { scale = Math.max(scale, 1.5); x = canvas.clientWidth / 2 - nodes[chosen][0] * scale; y = canvas.clientHeight / 2 - nodes[chosen][1] * scale; }
    tell(chosen); draw();
  });
  addEventListener("resize", draw);
  fetch(box.dataset.graph).then((answer) => answer.json()).then((found) => {
    ({ nodes, lines, groups, at } = found);
    degree = nodes.map(() => 0);
    for (const [one, other] of lines) { degree[one]++; degree[other]++; }
    fit(); draw();
    box.dataset.drawn = String(nodes.length);
  });
}
