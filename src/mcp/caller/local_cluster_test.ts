import assert from "node:assert/strict";
import type { KubeObject, ResourceType } from "../../api/object.ts";
import { KubeApiError, KubeConnectionError } from "../../kube/errors.ts";
import type { InformerHandler } from "../../kube/informer.ts";
import type { WatchEvent } from "../../kube/client.ts";
import type { AccessRequest } from "../../kube/reviews.ts";
import { localClusters } from "./local_cluster.ts";
import { type CachedKind, kindId, type ServedKind } from "./local_kinds.ts";
import { refusingCluster } from "./refusing_cluster.ts";
import { askedCluster, decidingAuthorizer } from "./testing.ts";

const Planes: ResourceType = {
  group: "coder.com",
  version: "v1alpha1",
  kind: "Plane",
  plural: "planes",
  namespaced: true,
};
const Spaces: ResourceType = {
  group: "agg.com",
  version: "v1",
  kind: "Space",
  plural: "spaces",
  namespaced: true,
};
const Pods: ResourceType = { group: "", version: "v1", kind: "Pod", plural: "pods", namespaced: true };
const ann = { name: "ann", groups: ["dev"], extra: {} };
const plane = (namespace: string, name: string): KubeObject => ({
  apiVersion: "coder.com/v1alpha1",
  kind: "Plane",
  metadata: { namespace, name, uid: "cached" },
});
const KNOWN = [plane("lab", "one"), plane("lab", "two"), plane("prod", "one")];

interface RigOptions {
  may?: (request: AccessRequest) => boolean | 503;
  cached?: Partial<CachedKind["informer"]>;
  namespaces?: string[];
  served?: Partial<ServedKind>;
  refusal?: string;
}

function rig(options: RigOptions = {}) {
  const observed: KubeObject[] = [];
  const handlers = new Set<InformerHandler<KubeObject>>();
  const informer: CachedKind["informer"] = {
    hasSynced: true,
    exists: true,
    trouble: "",
    get: (key) =>
      KNOWN.find(({ metadata: { namespace, name } }) => namespace === key.namespace && name === key.name),
    list: (filter) =>
      filter === undefined ? KNOWN : KNOWN.filter(({ metadata }) => metadata.namespace === filter.namespace),
    observe: (object) => void observed.push(object),
    subscribe: (handler) => {
      handlers.add(handler);
      for (const object of KNOWN) handler.added?.(object, true);
      return () => void handlers.delete(handler);
    },
    ...options.cached,
  };
  const told: string[] = [];
  const space = (name = "s") => ({ ...plane("lab", name), kind: "Space" });
  const served = {
    type: Spaces,
    get: (key) => (told.push(`get ${key.name}`), Promise.resolve(space(key.name))),
    list: (_, call) => {
      told.push("list");
      call.warn("some are left out");
      return Promise.resolve({ items: [space()], resourceVersion: "7" });
    },
    create: (object) => (told.push("create"), Promise.resolve(object)),
    update: (object) => (told.push("update"), Promise.resolve(object)),
    patch: (key, patch) => (told.push(`patch ${patch.type}`), Promise.resolve(space(key.name))),
    delete: (key) => (told.push(`delete ${key.name}`), Promise.resolve()),
    text: (
      _,
      subresource,
    ) => (told.push(`text ${subresource}`), Promise.resolve({ bytes: new Uint8Array(), isCut: false })),
    missing: (namespace) => [`Coder of ${namespace ?? "all"} is away`],
    ...options.served,
  } as ServedKind;
  const { authorize, asked } = decidingAuthorizer(options.may ?? (() => true));
  const direct = askedCluster({ missing: () => ["the API server is slow"] });
  const clusters = localClusters({
    authorize,
    cached: [{ type: Planes, namespaces: options.namespaces ?? [], informer }],
    served: [served],
  });
  const { refusal } = options;
  return {
    cluster: clusters(ann, refusal === undefined ? direct : { refusal }),
    direct,
    asked,
    observed,
    told,
    handlers,
  };
}

/** The first so many events of a watch, in words. */
async function first(count: number, watch: AsyncIterable<WatchEvent<KubeObject>>): Promise<string[]> {
  const heard: string[] = [];
  for await (const { type, object } of watch) {
    const { namespace, name } = (object as KubeObject).metadata;
    heard.push(`${type} ${namespace}/${name}`);
    if (heard.length === count) break;
  }
  return heard;
}

const failure = async (promise: Promise<unknown>) => {
  const error = await promise.then(() => undefined, (one) => one);
  assert.ok(error instanceof KubeApiError, String(error));
  return error;
};

Deno.test("lists come from the cache, as they are, after the very review that the API server would make", async () => {
  const { cluster, asked, direct } = rig();
  assert.equal((await cluster.list(Planes)).items, KNOWN);
  assert.deepEqual((await cluster.list(Planes, { namespace: "lab" })).items, KNOWN.slice(0, 2));
  const review = { verb: "list", group: "coder.com", version: "v1alpha1", resource: "planes" };
  assert.deepEqual(asked, [review, { ...review, namespace: "lab" }]);
  assert.deepEqual(direct.asked, []);
});

Deno.test("a watch of the cache begins with what there is, after a review, and ends with its reader", async () => {
  const { cluster, asked, direct, handlers } = rig();
  const watch = await cluster.watch(Planes, { resourceVersion: "" });
  const [handler] = handlers;
  handler?.added?.(plane("lab", "new"), false);
  handler?.updated?.(plane("lab", "new"), plane("lab", "new"));
  handler?.deleted?.(plane("lab", "new"));
  assert.deepEqual(await first(6, watch), [
    "ADDED lab/one",
    "ADDED lab/two",
    "ADDED prod/one",
    "ADDED lab/new",
    "MODIFIED lab/new",
    "DELETED lab/new",
  ]);
  assert.equal(handlers.size, 0, "who has left hears nothing more");
  assert.deepEqual(await first(1, await cluster.watch(Planes, { namespace: "prod" })), ["ADDED prod/one"]);
  const review = { verb: "watch", group: "coder.com", version: "v1alpha1", resource: "planes" };
  assert.deepEqual(asked, [review, { ...review, namespace: "prod" }]);
  assert.deepEqual(direct.asked, []);
  assert.equal((await failure(rig({ may: () => false }).cluster.watch(Planes))).code, 403);
});

Deno.test("what the cache does not have is watched where it is: selections, other namespaces, kinds that are served", async () => {
  const { cluster, direct } = rig({
    namespaces: ["lab"],
    served: {
      watch: () =>
        Promise.resolve(ReadableStream.from([{ type: "ADDED" as const, object: plane("lab", "s") }])),
    },
  });
  await cluster.watch(Planes, { namespace: "lab", labelSelector: "a=b" });
  await cluster.watch(Planes);
  await cluster.watch(Pods, { namespace: "lab", resourceVersion: "7" });
  assert.deepEqual(direct.asked, ["watch planes lab/", "watch planes */", "watch pods lab/7"]);
  assert.deepEqual(await first(1, await cluster.watch(Spaces)), ["ADDED lab/s"]);
});

Deno.test("a single object comes from the cache; one that is not there may be newer than it", async () => {
  const { cluster, asked, direct } = rig();
  assert.equal((await cluster.get(Planes, { namespace: "lab", name: "two" })).metadata.uid, "cached");
  assert.deepEqual(asked, [
    {
      verb: "get",
      group: "coder.com",
      version: "v1alpha1",
      resource: "planes",
      namespace: "lab",
      name: "two",
    },
  ]);
  assert.equal((await cluster.get(Planes, { namespace: "lab", name: "new" })).metadata.uid, "direct");
  assert.deepEqual(direct.asked, ["get planes lab/new"]);
});

Deno.test("who may not read is refused in the API server's words, and a review that fails is none", async () => {
  const refused = rig({ may: ({ verb }) => verb !== "list" });
  const error = await failure(refused.cluster.list(Planes, { namespace: "lab" }));
  assert.deepEqual([error.code, error.reason], [403, "Forbidden"]);
  assert.equal(
    error.message,
    'GET planes.coder.com: Forbidden (403): planes.coder.com is forbidden: User "ann" cannot list resource "planes" in API group "coder.com" in the namespace "lab"',
  );
  const one = await failure(rig({ may: () => false }).cluster.get(Planes, { namespace: "lab", name: "one" }));
  assert.match(one.message, /GET planes\.coder\.com "lab\/one": .*planes\.coder\.com "one" is forbidden/);
  const away = await failure(rig({ may: () => 503 }).cluster.list(Planes));
  assert.deepEqual([away.code, away.retryAfterMs], [503, 2_000]);
});

Deno.test("a cache that cannot tell is not waited for: the API server is asked as the caller", async () => {
  const cases: RigOptions[] = [{ cached: { hasSynced: false } }, { cached: { exists: false } }, {
    namespaces: ["prod"],
  }];
  for (const options of cases) {
    const { cluster, direct, asked } = rig(options);
    await cluster.list(Planes, { namespace: "lab" });
    await cluster.get(Planes, { namespace: "lab", name: "one" });
    assert.deepEqual(direct.asked, ["list planes lab/", "get planes lab/one"]);
    assert.deepEqual(asked, []);
  }
  const { cluster, direct } = rig({ namespaces: ["lab"] });
  await cluster.list(Planes, { namespace: "lab" });
  await cluster.list(Planes);
  assert.deepEqual(direct.asked, ["list planes */"]);
});

Deno.test("selectors and pages are the API server's work", async () => {
  const { cluster, direct } = rig();
  for (
    const options of [{ labelSelector: "a=b" }, { fieldSelector: "a=b" }, { limit: 1 }, { continue: "x" }]
  ) {
    await cluster.list(Planes, options);
  }
  assert.equal(direct.asked.length, 4);
});

Deno.test("what the cache lacks, or may show late, is said", () => {
  assert.deepEqual(rig().cluster.missing(Planes, undefined), ["the API server is slow"]);
  assert.deepEqual(rig({ cached: { trouble: "no connection" } }).cluster.missing(Planes, undefined), [
    "planes may be shown as they were some time ago: no connection",
    "the API server is slow",
  ]);
});

Deno.test("whoever changes something through us reads it, too", async () => {
  const { cluster, direct, observed } = rig();
  const object = plane("lab", "one");
  const merge = { type: "merge", body: {} } as const;
  await cluster.create(Planes, object);
  await cluster.update(Planes, object);
  await cluster.patch(Planes, { namespace: "lab", name: "one" }, merge);
  assert.equal(observed.length, 3);
  assert.notEqual(observed[0], object);
  await cluster.create(Planes, object, { dryRun: true });
  await cluster.update(Planes, object, { dryRun: true });
  await cluster.patch(Planes, { namespace: "lab", name: "one" }, merge, { dryRun: true });
  await cluster.create(Planes, object, { subresource: "token" });
  await cluster.create(Pods, object);
  await cluster.delete(Planes, { namespace: "lab", name: "one" });
  assert.equal(observed.length, 3);
  assert.equal(direct.asked.at(-1), "delete planes lab/one");
});

Deno.test("kinds that are served here never leave the process", async () => {
  const { cluster, direct, told } = rig();
  const key = { namespace: "lab", name: "s" };
  await cluster.get(Spaces, key);
  assert.equal((await cluster.list(Spaces)).resourceVersion, "7");
  await cluster.create(Spaces, plane("lab", "s"));
  await cluster.update(Spaces, plane("lab", "s"));
  await cluster.patch(Spaces, key, { type: "apply", body: {} });
  await cluster.text(Spaces, key, "log", { maxBytes: 10 });
  await cluster.delete(Spaces, key);
  assert.deepEqual(told, ["get s", "list", "create", "update", "patch apply", "text log", "delete s"]);
  assert.deepEqual(direct.asked, []);
  assert.deepEqual(cluster.missing(Spaces, "lab"), [
    "Coder of lab is away",
    "some are left out",
    "the API server is slow",
  ]);
});

Deno.test("everything else is asked of the API server as the caller", async () => {
  const { cluster, direct, asked } = rig();
  const key = { namespace: "lab", name: "p" };
  await cluster.get(Pods, key);
  await cluster.list(Pods);
  await cluster.text(Pods, key, "log", { maxBytes: 10 });
  await cluster.delete(Pods, key);
  assert.deepEqual(direct.asked, [
    "get pods lab/p",
    "list pods */",
    "text/log pods lab/p",
    "delete pods lab/p",
  ]);
  assert.deepEqual(asked, []);
});

Deno.test("for whom the API server is not asked, what is known here is there, and the rest is refused with advice", async () => {
  const { cluster } = rig({ refusal: "turn on --mcp-impersonate" });
  assert.equal((await cluster.list(Planes)).items, KNOWN);
  assert.equal((await failure(cluster.get(Planes, { namespace: "lab", name: "new" }))).code, 404);
  assert.equal((await cluster.list(Spaces)).items.length, 1);
  const key = { namespace: "lab", name: "p" };
  const attempts = [
    cluster.get(Pods, key),
    cluster.list(Pods),
    cluster.create(Pods, plane("lab", "p")),
    cluster.update(Pods, plane("lab", "p")),
    cluster.patch(Pods, key, { type: "merge", body: {} }),
    cluster.delete(Pods, key),
    cluster.text(Pods, key, "log", { maxBytes: 1 }),
  ];
  for (const attempt of attempts) {
    const error = await failure(attempt);
    assert.equal(error.code, 403);
    assert.match(error.message, /Kubernetes is not asked for you: turn on --mcp-impersonate/);
  }
  const refusing = refusingCluster("no token");
  assert.deepEqual(await refusing.may({ verb: "get", resource: "pods" }), {
    allowed: false,
    reason: "no token",
  });
  assert.deepEqual(refusing.missing(Pods, undefined), []);
});

Deno.test("whether somebody may is told, and a review that fails is an error", async () => {
  const request = { verb: "get", resource: "pods", namespace: "lab" };
  assert.deepEqual(await rig().cluster.may(request), { allowed: true, reason: "a role" });
  assert.deepEqual(await rig({ may: () => false }).cluster.may(request), {
    allowed: false,
    reason: "no role says so",
  });
  assert.equal((await failure(rig({ may: () => 503 }).cluster.may(request))).code, 503);
});

Deno.test("a storage that does not answer is not waited for longer than was asked", async () => {
  let isAborted = false;
  const hanging = rig({
    served: {
      list: (_, { signal }) => {
        signal.addEventListener("abort", () => isAborted = true);
        return new Promise(() => {});
      },
    },
  });
  const late = await hanging.cluster.list(Spaces, { timeoutMs: 5 }).catch((error) => error);
  assert.ok(late instanceof KubeConnectionError && late.timedOut);
  assert.ok(isAborted);
  const gone = new AbortController();
  const asking = hanging.cluster.list(Spaces, { signal: gone.signal }).catch((error) => error);
  gone.abort(new Error("gone"));
  const ended = await asking;
  assert.ok(ended instanceof KubeConnectionError && !ended.timedOut);
  assert.match(ended.message, /ended by its caller/);
  const before = await hanging.cluster.list(Spaces, { signal: gone.signal }).catch((error) => error);
  assert.ok(before instanceof KubeConnectionError);
});

Deno.test("kinds are told apart by group and plural", () => {
  assert.equal(kindId(Pods), "/pods");
  assert.equal(kindId(Planes), "coder.com/planes");
});
