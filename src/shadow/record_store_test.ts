import { deepEqual, equal, match, notEqual, ok, rejects } from "node:assert/strict";
import { ConfigMaps } from "../api/kubernetes/resources.ts";
import { refusal } from "../kube/testing/fake_api.ts";
import { recordingLogger } from "../kube/testing/recording_logger.ts";
import { type Address, keyFor } from "./address.ts";
import { RecordStore } from "./record_store.ts";
import { acme, lostAnswer, MemoryCluster, putControlPlane, shadowOf } from "./testing.ts";
import { type KeepingOwner, ShadowTooLargeError } from "./types.ts";

const signal = new AbortController().signal;
const address: Address & { sort: "shadow" } = { sort: "shadow", kind: "workspaces", key: "a" };
const key = keyFor(acme, address);

function storeOn(cluster = new MemoryCluster()) {
  const slept: number[] = [];
  const counted: string[] = [];
  const seen: string[] = [];
  const { logger, lines } = recordingLogger();
  const store = new RecordStore({
    client: cluster.client(),
    informer: {
      get: () => undefined,
      observe: ({ metadata }) => void seen.push(`+${metadata.resourceVersion}`),
      observeDeleted: ({ metadata }) => void seen.push(`-${metadata.resourceVersion}`),
    },
    clock: { sleep: (ms) => Promise.resolve(void slept.push(ms)) },
    log: logger,
    unseen: (_, { version }) => void seen.push(`?${version}`),
    counted: (...what) => void counted.push(what.join(" ")),
  });
  const write = (label: string, version?: string, owner: KeepingOwner = acme) =>
    store.write(owner, "shadow", shadowOf("a", label), version, signal);
  const label = () => JSON.parse(cluster.configMaps()[0]?.data?.["record"] ?? "{}").metadata?.labels.label;
  return { cluster, store, slept, counted, seen, lines, write, label };
}

Deno.test("a record is stored once: whoever comes later is told", async () => {
  const { write, label, store, counted } = storeOn();
  const first = await write("1");
  ok(first);
  equal(await write("2"), undefined);
  equal(label(), "1");
  const second = await write("3", first.version);
  ok(second);
  notEqual(second.version, first.version);
  equal(await write("4", first.version), undefined);
  equal(label(), "3");
  deepEqual(await store.read(acme, address, signal), second);
  deepEqual(counted, [
    "shadow write ok",
    "shadow write conflict",
    "shadow write ok",
    "shadow write conflict",
  ]);
});

Deno.test("an empty version is none", async () => {
  const { write, store } = storeOn();
  ok(await write("1", ""));
  equal(await write("2", ""), undefined);
  equal(await store.remove(acme, address, "", signal), false);
  ok(await store.read(acme, address, signal));
});

Deno.test("a record is removed where it is as it was, and once", async () => {
  const { write, store, cluster, counted } = storeOn();
  const first = await write("1");
  const second = await write("2", first?.version);
  equal(await store.remove(acme, address, first!.version, signal), false);
  equal(await store.remove(acme, address, second!.version, signal), true);
  equal(await store.remove(acme, address, second!.version, signal), false);
  equal(cluster.configMaps().length, 0);
  equal(await store.read(acme, address, signal), undefined);
  equal(await write("3", second!.version), undefined, "what is gone is not changed");
  deepEqual(counted.slice(2), [
    "shadow remove conflict",
    "shadow remove ok",
    "shadow remove conflict",
    "shadow write conflict",
  ]);
});

Deno.test("a write whose answer is lost is found to be done", async () => {
  const { cluster, write, label, slept } = storeOn();
  cluster.loseAnswers("create");
  const first = await write("1");
  ok(first);
  equal(label(), "1");
  cluster.loseAnswers("update");
  cluster.loseRequests("get", 2);
  const second = await write("2", first.version);
  equal(second?.version, cluster.configMaps()[0]?.metadata.resourceVersion);
  equal(label(), "2");
  deepEqual(slept, [100, 100, 100, 200]);
});

Deno.test("a write that did not arrive is made again", async () => {
  const { cluster, write, label } = storeOn();
  cluster.loseRequests("create", 2);
  const first = await write("1");
  cluster.loseRequests("update", 1);
  ok(await write("2", first?.version));
  equal(label(), "2");
});

Deno.test("an API server in trouble is asked again as well, one that never answers is told of", async () => {
  const { cluster, write, slept } = storeOn();
  let failures = 2;
  cluster.before = () => {
    if (failures-- > 0) throw refusal(503, "ServiceUnavailable");
  };
  const first = await write("1");
  ok(first);
  cluster.loseRequests("update", 100);
  await rejects(write("2", first.version), /the connection broke/);
  deepEqual(slept, [100, 200, 100, 200, 400, 800]);
});

Deno.test("whether it was done is not guessed where somebody has changed it since", async () => {
  for (const isNew of [true, false]) {
    const { cluster, store, write } = storeOn();
    const first = isNew ? undefined : await write("0");
    let isLost = false;
    cluster.after = (verb) => {
      if (isLost || (verb !== "create" && verb !== "update")) return;
      isLost = true;
      // Another replica goes on from it before we ask.
      const object = cluster.find(ConfigMaps, key)!;
      object.metadata.annotations!["aggregation.coder.com/write"] = "somebody else's";
      cluster.put(ConfigMaps, object);
      throw lostAnswer();
    };
    await rejects(
      write("1", first?.version),
      /Whether the ConfigMap team\/coder-k8s-workspace-a-\w+ was written is not known/,
    );
    ok(await store.read(acme, address, signal));
  }
});

Deno.test("a removal whose answer is lost has been done; one that did not arrive is made again", async () => {
  for (const lose of ["loseAnswers", "loseRequests"] as const) {
    const { cluster, write, store } = storeOn();
    const first = await write("1");
    cluster[lose]("delete");
    equal(await store.remove(acme, address, first!.version, signal), true);
    equal(cluster.configMaps().length, 0);
  }
});

Deno.test("nothing is tried again when whoever asked has gone", async () => {
  const { cluster, store, slept } = storeOn();
  const end = new AbortController();
  cluster.before = () => {
    end.abort(new Error("gone"));
    throw lostAnswer();
  };
  await rejects(store.write(acme, "shadow", shadowOf("a"), undefined, end.signal), /the connection broke/);
  deepEqual(slept, []);
});

Deno.test("refusals of the API server are handed on", async () => {
  const { cluster, store, write, counted } = storeOn();
  const first = await write("1");
  cluster.before = () => {
    throw refusal(403, "Forbidden");
  };
  await rejects(write("2"), { code: 403 });
  await rejects(write("2", first?.version), { code: 403 });
  await rejects(store.read(acme, address, signal), { code: 403 });
  await rejects(store.remove(acme, address, first!.version, signal), { code: 403 });
  // A namespace that is gone is no conflict.
  cluster.before = () => {
    throw refusal(404, "NotFound");
  };
  await rejects(write("2"), { code: 404 });
  deepEqual(
    counted,
    ["write ok", "write error", "write error", "remove error", "write error"].map((each) => `shadow ${each}`),
  );
});

Deno.test("what the API server finds too large is told apart", async () => {
  const { cluster, store, write } = storeOn();
  const large = shadowOf("a", "1", { metadata: { annotations: { a: "x".repeat(1_000_000) } } });
  await rejects(store.write(acme, "shadow", large, undefined, signal), ShadowTooLargeError);
  deepEqual(cluster.calls, [], "and nothing is sent where that is known");
  for (
    const [code, reason, message] of [
      [413, "RequestEntityTooLarge", ""],
      [422, "Invalid", "data: Too long: may not be more than 1048576 bytes"],
      [500, "InternalError", "etcdserver: request is too large"],
    ] as const
  ) {
    cluster.before = () => {
      throw Object.assign(refusal(code, reason), message === "" ? {} : { message });
    };
    await rejects(write("1"), ShadowTooLargeError);
  }
  cluster.before = () => {
    throw refusal(422, "Invalid");
  };
  await rejects(write("1"), { code: 422 });
});

Deno.test("what cannot be read is complained of once, is not there, and makes room", async () => {
  const { cluster, store, write, lines, label } = storeOn();
  await write("1");
  const spoilt = cluster.find(ConfigMaps, key)!;
  spoilt.data!["record"] = "no";
  cluster.put(ConfigMaps, spoilt);
  equal(await store.read(acme, address, signal), undefined);
  equal(await store.read(acme, address, signal), undefined);
  const warnings = lines.filter(({ level }) => level === "warn");
  equal(warnings.length, 1);
  match(String(warnings[0]?.fields["configMap"]), /^team\/coder-k8s-workspace-a-/);
  match(String(warnings[0]?.fields["why"]), /no JSON/);
  ok(await write("2"));
  equal(label(), "2");
});

Deno.test("what is left of an earlier control plane is not there, and makes room for the one that is", async () => {
  const { cluster, store, write, label } = storeOn();
  await write("old");
  const now = { ...acme, uid: putControlPlane(cluster, acme) };
  equal(await store.read(now, address, signal), undefined);
  const stored = await write("new", undefined, now);
  equal(stored?.uid, now.uid);
  equal(label(), "new");
  equal(cluster.configMaps()[0]?.metadata.ownerReferences?.[0]?.uid, now.uid);
});

Deno.test("a replica that knows the earlier control plane alone does not undo what others keep", async () => {
  const { cluster, write, label } = storeOn();
  const now = { ...acme, uid: putControlPlane(cluster, acme) };
  await write("new", undefined, now);
  await rejects(write("old"), /The control plane team\/acme was deleted and made anew: try again/);
  equal(label(), "new");
});

Deno.test("somebody may be sooner while room is made", async () => {
  const { cluster, write, label } = storeOn();
  await write("old");
  const now = { ...acme, uid: putControlPlane(cluster, acme) };
  const other = storeOn(cluster);
  let isDone = false;
  cluster.before = async (verb) => {
    if (verb !== "delete" || isDone) return;
    isDone = true;
    ok(await other.write("other", undefined, now));
  };
  equal(await write("ours", undefined, now), undefined);
  equal(label(), "other");
  // It went before we looked what was in the way.
  cluster.before = (verb) => {
    if (verb === "get" && cluster.configMaps().length > 0) cluster.remove(ConfigMaps, key);
  };
  ok(await write("ours", undefined, now));
  equal(label(), "ours");
});

Deno.test("a ConfigMap of somebody else in the way is left alone", async () => {
  const { cluster, store, write } = storeOn();
  cluster.put(ConfigMaps, { apiVersion: "v1", kind: "ConfigMap", metadata: { ...key }, data: { a: "b" } });
  equal(await store.read(acme, address, signal), undefined);
  await rejects(write("1"), /lacks the labels of coder-k8s: delete it, or give them back/);
  deepEqual(cluster.configMaps()[0]?.data, { a: "b" });
});

Deno.test("what was written and read is told to the cache, and what was overtaken is not", async () => {
  const cluster = new MemoryCluster();
  const { store, seen } = storeOn(cluster);
  const first = await store.write(acme, "shadow", shadowOf("a"), undefined, signal);
  await store.read(acme, address, signal);
  deepEqual(seen, [`+${first?.version}`, `+${first?.version}`]);
  let news = cluster.find(ConfigMaps, key);
  const told: string[] = [];
  const overtaken = new RecordStore({
    client: cluster.client(),
    informer: {
      get: () => news,
      observe: () => void told.push("+"),
      observeDeleted: () => void told.push("-"),
    },
    clock: { sleep: () => Promise.resolve() },
    log: recordingLogger().logger,
    unseen: () => void told.push("?"),
    counted: () => {},
  });
  await overtaken.read(acme, address, signal);
  deepEqual(told, ["+"]);
  cluster.after = () => void (news = structuredClone(news));
  await overtaken.read(acme, address, signal);
  deepEqual(told, ["+"], "the cache has heard something meanwhile");
  cluster.after = undefined;
  const second = await overtaken.write(acme, "shadow", shadowOf("a", "2"), first?.version, signal);
  deepEqual(told, ["+", "+", "?"], "the cache does not show it");
  equal(await overtaken.remove(acme, address, second!.version, signal), true);
  deepEqual(told, ["+", "+", "?", "-"]);
});
