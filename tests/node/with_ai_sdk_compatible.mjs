// The Vercel AI SDK with @ai-sdk/openai-compatible.

import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { runWith } from "./ai_sdk.mjs";
import { KEY, URL_ } from "./scenario.mjs";

await runWith(createOpenAICompatible({ name: "sealink", baseURL: `${URL_}/v1`, apiKey: KEY }));
