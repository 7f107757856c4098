// The Live page: rows are kept up to date by server-sent events, and a stream is ended without leaving the page.
const table = document.getElementById("streams"), body = table.tBodies[0];
const template = document.getElementById("row");
const since = document.getElementById("since");
const number = new Intl.NumberFormat("en-US");
const STATES = {
  waiting: ["watch", "◐ waiting"], streaming: ["good", "● streaming"],
  paused: ["watch", "◐ client reads slowly"], left: ["watch", "◐ client left"],
};
const ENDED_STAYS_MS = 4000, COMES_AGAIN_MS = 1000;
const known = new Map();  // what does not change of a stream, by its id; live_feed.py says what is in a row
let heardAt = new Date();

const seconds = (value) => {
  if (value < 10) return `${value.toFixed(1)} s`;
  if (value < 60) return `${Math.round(value)} s`;
  const minutes = Math.floor(value / 60);
  return minutes < 60 ? `${minutes} min ${Math.floor(value % 60)} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
};
const time = (ms) => (ms === null ? "–" : ms < 1000 ? `${Math.round(ms)} ms` : seconds(ms / 1000));

function fill(row, stream) {
  const set = (name, text) => {
    const cell = row.querySelector(`[data-f="${name}"]`);
    if (cell.textContent !== text) cell.textContent = text;
  };
  const [kind, words] = STATES[stream.state] ?? ["watch", stream.state];
  set("key", stream.key);
  set("model", stream.model);
  set("target", stream.provider ? `${stream.provider}${stream.served_model === stream.model ? "" : ` (${stream.served_model})`}` : "–");
  set("age", seconds(stream.age_s));
  set("ttft", time(stream.ttft_ms));
  set("tokens", stream.ttft_ms === null ? "–" : `${stream.is_estimated ? "≈ " : ""}${number.format(stream.tokens)}`);
  set("rate", stream.ttft_ms === null ? "–" : (stream.tokens / Math.max(stream.age_s - stream.ttft_ms / 1000, 0.001)).toFixed(1));
  set("gap", seconds(stream.gap_s));
  set("state", words + (stream.heartbeats ? ` ♥ ${stream.heartbeats}` : ""));
  set("name", ` ${stream.key}'s stream`);
  row.querySelector('[data-f="state"]').className = `state ${kind}`;
  row.querySelector('[name="id"]').value = stream.id;
}

function read(row, now, theirs) {
  const [id, state, tokens, is_estimated, heard_at, heartbeats, age_s, ttft_ms, key, model, provider, served_model] = row;
  if (key !== undefined) known.set(id, { id, ttft_ms, key, model, provider, served_model, began_s: now - age_s });
  const stream = known.get(id);
  if (!stream || (key === undefined && stream.ttft_ms === null)) return null;
  const gap_s = heard_at === null ? 0 : Math.max(0, theirs - heard_at);
  return { ...stream, state, tokens, is_estimated, gap_s, heartbeats, age_s: now - stream.began_s };
}

/* Returns whether all of it was known. */
function show(processes) {
  const now = performance.now() / 1000;
  const total = processes.reduce((sum, [streams]) => sum + streams, 0);
  const others = processes.reduce((sum, [, more]) => sum + more, 0);
  const read_all = processes.flatMap(([, , theirs, rows]) => rows.map((row) => read(row, now, theirs)));
  const told = new Set(read_all.map((stream) => stream?.id));
  for (const id of known.keys()) if (!told.has(id)) known.delete(id);
  const listed = read_all.filter(Boolean).sort((one, other) => one.age_s - other.age_s).slice(0, Number(table.dataset.most));
  const open = new Set(listed.map((stream) => stream.id));
  for (const stream of listed.reverse()) {
    let row = document.getElementById(stream.id);
    if (!row) {
      row = template.content.firstElementChild.cloneNode(true);
      row.id = stream.id;
      body.prepend(row);
    }
    fill(row, stream);
  }
  for (const row of [...body.rows]) if (!open.has(row.id) && !row.classList.contains("gone")) endRow(row);
  document.getElementById("total").textContent = number.format(total);
  document.getElementById("others").textContent = number.format(others);
  document.getElementById("shown").textContent = total > listed.length ? `· the newest ${number.format(listed.length)} are listed` : "";
  arrange();
  return read_all.every(Boolean);
}

function endRow(row) {
  row.classList.add("gone");
  row.querySelector('[data-f="state"]').className = "muted";
  row.querySelector('[data-f="state"]').textContent = "○ ended";
  row.querySelector("button").disabled = true;
  setTimeout(() => { row.remove(); arrange(); }, ENDED_STAYS_MS);
}

function arrange() {
  table.hidden = body.rows.length === 0;
  document.getElementById("none").hidden = !table.hidden;
}

body.addEventListener("submit", async (event) => {
  event.preventDefault();
  const row = event.target.closest("tr"), id = row.id;
  row.querySelector("button").disabled = true;
  const answer = await fetch(`/admin/v1/streams/${encodeURIComponent(id)}`, {
    method: "DELETE", headers: { "x-csrf-token": document.querySelector("meta[name=csrf]").content },
  });
  if (answer.ok || answer.status === 404) endRow(row);
  else since.textContent = `The stream was not ended: ${(await answer.json()).error.message}`;
});

function listen() {
  const events = new EventSource("/live/events");
  events.addEventListener("message", (event) => {
    heardAt = new Date();
    since.textContent = "";
    table.classList.remove("stale");
    if (show(JSON.parse(event.data))) return;
    events.close();  // something was missed: who comes anew is told all
    setTimeout(listen, COMES_AGAIN_MS);
  });
  events.addEventListener("error", () => {
    table.classList.add("stale");
    since.textContent = `No news since ${heardAt.toLocaleTimeString()}; trying again.`;
  });
}
listen();
