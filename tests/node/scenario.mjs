// What tests/clients/scenario.py says, for programs in JavaScript.

export const URL_ = process.env.SEALINK_URL;
export const KEY = process.env.SEALINK_KEY;
export const QUESTION = "What is the weather in Paris?";
export const ASK = [{ role: "user", content: QUESTION }];
export const LIMIT = 1024;
export const TOOL = {
  name: "weather",
  description: "Tells the weather in a city.",
  parameters: {
    type: "object",
    properties: { city: { type: "string" } },
    required: ["city"],
    additionalProperties: false,
  },
};

export const weather = ({ city }) => `22 degrees in ${city}`;

// `text` gives the pieces that came, `tool` the last answer. Both throw where the upstream fails.
export async function run(text, tool) {
  const told = {};
  for (const model of process.argv.slice(2)) {
    told[model] = {
      pieces: await text(model),
      answer: await tool(`${model}-tool`),
      refused: await words(text(`${model}-refused`)),
      cut: await words(text(`${model}-cut`)),
      again: (await text(model)).join(""),
    };
  }
  console.log(JSON.stringify(told));
}

async function words(promise) {
  try {
    await promise;
    return "";
  } catch (error) {
    return String(error);
  }
}
