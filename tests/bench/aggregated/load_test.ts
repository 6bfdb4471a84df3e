import assert from "node:assert/strict";
import { createServer, type Server } from "node:https";
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { createAuthority, issueCertificate } from "../../cluster/pki.ts";
import { waitFor } from "../../cluster/wait.ts";
import { EventWatch } from "./event_watch.ts";
import { losses } from "./figures.ts";
import { type Caller, LoadClient } from "./load.ts";
import { Patches } from "./patches.ts";

const authority = await createAuthority("load");
const identity = await issueCertificate(authority, {
  commonName: "localhost",
  dnsNames: ["localhost"],
  usage: ["server"],
});

class Answering implements AsyncDisposable {
  readonly asked: IncomingMessage[] = [];
  readonly #server: Server;

  private constructor(answer: RequestListener) {
    this.#server = createServer({ cert: identity.certPem, key: identity.keyPem }, (incoming, response) => {
      this.asked.push(incoming);
      answer(incoming, response);
    });
  }

  static async by(answer: RequestListener): Promise<Answering> {
    const answering = new Answering(answer);
    await new Promise<void>((resolve) => answering.#server.listen(0, "127.0.0.1", resolve));
    return answering;
  }

  get caller(): Caller {
    const { port } = this.#server.address() as AddressInfo;
    return { server: `https://localhost:${port}`, caPem: authority.certPem, token: "secret" };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }
}

async function callersAsk(client: LoadClient): Promise<void> {
  let count = 0;
  await using server = await Answering.by((_, response) => {
    response.statusCode = count++ % 4 === 0 ? 429 : 200;
    response.end("x".repeat(100));
  });
  const job = { paths: ["/a", "/b"], callers: 3, seconds: 2, warmupSeconds: 0.2 };
  const { micros, codes, bytes, seconds } = await client.load(server.caller, job);
  assert.equal(seconds, 2);
  assert.equal(micros.length, (codes["200"] ?? 0) + (codes["429"] ?? 0));
  assert.ok((codes["200"] ?? 0) > (codes["429"] ?? 0) && (codes["429"] ?? 0) > 0, JSON.stringify(codes));
  assert.equal(bytes, micros.length * 100);
  assert.ok(micros.length < count, "what warms up does not count");
  assert.deepEqual([...new Set(server.asked.map(({ url }) => url))].sort(), ["/a", "/b"]);
  const [{ headers }] = server.asked as [IncomingMessage];
  assert.deepEqual([headers.authorization, headers["accept-encoding"]], ["Bearer secret", undefined]);
  const gzip = await client.load(server.caller, { ...job, gzip: true, perSecond: 10 });
  assert.ok(gzip.micros.length <= 24, `${gzip.micros.length} in two seconds, of 10 a second`);
  assert.equal(server.asked.at(-1)?.headers["accept-encoding"], "gzip");
}

async function callersPatch(client: LoadClient): Promise<void> {
  const bodies: string[] = [];
  await using server = await Answering.by((incoming, response) => {
    let body = "";
    incoming.setEncoding("utf8").on("data", (text: string) => body += text).on("end", () => {
      bodies.push(`${incoming.method} ${incoming.headers["content-type"]} ${body}`);
      response.end("{}");
    });
  });
  const job = { paths: ["/a"], callers: 2, seconds: 1, warmupSeconds: 0, patch: '{"label":"{n}"}' };
  const { codes } = await client.load(server.caller, job);
  assert.ok((codes["200"] ?? 0) > 1);
  assert.equal(new Set(bodies).size, bodies.length, "each is another one");
  assert.ok(bodies.includes('PATCH application/merge-patch+json {"label":"1"}'), bodies.join());
}

async function pagesTurn(client: LoadClient): Promise<void> {
  await using server = await Answering.by(({ url = "" }, response) => {
    const page = Number(new URL(url, "https://x").searchParams.get("continue") ?? "0");
    const metadata = { resourceVersion: "1", ...(page < 2 ? { continue: String(page + 1) } : {}) };
    response.end(
      JSON.stringify({ metadata, items: [{ metadata: { uid: "a" } }, { metadata: { uid: "b" } }] }),
    );
  });
  const job = {
    kind: "pages",
    paths: ["/list?limit=2"],
    callers: 1,
    seconds: 2,
    warmupSeconds: 0,
  } as const;
  const { micros, codes, items } = await client.load(server.caller, job);
  assert.ok(micros.length > 0);
  assert.deepEqual(codes, { "200": micros.length });
  assert.equal(items, micros.length * 6);
}

async function watchersTold(client: LoadClient): Promise<void> {
  const open: ServerResponse[] = [];
  await using server = await Answering.by((_, response) => {
    response.flushHeaders();
    open.push(response);
  });
  const watches = await client.watch(server.caller, {
    path: "/watch",
    watchers: 5,
    eventMark: '"resourceVersion":"',
    timeMark: '"sent":"',
  });
  assert.equal(open.length, 5);
  const tell = (to: readonly ServerResponse[], version: number) => {
    const sent = String(BigInt(Date.now() - 50) * 1_000_000n);
    for (const one of to) {
      one.write(`${JSON.stringify({ metadata: { resourceVersion: String(version) }, sent })}\n`);
    }
  };
  tell(open, 1);
  assert.equal(await watches.told(1), true);
  tell(open.slice(1), 2);
  assert.equal(await watches.told(2, 200), false, "one was not told");
  open[4]?.end();
  await waitFor(() => open[4]?.writableFinished, { what: "the end of a watch", timeoutMs: 60_000 });
  const watched = await watches.finish();
  assert.deepEqual(watched.events, [...watched.events].map((count) => count === 1 ? 1 : 2));
  assert.deepEqual([...watched.events].sort(), [1, 2, 2, 2, 2]);
  assert.equal(watched.micros.length, 9);
  assert.ok(
    watched.micros.every((micros) => micros >= 50_000 && micros < 60_000_000),
    String(watched.micros),
  );
  assert.match(
    losses(watched, 2),
    /^1 watchers were told less than 2 events, \d watchers were told something else/,
  );
}

Deno.test("the program that makes the load does as it is told", async (test) => {
  await using client = await LoadClient.build();
  await test.step("callers ask again and again until the time is over, and answers are counted by their code", () =>
    callersAsk(client));
  await test.step("callers patch, each time to something else", () => callersPatch(client));
  await test.step("a turn may be all pages of a list", () => pagesTurn(client));
  await test.step("watchers are open before changes come, and what each is told is counted and timed", () =>
    watchersTold(client));
});

Deno.test("events of a watch are kept with when they came, and looked at from a moment on", async () => {
  const open: ServerResponse[] = [];
  await using server = await Answering.by((_, response) => {
    response.flushHeaders();
    open.push(response);
  });
  using watch = await EventWatch.open(server.caller, "/watch");
  const event = (uid: string, latestBuildStatus: string) =>
    `${
      JSON.stringify({
        type: "MODIFIED",
        object: { metadata: { uid }, spec: {}, status: { latestBuildStatus } },
      })
    }\n`;
  const [told] = open as [ServerResponse];
  told.write(event("a", "running") + event("b", "pending").slice(0, 20));
  const started = Date.now();
  const running = ({ status }: { status: { latestBuildStatus?: string } }) =>
    status.latestBuildStatus === "running";
  assert.ok(await watch.until(running, { from: 0, timeoutMs: 60_000 }) >= started - 1_000);
  assert.equal(watch.count, 1);
  const later = watch.until(running, { from: watch.count, timeoutMs: 60_000 });
  told.write(event("b", "pending").slice(20) + event("b", "running"));
  await later;
  assert.equal(watch.count, 3);
  await assert.rejects(watch.until(running, { from: 3, timeoutMs: 10 }), /no such event came within 10 ms/);
});

Deno.test("a patch that is refused says how, and one that is taken when it was sent and answered", async () => {
  await using server = await Answering.by((incoming, response) => {
    response.statusCode = incoming.url === "/no" ? 422 : 200;
    response.end("an answer");
  });
  using patches = new Patches(server.caller);
  const { sent, answered, body } = await patches.send("/yes", { a: 1 });
  assert.equal(body, "an answer");
  assert.ok(sent < answered && Math.abs(Date.now() - answered) < 60_000, `${sent} ${answered}`);
  assert.equal(server.asked[0]?.headers["content-type"], "application/merge-patch+json");
  await assert.rejects(patches.send("/no", "{}"), /PATCH \/no answered 422: an answer/);
});

Deno.test("a watch that is refused says how", async () => {
  await using server = await Answering.by((_, response) => {
    response.statusCode = 403;
    response.end();
  });
  await assert.rejects(EventWatch.open(server.caller, "/watch"), /was answered with 403/);
});
