// Calls to the server this page came from, with the key that was typed in. The key lives as long as the tab.

const KEY = "tenon.key";

export const getKey = () => sessionStorage.getItem(KEY) ?? "";
export function setKey(key) {
  if (key) sessionStorage.setItem(KEY, key);
  else sessionStorage.removeItem(KEY);
}

// What went wrong, in words for the one who asked. status 0: there was no answer.
export class Failure extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

function wordsOf(status, error) {
  const said = error?.message ? ` The server says: ${error.message}` : "";
  if (status === 401) return "The server wants a key: type it in under Settings." + (said && " " + said.trim());
  if (status === 429) return "Too many requests with this key at once: wait for one to end." + said;
  if (status === 503) return "The server is full or about to stop: try again in a while." + said;
  if (status >= 500) return `The server failed (${status}).` + said;
  return error?.message ?? `The server answered with status ${status}.`;
}

async function failureOf(response) {
  const body = await response.json().catch(() => ({}));
  return new Failure(response.status, wordsOf(response.status, body.error));
}

// As an event of a stream tells it.
export const failureIn = (error) => new Failure(Number(error.status) || 500, wordsOf(0, error));

async function call(path, options) {
  const headers = { ...options.headers };
  if (getKey()) headers.authorization = `Bearer ${getKey()}`;
  let response;
  try {
    response = await fetch(path, { ...options, headers });
  } catch (problem) {
    if (problem.name === "AbortError") throw problem;
    throw new Failure(0, "The server cannot be reached. Is it still running?");
  }
  if (!response.ok) throw await failureOf(response);
  return response;
}

export const get = (path) => call(path, { method: "GET" });
export const getJson = async (path) => (await get(path)).json();

export const post = (path, body, signal) =>
  call(path, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
    signal,
  });
export const postJson = async (path, body) => (await post(path, body)).json();
