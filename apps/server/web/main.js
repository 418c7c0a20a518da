// Puts the page together.
import { getJson } from "./api.js";
import { Chat } from "./chat.js";
import { byId } from "./dom.js";
import { showPrompt } from "./inspector.js";
import { showModel } from "./layer_map.js";
import { Live } from "./live.js";
import { connectKey } from "./settings.js";

const live = new Live();

// One of the two views on a narrow screen; both are there on a wide one.
function show(view) {
  document.body.dataset.view = view;
  for (const button of document.querySelectorAll("[data-show]"))
    button.setAttribute("aria-pressed", `${button.dataset.show === view}`);
}

async function readModel() {
  try {
    showModel(await getJson("/props"));
    byId("status").textContent = "";
  } catch (problem) {
    byId("status").textContent = problem.message;
    if (problem.status === 401) byId("settings").open = true;
  }
}

function begin() {
  readModel();
  live.start();
}

for (const button of document.querySelectorAll("[data-show]"))
  button.addEventListener("click", () => show(button.dataset.show));
connectKey(begin);
new Chat((answer) => {
  show("inside");
  showPrompt(answer);
});
begin();
byId("question").focus();
