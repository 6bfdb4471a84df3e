import assert from "node:assert/strict";
import { Health } from "./health.ts";
import { startHttpServer } from "./http_server.ts";
import { createLogger } from "./log.ts";
import { type MetricsEndpointOptions, metricsHandler, type ScrapeDecision } from "./metrics_endpoint.ts";

const LOCAL = { hostname: "127.0.0.1", port: 0 };

Deno.test("the server answers on the port that the system chose, and closes", async () => {
  const health = new Health();
  const server = startHttpServer({
    name: "probes",
    address: LOCAL,
    handler: (request) => health.handler(request),
  });
  assert.ok(server.address.port > 0);
  const url = `http://127.0.0.1:${server.address.port}/readyz`;
  assert.equal(await (await fetch(url)).text(), "ok\n");
  await server.close();
  await assert.rejects(fetch(url));
});

Deno.test("an address in use is named in the error, with the way out", async () => {
  const server = startHttpServer({ name: "probes", address: LOCAL, handler: () => new Response() });
  try {
    assert.throws(
      () => startHttpServer({ name: "metrics", address: server.address, handler: () => new Response() }),
      (error: Error) => {
        assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${server.address.port} for metrics`));
        assert.ok(error.cause instanceof Deno.errors.AddrInUse);
        return true;
      },
    );
  } finally {
    await server.close();
  }
});

Deno.test("a handler that throws answers 500, keeps its reason to itself and logs it", async () => {
  const lines: string[] = [];
  const server = startHttpServer({
    name: "probes",
    address: LOCAL,
    handler: () => {
      throw new Error("inner workings");
    },
    log: createLogger({ write: (line) => lines.push(line) }),
  });
  const response = await fetch(`http://127.0.0.1:${server.address.port}/`);
  assert.equal(response.status, 500);
  assert.equal(await response.text(), "internal error\n");
  assert.ok(lines.some((line) => line.includes("inner workings")));
  await server.close();
});

Deno.test("closing waits for a request in hand", async () => {
  const [entered, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<Response>()];
  const server = startHttpServer({
    name: "probes",
    address: LOCAL,
    handler: () => {
      entered.resolve();
      return answer.promise;
    },
  });
  const asked = fetch(`http://127.0.0.1:${server.address.port}/`).then((response) => response.text());
  await entered.promise;
  const closed = server.close(10_000);
  answer.resolve(new Response("late"));
  assert.equal(await asked, "late");
  await closed;
});

Deno.test("closing does not wait longer than it was told to", async () => {
  const [entered, answer] = [Promise.withResolvers<void>(), Promise.withResolvers<Response>()];
  const lines: string[] = [];
  const server = startHttpServer({
    name: "probes",
    address: LOCAL,
    handler: () => {
      entered.resolve();
      return answer.promise;
    },
    log: createLogger({ write: (line) => lines.push(line) }),
  });
  const asked = fetch(`http://127.0.0.1:${server.address.port}/`).then((response) => response.text());
  await entered.promise;
  await server.close(20);
  assert.match(lines.at(-1)!, /did not end in time/);
  answer.resolve(new Response("late"));
  assert.equal(await asked, "late");
  await server.close();
});

const TEXT = { contentType: "text/plain; version=0.0.4", text: () => Promise.resolve("up 1\n") };

function scrape(
  options: Partial<MetricsEndpointOptions>,
  path = "/metrics",
  method = "GET",
): Promise<Response> {
  return metricsHandler({ metrics: TEXT, ...options })(new Request(`http://scrape${path}`, { method }));
}

Deno.test("open metrics answer everyone", async () => {
  const response = await scrape({});
  assert.equal(response.headers.get("content-type"), TEXT.contentType);
  assert.equal(await response.text(), "up 1\n");
  assert.equal(await (await scrape({}, "/metrics", "HEAD")).text(), "");
});

Deno.test("only /metrics is served, and only for reading", async () => {
  assert.equal((await scrape({}, "/")).status, 404);
  assert.equal((await scrape({}, "/metrics", "POST")).status, 405);
});

for (const [decision, status] of [["allow", 200], ["deny", 403], ["unauthenticated", 401]] as const) {
  Deno.test(`protected metrics answer ${status} where the decision is ${decision}`, async () => {
    const seen: (string | null)[] = [];
    const authorize = (request: Request): Promise<ScrapeDecision> => {
      seen.push(request.headers.get("authorization"));
      return Promise.resolve(decision);
    };
    const handler = metricsHandler({ metrics: TEXT, authorize });
    const response = await handler(
      new Request("http://scrape/metrics", { headers: { authorization: "Bearer abc" } }),
    );
    assert.equal(response.status, status);
    assert.deepEqual(seen, ["Bearer abc"]);
    assert.equal((await response.text()).includes("up 1"), decision === "allow");
    assert.equal(response.headers.get("www-authenticate"), decision === "unauthenticated" ? "Bearer" : null);
  });
}

Deno.test("where nobody can decide, nothing is shown", async () => {
  const lines: string[] = [];
  const response = await scrape({
    authorize: () => Promise.reject(new Error("no answer")),
    log: createLogger({ write: (line) => lines.push(line) }),
  });
  assert.equal(response.status, 503);
  assert.ok(!(await response.text()).includes("up 1"));
  assert.match(lines.join(), /no answer/);
});
