// Reads one streamed chat completion, and measures it as a person feels it.

// The events of a server-sent stream: each is its data, as text.
async function* eventsOf(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    rest += value;
    const frames = rest.split(/\r?\n\r?\n/);
    rest = frames.pop();
    for (const frame of frames) {
      const lines = frame.split(/\r?\n/).filter((line) => line.startsWith("data:"));
      if (lines.length) yield lines.map((line) => line.slice(5).trimStart()).join("\n");
    }
  }
}

// What has come of a stream so far. `gaps` are milliseconds between pieces of content.
export class Measured {
  constructor() {
    Object.assign(this, { begun: performance.now(), first: null, last: null, ended: null, chars: 0, gaps: [] });
    Object.assign(this, { usage: null, cost: null, finish: null, error: null });
  }

  add(text) {
    const now = performance.now();
    if (this.first === null) this.first = now;
    else this.gaps.push(now - this.last);
    this.last = now;
    this.chars += text.length;
  }

  get ttftMs() { return this.first === null ? null : this.first - this.begun; }

  get tokens() { return this.usage?.completion_tokens ?? Math.ceil(this.chars / 4); }

  get rate() {
    if (this.first === null) return null;
    const seconds = ((this.ended ?? performance.now()) - this.first) / 1000;
    return seconds > 0 ? this.tokens / seconds : null;
  }
}

// Streams `body` from `url`. `show(kind, text, measured)` is called with each piece; kind is "text" or "reasoning".
export async function chat({ url, headers, body, signal, show }) {
  const measured = new Measured();
  try {
    const response = await fetch(url, {
      method: "POST", signal, headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify({ ...body, stream: true, stream_options: { include_usage: true } }),
    });
    if (!response.ok) throw new Error(await refusal(response));
    for await (const data of eventsOf(response)) {
      if (data === "[DONE]") break;
      take(JSON.parse(data), measured, show);
    }
    if (measured.finish === null && measured.error === null) measured.error = "The stream was cut off.";
  } catch (error) {
    measured.error = error.name === "AbortError" ? "Stopped." : error.message;
  }
  measured.ended = performance.now();
  return measured;
}

async function refusal(response) {
  try {
    return `${response.status}: ${(await response.json()).error.message}`;
  } catch {
    return `${response.status} ${response.statusText}`;
  }
}

function take(chunk, measured, show) {
  if (chunk.error) measured.error = chunk.error.message;
  if (chunk.usage) measured.usage = chunk.usage;
  if (chunk.sealink?.cost_usd !== undefined) measured.cost = chunk.sealink.cost_usd;
  for (const choice of chunk.choices ?? []) {
    const { content, reasoning_content: reasoning } = choice.delta ?? {};
    for (const [kind, text] of [["reasoning", reasoning], ["text", content]]) {
      if (text) {
        measured.add(text);
        show(kind, text, measured);
      }
    }
    if (choice.finish_reason) measured.finish = choice.finish_reason;
  }
}
