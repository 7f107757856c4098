// The @anthropic-ai/sdk package: its streaming helper and its final message in a tool loop.

import Anthropic from "@anthropic-ai/sdk";
import { ASK, KEY, LIMIT, TOOL, URL_, run, weather } from "./scenario.mjs";

const client = new Anthropic({ baseURL: URL_, apiKey: KEY, maxRetries: 0 });

async function text(model) {
  const pieces = [];
  const stream = client.messages.stream({ model, messages: ASK, max_tokens: LIMIT });
  stream.on("text", (piece) => pieces.push(piece));
  await stream.finalMessage();
  return pieces;
}

async function tool(model) {
  const tools = [{ name: TOOL.name, description: TOOL.description, input_schema: TOOL.parameters }];
  const asked = { model, max_tokens: LIMIT, tools };
  const message = await client.messages.stream({ ...asked, messages: ASK }).finalMessage();
  if (message.stop_reason !== "tool_use") throw new Error(message.stop_reason);
  const call = message.content.find((block) => block.type === "tool_use");
  const content = [{ type: "tool_result", tool_use_id: call.id, content: weather(call.input) }];
  const messages = [...ASK, { role: "assistant", content: message.content }, { role: "user", content }];
  const answer = await client.messages.create({ ...asked, messages });
  return answer.content.map((block) => block.text ?? "").join("");
}

await run(text, tool);
