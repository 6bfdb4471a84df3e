import { deepEqual, equal, match, rejects } from "node:assert/strict";
import { Api, Refused, SignedOut, wordsOfError } from "./api.js";
import { Credentials, NoRenewal } from "./credentials.js";

const NEVER = new AbortController().signal;
const TAB = { getItem: () => null, setItem: () => {}, removeItem: () => {} };

function rig(answers: (Response | Error)[], tokens: string[] = []) {
  const asked: { url: string; token: string | null; init: RequestInit }[] = [];
  const credentials = new Credentials(TAB, () => Promise.reject(new NoRenewal("no")));
  if (tokens.length > 0) credentials.use({ tokens }, false);
  const api = new Api(credentials, "https://host/ui/", (input, init = {}) => {
    asked.push({ url: String(input), token: new Headers(init.headers).get("authorization"), init });
    const answer = answers.shift() ?? new Error("nothing more was expected");
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  });
  return { api, asked };
}

const json = (status: number, body: unknown, headers: Record<string, string> = {}) =>
  Response.json(body, { status, headers });

Deno.test("it is asked with the token, in a header alone", async () => {
  const { api, asked } = rig([json(200, { a: 1 })], ["secret"]);
  const response = await api.get("api/log", { query: { workspace: "a b&c" }, signal: NEVER });
  deepEqual(await response.json(), { a: 1 });
  const [{ url, token, init }] = asked as [typeof asked[0]];
  deepEqual([url, token], ["https://host/ui/api/log?workspace=a+b%26c", "Bearer secret"]);
  deepEqual([init.redirect, init.cache, init.referrerPolicy], ["error", "no-store", "no-referrer"]);
});

Deno.test("where nobody is signed in, no header is sent", async () => {
  const { api, asked } = rig([json(200, {})]);
  await (await api.get("api/config", { signal: NEVER })).body.cancel();
  equal(asked[0]?.token, null);
});

Deno.test("a token that is refused is followed by the next, then by the question who it is", async () => {
  const { api, asked } = rig([json(401, {}), json(200, {})], ["access", "id"]);
  await (await api.get("api/events", { signal: NEVER })).body.cancel();
  deepEqual(asked.map(({ token }) => token), ["Bearer access", "Bearer id"]);
  const refused = rig([json(401, { error: { code: 1, message: "the token has\u001b[31m ended" } })], ["t"]);
  await rejects(refused.api.get("api/events", { signal: NEVER }), (error) => {
    equal(error instanceof SignedOut, true);
    equal((error as Error).message, "the token has ended");
    return true;
  });
});

Deno.test("a refusal says what it means, what the server says of it, and when to come again", async () => {
  const cases: [Response, number, RegExp][] = [
    [
      json(403, { error: { message: "no rights" } }),
      403,
      /^You are signed in, and may not see this\. It says: no rights$/,
    ],
    [json(429, { message: "16 at most" }, { "retry-after": "10" }), 429, /too many.*16 at most/],
    [
      new Response("<html>Bad gateway</html>", { status: 502, headers: { "content-type": "text/html" } }),
      502,
      /reach it\.$/,
    ],
    [new Response("draining", { status: 503, headers: { "content-type": "text/plain" } }), 503, /draining$/],
    [
      new Response("{", { status: 500, headers: { "content-type": "application/json" } }),
      500,
      /^The server failed\.$/,
    ],
    [new Response(null, { status: 418 }), 418, /status 418/],
    [new Response(null, { status: 204 }), 204, /status 204/],
  ];
  for (const [response, status, words] of cases) {
    const { api } = rig([response]);
    await rejects(api.get("x", { signal: NEVER }), (error) => {
      equal(error instanceof Refused && error.status, status);
      match((error as Error).message, words);
      equal((error as Refused).retryAfter, status === 429 ? "10" : null);
      return true;
    });
  }
});

Deno.test("of a refusal that never ends, a part is read", async () => {
  let isCancelled = false;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(new TextEncoder().encode("x".repeat(10_000))),
    cancel: () => {
      isCancelled = true;
    },
  });
  const { api } = rig([new Response(body, { status: 500, headers: { "content-type": "text/plain" } })]);
  await rejects(api.get("x", { signal: NEVER }), Refused);
  equal(isCancelled, true);
});

Deno.test("whatever was thrown has words", () => {
  equal(wordsOfError(new TypeError("Failed to fetch")), "The server was not reached.");
  equal(wordsOfError(new SyntaxError("x")), "The server's answer was not understood.");
  equal(wordsOfError(new SignedOut("over")), "over");
  equal(wordsOfError(new Error("a\u001b[31mb")), "ab");
  equal(wordsOfError("x"), "Something failed.");
});
