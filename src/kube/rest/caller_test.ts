import assert from "node:assert/strict";
import { type Call, createCaller } from "./caller.ts";
import { KubeApiError, KubeConnectionError } from "../errors.ts";
import { CountingMetrics } from "../testing/counting_metrics.ts";
import { type Answer, json, localServer, statusBody } from "../testing/local_server.ts";
import { recordingLogger } from "../testing/recording_logger.ts";
import { createTransport, type Transport } from "./transport.ts";
import { fakeConnection } from "../testing/local_server.ts";
import { ManualClock } from "../testing/manual_clock.ts";
import type { HttpAnswer } from "./transport.ts";

const read: Call = { method: "GET", path: "/api/v1/pods?limit=5", target: "pods", timeoutMs: 60_000 };

/** A transport whose answers are given in order; the last one is given for ever. */
function scripted(...answers: (Partial<HttpAnswer> | Error)[]) {
  const requests: Parameters<Transport["send"]>[0][] = [];
  const refreshes = { count: 0, differ: false };
  const connection = fakeConnection(new URL("https://k:6443"), {
    refresh: () => (refreshes.count++, refreshes.differ),
  });
  const next = (): Promise<HttpAnswer> => {
    const answer = answers[Math.min(requests.length, answers.length) - 1] ??
      new Error("no answer is scripted");
    if (answer instanceof Error) return Promise.reject(answer);
    return Promise.resolve({ status: 200, headers: {}, body: "{}", ...answer });
  };
  const transport: Transport = {
    host: "k:6443",
    connection,
    send: (request) => (requests.push(request), next()),
    stream: async (request) => {
      requests.push(request);
      const { status, headers, body } = await next();
      const bytes = async function* () {
        await Promise.resolve();
        yield new TextEncoder().encode(body);
      };
      return { status, headers, body: bytes(), cancel() {} };
    },
    close() {},
  };
  const clock = new ManualClock();
  const metrics = new CountingMetrics();
  const { logger, lines } = recordingLogger();
  const caller = createCaller(transport, { userAgent: "coder-k8s/1 (test)", clock, metrics, logger });
  return { caller, clock, metrics, requests, refreshes, lines, transport };
}

const busy = (seconds: string, status = 429): Partial<HttpAnswer> => ({
  status,
  headers: { "retry-after": seconds },
  body: JSON.stringify(statusBody(status, "TooManyRequests", "slow down")),
});

Deno.test("an answer that is 2xx is returned, and the request says who we are", async () => {
  const { caller, requests } = scripted({ status: 201, body: "x" });
  assert.equal((await caller.send({ ...read, body: { a: 1 } })).body, "x");
  assert.deepEqual(requests[0]?.headers, {
    accept: "application/json",
    "user-agent": "coder-k8s/1 (test)",
    "content-type": "application/json",
  });
  assert.equal(requests[0]?.body, '{"a":1}');
});

Deno.test("429 with Retry-After is tried again after that time, writes too", async () => {
  for (const method of ["GET", "POST", "PATCH"]) {
    const { caller, clock, requests } = scripted(busy("3"), { body: "done" });
    const answer = caller.send({ ...read, method });
    await clock.advance(2_999);
    assert.equal(requests.length, 1);
    await clock.advance(1);
    assert.equal((await answer).body, "done");
  }
});

Deno.test("503 with Retry-After is tried again for every method, 500 only where repeating does no harm", async () => {
  const outcomes: Record<string, number> = {};
  for (
    const [status, method, idempotent] of [[503, "POST"], [500, "GET"], [500, "POST"], [
      504,
      "PATCH",
      true,
    ]] as const
  ) {
    const { caller, clock, requests } = scripted(busy("1", status), {});
    const call = { ...read, method, ...(idempotent ? { idempotent } : {}) };
    const answer = caller.send(call).catch((error) => error);
    await clock.advance(5_000);
    await answer;
    outcomes[`${status} ${method}`] = requests.length;
  }
  assert.deepEqual(outcomes, { "503 POST": 2, "500 GET": 2, "500 POST": 1, "504 PATCH": 2 });
});

Deno.test("without Retry-After nothing is tried again", async () => {
  for (const status of [429, 500, 503]) {
    const { caller, requests } = scripted({ status, body: "" });
    await assert.rejects(caller.send(read), KubeApiError);
    assert.equal(requests.length, 1);
  }
});

Deno.test("a wait that would pass the deadline is not begun: the refusal comes at once, with its wait", async () => {
  const { caller, clock } = scripted(busy("120"));
  await assert.rejects(caller.send(read), (error) => {
    assert.ok(error instanceof KubeApiError);
    assert.deepEqual([error.code, error.retryAfterMs], [429, 120_000]);
    return true;
  });
  assert.equal(clock.sleeping, 0);
});

Deno.test("after ten tries the refusal is handed on", async () => {
  const { caller, clock, requests } = scripted(busy("0"));
  const refused = assert.rejects(caller.send(read), /429/);
  await clock.advance(10_000);
  await refused;
  assert.equal(requests.length, 11);
  assert.ok(clock.now() >= 500, "even Retry-After: 0 is not a busy loop");
});

Deno.test("who does not want to wait gets the refusal at once", async () => {
  const { caller, clock, requests } = scripted(busy("1"));
  await assert.rejects(caller.send({ ...read, maxRetries: 0 }), /429/);
  assert.deepEqual([requests.length, clock.sleeping], [1, 0]);
});

Deno.test("an abort during the wait ends it with the refusal that was waited out", async () => {
  const { caller, clock } = scripted(busy("30"));
  const abort = new AbortController();
  const refused = assert.rejects(caller.send({ ...read, signal: abort.signal }), KubeApiError);
  await clock.advance(1_000);
  abort.abort();
  await refused;
  assert.equal(clock.sleeping, 0);
});

Deno.test("later tries get what is left of the deadline", async () => {
  const { caller, clock, requests } = scripted(busy("10"), {});
  const answer = caller.send(read);
  await clock.advance(10_000);
  await answer;
  assert.deepEqual(requests.map((request) => request.timeoutMs), [60_000, 50_000]);
});

Deno.test("401 is tried once more with new credentials, where there can be any", async () => {
  const denied = { status: 401, body: "" };
  const static_ = scripted(denied);
  await assert.rejects(static_.caller.send(read), /401/);
  assert.equal(static_.requests.length, 1);

  const renewed = scripted(denied, { body: "welcome" });
  renewed.refreshes.differ = true;
  assert.equal((await renewed.caller.send(read)).body, "welcome");

  const hopeless = scripted(denied);
  hopeless.refreshes.differ = true;
  await assert.rejects(hopeless.caller.send(read), /Check the credentials/);
  assert.equal(hopeless.requests.length, 2);
});

Deno.test("every try is counted by its code, and one without an answer as <error>", async () => {
  const { caller, clock, metrics } = scripted(busy("1"), {});
  const answer = caller.send(read);
  await clock.advance(1_000);
  await answer;
  const count = (code: string, m = metrics) =>
    m.get("rest_client_requests_total", { code, method: "GET", host: "k:6443" });
  assert.deepEqual([count("429"), count("200")], [1, 1]);
  const failing = scripted(new KubeConnectionError("gone", { method: "GET", path: "/" }));
  await assert.rejects(failing.caller.send(read), /gone/);
  assert.equal(count("<error>", failing.metrics), 1);
});

Deno.test("who asks hears what the server warns of", async () => {
  const { caller } = scripted(
    { headers: { warning: '299 - "one, \\"two\\"", 299 agent "three"' } },
    { headers: { warning: '299 - "four", odd' } },
    {},
  );
  const heard: string[] = [];
  const onWarning = (text: string) => void heard.push(text);
  for (let count = 0; count < 3; count++) await caller.send({ ...read, onWarning });
  assert.deepEqual(heard, ['one, "two"', "three", "four"]);
});

Deno.test("each warning of the server is logged once", async () => {
  const warning = { headers: { warning: '299 - "v1 ComponentStatus is deprecated"' } };
  const { caller, lines } = scripted(warning);
  await caller.send(read);
  await caller.send(read);
  assert.deepEqual(lines.map((line) => [line.level, line.fields["warning"]]), [
    ["warn", '299 - "v1 ComponentStatus is deprecated"'],
  ]);
});

Deno.test("a refused stream is an error of the call, with the server's words", async () => {
  const body = JSON.stringify(statusBody(410, "Expired", "too old resource version"));
  const { caller } = scripted({ status: 410, body });
  await assert.rejects(caller.stream(read), (error) => {
    assert.ok(error instanceof KubeApiError);
    assert.deepEqual([error.code, error.reason], [410, "Expired"]);
    return true;
  });
});

Deno.test("a stream counts once against the rate limit", async () => {
  const { transport } = scripted({});
  const clock = new ManualClock();
  const caller = createCaller(transport, { userAgent: "x", qps: 1, burst: 2, clock });
  await caller.stream(read);
  await caller.send(read);
  let third = false;
  const last = caller.send(read).then(() => third = true);
  await clock.advance(999);
  assert.equal(third, false);
  await clock.advance(1);
  await last;
});

Deno.test("a rate limit that leaves no time is a connection error that names it", async () => {
  const { transport } = scripted({});
  const caller = createCaller(transport, { userAgent: "x", qps: 0.01, burst: 1, clock: new ManualClock() });
  await caller.send(read);
  await assert.rejects(caller.send(read), (error) => {
    assert.ok(error instanceof KubeConnectionError);
    assert.match(error.message, /GET pods: the client-side rate limit .* leaves no time/);
    assert.equal(error.call.path, "/api/v1/pods");
    return true;
  });
  const aborted = caller.send({ ...read, signal: AbortSignal.abort(new Error("bye")) });
  await assert.rejects(aborted, /ended by its caller/);
});

Deno.test("refusals, retries and streams work over a real connection", async () => {
  const answers: Answer[] = [
    (_request, response) => json(response, 429, statusBody(429, "", ""), { "retry-after": "0" }),
    (_request, response) => json(response, 200, { ok: true }),
    (_request, response) => json(response, 403, statusBody(403, "Forbidden", "not you")),
  ];
  await using server = await localServer((request, response) => answers.shift()?.(request, response));
  const transport = createTransport(server.connection);
  const caller = createCaller(transport, { userAgent: "x" });
  assert.equal((await caller.send(read)).body, '{"ok":true}');
  await assert.rejects(caller.stream(read), /GET pods: Forbidden \(403\): not you/);
  transport.close();
});
