import { deepEqual, equal, notEqual, ok, rejects, throws } from "node:assert/strict";
import { ConfigMaps } from "../api/kubernetes/resources.ts";
import { createSharedCache } from "../kube/cache/shared_cache.ts";
import { CountingMetrics } from "../kube/testing/counting_metrics.ts";
import { ManualClock, settle } from "../kube/testing/manual_clock.ts";
import { recordingLogger } from "../kube/testing/recording_logger.ts";
import { type Gauge, type Metrics, noMetrics } from "../telemetry/metrics.ts";
import { SWEPT_AFTER_MS } from "./keeping.ts";
import { createKeepings } from "./keepings.ts";
import { acme, changeOf, MemoryCluster, shadowOf, startReplica, wishOf } from "./testing.ts";
import type { Keeping } from "./types.ts";

const signal = new AbortController().signal;

const ids = (keeping: Keeping) =>
  [...keeping.shadows.all("workspaces")].map(({ record }) => record.id).sort();

Deno.test("what one has written is there at once, and told of; so it is in all others as soon as they hear", async () => {
  const cluster = new MemoryCluster();
  await using one = startReplica(cluster);
  await using two = startReplica(cluster);
  await Promise.all([one, two].map(({ keepings }) => keepings.whenSynced(signal)));
  ok(one.keepings.hasSynced);
  const heard: string[] = [];
  one.keepings.subscribe((owner, { kind, id }) => heard.push(`one ${owner} ${kind} ${id}`));
  const end = two.keepings.subscribe((owner, { kind, id }) => heard.push(`two ${owner} ${kind} ${id}`));
  cluster.api.hold(true);
  const stored = await one.keeping.shadows.write(shadowOf("a"), undefined, signal);
  deepEqual(one.keeping.shadows.get("workspaces", "a"), stored);
  equal(two.keeping.shadows.get("workspaces", "a"), undefined);
  deepEqual(await two.keeping.shadows.read("workspaces", "a", signal), stored, "who asks, hears");
  deepEqual(two.keeping.shadows.get("workspaces", "a"), stored, "and knows it from then on");
  cluster.api.hold(false);
  await settle();
  deepEqual(ids(two.keeping), ["a"]);
  deepEqual(heard, ["one team/acme workspaces a", "two team/acme workspaces a"]);
  end();
  equal(await one.keeping.shadows.remove("workspaces", "a", stored!.version, signal), true);
  await settle();
  deepEqual([ids(one.keeping), ids(two.keeping)], [[], []]);
  deepEqual(heard.slice(2), ["one team/acme workspaces a"]);
});

Deno.test("older news do not take back what was written", async () => {
  const cluster = new MemoryCluster();
  await using one = startReplica(cluster);
  await one.keepings.whenSynced(signal);
  cluster.api.hold(true);
  let version: string | undefined;
  const shown: unknown[] = [];
  for (const label of ["1", "2", "3"]) {
    version = (await one.keeping.shadows.write(shadowOf("a", label), version, signal))?.version;
  }
  one.keepings.subscribe(() =>
    shown.push(one.keeping.shadows.get("workspaces", "a")?.record.metadata.labels?.["label"])
  );
  cluster.api.hold(false);
  await settle();
  equal(one.keeping.shadows.get("workspaces", "a")?.record.metadata.labels?.["label"], "3");
  deepEqual(shown, []);
  cluster.api.hold(true);
  ok(await one.keeping.shadows.remove("workspaces", "a", version!, signal));
  cluster.api.hold(false);
  await settle();
  equal(one.keeping.shadows.get("workspaces", "a"), undefined);
  deepEqual(shown, [undefined]);
});

Deno.test("own writes are there at once also after news were lost and all was listed again", async () => {
  const cluster = new MemoryCluster();
  const clock = new ManualClock();
  await using one = startReplica(cluster, { clock });
  await clock.until(() => one.keepings.hasSynced, "it has synced");
  const { shadows } = one.keeping;
  const first = await shadows.write(shadowOf("a"), undefined, signal);
  await settle();
  cluster.api.hold(true);
  const other = structuredClone(cluster.configMaps()[0]!);
  other.data!["record"] = JSON.stringify(shadowOf("a", "other"));
  cluster.put(ConfigMaps, other);
  cluster.api.compact();
  const label = () => shadows.get("workspaces", "a")?.record.metadata.labels?.["label"];
  await clock.until(() => label() === "other", "all is listed again");
  equal(await shadows.write(shadowOf("a", "2"), first!.version, signal), undefined);
  const { version } = shadows.get("workspaces", "a")!;
  const second = await shadows.write(shadowOf("a", "2"), version, signal);
  deepEqual(shadows.get("workspaces", "a"), second);
  cluster.api.hold(false);
  await settle();
  deepEqual(shadows.get("workspaces", "a"), second);
});

Deno.test("who asks, hears what others have done, however late the news are", async () => {
  const cluster = new MemoryCluster();
  await using one = startReplica(cluster);
  await using two = startReplica(cluster);
  await Promise.all([one, two].map(({ keepings }) => keepings.whenSynced(signal)));
  const stored = await one.keeping.shadows.write(shadowOf("a"), undefined, signal);
  await settle();
  cluster.api.hold(true);
  ok(await one.keeping.shadows.remove("workspaces", "a", stored!.version, signal));
  deepEqual(ids(two.keeping), ["a"]);
  equal(await two.keeping.shadows.write(shadowOf("a", "2"), stored!.version, signal), undefined);
  equal(await two.keeping.shadows.read("workspaces", "a", signal), undefined);
  deepEqual(ids(two.keeping), []);
  const again = await one.keeping.shadows.write(shadowOf("a", "3"), undefined, signal);
  deepEqual(await two.keeping.shadows.read("workspaces", "a", signal), again);
  deepEqual(ids(two.keeping), ["a"]);
  cluster.api.hold(false);
  await settle();
  deepEqual(two.keeping.shadows.get("workspaces", "a"), again);
});

Deno.test("a record with nothing to keep is no ConfigMap, and costs no call where there was none", async () => {
  const cluster = new MemoryCluster();
  await using one = startReplica(cluster);
  await one.keepings.whenSynced(signal);
  const { shadows } = one.keeping;
  const nothing = { ...shadowOf("a"), metadata: { generation: 2 } };
  deepEqual(await shadows.write(nothing, undefined, signal), { record: nothing, version: "" });
  deepEqual(await shadows.write(nothing, "", signal), { record: nothing, version: "" });
  deepEqual(cluster.calls, []);
  const stored = await shadows.write(shadowOf("a"), "", signal);
  equal(await shadows.write(nothing, undefined, signal), undefined, "there is something");
  equal(await shadows.write(nothing, "another", signal), undefined);
  equal(cluster.configMaps().length, 1);
  deepEqual(await shadows.write(nothing, stored!.version, signal), { record: nothing, version: "" });
  equal(cluster.configMaps().length, 0);
  ok(await shadows.write(shadowOf("a"), "", signal), "and then something again");
});

Deno.test("a restarted replica goes on with all that is kept", async () => {
  const cluster = new MemoryCluster();
  {
    await using before = startReplica(cluster);
    await before.keeping.shadows.write(shadowOf("a"), undefined, signal);
    await before.keeping.wishes.write("owner-1.box", wishOf("box"), undefined, signal);
    await before.keeping.changes.write(changeOf("t"), undefined, signal);
  }
  await using after = startReplica(cluster);
  const { keeping } = after;
  const [wishes, changes] = [await keeping.wishes.list(signal), await keeping.changes.list(signal)];
  deepEqual(ids(keeping), ["a"]);
  deepEqual(wishes.map(({ key, record }) => [key, record]), [["owner-1.box", wishOf("box")]]);
  deepEqual(changes.map(({ record }) => record), [changeOf("t")]);
  deepEqual(keeping.wishFor("id-box"), wishOf("box"));
  deepEqual(keeping.changeOf("t"), changeOf("t"));
  equal(keeping.wishFor("id-other"), undefined);
  equal(keeping.changeOf("other"), undefined);
  ok(await keeping.wishes.write("owner-1.box", wishOf("box", "id-box", 2), wishes[0]!.version, signal));
  equal(keeping.wishFor("id-box")?.wish.base, 2);
});

Deno.test("wishes and changes are read, written and removed as any record", async () => {
  const cluster = new MemoryCluster();
  await using one = startReplica(cluster);
  const { wishes, changes } = one.keeping;
  equal(await wishes.read("owner-1.box", signal), undefined);
  const wish = await wishes.write("owner-1.box", wishOf("Box"), undefined, signal);
  equal(wish?.key, "owner-1.box", "names of Coder are one whatever their case");
  deepEqual(await wishes.read("owner-1.box", signal), wish);
  equal(await wishes.write("owner-1.box", wishOf("box"), "old", signal), undefined);
  await rejects(wishes.write("owner-1.other", wishOf("box"), undefined, signal), /not of owner-1\.other/);
  equal(await wishes.remove("owner-1.box", wish!.version, signal), true);
  equal(await wishes.remove("owner-1.box", "", signal), false);
  equal(await changes.read("t", signal), undefined);
  const change = await changes.write(changeOf("t"), undefined, signal);
  deepEqual(await changes.read("t", signal), change);
  const next = await changes.write(changeOf("t", { version: "v" }), change?.version, signal);
  equal((await changes.read("t", signal))?.record.version, "v");
  equal(await changes.remove("t", change!.version, signal), false);
  equal(await changes.remove("t", next!.version, signal), true);
  deepEqual([await wishes.list(signal), await changes.list(signal)], [[], []]);
});

Deno.test("lists of a process that has not heard yet wait, as long as they may", async () => {
  const cluster = new MemoryCluster();
  const keepings = createKeepings({ client: cluster.client(), namespaces: [] });
  equal(keepings.hasSynced, false);
  const end = new AbortController();
  const list = keepings.of(acme).wishes.list(end.signal);
  end.abort(new Error("no longer"));
  await rejects(list, /no longer/);
  equal(keepings.of(acme).shadows.get("workspaces", "a"), undefined);
});

Deno.test("each Coder has its own, and a control plane that is made anew begins with nothing", async () => {
  const cluster = new MemoryCluster();
  await using one = startReplica(cluster);
  await one.keepings.whenSynced(signal);
  await one.keeping.shadows.write(shadowOf("a"), undefined, signal);
  const fixed = one.keepings.of({ id: "static", namespace: "team", uid: "" });
  await fixed.shadows.write(shadowOf("b"), undefined, signal);
  deepEqual([ids(one.keeping), ids(fixed)], [["a"], ["b"]]);
  equal(one.keepings.of({ ...acme }), one.keeping);
  const anew = one.keepings.of({ ...acme, uid: "uid-2" });
  notEqual(anew, one.keeping);
  deepEqual(ids(anew), []);
  equal(await anew.shadows.read("workspaces", "a", signal), undefined);
  deepEqual(ids(one.keeping), ["a"]);
});

Deno.test("namespaces that are not watched are no place to keep something", async () => {
  const cluster = new MemoryCluster();
  await using one = startReplica(cluster, { namespaces: ["team"] });
  await one.keepings.whenSynced(signal);
  ok(await one.keeping.shadows.write(shadowOf("a"), undefined, signal));
  deepEqual(ids(one.keeping), ["a"]);
  throws(
    () => one.keepings.of({ id: "static", namespace: "coder", uid: "" }),
    /What is kept of static is in the namespace coder, which is not watched/,
  );
});

Deno.test("what is kept of an object that is gone is removed", async () => {
  const cluster = new MemoryCluster();
  await using one = startReplica(cluster);
  await one.keepings.whenSynced(signal);
  await one.keeping.shadows.write(shadowOf("a"), undefined, signal);
  await one.keeping.shadows.write(shadowOf("b"), undefined, signal);
  one.keeping.gone("workspaces", "a");
  one.keeping.gone("templates", "b");
  one.keeping.gone("workspaces", "unknown");
  await settle();
  deepEqual(ids(one.keeping), ["b"]);
  equal(cluster.configMaps().length, 1);
});

Deno.test("sweeping takes what was forgotten, and nothing that is young or there", async () => {
  const cluster = new MemoryCluster();
  const clock = new ManualClock();
  await using one = startReplica(cluster, { clock });
  await clock.until(() => one.keepings.hasSynced, "it has synced");
  const { shadows } = one.keeping;
  for (const id of ["gone", "there", "changed"]) await shadows.write(shadowOf(id), undefined, signal);
  await shadows.write({ ...shadowOf("gone"), kind: "templates" }, undefined, signal);
  const sweep = () => one.keeping.sweep("workspaces", (id) => id === "there", signal);
  await sweep();
  equal(cluster.configMaps().length, 4, "a list of Coder may be older than these");
  await clock.advance(SWEPT_AFTER_MS);
  const { version } = shadows.get("workspaces", "changed")!;
  await shadows.write(shadowOf("changed", "2"), version, signal);
  await sweep();
  deepEqual(ids(one.keeping), ["changed", "there"]);
  equal([...shadows.all("templates")].length, 1);
  await clock.advance(SWEPT_AFTER_MS);
  await rejects(
    one.keeping.sweep("workspaces", () => false, AbortSignal.abort(new Error("stop"))),
    /stop/,
  );
  equal(cluster.configMaps().length, 3);
});

Deno.test("what cannot be read is not there, also when that is heard of later", async () => {
  const cluster = new MemoryCluster();
  const { logger, lines } = recordingLogger();
  await using one = startReplica(cluster, { log: logger });
  await one.keepings.whenSynced(signal);
  await one.keeping.shadows.write(shadowOf("a"), undefined, signal);
  const [spoilt] = cluster.configMaps();
  spoilt!.data!["record"] = "no";
  cluster.put(ConfigMaps, spoilt!);
  await settle();
  equal(one.keeping.shadows.get("workspaces", "a"), undefined);
  equal(await one.keeping.shadows.read("workspaces", "a", signal), undefined);
  equal(lines.filter(({ level }) => level === "warn").length, 1);
  ok(await one.keeping.shadows.write(shadowOf("a", "2"), undefined, signal));
  equal(one.keeping.shadows.get("workspaces", "a")?.record.metadata.labels?.["label"], "2");
});

Deno.test("other ConfigMaps are none of ours", async () => {
  const cluster = new MemoryCluster();
  cluster.put(ConfigMaps, {
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { namespace: "team", name: "env" },
  });
  const { logger, lines } = recordingLogger();
  await using one = startReplica(cluster, { log: logger });
  await one.keepings.whenSynced(signal);
  deepEqual(ids(one.keeping), []);
  deepEqual(lines.filter(({ level }) => level !== "debug" && level !== "info"), []);
});

Deno.test("a listener that throws keeps nothing from the others", async () => {
  const cluster = new MemoryCluster();
  const { logger, lines } = recordingLogger();
  await using one = startReplica(cluster, { log: logger });
  const heard: string[] = [];
  one.keepings.subscribe(() => {
    throw new Error("no");
  });
  one.keepings.subscribe((_, { id }) => heard.push(id));
  await one.keeping.shadows.write(shadowOf("a"), undefined, signal);
  await settle();
  deepEqual(heard, ["a"]);
  deepEqual(lines.filter(({ level }) => level === "error").map(({ message }) => message), [
    "a listener of what is kept threw",
  ]);
});

Deno.test("figures tell how much is kept and what became of writes", async () => {
  const cluster = new MemoryCluster();
  const metrics = new CountingMetrics();
  await using one = startReplica(cluster, { metrics });
  await one.keepings.whenSynced(signal);
  await one.keeping.shadows.write(shadowOf("a"), undefined, signal);
  await one.keeping.shadows.write(shadowOf("a"), undefined, signal);
  const count = (result: string) =>
    metrics.get("coder_k8s_kept_writes_total", { keeps: "shadow", verb: "write", result });
  deepEqual([count("ok"), count("conflict"), count("error")], [1, 1, 0]);
});

Deno.test("how much is kept is counted when somebody looks", async () => {
  const cluster = new MemoryCluster();
  const collectors: ((gauge: Gauge) => void)[] = [];
  const metrics: Metrics = {
    ...noMetrics,
    gauge: (name, help, labels, collect) => {
      if (collect !== undefined) collectors.push(collect);
      return noMetrics.gauge(name, help, labels);
    },
  };
  await using one = startReplica(cluster, { metrics });
  await one.keeping.shadows.write(shadowOf("a"), undefined, signal);
  await one.keeping.shadows.write(shadowOf("b"), undefined, signal);
  await one.keeping.changes.write(changeOf("t"), undefined, signal);
  const values: unknown[] = [];
  for (const collect of collectors) {
    collect({ ...noMetrics.gauge("", ""), set: ({ keeps }, value) => void values.push([keeps, value]) });
  }
  deepEqual(values, [["shadow", 2], ["wish", 0], ["change", 1]]);
});

Deno.test("a cache that somebody else runs is used as it is", async () => {
  const cluster = new MemoryCluster();
  const client = cluster.client();
  const cache = createSharedCache({ client });
  const end = new AbortController();
  const keepings = createKeepings({ client, cache, namespaces: [] });
  const run = keepings.run(end.signal);
  await settle();
  equal(keepings.hasSynced, false);
  cache.start(end.signal);
  await keepings.whenSynced(signal);
  ok(keepings.hasSynced);
  end.abort();
  await Promise.all([run, cache.whenStopped()]);
});
