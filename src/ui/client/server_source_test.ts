import assert from "node:assert/strict";
import { FakeClock } from "../../telemetry/testing/fake_clock.ts";
import { testPages } from "../http/testing.ts";
import { NOTHING, type Shown, shownAfter } from "../state.ts";
import { until, workspaceOf } from "../testing.ts";
import { baseOf, serverSource, type ServerSourceOptions } from "./server_source.ts";
import { RefusedError, type TopSource } from "./source.ts";

/** Somebody who watches. */
function watching(source: TopSource) {
  const abort = new AbortController();
  const connections: string[] = [];
  let shown: Shown = NOTHING;
  const ended = source.watch((told) => {
    if ("event" in told) shown = shownAfter(shown, told.event);
    else connections.push(told.connection);
  }, abort.signal);
  return {
    connections,
    ended,
    shown: () => shown,
    async end() {
      abort.abort();
      await ended;
    },
  };
}
const as = (url: string, name: string | undefined, more: Partial<ServerSourceOptions> = {}) =>
  serverSource({ url, token: () => Promise.resolve(name), random: () => 0, ...more });

Deno.test("a server is known by any of its addresses", () => {
  for (
    const url of [
      "https://a.example.com",
      "https://a.example.com/",
      "https://a.example.com/ui/",
      "https://a.example.com/mcp?x",
    ]
  ) {
    assert.equal(baseOf(url), "https://a.example.com");
  }
  assert.equal(baseOf("https://a.example.com/prefix/ui"), "https://a.example.com/prefix");
});

Deno.test("what a server tells is told, and goes on where it begins anew", async () => {
  await using rig = await testPages();
  rig.live.put(workspaceOf("a.ann.one"));
  const source = as(`${rig.url}/mcp`, "ann");
  const { shown, connections, end } = watching(source);
  await until(() => shown().sections.workspaces.isComplete, "the workspaces");
  assert.deepEqual([...shown().sections.workspaces.rows.keys()], ["lab/a.ann.one"]);
  rig.live.put(workspaceOf("a.ann.two"));
  await until(() => shown().sections.workspaces.rows.size === 2, "the other one");
  assert.deepEqual(connections, [""]);
  await end();
});

Deno.test("who is not let in is told so at once, and with words", async () => {
  await using rig = await testPages();
  for (const name of [undefined, "nobody"]) {
    rig.revoke("nobody");
    const { ended } = watching(as(rig.url, name));
    const error = await ended.catch((error) => error);
    assert.ok(error instanceof RefusedError, String(error));
    assert.match(error.message, /\/ui\/api\/events answers 401: say who you are; give --token-file/);
  }
  const other = await testPages({}, { pages: undefined });
  await assert.rejects(watching(as(other.url, "ann")).ended, /answers 404: .*is --server right/s);
  await other[Symbol.asyncDispose]();
});

Deno.test("a server that is away, ends it or lets somebody in again later is asked again, ever more seldom", async () => {
  const clock = new FakeClock();
  let calls = 0;
  const stream = (text: string) => new Response(new Blob([text]).stream(), { status: 200 });
  const answers: (() => Response)[] = [
    () => {
      throw new TypeError("connection refused");
    },
    () => Response.json({ error: { message: "too many" } }, { status: 503 }),
    () =>
      stream(
        `event: hello\ndata: {"user":"ann","sections":["calls"]}\n\nevent: end\ndata: {"message":"this server ends"}\n\n`,
      ),
    () => Response.json({ error: { message: "not yet" } }, { status: 401 }),
    () => stream(`event: hello\ndata: {"user":"ann","sections":["calls"]}\n\n`),
  ];
  const source = as("http://s.example.com", "ann", {
    clock,
    fetch: () => {
      const answer = answers[calls++];
      if (answer === undefined) return new Promise(() => {});
      try {
        return Promise.resolve(answer());
      } catch (error) {
        return Promise.reject(error);
      }
    },
  });
  const { connections, shown } = watching(source);
  for (let count = 0; count < 200 && calls < 6; count++) {
    await clock.advance(500);
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.equal(calls, 6);
  assert.equal(shown().hello?.user, "ann");
  const [away, busy, well, ended, again, back] = connections;
  assert.equal(away, "http://s.example.com cannot be reached: connection refused");
  assert.match(busy ?? "", /answers 503: too many$/);
  assert.equal(well, "");
  assert.equal(ended, "this server ends");
  assert.match(again ?? "", /answers 401: not yet/);
  assert.equal(back, "");
});

Deno.test("a server that says nothing, or is no server of ours, is not waited for", async () => {
  const clock = new FakeClock();
  const silent = as("http://s.example.com", "ann", {
    clock,
    fetch: () => Promise.resolve(new Response(new ReadableStream())),
  });
  const first = watching(silent);
  await clock.advance(60_000);
  await until(() => first.connections.length > 0, "the words");
  assert.match(first.connections[0] ?? "", /has said nothing for 60 s/);
  await first.end();
  const late = watching(as("http://s.example.com", "ann", {
    clock,
    fetch: (_, { signal }) =>
      new Promise((_, reject) =>
        signal?.addEventListener("abort", () => reject(signal.reason), { once: true })
      ),
  }));
  await clock.advance(30_000);
  await until(() => late.connections.length > 0, "the words");
  assert.match(late.connections[0] ?? "", /did not answer within 30 s/);
  await late.end();
});

Deno.test("diagnoses and logs are asked for, and refusals are errors in words", async () => {
  await using rig = await testPages();
  const at = "2026-11-22T04:00:00.000Z";
  rig.live.put(
    workspaceOf("a.ann.dev", { latestBuild: { number: 2, transition: "start", completedAt: at } } as never),
  );
  rig.live.log = `${at} ==> Plan\n${at} done\n`;
  const source = as(rig.url, "ann");
  const { signal } = new AbortController();
  const texts: string[] = [];
  for await (const lines of source.log({ namespace: "lab", workspace: "a.ann.dev", build: 2 }, signal)) {
    texts.push(...lines.map(({ text }) => text));
  }
  assert.deepEqual(texts, ["==> Plan", "done"]);
  const missing = source.log({ namespace: "lab", workspace: "none" }, signal);
  await assert.rejects(missing[Symbol.asyncIterator]().next(), /answers 404: .*none not found/);
  await assert.rejects(
    source.diagnose({ kind: "controlplane", namespace: "lab", name: "none" }, signal),
    /answers 404: .*lab\/none/,
  );
});

Deno.test("an answer that begins and does not go on is given up", async () => {
  for (const status of [403, 503, 200]) {
    const clock = new FakeClock();
    let isLetGo = false;
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => controller.enqueue(new TextEncoder().encode('{"message":"half of')),
      cancel: () => void (isLetGo = true),
    });
    const source = as("http://server", "ann", {
      clock,
      fetch: () => Promise.resolve(new Response(body, { status })),
    });
    const asked = { kind: "workspace", namespace: "lab", name: "x" } as const;
    const { signal } = new AbortController();
    const failed = assert.rejects(
      () => source.diagnose(asked, signal),
      status === 200 ? /answers/ : /answers \d+/,
    );
    let isOver = false;
    void failed.finally(() => isOver = true);
    await until(() => {
      clock.advanceSync(31_000);
      return isOver;
    }, "it to be given up");
    await failed;
    await until(() => isLetGo, "the connection to be let go of");
  }
});
