// The page of a key's holder. The key is in this variable and nowhere else: not in a URL, a cookie, or storage.
import { examples } from "./examples.js";
import { playground } from "./playground.js";

let key = "";
const number = new Intl.NumberFormat("en-US");
const dollars = (value) => value.toLocaleString("en-US", { style: "currency", currency: "USD" });
const find = (id) => document.getElementById(id);
const form = find("playground");
const address = form.dataset.address || `${location.origin}/v1`;
const LIMITS = {
  requests_per_minute: "requests a minute", tokens_per_minute: "tokens a minute",
  concurrent_streams: "streams at once", requests_per_day: "requests a day",
};

const access = () => ({ url: "/v1/chat/completions", headers: { authorization: `Bearer ${key}` } });

async function ask(path) {
  const answer = await fetch(path, { headers: access().headers });
  const body = await answer.json();
  if (!answer.ok) throw new Error(body.error.message);
  return body;
}

function element(name, text, className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  made.className = className;
  return made;
}

function row(cells) {
  const made = document.createElement("tr");
  cells.forEach((cell, index) => {
    const td = element("td", cell.text ?? cell, index ? "n" : "break");
    if (cell.label) td.dataset.l = cell.label;
    made.append(td);
  });
  return made;
}

function meter(what, left, whole, words) {
  const line = document.createElement("p"), shown = document.createElement("meter");
  Object.assign(shown, { min: 0, max: whole || 1, value: Math.max(0, left) });
  shown.setAttribute("aria-label", what);
  line.append(shown, ` ${words}`);
  return line;
}

function standing({ limits, remaining, budget, balance }, whose) {
  const lines = Object.entries(limits).map(([name, limit]) => {
    const left = remaining[name] ?? limit;
    return meter(LIMITS[name] ?? name, left, limit, `${whose}${number.format(left)} of ${number.format(limit)} ${LIMITS[name] ?? name} left`);
  });
  if (budget) {
    const until = budget.resets_at ? `, until ${budget.resets_at.slice(0, 10)}` : "";
    lines.push(meter("budget", budget.left_usd, budget.budget_usd, `${whose}${dollars(budget.left_usd)} of the budget of ${dollars(budget.budget_usd)} left${until}`));
  }
  if (balance) lines.push(meter("balance", balance.left_usd, balance.paid_in_usd, `${whose}${dollars(balance.left_usd)} of ${dollars(balance.paid_in_usd)} paid in are left`));
  return lines;
}

function showKey(me) {
  find("name").textContent = me.name;
  const team = me.team ? standing(me.team, `team ${me.team.name}: `) : [];
  const lines = [...standing(me, ""), ...team];
  if (me.expires) lines.unshift(element("p", `Valid until ${me.expires}, 00:00 UTC.`));
  find("standing").replaceChildren(...(lines.length ? lines : [element("p", "This key has no limits.", "muted")]));
  find("models").replaceChildren(...me.allowed_models.map((model) => Object.assign(document.createElement("option"), { value: model })));
  form.model.value ||= me.allowed_models[0] ?? "";
  const body = { model: form.model.value || "MODEL", messages: [{ role: "user", content: "Hello" }] };
  find("quickstart").textContent = `export SEALINK_API_KEY=…   # this key\n\n${examples(address, body).curl}`;
  form.dispatchEvent(new Event("input"));
}

function fill(table, usage, by) {
  const rows = usage.data.map((group) => row([
    group[by] ?? "–", { text: number.format(group.requests), label: "requests" },
    { text: number.format(group.input_tokens), label: "in" }, { text: number.format(group.output_tokens), label: "out" },
    { text: dollars(group.price_usd), label: "price" },
  ]));
  table.tBodies[0].replaceChildren(...rows);
  table.hidden = rows.length === 0;
}

function showUsage(models, days) {
  days.data.reverse();
  fill(find("usage"), models, "model");
  fill(find("days"), days, "day");
  const { requests, price_usd: price } = models.total;
  find("sum").textContent = requests ? `${number.format(requests)} requests, ${dollars(price)} in the last 30 days` : "No request in the last 30 days.";
}

async function refresh() {
  const since = new Date(Date.now() - 29 * 86_400_000).toISOString().slice(0, 10);
  const usage = ["model", "day"].map((by) => ask(`/v1/usage?by=${by}&since=${since}`));
  const [me, models, days] = await Promise.all([ask("/v1/me"), ...usage]);
  showKey(me);
  showUsage(models, days);
}

find("sign-in").addEventListener("submit", async (event) => {
  event.preventDefault();
  const problem = find("problem");
  problem.hidden = true;
  key = find("key").value.trim();
  try {
    await refresh();
    find("key").value = "";
    find("sign-in").hidden = true;
    find("inside").hidden = false;
    find("main").focus();
  } catch (error) {
    key = "";
    problem.textContent = error.message;
    problem.hidden = false;
  }
});
find("leave").addEventListener("click", () => location.reload());
find("again").addEventListener("click", () => refresh().catch((error) => { find("sum").textContent = error.message; }));
playground(form, { access, address });
