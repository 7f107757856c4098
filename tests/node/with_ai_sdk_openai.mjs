// The Vercel AI SDK with @ai-sdk/openai, which speaks responses.

import { createOpenAI } from "@ai-sdk/openai";
import { runWith } from "./ai_sdk.mjs";
import { KEY, URL_ } from "./scenario.mjs";

await runWith(createOpenAI({ baseURL: `${URL_}/v1`, apiKey: KEY }));
