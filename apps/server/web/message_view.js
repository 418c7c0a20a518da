// How the turns of a chat look.
import { element } from "./dom.js";
import { count, rate } from "./format.js";

const WORDS = { user: "You", assistant: "Model", tool: "Tool" };

const frame = (role, ...children) =>
  element("article", { class: `turn ${role}`, "aria-label": WORDS[role] }, element("h3", {}, WORDS[role]), ...children);

export const questionView = ({ role, content }) => frame(role, element("p", { class: "text" }, content));

const ENDINGS = {
  length: "It ended because it was as long as is allowed.",
  stopped: "You stopped it.",
};

// An answer that grows. actions: {showPrompt(answer), sendResult(answer, call, text): whether it was taken}
export class AnswerView {
  constructor(answer, actions) {
    this.answer = answer;
    this.actions = actions;
    this.thinking = element("p", { class: "text" });
    this.fold = element("details", { class: "thinking", hidden: true }, element("summary", {}, "Thinking…"), this.thinking);
    this.text = element("p", { class: "text" });
    this.calls = element("div", { class: "calls" });
    this.note = element("p", { class: "note" });
    this.element = frame("assistant", this.fold, this.text, this.calls, this.note);
    this.element.setAttribute("aria-busy", "true");
  }

  add({ content, reasoning }) {
    if (reasoning) {
      this.fold.hidden = false;
      this.thinking.append(reasoning);
    }
    if (content) this.text.append(content);
    if (this.answer.calls.length) this.calls.replaceChildren(...this.answer.calls.map((call) => this.callView(call)));
  }

  end(failure) {
    this.element.removeAttribute("aria-busy");
    this.fold.firstChild.textContent = `Thinking${this.thoughtTokens()}`;
    this.text.hidden = !this.answer.content;
    if (failure) this.element.append(element("p", { class: "error", role: "alert" }, failure));
    this.note.replaceChildren(...this.noteParts());
    this.calls.replaceChildren(...this.answer.calls.map((call) => this.callView(call, !failure)));
  }

  thoughtTokens() {
    const tokens = this.answer.usage?.completion_tokens_details?.reasoning_tokens;
    return tokens ? ` (${count(tokens)} tokens)` : "";
  }

  noteParts() {
    const { usage, timings, finish } = this.answer;
    const words = [];
    if (ENDINGS[finish]) words.push(ENDINGS[finish]);
    if (timings?.predicted_per_second) words.push(rate(timings.predicted_per_second));
    if (usage) {
      const cached = usage.prompt_tokens_details?.cached_tokens ?? 0;
      words.push(`${count(usage.prompt_tokens)} tokens in, ${count(cached)} of them from the cache`);
      words.push(`${count(usage.completion_tokens)} out`);
    }
    if (timings?.draft_n) words.push(`${timings.draft_n_accepted} of ${timings.draft_n} guesses right`);
    const show = element("button", { type: "button", class: "small", onclick: () => this.actions.showPrompt(this.answer) }, "Prompt");
    return [words.join(" · ") + " ", show];
  }

  callView(call, isDone = false) {
    const view = element("div", { class: "call" }, element("h4", {}, `Calls ${call.name}`), element("pre", {}, call.arguments));
    if (isDone) view.append(this.resultForm(call));
    return view;
  }

  resultForm(call) {
    const field = element("input", { "aria-label": `Result of ${call.name}`, placeholder: "Its result, for the model" });
    const send = (event) => {
      event.preventDefault();
      if (this.actions.sendResult(this.answer, call, field.value)) event.currentTarget.remove();
    };
    return element("form", { class: "result", onsubmit: send }, field, element("button", { class: "small" }, "Send result"));
  }
}
