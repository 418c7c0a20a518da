// What the fields under Settings add to a request.
import { getKey, setKey } from "./api.js";
import { byId } from "./dom.js";

function number(id) {
  const { value } = byId(id);
  return value === "" ? undefined : Number(value);
}

// Throws if the tools are no JSON list.
function tools() {
  const text = byId("tools").value.trim();
  if (!text) return undefined;
  let list;
  try {
    list = JSON.parse(text);
  } catch (problem) {
    throw new Error(`The tools under Settings are no JSON: ${problem.message}`);
  }
  if (!Array.isArray(list)) throw new Error("The tools under Settings must be a JSON list: [{…}].");
  return list.length ? list : undefined;
}

export const system = () => byId("system").value.trim();

// What decides the prompt besides the messages.
export const promptFields = () => ({
  tools: tools(),
  chat_template_kwargs: { enable_thinking: byId("thinking").checked },
});

export const samplingFields = () => ({
  temperature: number("temperature"),
  max_completion_tokens: number("max-tokens"),
});

// whenKeyChanges: called after each change.
export function connectKey(whenKeyChanges) {
  const field = byId("key");
  field.value = getKey();
  field.addEventListener("change", () => {
    setKey(field.value.trim());
    whenKeyChanges();
  });
}
