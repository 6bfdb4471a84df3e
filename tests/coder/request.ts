/** Requests to coderd, independent of the product's own client. */

/** What one request carries. */
export interface RequestOptions {
  /** A session or API token. @default none */
  token?: string | undefined;
  /** JSON, or bytes as they are. @default no body */
  body?: unknown;
  /** More headers. @default none */
  headers?: Record<string, string>;
  /** Deadline, in milliseconds. @default {60_000} */
  timeoutMs?: number;
}

/** An answer of any status. */
export interface Answer {
  status: number;
  headers: Headers;
  /** JSON parsed, other text as it is, undefined when empty. */
  // deno-lint-ignore no-explicit-any -- tests look into answers of any kind
  body: any;
}

/** An answer other than 2xx. */
export class RequestError extends Error {
  override name = "RequestError";
  constructor(message: string, readonly answer: Answer) {
    super(message);
  }

  get status(): number {
    return this.answer.status;
  }

  // deno-lint-ignore no-explicit-any -- as in Answer
  get body(): any {
    return this.answer.body;
  }
}

/** Sends one request on a connection of its own; nothing stays open. @throws when there is no answer */
export async function send(
  url: string,
  method: string,
  path: string,
  options: RequestOptions = {},
): Promise<Answer> {
  const { token, body } = options;
  const headers = new Headers({ accept: "application/json", ...options.headers });
  if (token !== undefined) headers.set("coder-session-token", token);
  const bytes = body instanceof Uint8Array;
  if (body !== undefined && !bytes && !headers.has("content-type")) {
    headers.set("content-type", "application/json");
  }
  using client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });
  const response = await fetch(new URL(path, url), {
    method,
    headers,
    redirect: "manual",
    client,
    signal: AbortSignal.timeout(options.timeoutMs ?? 60_000),
    ...(body === undefined ? {} : { body: bytes ? body as Uint8Array<ArrayBuffer> : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: parsed(text) };
}

/** The body of a 2xx answer. @throws {RequestError} for any other */
export async function request(
  url: string,
  method: string,
  path: string,
  options: RequestOptions = {},
  // deno-lint-ignore no-explicit-any -- as in Answer
): Promise<any> {
  const answer = await send(url, method, path, options);
  if (answer.status >= 200 && answer.status < 300) return answer.body;
  const said = typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body);
  throw new RequestError(
    `${method} ${path} answered ${answer.status}: ${(said ?? "").slice(0, 1000)}`,
    answer,
  );
}

function parsed(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
