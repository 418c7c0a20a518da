// The prompt of an answer as the model got it: text, tokens, ids, and where the cache hit ended.
import { postJson } from "./api.js";
import { byId, element } from "./dom.js";
import { count } from "./format.js";

const SHOWN_MAX = 4000; // tokens; more would hold the page up

// Line breaks are shown, and kept.
const shown = (piece) => piece.replaceAll("\n", "⏎\n") || "∅";

const tokenView = (piece, id, isCached) =>
  element("span", { class: isCached ? "token cached" : "token", title: `${id}` }, shown(piece));

function tokensView({ tokens, pieces }, cached) {
  const from = Math.max(0, tokens.length - SHOWN_MAX);
  const views = [];
  for (let i = from; i < tokens.length; ++i) {
    if (i === cached && cached > 0) views.push(element("span", { class: "boundary" }, `cache hit ends: ${count(cached)} tokens`));
    views.push(tokenView(pieces[i], tokens[i], i < cached));
  }
  return element("div", { class: "tokens", tabindex: "0", role: "group", "aria-label": "Tokens of the prompt" }, ...views);
}

const fold = (title, text) =>
  element("details", {}, element("summary", {}, title), element("pre", { tabindex: "0" }, text));

export async function showPrompt(answer) {
  const place = byId("prompt");
  place.replaceChildren(element("p", { class: "quiet" }, "Reading…"));
  const { messages, tools, chat_template_kwargs } = answer.request;
  const chat = { messages, tools, chat_template_kwargs };
  try {
    const [text, tokens] = await Promise.all([
      postJson("/apply-template", chat),
      postJson("/tokenize", { ...chat, with_pieces: true }),
    ]);
    const cached = answer.usage?.prompt_tokens_details?.cached_tokens ?? 0;
    place.replaceChildren(
      element("p", {}, `${count(tokens.count)} tokens, the first ${count(cached)} from the cache.`),
      tokensView(tokens, cached),
      fold("Ids", tokens.tokens.join(" ")),
      fold("Text", text.prompt),
    );
  } catch (problem) {
    place.replaceChildren(element("p", { class: "error", role: "alert" }, problem.message));
  }
  byId("prompt-title").focus();
  place.querySelector(".boundary")?.scrollIntoView({ block: "center" });
  byId("prompt-title").scrollIntoView({ block: "start" });
}
