// The Vercel AI SDK with @ai-sdk/anthropic.

import { createAnthropic } from "@ai-sdk/anthropic";
import { runWith } from "./ai_sdk.mjs";
import { KEY, URL_ } from "./scenario.mjs";

await runWith(createAnthropic({ baseURL: `${URL_}/v1`, apiKey: KEY }));
