// What the Vercel AI SDK does with any of its providers.

import { generateText, jsonSchema, stepCountIs, streamText, tool as madeTool } from "ai";
import { QUESTION, TOOL, run, weather } from "./scenario.mjs";

export async function runWith(modelOf, providerOptions = {}) {
  async function text(model) {
    const pieces = [];
    const onError = () => {}; // it would be printed, too
    for await (const part of streamText({ model: modelOf(model), prompt: QUESTION, maxRetries: 0, onError }).fullStream) {
      if (part.type === "text-delta") pieces.push(part.text);
      if (part.type === "error") throw part.error;
    }
    return pieces;
  }

  async function tool(model) {
    const inputSchema = jsonSchema(TOOL.parameters);
    const tools = { weather: madeTool({ description: TOOL.description, inputSchema, execute: weather }) };
    const asked = { model: modelOf(model), tools, prompt: QUESTION, stopWhen: stepCountIs(3), maxRetries: 0, providerOptions };
    const streamed = await streamText(asked).text;
    const whole = (await generateText(asked)).text;
    if (streamed !== whole) throw new Error(`${streamed} is not ${whole}`);
    return whole;
  }

  await run(text, tool);
}
