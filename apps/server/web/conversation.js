// A chat as data: what was said, and what an answer is while it comes. Knows nothing of the page.

export class Answer {
  content = "";
  reasoning = "";
  calls = []; // {id, name, arguments}
  finish = null;
  usage = null;
  timings = null;
  // request: the body that was sent, for showing its prompt.
  constructor(request) {
    this.request = request;
  }

  // A chunk of the stream. Returns what it added: {content, reasoning}.
  add(chunk) {
    if (chunk.usage) this.usage = chunk.usage;
    if (chunk.timings) this.timings = chunk.timings;
    const choice = chunk.choices?.[0];
    if (!choice) return {};
    if (choice.finish_reason) this.finish = choice.finish_reason;
    const delta = choice.delta ?? {};
    const added = { content: delta.content ?? "", reasoning: delta.reasoning_content ?? delta.reasoning ?? "" };
    this.content += added.content;
    this.reasoning += added.reasoning;
    for (const call of delta.tool_calls ?? []) this.addCall(call);
    return added;
  }

  addCall({ index, id, function: part }) {
    const call = (this.calls[index] ??= { id: "", name: "", arguments: "" });
    if (id) call.id = id;
    call.name += part?.name ?? "";
    call.arguments += part?.arguments ?? "";
  }

  // As a later request repeats it.
  message() {
    const message = { role: "assistant", content: this.content };
    if (this.calls.length)
      message.tool_calls = this.calls.map(({ id, name, arguments: text }) => ({
        id, type: "function", function: { name, arguments: text },
      }));
    return message;
  }
}

export class Conversation {
  turns = []; // {role: "user" | "tool", content, ...} or Answer

  ask(message) {
    this.turns.push(message);
  }

  messages(system) {
    const told = system ? [{ role: "system", content: system }] : [];
    return [...told, ...this.turns.map((turn) => (turn instanceof Answer ? turn.message() : turn))];
  }

  hasResults(answer) {
    const answered = new Set(this.turns.map((turn) => turn.tool_call_id));
    return answer.calls.every((call) => answered.has(call.id));
  }

  // Takes an answer back, and what came after it, so that it can be asked for again.
  takeBack(answer) {
    const at = this.turns.indexOf(answer);
    if (at >= 0) this.turns.length = at;
  }
}
