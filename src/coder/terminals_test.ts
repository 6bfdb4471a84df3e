import assert from "node:assert/strict";
import { PrometheusMetrics } from "../telemetry/prometheus.ts";
import { createBudget } from "./budget.ts";
import { createCoderClient } from "./client.ts";
import { CoderError } from "./errors.ts";
import { messagesOf } from "./terminals.ts";
import type { CoderTransport, TransportAnswer } from "./transport.ts";
import { TransportFailure } from "./transport_failure.ts";
import type { Socket, SocketAnswer, SocketEnd, SocketRequest } from "./web_socket.ts";

const TOKEN = "aaaaaaaaaa-bbbbbbbbbbbbbbbbbbbbbb";
const AGENT = "e304c3bc-ce3a-47b6-91b3-8f6c0520b91e";
const request = { agentId: AGENT, command: "echo 'a b' & c" };
const never = new AbortController().signal;
const CODER = { "x-coder-build-version": "v2.30.0" };
const page = (title: string) => `<!doctype html><title>${title}</title><p>secret ${TOKEN}</p>`;

class FakeSocket implements Socket {
  readonly sent: string[] = [];
  readonly end = Promise.withResolvers<SocketEnd>();
  readonly closed = this.end.promise;
  isClosed = false;
  /** Holds what is sent until it resolves. */
  gate: Promise<void> = Promise.resolve();
  readonly messages = (async function* () {
    yield Uint8Array.of(1);
  })();
  async send(message: Uint8Array): Promise<void> {
    await this.gate;
    this.sent.push(new TextDecoder("utf-8", { fatal: true }).decode(message));
  }
  close(): void {
    this.isClosed = true;
  }
}

function rig(
  answer: () => Promise<SocketAnswer> | SocketAnswer,
  me: Partial<TransportAnswer> = { status: 200 },
) {
  const asked: SocketRequest[] = [];
  const sent: string[] = [];
  const metrics = new PrometheusMetrics();
  const transport: CoderTransport = {
    address: "https://coder.test",
    send({ path }) {
      sent.push(path);
      return Promise.resolve({ status: 200, body: "{}", ...me, headers: CODER });
    },
    connect(one) {
      asked.push(one);
      return Promise.resolve().then(answer);
    },
    close() {},
  };
  const options = { transport, token: TOKEN, metrics };
  return { asked, sent, metrics, options, client: createCoderClient(options) };
}

const refusing = (status: number, body: string, headers: Record<string, string> = CODER) =>
  rig(() => ({ refused: { status, headers, body } }));

async function failure(promise: Promise<unknown>): Promise<CoderError> {
  const error = await promise.then(() => undefined, (error: unknown) => error);
  assert.ok(error instanceof CoderError, String(error));
  assert.doesNotMatch(error.message, new RegExp(`${TOKEN}|<`), "neither secrets nor pages");
  return error;
}

Deno.test("a terminal is asked for with its command, its size and the token in a header", async () => {
  const socket = new FakeSocket();
  const { client, asked, metrics } = rig(() => ({ socket }));
  const terminal = await client.terminals.open(request, never);
  const { path, headers } = asked[0]!;
  const url = new URL(path, "http://x");
  assert.equal(url.pathname, `/api/v2/workspaceagents/${AGENT}/pty`);
  assert.deepEqual(Object.fromEntries(url.searchParams), {
    reconnect: terminal.reconnect,
    width: "500",
    height: "200",
    backend_type: "buffered",
    command: request.command,
  });
  assert.equal(headers["Coder-Session-Token"], TOKEN);
  assert.match(
    await metrics.text(),
    /requests_total\{route="\/api\/v2\/workspaceagents\/\{workspaceagent\}\/pty",method="GET",code="101"\} 1/,
  );
  const again = await client.terminals.open({ ...request, reconnect: terminal.reconnect }, never);
  assert.equal(again.reconnect, terminal.reconnect);
  const other = await client.terminals.open(request, never);
  assert.notEqual(other.reconnect, terminal.reconnect);
  assert.deepEqual(await Array.fromAsync(terminal.output), [Uint8Array.of(1)]);
  terminal.close();
  assert.ok(socket.isClosed);
});

Deno.test("what Coder says at the end is redacted and cut", async () => {
  const socket = new FakeSocket();
  const { client } = rig(() => ({ socket }));
  const { closed } = await client.terminals.open(request, never);
  socket.end.resolve({ code: 1006, reason: `${TOKEN} ${"x".repeat(1_000)}` });
  const { code, reason } = await closed;
  assert.equal(code, 1006);
  assert.doesNotMatch(reason, /bbbb/);
  assert.ok(reason.length <= 300);
});

Deno.test("typing goes in messages of 16 KiB at most, one text after the other", async () => {
  const socket = new FakeSocket();
  const { client } = rig(() => ({ socket }));
  const terminal = await client.terminals.open(request, never);
  const one = "a".repeat(40_000);
  const two = "b".repeat(40_000);
  await Promise.all([terminal.type(one, never), terminal.type(two, never)]);
  assert.equal(socket.sent.map((message) => JSON.parse(message).data).join(""), one + two);
});

Deno.test("texts of all kinds are cut where they may be", () => {
  const kinds = ["x", "\u0000", "ż", "😀", "\n", '"', "\ud800"];
  let seed = 7;
  const random = (below: number) => (seed = (seed * 48_271) % 2_147_483_647) % below;
  for (let round = 0; round < 200; round++) {
    const text = Array.from(
      { length: 1 + random(6) },
      () => kinds[random(kinds.length)]!.repeat(random(9_000)),
    )
      .join("");
    let together = "";
    for (const message of messagesOf(text)) {
      assert.ok(message.byteLength <= 16_384, `${message.byteLength} bytes`);
      together += JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(message)).data;
    }
    assert.equal(together, text);
  }
  assert.deepEqual([...messagesOf("")], []);
  const pairs = [...messagesOf("😀".repeat(20_000))];
  for (const message of pairs) assert.ok(JSON.parse(new TextDecoder().decode(message)).data.isWellFormed());
});

Deno.test("typing ends with the signal, and the next text is typed all the same", async () => {
  const socket = new FakeSocket();
  const { client } = rig(() => ({ socket }));
  const terminal = await client.terminals.open(request, never);
  const gate = Promise.withResolvers<void>();
  socket.gate = gate.promise;
  const abort = new AbortController();
  const typed = terminal.type("one", abort.signal);
  abort.abort(new Error("enough"));
  await assert.rejects(typed, /enough/);
  gate.resolve();
  await terminal.type("two", never);
  assert.ok(socket.sent.some((message) => message.includes("two")));
});

Deno.test("refusals: not there or no right, agent away, no WebSockets on the way", async () => {
  for (
    const [status, body, kind, reason, words] of [
      [404, page("404 - Application Not Found"), "notFound", undefined, /may not open terminals/],
      [
        404,
        `{"message":"Resource not found or you do not have access"}`,
        "notFound",
        undefined,
        /no such agent/,
      ],
      [404, `{"message":"Route not found."}`, "unsupported", "routeMissing", /no such route/],
      [502, page("502 - Bad Gateway"), "unavailable", "agentAway", /not connected.*Start the workspace/],
      [503, "", "unavailable", "agentAway", /not connected/],
      [426, "WebSocket protocol violation", "unavailable", "noWebSocket", /pass WebSockets on/],
      [400, `{"message":"Failed to accept websocket."}`, "unavailable", "noWebSocket", /without its upgrade/],
      [
        400,
        `{"message":"Query params have invalid values.","validations":[{"field":"reconnect"}]}`,
        "unsupported",
        "noWebSocket",
        /without its query.*--coder-access=direct/,
      ],
      [400, `{"message":"Query params have invalid values."}`, "invalid", undefined, /invalid values/],
      [500, page("500 - Internal Server Error"), "unavailable", "serverError", /an HTML page/],
      [403, `{"message":"Forbidden."}`, "forbidden", undefined, /Forbidden/],
      [429, `{"message":"You've been rate limited"}`, "rateLimited", undefined, /rate limited/],
      [302, "", "badResponse", "redirect", /redirect/],
      [200, page("Sign in"), "badResponse", "notJson", /an HTML page/],
      [200, "fine", "unavailable", "notCoder", /in front of Coder/],
    ] as const
  ) {
    const error = await failure(refusing(status, body).client.terminals.open(request, never));
    assert.deepEqual([error.kind, error.reason], [kind, reason], `${status} ${body}`);
    assert.match(error.message, words);
  }
});

Deno.test("what is in front of Coder says nothing about agents", async () => {
  for (const status of [404, 502, 426]) {
    const { client, sent } = refusing(status, page("nginx"), {});
    const error = await failure(client.terminals.open(request, never));
    assert.deepEqual([error.kind, error.reason], ["unavailable", "notCoder"]);
    assert.deepEqual(sent, [], "and its 404 is no reason to doubt the token");
  }
});

Deno.test("a 404 because of the token is told as what it is", async () => {
  let told = 0;
  const bad = { status: 401, body: `{"message":"Signed out","detail":"API key is invalid."}` };
  const { options, sent } = rig(() => ({ refused: { status: 404, headers: CODER, body: "{}" } }), bad);
  const client = createCoderClient({ ...options, onTokenRefused: () => told++ });
  const error = await failure(client.terminals.open(request, never));
  assert.deepEqual([error.kind, error.reason], ["unauthorized", "tokenRefused"]);
  assert.deepEqual(sent, ["/api/v2/users/me"]);
  assert.equal(told, 1);
});

Deno.test("nothing is sent with ids that are none, without a token, or on a way without WebSockets", async () => {
  const { client, options, asked } = rig(() => ({ socket: new FakeSocket() }));
  for (const agentId of ["", "../..", "x", `${AGENT}/`]) {
    assert.equal((await failure(client.terminals.open({ ...request, agentId }, never))).kind, "invalid");
  }
  assert.equal((await failure(client.terminals.open({ ...request, reconnect: "1" }, never))).kind, "invalid");
  const anonymous = createCoderClient({ ...options, token: undefined });
  assert.equal((await failure(anonymous.terminals.open(request, never))).reason, "tokenMissing");
  const { connect: _, ...narrow } = options.transport;
  const without = createCoderClient({ ...options, transport: narrow });
  const error = await failure(without.terminals.open(request, never));
  assert.deepEqual([error.kind, error.reason], ["unsupported", "noWebSocket"]);
  assert.deepEqual(asked, []);
});

Deno.test("no answer is a failure to reach Coder, without what was sent", async () => {
  const { client, metrics } = rig(() => {
    throw new TransportFailure("connectionBroken", `the connection with ${TOKEN} ended`, true);
  });
  const error = await failure(client.terminals.open(request, never));
  assert.deepEqual([error.kind, error.reason], ["unavailable", "connectionBroken"]);
  assert.match(await metrics.text(), /code="<error>"\} 1/);
});

Deno.test("an abort ends the opening with its reason, before and while Coder is asked", async () => {
  const { client } = rig(() => new Promise<SocketAnswer>(() => {}));
  await assert.rejects(client.terminals.open(request, AbortSignal.abort(new Error("before"))), /before/);
  const abort = new AbortController();
  const { client: other } = rig(() => {
    abort.abort(new Error("meanwhile"));
    throw new TransportFailure("aborted", "the call was ended by its caller", true);
  });
  await assert.rejects(other.terminals.open(request, abort.signal), /meanwhile/);
});

Deno.test("Coder's wish for silence holds terminals back, too", async () => {
  const headers = { ...CODER, "retry-after": "60" };
  const { options, asked } = refusing(429, `{"message":"You've been rate limited"}`, headers);
  const client = createCoderClient({ ...options, budget: createBudget() });
  assert.equal((await failure(client.terminals.open(request, never))).kind, "rateLimited");
  const held = await failure(client.terminals.open(request, never));
  assert.deepEqual([held.kind, held.reason], ["rateLimited", "held"]);
  assert.equal(asked.length, 1);
});
