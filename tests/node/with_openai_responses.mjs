// The openai package's responses: events, and its streaming helper in a tool loop.

import OpenAI from "openai";
import { ASK, KEY, QUESTION, TOOL, URL_, run, weather } from "./scenario.mjs";

const client = new OpenAI({ baseURL: `${URL_}/v1`, apiKey: KEY, maxRetries: 0 });

async function text(model) {
  const pieces = [];
  for await (const event of await client.responses.create({ model, input: QUESTION, stream: true })) {
    if (event.type === "response.output_text.delta") pieces.push(event.delta);
    if (event.type === "response.failed") throw new Error(event.response.error.message);
    if (event.type === "error") throw new Error(event.message);
  }
  return pieces;
}

async function tool(model) {
  const tools = [{ type: "function", strict: null, ...TOOL }];
  const { output } = await client.responses.stream({ model, input: ASK, tools }).finalResponse();
  const call = output.find((item) => item.type === "function_call");
  const result = { type: "function_call_output", call_id: call.call_id, output: weather(JSON.parse(call.arguments)) };
  const answer = await client.responses.create({ model, input: [...ASK, ...output, result], tools });
  return answer.output_text;
}

await run(text, tool);
