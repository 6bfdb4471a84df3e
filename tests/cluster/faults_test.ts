/** The fault rig in front of a real API server. */
import assert from "node:assert/strict";
import https from "node:https";
import { type Cluster, type FaultRig, sharedCluster, sleep, waitFor } from "./mod.ts";
import { type ClientOptions, send } from "./testing_client.ts";

interface Bench {
  cluster: Cluster;
  rig: FaultRig;
  namespace: string;
  client: ClientOptions;
  /** Path of the namespace's ConfigMaps. */
  maps: string;
}

async function withRig(run: (bench: Bench) => Promise<void>): Promise<void> {
  const cluster = await sharedCluster();
  const namespace = await cluster.newNamespace("faults");
  const account = { namespace, name: "client" };
  await cluster.apply({
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { name: "client", namespace },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "edit" },
    subjects: [{ kind: "ServiceAccount", ...account }],
  });
  await using rig = await cluster.newFaults();
  const client = { url: rig.url, caPem: cluster.caPem, token: await cluster.serviceAccountToken(account) };
  const maps = `/api/v1/namespaces/${namespace}/configmaps`;
  await waitFor(async () => (await send(client, "GET", maps).over()).status === 200, {
    what: "the role to be in force",
  });
  rig.forget();
  await run({ cluster, rig, namespace, client, maps });
}

function configMap(name: string, data: Record<string, string> = {}): string {
  return JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name }, data });
}

Deno.test("without rules the rig passes requests, answers and refusals on", () =>
  withRig(async ({ client, maps, rig }) => {
    const created = await send(client, "POST", maps, configMap("a")).over();
    assert.equal(created.status, 201);
    assert.equal(JSON.parse(created.text).metadata.name, "a");
    assert.equal((await send(client, "POST", maps, configMap("a")).over()).status, 409);
    assert.equal((await send({ ...client, token: "wrong" }, "GET", maps).over()).status, 401);
    assert.deepEqual(rig.requests().map(({ verb, resource, status }) => ({ verb, resource, status })), [
      { verb: "create", resource: "configmaps", status: 201 },
      { verb: "create", resource: "configmaps", status: 409 },
      { verb: "list", resource: "configmaps", status: 401 },
    ]);
  }));

Deno.test("an object of 900 kB passes in both directions unchanged", () =>
  withRig(async ({ client, maps }) => {
    const data = { big: "x".repeat(900_000) };
    assert.equal((await send(client, "POST", maps, configMap("big", data)).over()).status, 201);
    const read = await send(client, "GET", `${maps}/big`).over();
    assert.equal(JSON.parse(read.text).data.big, data.big);
  }));

Deno.test("watch events arrive while the watch stays open", () =>
  withRig(async ({ client, maps, rig }) => {
    using watch = send(client, "GET", `${maps}?watch=true`);
    await waitFor(() => watch.status === 200, { what: "the watch to begin" });
    for (const name of ["one", "two"]) {
      await send(client, "POST", maps, configMap(name)).over();
      await waitFor(() => watch.events.some(({ object }) => object.metadata.name === name), { what: name });
    }
    assert.equal(watch.ended, false);
    assert.equal(rig.countOpen({ watch: true, resource: "configmaps" }), 1);
    watch.close();
    await waitFor(() => rig.countOpen() === 0, { what: "the rig to notice that the client has gone" });
  }));

Deno.test("a thousand reads and writes over kept connections all succeed", () =>
  withRig(async ({ client, maps, rig }) => {
    using _rule = rig.delay(1, { method: "POST", when: ({ id }) => id % 3 === 0 });
    const agent = new https.Agent({ keepAlive: true, maxSockets: 20 });
    try {
      const replies = Array.from(
        { length: 1000 },
        (_, index) =>
          index % 2 === 0
            ? send(client, "GET", `${maps}?limit=1`, undefined, agent)
            : send(client, "POST", `${maps}?dryRun=All`, configMap(`map-${index}`), agent),
      );
      await Promise.all(replies.map((reply) => reply.over()));
      assert.deepEqual(replies.filter(({ error }) => error).map(({ error }) => error?.message), []);
      assert.deepEqual([...new Set(replies.map(({ status }) => status))].toSorted(), [200, 201]);
      assert.equal(rig.count({ resource: "configmaps", verb: "list" }), 500);
      assert.equal(rig.count({ resource: "configmaps", verb: "create" }), 500);
    } finally {
      agent.destroy();
    }
  }));

Deno.test("a freeze holds matching requests until it is removed, and no others", () =>
  withRig(async ({ client, maps, rig }) => {
    const rule = rig.freeze({ userAgent: "frozen" });
    const frozen = send({ ...client, userAgent: "frozen/1" }, "GET", maps);
    assert.equal((await send(client, "GET", maps).over()).status, 200);
    await waitFor(() => rule.hits === 1, { what: "the rule to take hold" });
    assert.equal(frozen.status, undefined);
    assert.equal(frozen.error, undefined);
    assert.equal(rig.countOpen({ userAgent: "frozen" }), 1);
    rule.remove();
    assert.equal((await frozen.over()).status, 200);
  }));

Deno.test("a freeze silences a watch that is already open, and what it missed comes when it thaws", () =>
  withRig(async ({ client, maps, rig }) => {
    using watch = send(client, "GET", `${maps}?watch=true`);
    await waitFor(() => watch.status === 200, { what: "the watch to begin" });
    {
      using rule = rig.freeze({ watch: true });
      assert.equal((await send(client, "POST", maps, configMap("unseen")).over()).status, 201);
      await waitFor(() => rule.hits === 1, { what: "the event to be held" });
      assert.equal(watch.events.some(({ object }) => object.metadata.name === "unseen"), false);
      assert.equal(watch.error, undefined);
    }
    await waitFor(() => watch.events.some(({ object }) => object.metadata.name === "unseen"), {
      what: "the event",
    });
  }));

Deno.test("a delay makes a request wait", () =>
  withRig(async ({ client, maps, rig }) => {
    using _rule = rig.delay(300, { verb: "create" });
    const started = performance.now();
    assert.equal((await send(client, "POST", maps, configMap("late")).over()).status, 201);
    assert.ok(performance.now() - started >= 300, "the request came back too early");
  }));

Deno.test("a cut resets the connection and the API server never sees the request", () =>
  withRig(async ({ client, maps, rig, cluster }) => {
    const rule = rig.cut({ verb: "create" }, { times: 1 });
    const cut = await send(client, "POST", maps, configMap("never")).over();
    assert.ok(cut.error, "the client must see a broken connection");
    assert.equal(rule.hits, 1);
    assert.equal(await cluster.find(`${maps}/never`), undefined);
    assert.equal((await send(client, "POST", maps, configMap("never")).over()).status, 201);
  }));

Deno.test("open watches can be cut, and only they", () =>
  withRig(async ({ client, maps, rig }) => {
    using watch = send(client, "GET", `${maps}?watch=true`);
    await waitFor(() => watch.status === 200, { what: "the watch to begin" });
    assert.equal(rig.cutOpen({ watch: false }), 0);
    assert.equal(rig.cutOpen({ watch: true }), 1);
    await watch.over();
    assert.ok(watch.error, "the client must see a broken connection, not an orderly end");
    assert.equal(rig.countOpen(), 0);
  }));

Deno.test("a lost answer leaves the work done and the client without a word", () =>
  withRig(async ({ client, maps, rig, cluster }) => {
    using rule = rig.loseAnswer({ method: "POST" });
    const lost = await send(client, "POST", maps, configMap("done")).over();
    assert.ok(lost.error, "the client must see a broken connection");
    assert.equal(lost.status, undefined);
    assert.equal(rule.hits, 1);
    assert.equal((await cluster.find(`${maps}/done`)).metadata.name, "done");
  }));

Deno.test("429 comes with Retry-After and the retry's details, so many times as asked", () =>
  withRig(async ({ client, maps, rig }) => {
    const rule = rig.answer(429, { resource: "configmaps" }, { times: 2, retryAfterSeconds: 7 });
    for (let attempt = 0; attempt < 2; attempt++) {
      const refused = await send(client, "GET", maps).over();
      assert.equal(refused.status, 429);
      assert.equal(refused.headers["retry-after"], "7");
      const status = JSON.parse(refused.text);
      assert.equal(status.reason, "TooManyRequests");
      assert.equal(status.details.retryAfterSeconds, 7);
    }
    assert.equal((await send(client, "GET", maps).over()).status, 200);
    assert.equal(rule.hits, 2);
    assert.equal(rule.active, false);
  }));

Deno.test("5xx without Retry-After can begin at the n-th request", () =>
  withRig(async ({ client, maps, rig }) => {
    using _rule = rig.answer(503, { path: /configmaps$/ }, { skip: 2 });
    const statuses: (number | undefined)[] = [];
    for (let attempt = 0; attempt < 4; attempt++) {
      const reply = await send(client, "GET", maps).over();
      statuses.push(reply.status);
      assert.equal(reply.headers["retry-after"], undefined);
    }
    assert.deepEqual(statuses, [200, 200, 503, 503]);
  }));

Deno.test("a resumed watch can be told 410 by status, or by an ERROR event in a 200", () =>
  withRig(async ({ client, maps, rig }) => {
    const resumed = { when: ({ query }: { query: URLSearchParams }) => query.has("resourceVersion") };
    rig.expireWatches("status", resumed, { times: 1 });
    rig.expireWatches("event", resumed, { times: 1 });
    const byStatus = await send(client, "GET", `${maps}?watch=1&resourceVersion=1`).over();
    assert.equal(byStatus.status, 410);
    assert.equal(JSON.parse(byStatus.text).reason, "Expired");
    const byEvent = await send(client, "GET", `${maps}?watch=1&resourceVersion=1`).over();
    assert.equal(byEvent.status, 200);
    assert.deepEqual(byEvent.events.map(({ type, object }) => [type, object.code]), [["ERROR", 410]]);
    assert.equal((await send(client, "GET", maps).over()).status, 200);
  }));

Deno.test("an open watch can be ended by an ERROR event that says 410", () =>
  withRig(async ({ client, maps, rig }) => {
    const watch = send(client, "GET", `${maps}?watch=true`);
    await waitFor(() => watch.status === 200, { what: "the watch to begin" });
    assert.equal(rig.expireOpen({ resource: "configmaps" }), 1);
    await watch.over();
    assert.equal(watch.error, undefined);
    assert.equal(watch.events.at(-1)?.type, "ERROR");
    assert.equal(watch.events.at(-1)?.object.reason, "Expired");
  }));

Deno.test("watch events can be dropped by what they carry", () =>
  withRig(async ({ client, maps, rig }) => {
    using watch = send(client, "GET", `${maps}?watch=true`);
    await waitFor(() => watch.status === 200, { what: "the watch to begin" });
    using rule = rig.dropEvents({ resource: "configmaps" }, {
      which: (event) => event.object.metadata.name === "lost",
    });
    for (const name of ["lost", "kept"]) await send(client, "POST", maps, configMap(name)).over();
    await waitFor(() => watch.events.some(({ object }) => object.metadata.name === "kept"), {
      what: "the kept event",
    });
    assert.equal(watch.events.some(({ object }) => object.metadata.name === "lost"), false);
    assert.equal(rule.hits, 1);
  }));

Deno.test("watch events can be delayed, and keep their order", () =>
  withRig(async ({ client, maps, rig }) => {
    using watch = send(client, "GET", `${maps}?watch=true`);
    await waitFor(() => watch.status === 200, { what: "the watch to begin" });
    const ms = 2000;
    using _rule = rig.delayEvents(ms, { watch: true });
    const started = performance.now();
    const names = Array.from({ length: 30 }, (_, index) => `map-${index}`);
    for (const name of names) await send(client, "POST", maps, configMap(name)).over();
    const arrived = () =>
      watch.events.map(({ object }) => object.metadata.name as string).filter((name) => names.includes(name));
    await waitFor(() => arrived().length === names.length, { what: "all events" });
    assert.deepEqual(arrived(), names);
    const took = performance.now() - started;
    assert.ok(took >= ms, `they came after ${took} ms`);
    assert.ok(took < ms * names.length, `delays must not add up: ${took} ms`);
  }));

Deno.test("clear lets everything flow again, and two rigs do not know of each other", () =>
  withRig(async ({ client, maps, rig, cluster }) => {
    rig.freeze();
    await using other = await cluster.newFaults();
    assert.equal((await send({ ...client, url: other.url }, "GET", maps).over()).status, 200);
    const frozen = send(client, "GET", maps);
    await waitFor(() => rig.countOpen() === 1, { what: "the request to be held" });
    rig.clear();
    assert.equal((await frozen.over()).status, 200);
    assert.equal(other.count(), 1);
  }));

Deno.test("closing a rig ends frozen connections and its port", () =>
  withRig(async ({ client, maps, cluster }) => {
    const rig = await cluster.newFaults();
    const { url } = rig;
    rig.freeze();
    const frozen = send({ ...client, url }, "GET", maps);
    await waitFor(() => rig.countOpen() === 1, { what: "the request to be held" });
    await rig.close();
    assert.ok((await frozen.over()).error, "the held connection must break");
    assert.ok((await send({ ...client, url }, "GET", maps).over()).error, "nobody may listen any more");
    assert.throws(() => rig.url, /listen/);
  }));

Deno.test("a client that goes away while it is frozen leaves nothing behind", () =>
  withRig(async ({ client, maps, rig }) => {
    using _rule = rig.freeze();
    const frozen = send(client, "GET", maps);
    await waitFor(() => rig.countOpen() === 1, { what: "the request to be held" });
    frozen.close();
    await waitFor(() => rig.countOpen() === 0, { what: "the rig to let go" });
    await sleep(0);
    assert.equal(rig.requests()[0]?.status, undefined);
  }));
