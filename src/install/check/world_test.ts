import assert from "node:assert/strict";
import { z } from "zod";
import type { KubeClient } from "../../kube/client.ts";
import { KubeApiError } from "../../kube/errors.ts";
import { exitCodeOf, runChecks } from "./run.ts";
import { fakeWorld, NOW } from "./testing.ts";
import { checkWorld } from "./world.ts";

const CALL = { method: "GET", path: "/x" };

function worldOf(client: Partial<Pick<KubeClient, "raw" | "create">>, signal = new AbortController().signal) {
  const nothing = () => Promise.reject(new Error("nobody asked for this"));
  return checkWorld({
    client: { raw: nothing, create: nothing, ...client } as Pick<KubeClient, "raw" | "create">,
    phase: "after",
    namespace: "coder-system",
    version: "1.2.3",
    objects: [],
    coder: () => Promise.resolve({ why: "no" }),
    now: NOW,
    signal,
  });
}

Deno.test("a path is asked for once, whatever it is read as", async () => {
  const asked: string[] = [];
  const world = worldOf({
    raw: (_method, path) => {
      asked.push(path);
      return Promise.resolve({ a: 1 });
    },
  });
  assert.deepEqual(await world.read("/x", z.object({ a: z.number() })), { state: "seen", value: { a: 1 } });
  const odd = await world.read("/x", z.object({ a: z.string() }));
  assert.equal(odd.state, "unread");
  assert.deepEqual(asked, ["/x"]);
});

Deno.test("a path in two forms is asked for in each", async () => {
  const asked: (string | undefined)[] = [];
  const world = worldOf({
    raw: (_method, _path, options) => {
      asked.push(options?.accept);
      return Promise.resolve({});
    },
  });
  for (const accept of [undefined, "application/x", undefined, "application/x"]) {
    await world.read("/x", z.unknown(), accept);
  }
  assert.deepEqual(asked, [undefined, "application/x"]);
});

Deno.test("not there, forbidden and away are told apart", async () => {
  const failing = (error: Error) => worldOf({ raw: () => Promise.reject(error) }).read("/x", z.unknown());
  assert.deepEqual(await failing(new KubeApiError(404, "NotFound", "no", CALL)), { state: "absent" });
  assert.deepEqual(await failing(new KubeApiError(403, "Forbidden", "you may not", CALL)), {
    state: "unread",
    why: "you may not",
    forbidden: true,
  });
  assert.deepEqual(await failing(new Error("no route")), {
    state: "unread",
    why: "no route",
    forbidden: false,
  });
});

Deno.test("the end of all ends it", async () => {
  const end = new AbortController();
  const world = worldOf({ raw: () => Promise.reject(new Error("cut off")) }, end.signal);
  end.abort(new Error("Ctrl-C"));
  await assert.rejects(world.read("/x", z.unknown()), /Ctrl-C/);
});

Deno.test("rights are reviewed once each", async () => {
  const asked: unknown[] = [];
  const world = worldOf({
    create: ((_type: unknown, review: { spec: { resourceAttributes: unknown } }) => {
      asked.push(review.spec.resourceAttributes);
      return Promise.resolve({ status: { allowed: asked.length === 1 } });
    }) as never,
  });
  const access = { verb: "get", group: "apps", resource: "deployments", namespace: "a" };
  assert.deepEqual(await world.may(access), { state: "seen", value: true });
  assert.deepEqual(await world.may(access), { state: "seen", value: true });
  assert.deepEqual(await world.may({ verb: "get", group: "", resource: "pods" }), {
    state: "seen",
    value: false,
  });
  assert.deepEqual(asked, [access, { verb: "get", group: "", resource: "pods" }]);
});

Deno.test("a check that breaks is one that could not be done; the others are told", async () => {
  const world = {
    ...fakeWorld({ phase: "before" }),
    read: (path: string) =>
      path === "/version" ? Promise.reject(new Error("bug")) : Promise.resolve({ state: "absent" }),
  };
  const report = await runChecks(world as never, "server", new AbortController().signal);
  assert.deepEqual(report.findings[0], {
    check: "kubernetes-version",
    verdict: "unknown",
    text: "This could not be looked at: bug",
    next: [],
  });
  assert.ok(report.findings.length > 3);
  assert.equal(exitCodeOf(report), 1);
});
