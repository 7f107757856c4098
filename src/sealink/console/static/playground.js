// The playground: one question to one model, or to two side by side.
import { chat } from "./stream.js";
import { examples } from "./examples.js";

const number = new Intl.NumberFormat("en-US");
const SPARKS = 60;

const time = (ms) => (ms === null ? "–" : ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`);

// What the form asks for, without what it leaves open.
function asked(form, model) {
  const messages = [{ role: "user", content: form.prompt.value }];
  if (form.system.value.trim()) messages.unshift({ role: "system", content: form.system.value });
  const body = { model, messages };
  if (form.temperature.value !== "") body.temperature = Number(form.temperature.value);
  if (form.max_tokens.value !== "") body.max_tokens = Number(form.max_tokens.value);
  return body;
}

function column(panes, model) {
  const pane = document.getElementById("pane").content.firstElementChild.cloneNode(true);
  pane.querySelector("h2").textContent = model;
  panes.append(pane);
  return pane;
}

function meter(pane, measured) {
  const set = (name, text) => { pane.querySelector(`[data-m="${name}"]`).textContent = text; };
  set("ttft", time(measured.ttftMs));
  set("rate", measured.rate === null ? "–" : measured.rate.toFixed(1));
  set("tokens", `${measured.usage ? "" : "≈ "}${number.format(measured.tokens)}`);
  const gaps = measured.gaps.slice(-SPARKS), worst = Math.max(...gaps, 1);
  set("gap", measured.gaps.length ? time(Math.max(...gaps)) : "–");
  const points = gaps.map((gap, index) => `${(index * 100) / SPARKS},${(20 - (gap / worst) * 19).toFixed(1)}`);
  pane.querySelector("polyline").setAttribute("points", points.join(" "));
}

function finished(pane, measured) {
  const parts = [];
  if (measured.error !== null) parts.push(measured.error);
  if (measured.finish !== null) parts.push(`finish: ${measured.finish}`);
  if (measured.usage) {
    const cached = measured.usage.prompt_tokens_details?.cached_tokens;
    parts.push(`${number.format(measured.usage.prompt_tokens)} in${cached ? ` (${number.format(cached)} cached)` : ""}`);
    parts.push(`${number.format(measured.usage.completion_tokens)} out`);
    parts.push(measured.cost === null ? "cost unknown" : `$${Number(measured.cost).toFixed(4)}`);
  }
  parts.push(`${time(measured.ended - measured.begun)} in all`);
  const ending = pane.querySelector(".ending");
  ending.textContent = parts.join(" · ");
  ending.classList.toggle("bad", measured.error !== null && measured.error !== "Stopped.");
  pane.dataset.state = measured.error === null ? "done" : "ended";
}

async function answer(pane, form, model, access, signal) {
  const text = pane.querySelector(".answer"), reasoning = pane.querySelector(".reasoning");
  pane.dataset.state = "waiting";
  const show = (kind, piece, measured) => {
    pane.dataset.state = "streaming";
    const shown = kind === "text" ? text : reasoning;
    shown.hidden = false;
    shown.append(piece);
    meter(pane, measured);
  };
  const measured = await chat({ ...access(), body: asked(form, model), signal, show });
  meter(pane, measured);
  finished(pane, measured);
}

// `access()` gives the address and the headers of requests; `address` is what the examples show.
export function playground(form, { access, address }) {
  const panes = document.getElementById("panes"), stop = form.querySelector("[data-stop]");
  const models = () => [form.model.value, form.other.value].map((model) => model.trim()).filter(Boolean);
  let running = null;

  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    running?.abort();
    const mine = running = new AbortController();
    panes.replaceChildren();
    stop.disabled = false;
    await Promise.all(models().map((model) => answer(column(panes, model), form, model, access, mine.signal)));
    if (running === mine) stop.disabled = true;
  });
  stop.addEventListener("click", () => running?.abort());
  form.prompt.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.metaKey || event.ctrlKey)) form.requestSubmit();
  });
  const fill = () => {
    const texts = examples(address, asked(form, models()[0] ?? "MODEL"));
    for (const [name, text] of Object.entries(texts)) document.getElementById(`as-${name}`).textContent = text;
  };
  form.addEventListener("input", fill);
  fill();
}
