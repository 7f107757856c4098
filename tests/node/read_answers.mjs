// Reads answers with the stock packages: a line {client, request} in, a line {answer, chunks, error} out.
//
// `answer` is what the package's own accumulator makes of a stream, or the whole answer; `chunks` are a chat
// completion's chunks and a response's events.

import { createInterface } from "node:readline";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";

const [url, key] = process.argv.slice(2);
const openai = new OpenAI({ baseURL: `${url}/v1`, apiKey: key, maxRetries: 0 });
const anthropic = new Anthropic({ baseURL: url, apiKey: key, maxRetries: 0 });

const READERS = {
  async chat(request, told) {
    const answer = await openai.chat.completions.create(request);
    if (!request.stream) return void (told.answer = answer);
    told.chunks = [];
    for await (const chunk of answer) told.chunks.push(chunk);
  },
  async responses(request, told) {
    const answer = await openai.responses.create(request);
    if (!request.stream) return void (told.answer = answer);
    told.chunks = [];
    for await (const event of answer) told.chunks.push(event);
  },
  async messages({ stream, ...request }, told) {
    if (!stream) return void (told.answer = await anthropic.messages.create(request));
    const streamed = anthropic.messages.stream(request);
    streamed.on("streamEvent", (_, snapshot) => (told.answer = snapshot));
    told.answer = await streamed.finalMessage();
  },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { client, request } = JSON.parse(line);
  const told = {};
  try {
    await READERS[client](request, told);
  } catch (error) {
    told.error = { message: error.message, status: error.status ?? 200, body: error.error ?? null };
  }
  console.log(JSON.stringify(told));
}
