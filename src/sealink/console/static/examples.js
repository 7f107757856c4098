// A request as Python, Node and curl, to be pasted elsewhere.
const quoted = (text) => `'${text.replaceAll("'", "'\\''")}'`;

// JSON's texts, numbers and lists are Python's too; here is nothing else. But for Python two surrogates are no character.
const python = (value) => JSON.stringify(value).replaceAll(/[\u{7f}-\u{10ffff}]/gu, (char) => {
  const code = char.codePointAt(0), is_long = code > 0xffff;
  return `\\${is_long ? "U" : "u"}${code.toString(16).padStart(is_long ? 8 : 4, "0")}`;
});

export function examples(address, body) {
  const { model, messages, ...rest } = body;
  const options = Object.entries(rest);
  return {
    python: `import os
from openai import OpenAI

client = OpenAI(base_url=${python(address)}, api_key=os.environ["SEALINK_API_KEY"])
stream = client.chat.completions.create(
    model=${python(model)},
    messages=${python(messages)},
${options.map(([name, value]) => `    ${name}=${python(value)},\n`).join("")}    stream=True,
)
for chunk in stream:
    if chunk.choices:
        print(chunk.choices[0].delta.content or "", end="", flush=True)`,
    node: `import OpenAI from "openai";

const client = new OpenAI({ baseURL: ${JSON.stringify(address)}, apiKey: process.env.SEALINK_API_KEY });
const stream = await client.chat.completions.create(${JSON.stringify({ ...body, stream: true }, null, 2)});
for await (const chunk of stream) process.stdout.write(chunk.choices[0]?.delta?.content ?? "");`,
    curl: `curl -N ${address}/chat/completions \\
  -H "Authorization: Bearer $SEALINK_API_KEY" -H "Content-Type: application/json" \\
  -d ${quoted(JSON.stringify({ ...body, stream: true }))}`,
  };
}
