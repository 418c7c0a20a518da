// What the server is doing, asked for again and again while somebody looks.
import { get } from "./api.js";
import { byId, element, rows } from "./dom.js";
import { bytes, count, rate, share } from "./format.js";
import { parseMetrics } from "./metrics.js";

const PERIOD_MS = 2000;

const perSecond = (now, before, name) =>
  before ? rate(Math.max(0, now[name] - before[name]) / ((now.time - before.time) / 1000)) : "…";

function figures(now, before) {
  return [
    ["Running", count(now.tenon_requests_running)],
    ["Waiting", count(now.tenon_requests_waiting)],
    ["Output", perSecond(now, before, "tenon_output_tokens_total")],
    ["Prompts", perSecond(now, before, "tenon_prompt_tokens_total")],
    ["Cache in use", `${bytes(now.tenon_cache_used_bytes)} of ${bytes(now.tenon_cache_pool_bytes)}`],
    ["Kept for prompts to come", bytes(now.tenon_cache_kept_bytes)],
    ["States among it", bytes(now.tenon_cache_states_kept_bytes)],
    ["Prefix hits", share(now.tenon_prefix_cache_hits_total, now.tenon_prefix_cache_queries_total)],
    ["Guesses right", share(now.tenon_draft_tokens_accepted_total, now.tenon_draft_tokens_total)],
    ["Tokens so far", `${count(now.tenon_prompt_tokens_total)} in, ${count(now.tenon_output_tokens_total)} out`],
  ];
}

export class Live {
  before = null;
  timer = null;

  start() {
    clearTimeout(this.timer);
    this.before = null;
    this.look();
  }

  async look() {
    const problem = document.hidden ? null : await this.show();
    // Without a key it would be refused each time; a new key starts it again.
    if (problem?.status !== 401) this.timer = setTimeout(() => this.look(), PERIOD_MS);
  }

  // Returns what went wrong.
  async show() {
    try {
      const now = parseMetrics(await (await get("/metrics")).text());
      now.time = performance.now();
      byId("live").replaceChildren(...rows(figures(now, this.before)));
      this.before = now;
      return null;
    } catch (problem) {
      byId("live").replaceChildren(element("div", { class: "error" }, element("dt", {}, "No figures"), element("dd", {}, problem.message)));
      return problem;
    }
  }
}
