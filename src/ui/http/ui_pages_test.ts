import assert from "node:assert/strict";
import { FakeClock } from "../../telemetry/testing/fake_clock.ts";
import { PrometheusMetrics } from "../../telemetry/prometheus.ts";
import type { McpAuditRecord } from "../../mcp/surface.ts";
import { until, workspaceOf } from "../testing.ts";
import { eventsOf, testPages } from "./testing.ts";

const names = (shown: { sections: { workspaces: { rows: ReadonlyMap<string, { name: string }> } } }) =>
  [...shown.sections.workspaces.rows.values()].map(({ name }) => name).sort();

Deno.test("the page is there for everybody, with nothing in it that a browser may do more than it needs", async () => {
  await using rig = await testPages({
    config: {
      open: false,
      token: "a token",
      oidc: { issuer: "https://id.example.com/realm", clientId: "ui", scopes: "openid" },
    },
  });
  const moved = await fetch(`${rig.url}/ui`, { redirect: "manual" });
  await moved.body?.cancel();
  assert.deepEqual([moved.status, moved.headers.get("location")], [302, "ui/"]);
  const page = await rig.get("/ui/");
  assert.deepEqual([page.status, await page.text()], [200, "<!doctype html>"]);
  const policy = page.headers.get("content-security-policy") ?? "";
  for (
    const part of [
      "default-src 'none'",
      "script-src 'self'",
      "connect-src 'self' https://id.example.com",
      "frame-ancestors 'none'",
      "require-trusted-types-for 'script'",
    ]
  ) assert.ok(policy.split("; ").includes(part), part);
  assert.ok(!policy.includes("unsafe"));
  const told = Object.fromEntries(page.headers);
  assert.equal(told["x-content-type-options"], "nosniff");
  assert.equal(told["referrer-policy"], "no-referrer");
  assert.equal(told["cross-origin-opener-policy"], "same-origin");
  assert.equal(told["cross-origin-resource-policy"], "same-origin");
  const etag = told["etag"] ?? "";
  for (const sent of [etag, `W/${etag}`, `"other", ${etag}`]) {
    const again = await rig.get("/ui/index.html", undefined, { "if-none-match": sent });
    assert.deepEqual([again.status, await again.text()], [304, ""]);
  }
  const script = await rig.send("HEAD", "/ui/app.js");
  assert.deepEqual([script.status, script.headers.get("content-type")], [
    200,
    "text/javascript; charset=utf-8",
  ]);
  for (const path of ["/ui/none.js", "/ui/../mcp", "/ui/api", "/ui/api/none", "/uix"]) {
    const none = await rig.get(path, "ann");
    await none.body?.cancel();
    assert.ok(none.status >= 400, path);
  }
  const posted = await rig.send("POST", "/ui/", {}, "x");
  await posted.body?.cancel();
  assert.deepEqual([posted.status, posted.headers.get("allow")], [405, "GET, HEAD"]);
});

Deno.test("what the page has to know is told to everybody, and data to nobody who is not let in", async () => {
  await using rig = await testPages();
  const config = await rig.get("/ui/api/config");
  assert.equal(config.headers.get("cache-control"), "no-store");
  assert.deepEqual(await config.json(), { open: false, token: "a token" });
  for (
    const path of ["events", "diagnosis?kind=workspace&namespace=lab&name=a", "log?namespace=lab&workspace=a"]
  ) {
    const answer = await rig.get(`/ui/api/${path}`);
    const { error } = await answer.json();
    assert.deepEqual([answer.status, error.message, answer.headers.get("cache-control")], [
      401,
      "say who you are",
      "no-store",
    ]);
  }
  assert.deepEqual(rig.live.asked, []);
});

Deno.test("pages elsewhere and names that are not ours get nothing, whoever's browser it is", async () => {
  await using rig = await testPages();
  const status = async (headers: Record<string, string>) => {
    const answer = await rig.get("/ui/api/events", "ann", headers);
    await answer.body?.cancel();
    return answer.status;
  };
  assert.equal(await status({ origin: "https://evil.example.com" }), 403);
  assert.equal(await status({ "sec-fetch-site": "cross-site" }), 403);
  assert.equal(await status({ "sec-fetch-site": "same-site" }), 403);
  assert.equal(await status({ "sec-fetch-site": "same-origin" }), 200);
  const head = await rig.send("HEAD", "/ui/api/events", { authorization: "Bearer ann" });
  assert.equal(head.status, 405);
});

Deno.test("who watches is told who they are, then everything, then what changes", async () => {
  await using rig = await testPages();
  rig.live.put(workspaceOf("a.ann.one"), workspaceOf("a.bob.two"));
  const client = await rig.watch("ann");
  assert.equal(client.response.headers.get("content-type"), "text/event-stream");
  assert.match(client.response.headers.get("cache-control") ?? "", /no-store/);
  await client.until(
    ({ sections }) => Object.values(sections).filter((one) => one.isComplete).length >= 6,
    "all of it",
  );
  assert.deepEqual(client.events[0], {
    kind: "hello",
    user: "ann",
    version: "1.2.3",
    sections: ["controlplanes", "workspaces", "builds", "provisioners", "jobs", "calls"],
    diagnosis: true,
    replica: "one",
  });
  assert.deepEqual(names(client.shown), ["a.ann.one", "a.bob.two"]);
  rig.live.put(workspaceOf("a.ann.three"));
  rig.live.remove("CoderWorkspace", "lab", "a.bob.two");
  await client.until((shown) => names(shown).join() === "a.ann.one,a.ann.three", "the change");
  rig.last.write(
    { caller: "ann", caller_method: "token", tool: "get_workspace", method: "tools/call" } as McpAuditRecord,
  );
  await client.until(({ sections }) => sections.calls.rows.size === 1, "the call");
  await client.close();
  await until(() => rig.boards.size === 0, "nothing to be kept for nobody");
});

Deno.test("many workspaces come in pieces", async () => {
  await using rig = await testPages();
  rig.live.put(...Array.from({ length: 2_345 }, (_, index) => workspaceOf(`a.ann.w${index}`)));
  const client = await rig.watch("ann");
  await client.until(({ sections }) => sections.workspaces.isComplete, "all of them");
  const pieces = client.events.flatMap((event) =>
    event.kind === "rows" && event.section === "workspaces" ? [event] : []
  );
  assert.equal(client.shown.sections.workspaces.rows.size, 2_345);
  assert.ok(pieces.length >= 5 && pieces.every(({ rows }) => rows.length <= 500));
  assert.deepEqual(pieces.map(({ reset }) => reset === true), pieces.map((_, index) => index === 0));
  await client.close();
});

Deno.test("who is not let in any more is told so, and the stream ends", async () => {
  const clock = new FakeClock();
  await using rig = await testPages({ clock });
  const client = await rig.watch("ann");
  await client.until(({ hello }) => hello !== undefined, "the beginning");
  await clock.advance(60_000);
  rig.revoke("ann");
  await clock.advance(60_000);
  await client.ended;
  assert.match(client.shown.ended, /^you are not let in any more: say who you are$/);
  await assert.rejects(rig.watch("ann"), /401/);
});

Deno.test("whose rights have become others begins anew, and who cannot be known for long ends", async () => {
  const clock = new FakeClock();
  await using rig = await testPages({ clock });
  const ann = await rig.watch("ann");
  const bob = await rig.watch("bob");
  await bob.until(({ hello }) => hello !== undefined, "the beginning");
  rig.regroup("ann", "admins");
  await clock.advance(60_000);
  await ann.ended;
  assert.match(ann.shown.ended, /rights are others/);
  rig.away(true);
  await clock.advance(240_000);
  assert.equal(bob.shown.ended, "");
  await clock.advance(120_000);
  await bob.ended;
  assert.match(bob.shown.ended, /cannot be found out any more/);
});

Deno.test("there are only so many streams, of one caller and of all", async () => {
  const metrics = new PrometheusMetrics();
  await using rig = await testPages({ streamLimits: { eachCaller: 2, all: 3 }, metrics });
  const open = [await rig.watch("ann"), await rig.watch("ann"), await rig.watch("bob")];
  const refused = async (name: string) => {
    const answer = await rig.get("/ui/api/events", name);
    await answer.body?.cancel();
    return [answer.status, answer.headers.get("retry-after")];
  };
  assert.deepEqual(await refused("ann"), [429, "10"]);
  assert.deepEqual(await refused("cid"), [503, "10"]);
  assert.match(await metrics.text(), /coder_k8s_ui_open_streams 3/);
  await open[0]!.close();
  let again: Awaited<ReturnType<typeof rig.watch>> | undefined;
  for (let tries = 0; again === undefined && tries < 1_000; tries++) {
    again = await rig.watch("ann").catch(() => undefined);
    if (again === undefined) await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.ok(again !== undefined, "a place that was left is free");
  for (const one of [...open, again]) await one.close();
});

Deno.test("the server's end is told, and waits for nobody", async () => {
  const rig = await testPages();
  const client = await rig.watch("ann");
  await client.until(({ hello }) => hello !== undefined, "the beginning");
  await rig.endpoint.drain(60_000);
  await client.ended;
  assert.match(client.shown.ended, /this server ends/);
  assert.equal(rig.boards.size, 0);
  await rig[Symbol.asyncDispose]();
});

Deno.test("a keep-alive says that the stream is there", async () => {
  await using rig = await testPages({ keepAliveMs: 20 });
  const answer = await rig.get("/ui/api/events", "ann");
  let text = "";
  for await (const chunk of answer.body!.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (text.includes(": keep-alive\n\n")) break;
  }
  assert.ok(text.startsWith("event: hello\n"));
});

Deno.test("a build's log is followed to its end, and what cannot be read is refused before it begins", async () => {
  await using rig = await testPages();
  const at = "2026-11-22T04:00:00.000Z";
  const building = (isOver: boolean) =>
    workspaceOf("a.ann.dev", {
      latestBuild: { number: 2, transition: "start", ...(isOver ? { completedAt: at } : {}) },
    } as never);
  rig.live.put(building(false));
  rig.live.log = `${at} ==> Plan\n`;
  const path = "/ui/api/log?namespace=lab&workspace=a.ann.dev";
  const answer = await rig.get(path, "ann");
  assert.equal(answer.status, 200);
  const heard: unknown[] = [];
  for await (const { name, data } of eventsOf(answer.body!)) {
    heard.push([name, data]);
    if (heard.length === 1) {
      rig.live.log += `${at} done\n`;
      rig.live.put(building(true));
    }
  }
  assert.deepEqual(heard, [
    ["line", { at, stage: "Plan", text: "==> Plan" }],
    ["line", { at, stage: "Plan", text: "done" }],
    ["end", { message: "" }],
  ]);
  const refused = async (query: string) => {
    const answer = await rig.get(`/ui/api/log?${query}`, "ann");
    return [answer.status, (await answer.json()).error.message];
  };
  assert.deepEqual(await refused("namespace=lab"), [400, "namespace and workspace are required"]);
  assert.deepEqual(await refused("namespace=lab&workspace=a&build=x"), [400, "build must be a number"]);
  const [status, message] = await refused("namespace=lab&workspace=none");
  assert.deepEqual([status, /none not found/.test(message)], [404, true]);
});

Deno.test("a log of many short lines is told to its end", async () => {
  await using rig = await testPages();
  const at = "2026-11-22T04:00:00.000Z";
  const latestBuild = { number: 2, transition: "start", completedAt: at };
  rig.live.put(workspaceOf("a.ann.dev", { latestBuild } as never));
  const count = 60_000;
  rig.live.log = `${at} x\n`.repeat(count);
  const answer = await rig.get("/ui/api/log?namespace=lab&workspace=a.ann.dev", "ann");
  let lines = 0;
  let last: unknown;
  for await (const { name, data } of eventsOf(answer.body!)) {
    if (name === "line") lines++;
    else last = [name, data];
  }
  assert.deepEqual([lines, last], [count, ["end", { message: "" }]]);
});

Deno.test("who asks for the log of a build that waits is answered before there is a line", async () => {
  await using rig = await testPages({ readmitMs: 20 });
  const latestBuild = { number: 2, transition: "start" };
  rig.live.put(workspaceOf("a.ann.dev", { latestBuild } as never));
  rig.live.log = "";
  const answer = await rig.get("/ui/api/log?namespace=lab&workspace=a.ann.dev", "ann");
  assert.equal(answer.status, 200);
  rig.revoke("ann");
  const heard: unknown[] = [];
  for await (const event of eventsOf(answer.body!)) heard.push(event);
  assert.match(JSON.stringify(heard), /^\[\{"name":"end".*not let in any more/);
});

Deno.test("a diagnosis is answered, without secrets, and refused in words", async () => {
  await using rig = await testPages({
    redaction: {
      text: (text) => text.replaceAll("hunter2", "[redacted]"),
      value: (value) => JSON.parse(JSON.stringify(value).replaceAll("hunter2", "[redacted]")),
    },
  });
  rig.live.put({
    apiVersion: "coder.com/v1alpha1",
    kind: "CoderControlPlane",
    metadata: { namespace: "lab", name: "coder", uid: "u", generation: 1 },
    spec: {},
    status: {
      observedGeneration: 1,
      conditions: [{ type: "Ready", status: "False", reason: "X", message: "the password is hunter2" }],
    },
  } as never);
  const answer = await rig.get("/ui/api/diagnosis?kind=controlplane&namespace=lab&name=coder", "ann");
  assert.equal(answer.status, 200);
  const text = await answer.text();
  assert.ok(!text.includes("hunter2"));
  assert.notEqual(JSON.parse(text).summary, "");
  const refused = await rig.get("/ui/api/diagnosis?kind=cat&namespace=lab&name=coder", "ann");
  assert.deepEqual([refused.status, (await refused.json()).error.message], [
    400,
    "kind must be one of workspace, controlplane, provisioner, proxy",
  ]);
});

Deno.test("where there is no cluster there is nothing to diagnose, and no log", async () => {
  await using rig = await testPages({ hasCluster: false });
  for (const path of ["diagnosis?kind=workspace&namespace=lab&name=a", "log?namespace=lab&workspace=a"]) {
    const answer = await rig.get(`/ui/api/${path}`, "ann");
    await answer.body?.cancel();
    assert.equal(answer.status, 404);
  }
});

Deno.test("requests are counted as all requests of a caller are", async () => {
  await using rig = await testPages({}, { rate: 1, burst: 2 });
  const statuses: number[] = [];
  for (let count = 0; count < 4; count++) {
    const answer = await rig.get("/ui/api/diagnosis?kind=x", "ann");
    await answer.body?.cancel();
    statuses.push(answer.status);
  }
  assert.deepEqual(statuses.slice(0, 2), [400, 400]);
  assert.ok(statuses.slice(2).includes(429), statuses.join());
});

Deno.test("who reads nothing is not told without end, and is let go of", async () => {
  const clock = new FakeClock();
  const metrics = new PrometheusMetrics();
  await using rig = await testPages({ clock, metrics });
  const owner = "o".repeat(250);
  const put = (round: number) =>
    rig.live.put(
      ...Array.from({ length: 10_000 }, (_, index) =>
        workspaceOf(`a.ann.w${index}`, { ownerName: owner, templateName: `${"t".repeat(240)}${round}` })),
    );
  put(0);
  const silent = await Deno.connect({ hostname: "127.0.0.1", port: rig.port });
  const request = `GET /ui/api/events HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer ann\r\n\r\n`;
  await silent.write(new TextEncoder().encode(request));
  await until(() => rig.boards.size === 1, "the board");
  // Whatever the sockets take between them, there is more of it.
  for (let round = 1; round <= 10; round++) {
    for (let turn = 0; turn < 20; turn++) await clock.advance(50);
    put(round);
  }
  assert.match(await metrics.text(), /coder_k8s_ui_open_streams 1/);
  await clock.advance(59_000);
  await clock.advance(2_000);
  assert.match(await metrics.text(), /coder_k8s_ui_open_streams 0/);
  silent.close();
});
