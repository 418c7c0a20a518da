// A stream of server-sent events as OpenAI's routes send it: the JSON of each `data:`, until [DONE].
import { Failure } from "./api.js";

// Cuts a text that comes in pieces into frames, each ended by an empty line.
export class Frames {
  rest = "";

  add(text) {
    const frames = (this.rest + text).split("\n\n");
    this.rest = frames.pop();
    return frames;
  }
}

// The data of a frame; null of a comment.
export function dataOf(frame) {
  const lines = frame.split("\n").filter((line) => line.startsWith("data:"));
  return lines.length ? lines.map((line) => line.slice(5).trimStart()).join("\n") : null;
}

export async function* eventsOf(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  const frames = new Frames();
  for (;;) {
    const { value, done } = await reader.read().catch((problem) => {
      if (problem.name === "AbortError") throw problem;
      return { done: true };
    });
    if (done) throw new Failure(0, "The connection broke before the answer was complete.");
    for (const frame of frames.add(value)) {
      const data = dataOf(frame);
      if (data === "[DONE]") return;
      if (data !== null) yield JSON.parse(data);
    }
  }
}
