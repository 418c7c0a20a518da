// Making elements. Text is only ever set as text, so nothing that a model says becomes markup.

export const byId = (id) => document.getElementById(id);

// element("p", { class: "quiet", onclick: f }, "text", otherElement)
export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (value === true) made.setAttribute(key, "");
    else if (value !== false && value != null) made.setAttribute(key, value);
  }
  made.append(...children);
  return made;
}

// Rows of a <dl>: [["name", "value"], ...]
export const rows = (pairs) =>
  pairs.map(([name, value]) => element("div", {}, element("dt", {}, name), element("dd", {}, value)));
