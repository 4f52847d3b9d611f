// The HTTP API of the mock: docs/http.md, openapi.json.

const ROOT = "/api/v1";

/** What the mock has refused: `message` is its own explanation, `kind` the exception in Python. */
export class ApiError extends Error {
  constructor(status, failure) {
    super(failure.error ?? `HTTP ${status}`);
    this.status = status;
    this.kind = failure.kind ?? "";
  }
}

/** The URL of an endpoint; what is null, undefined or empty stands in none. */
export function url(path, parameters = {}) {
  const said = Object.entries(parameters).filter(([, value]) => value != null && value !== "");
  const text = new URLSearchParams(said).toString();
  return `${ROOT}${path}${text ? `?${text}` : ""}`;
}

async function ask(method, path, parameters, body) {
  const answer = await fetch(url(path, parameters), {
    method,
    body: body === undefined ? undefined : JSON.stringify(body),
    headers: body === undefined ? {} : { "content-type": "application/json" },
  });
  const said = await answer.json();
  if (!answer.ok) throw new ApiError(answer.status, said);
  return said;
}

export const get = (path, parameters) => ask("GET", path, parameters);
export const post = (path, parameters, body = {}) => ask("POST", path, parameters, body);
export const remove = (path, parameters) => ask("DELETE", path, parameters);
