// The openai package: chunks, its streaming helper and its tool runner.

import OpenAI from "openai";
import { ASK, KEY, TOOL, URL_, run, weather } from "./scenario.mjs";

const client = new OpenAI({ baseURL: `${URL_}/v1`, apiKey: KEY, maxRetries: 0 });

async function text(model) {
  const pieces = [];
  const stream = await client.chat.completions.create({ model, messages: ASK, stream: true });
  for await (const chunk of stream) pieces.push(chunk.choices[0]?.delta?.content ?? "");
  return pieces;
}

async function tool(model) {
  const tools = [{ type: "function", function: { ...TOOL, function: weather, parse: JSON.parse } }];
  const runner = client.chat.completions.runTools({ model, messages: ASK, tools, stream: true });
  return await runner.finalContent();
}

await run(text, tool);
