// Which plugin stands where in the model, from /props.
import { byId, element, rows } from "./dom.js";
import { bytes, count } from "./format.js";

const configRows = (use) => rows(Object.entries(use.config).map(([key, value]) => [key, `${value}`]));

function useView(part, use) {
  const config = configRows(use);
  const what = config.length ? element("dl", { class: "figures" }, ...config) : element("p", { class: "quiet" }, "As the plugin has it by default.");
  return [element("h4", {}, `${part}: ${use.plugin}`), what];
}

function layerView(layer, plugins) {
  const state = rows([
    ["State per token", bytes(layer.bytes_per_token)],
    ["State per sequence", bytes(layer.bytes_per_sequence)],
  ]);
  return [
    element("h3", {}, `Layer ${layer.layer}`),
    element("dl", { class: "figures" }, ...state),
    ...useView("Mixer", plugins.mixers[layer.mixer_role]),
    ...useView("Experts", plugins.experts[layer.experts_role]),
  ];
}

// Kinds of mixers, in the order in which they come; the colour is the number.
const kindsOf = (layers) => [...new Set(layers.map((layer) => layer.mixer))];

function select(button, views) {
  for (const other of byId("map").children) other.setAttribute("aria-pressed", `${other === button}`);
  byId("layer").replaceChildren(...views);
}

function layerButton(layer, kind, plugins) {
  const label = `Layer ${layer.layer}: ${layer.mixer}, ${layer.experts}`;
  const button = element("button", { type: "button", class: `layer kind${kind % 4}`, "aria-label": label, title: label, "aria-pressed": "false" }, `${layer.layer}`);
  button.addEventListener("click", () => select(button, layerView(layer, plugins)));
  return button;
}

function speculationOf(use) {
  if (!use) return "none";
  return use.draft_tokens > 0 ? `${use.plugin}, ${use.draft_tokens} at a time` : `${use.plugin}, not used`;
}

function wholeRows(props) {
  const { inside, plugins } = props;
  return rows([
    ["Parameters", `${count(inside.parameters)}, ${count(inside.active_parameters)} per token`],
    ["Weights", `${bytes(inside.weight_bytes)}, ${bytes(inside.active_weight_bytes)} read per token`],
    ["Width", count(inside.model_dim)],
    ["Vocabulary", count(inside.vocabulary)],
    ["Context", `${count(props.context)} tokens`],
    ["Position", inside.position ?? "none"],
    ["Cache", `${inside.cache}, pages of ${count(inside.page_tokens)} tokens`],
    ["Speculation", speculationOf(plugins.speculative)],
    ["State", `${bytes(inside.bytes_per_token)} per token, ${bytes(inside.bytes_per_sequence)} per sequence`],
  ]);
}

export function showModel(props) {
  byId("model-name").textContent = props.model;
  document.title = `${props.model} · Tenon`;
  const { layers } = props.inside;
  const kinds = kindsOf(layers);
  byId("map-legend").replaceChildren(
    ...kinds.map((kind, i) => {
      const number = layers.filter((layer) => layer.mixer === kind).length;
      return element("span", { class: `kind kind${i % 4}` }, `${kind} (${number})`);
    }),
  );
  byId("map").replaceChildren(...layers.map((layer) => layerButton(layer, kinds.indexOf(layer.mixer), props.plugins)));
  byId("layer").replaceChildren();
  byId("whole").replaceChildren(...wholeRows(props));
}
