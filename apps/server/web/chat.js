// The chat: sending, stopping, asking again.
import { Failure, failureIn, post } from "./api.js";
import { Answer, Conversation } from "./conversation.js";
import { byId } from "./dom.js";
import { eventsOf } from "./events.js";
import { AnswerView, questionView } from "./message_view.js";
import { promptFields, samplingFields, system } from "./settings.js";

const NEAR_END_PX = 80;

export class Chat {
  conversation = new Conversation();
  view = null; // of the last answer
  abort = null; // while an answer comes

  // showPrompt(answer): called for an answer's button.
  constructor(showPrompt) {
    this.messages = byId("messages");
    this.question = byId("question");
    this.actions = { showPrompt, sendResult: (...result) => this.sendResult(...result) };
    byId("ask").addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.question.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
      event.preventDefault();
      this.send();
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape") this.stop();
    });
    byId("stop").addEventListener("click", () => this.stop());
    byId("again").addEventListener("click", () => this.regenerate());
    byId("new-chat").addEventListener("click", () => this.clear());
  }

  send() {
    const content = this.question.value.trim();
    if (!content || this.abort) return;
    this.question.value = "";
    this.say({ role: "user", content });
    this.answer();
  }

  // The model goes on when each of its calls has a result. Returns false while an answer comes.
  sendResult(answer, call, content) {
    if (this.abort) return false;
    this.say({ role: "tool", tool_call_id: call.id, content });
    if (this.conversation.hasResults(answer)) this.answer();
    this.question.focus();
    return true;
  }

  say(turn) {
    byId("welcome").hidden = true;
    this.conversation.ask(turn);
    this.messages.append(questionView(turn));
  }

  stop() {
    this.abort?.abort();
  }

  regenerate() {
    if (this.abort) return;
    this.conversation.takeBack(this.view.answer);
    while (this.view.element.nextSibling) this.view.element.nextSibling.remove();
    this.view.element.remove();
    this.answer();
  }

  clear() {
    this.stop();
    this.conversation = new Conversation();
    this.view = null;
    this.messages.replaceChildren(byId("welcome"));
    byId("welcome").hidden = false;
    this.tell("");
    this.update();
    this.question.focus();
  }

  request() {
    return {
      messages: this.conversation.messages(system()),
      ...promptFields(),
      ...samplingFields(),
      stream: true,
      stream_options: { include_usage: true },
    };
  }

  async answer() {
    let request;
    try {
      request = this.request();
    } catch (problem) {
      return this.tell(problem.message);
    }
    const conversation = this.conversation;
    const answer = new Answer(request);
    const view = (this.view = new AnswerView(answer, this.actions));
    this.messages.append(view.element);
    this.scroll(true);
    this.abort = new AbortController();
    this.update();
    this.tell("Answering…");
    const failure = await this.read(answer, view, this.abort.signal);
    if (failure || answer.finish === "stopped") answer.calls = []; // half a call is none
    view.end(failure);
    if (!failure || answer.content) conversation.ask(answer);
    this.abort = null;
    this.scroll(false);
    this.tell("");
    this.update();
  }

  // Returns what went wrong, in words.
  async read(answer, view, signal) {
    try {
      const response = await post("/v1/chat/completions", answer.request, signal);
      for await (const chunk of eventsOf(response)) {
        if (chunk.error) throw failureIn(chunk.error);
        view.add(answer.add(chunk));
        this.scroll(false);
      }
    } catch (problem) {
      if (problem.name === "AbortError") answer.finish = "stopped";
      else if (problem instanceof Failure) return problem.message;
      else throw problem;
    }
    return undefined;
  }

  // To the end, unless somebody reads further up.
  scroll(isForced) {
    const { scrollHeight, scrollTop, clientHeight } = this.messages;
    if (isForced || scrollHeight - scrollTop - clientHeight < NEAR_END_PX) this.messages.scrollTop = scrollHeight;
  }

  tell(text) {
    byId("status").textContent = text;
  }

  update() {
    byId("send").disabled = this.abort !== null;
    byId("stop").disabled = this.abort === null;
    byId("again").disabled = this.abort !== null || this.view === null;
  }
}
