// The Vercel AI SDK with @ai-sdk/openai, which speaks responses. Told that nothing is stored, it sends a conversation
// back itself; otherwise by references to items, which only the upstream that made them could look up.

import { createOpenAI } from "@ai-sdk/openai";
import { runWith } from "./ai_sdk.mjs";
import { KEY, URL_ } from "./scenario.mjs";

await runWith(createOpenAI({ baseURL: `${URL_}/v1`, apiKey: KEY }), { openai: { store: false } });
