// Speaking JSON over HTTP.
import { within } from "./wait.js";

/** A JSON request; the answer's status, headers and body. */
export async function ask(method, url, { body, token, headers: more } = {}) {
  const headers = { "Content-Type": "application/json", ...more };
  if (token) headers.Authorization = `Bearer ${token}`;
  const asked = fetch(url, { method, headers, body: body && JSON.stringify(body) });
  const response = await within(asked, `${method} ${url}`);
  const text = await within(response.text(), `the body of ${method} ${url}`);
  return { status: response.status, headers: response.headers, body: text && parse(text) };
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** The same, when it must succeed. */
export async function told(method, url, request) {
  const { status, body } = await ask(method, url, request);
  if (status >= 300) throw new Error(`${method} ${url} → ${status} ${JSON.stringify(body)}`);
  return body;
}
