import assert from "node:assert/strict";
import type { KubeObject } from "../../api/object.ts";
import { CoderWorkspaces } from "../../api/workspace.ts";
import { resourcesRig } from "../../aggregated/resources/testing.ts";
import { workspaceStorage } from "../../aggregated/resources/storages.ts";
import { conflict, StatusError } from "../../aggregated/serving/status_errors.ts";
import type { ChangeListener } from "../../aggregated/serving/storage.ts";
import type { AnyStorage, RequestContext, WriteRequest } from "../../aggregated/serving/mod.ts";
import { KubeApiError } from "../../kube/errors.ts";
import type { AccessRequest } from "../../kube/reviews.ts";
import type { LocalCall } from "../../mcp/caller/local_kinds.ts";
import { decidingAuthorizer } from "../../mcp/caller/testing.ts";
import { servedKind } from "./served_kinds.ts";
import { servedKinds } from "./caller_cluster.ts";

const key = { namespace: "lab", name: "default.ann.dev" };
const space = (name: string, labels: Record<string, string> = {}): KubeObject => ({
  apiVersion: "aggregation.coder.com/v1alpha1",
  kind: "CoderWorkspace",
  metadata: { namespace: "lab", name, labels },
});

function call() {
  const warnings: string[] = [];
  const one: LocalCall = {
    user: { name: "ann", groups: [], extra: {} },
    signal: new AbortController().signal,
    warn: (text) => void warnings.push(text),
  };
  return { ...one, warnings };
}

/** A storage that writes down what is written, and knows three workspaces. */
function rig(may: (request: AccessRequest) => boolean | 503 = () => true, changes: Partial<AnyStorage> = {}) {
  const written: (Omit<WriteRequest, "body" | "query"> & { body: unknown; query: string })[] = [];
  const contexts: RequestContext[] = [];
  const items = ["a", "b", "c"].map((name) => space(name, { team: name }));
  const { definition } = workspaceStorage(resourcesRig().resources);
  const storage = {
    definition,
    get: (
      wanted: { name: string },
      context: RequestContext,
    ) => (contexts.push(context), Promise.resolve(space(wanted.name))),
    list: (
      _: unknown,
      context: RequestContext,
    ) => (context.warn("some are late"), Promise.resolve({ items, resourceVersion: "9" })),
    watch: () => Promise.reject(new Error("nobody watches")),
    subresources: {
      log: {
        verbs: ["get"],
        stream: (_: unknown, query: URLSearchParams) =>
          Promise.resolve({
            chunks: ReadableStream.from([`${query};`, new TextEncoder().encode("é-12345"), "more"]),
          }),
      },
    },
    write(request: WriteRequest, context: RequestContext) {
      contexts.push(context);
      const body = JSON.parse(new TextDecoder().decode(request.body));
      written.push({ ...request, body, query: String(request.query) });
      return Promise.resolve({ code: 200, object: space(request.key.name) });
    },
    ...changes,
  } as AnyStorage;
  const { authorize, asked } = decidingAuthorizer(may);
  const kind = servedKind({ storage, authorize, warnings: () => ["one is away"] });
  return { kind, asked, written, contexts, items };
}

const failure = async (promise: Promise<unknown>) => {
  const error = await promise.then(() => undefined, (one) => one);
  assert.ok(error instanceof KubeApiError, String(error));
  return error;
};

Deno.test("a list is the storage's own array, with what is wrong told beside it", async () => {
  const { kind, items, asked } = rig();
  const one = call();
  const list = await kind.list({ namespace: "lab" }, one);
  assert.equal(list.items, items);
  assert.deepEqual([list.resourceVersion, one.warnings], ["9", ["some are late"]]);
  assert.deepEqual(asked, [{
    verb: "list",
    group: "aggregation.coder.com",
    version: "v1alpha1",
    resource: "coderworkspaces",
    namespace: "lab",
  }]);
  assert.deepEqual(kind.missing("lab"), ["one is away"]);
});

Deno.test("pages and selectors are as the aggregated API has them", async () => {
  const { kind } = rig();
  const first = await kind.list({ limit: 2 }, call());
  assert.deepEqual([first.items.length, first.remainingItemCount], [2, 1]);
  const rest = await kind.list({ limit: 2, continue: first.continue! }, call());
  assert.deepEqual(rest.items.map(({ metadata }) => metadata.name), ["c"]);
  assert.equal(rest.continue, undefined);
  const { items } = await kind.list({ labelSelector: "team=b" }, call());
  assert.deepEqual(items.map(({ metadata }) => metadata.name), ["b"]);
  const bad = await failure(kind.list({ fieldSelector: "spec.nothing=1" }, call()));
  assert.deepEqual([bad.code, bad.reason], [400, "BadRequest"]);
});

Deno.test("writes carry what a client would send, after the review of their verb", async () => {
  const { kind, written, asked } = rig();
  await kind.create(space("n"), {}, call());
  await kind.update(space("n"), { dryRun: true, fieldManager: "me" }, call());
  await kind.patch(key, { type: "merge", body: { a: 1 } }, {}, call());
  await kind.patch(key, { type: "json", body: [] }, {}, call());
  await kind.patch(key, { type: "strategic", body: {} }, {}, call());
  await kind.patch(key, { type: "apply", body: {}, force: true }, { dryRun: true }, call());
  await kind.delete(key, { dryRun: true, preconditions: { uid: "7" } }, call());
  assert.deepEqual(asked.map((one) => "path" in one ? "" : `${one.verb} ${one.name ?? "-"}`), [
    "create -",
    "update n",
    ...Array(4).fill(`patch ${key.name}`),
    `delete ${key.name}`,
  ]);
  assert.deepEqual(
    written.map(({ verb, contentType, query, key }) => `${verb} ${key.name} ${contentType} ${query}`),
    [
      "create  application/json fieldManager=coder-k8s",
      "update n application/json fieldManager=me&dryRun=All",
      `patch ${key.name} application/merge-patch+json fieldManager=coder-k8s`,
      `patch ${key.name} application/json-patch+json fieldManager=coder-k8s`,
      `patch ${key.name} application/strategic-merge-patch+json fieldManager=coder-k8s`,
      `patch ${key.name} application/apply-patch+yaml fieldManager=coder-k8s&dryRun=All&force=true`,
      `delete ${key.name} application/json dryRun=All`,
    ],
  );
  assert.deepEqual(written.map(({ options }) => options.dryRun), [
    false,
    true,
    false,
    false,
    false,
    true,
    true,
  ]);
  assert.equal(written[5]?.options.force, true);
  assert.deepEqual(written.at(-1)?.body, {
    apiVersion: "v1",
    kind: "DeleteOptions",
    preconditions: { uid: "7" },
    dryRun: ["All"],
  });
});

Deno.test("who may not is refused before the storage is asked, and cannot get further by another verb", async () => {
  const { kind, contexts, written } = rig(({ verb }) => verb === "get" || verb === "patch");
  const refused = await failure(kind.delete(key, {}, call()));
  assert.equal(refused.code, 403);
  assert.match(
    refused.message,
    /User "ann" cannot delete resource "coderworkspaces" in API group "aggregation.coder.com"/,
  );
  assert.equal(written.length, 0);
  await kind.patch(key, { type: "apply", body: {} }, {}, call());
  assert.equal((await failure(contexts[0]!.requireVerb!("create"))).code, 403);
});

Deno.test("refusals of the storage are those of a client of the API server; mistakes are not told", async () => {
  const { kind } = rig(() => true, {
    write: () => Promise.reject(conflict(CoderWorkspaces, "n", "it has changed")),
    get: () => Promise.reject(new TypeError("a mistake")),
  });
  const error = await failure(kind.update(space("n"), {}, call()));
  assert.deepEqual([error.code, error.reason], [409, "Conflict"]);
  assert.match(
    error.message,
    /^PUT coderworkspaces\.aggregation\.coder\.com "lab\/n": Conflict \(409\): .*it has changed/,
  );
  await assert.rejects(kind.get(key, call()), TypeError);
  const readOnly = rig(() => true, { write: undefined as never }).kind;
  assert.equal(
    (await failure(readOnly.delete(key, {}, call()))).code,
    404,
  );
});

Deno.test("text is read as far as is wanted", async () => {
  const { kind, asked } = rig();
  const options = { query: { tailLines: 3, follow: undefined, since: "" } };
  const whole = await kind.text(key, "log", { ...options, maxBytes: 1_000 }, call());
  assert.deepEqual([new TextDecoder().decode(whole.bytes), whole.isCut], ["tailLines=3;é-12345more", false]);
  const cut = await kind.text(key, "log", { ...options, maxBytes: 15 }, call());
  assert.deepEqual([new TextDecoder().decode(cut.bytes), cut.isCut], ["tailLines=3;é-", true]);
  assert.deepEqual(asked[0], {
    verb: "get",
    group: "aggregation.coder.com",
    version: "v1alpha1",
    resource: "coderworkspaces",
    subresource: "log",
    ...key,
  });
  assert.equal((await failure(kind.text(key, "exec", { maxBytes: 1 }, call()))).code, 404);
  assert.equal((await failure(kind.text(key, "constructor", { maxBytes: 1 }, call()))).code, 404);
});

Deno.test("warnings are those of each kind", async () => {
  await using test = resourcesRig();
  test.add("lab/coder");
  const storages = [workspaceStorage(test.resources)];
  const { authorize } = decidingAuthorizer(() => true);
  const [workspaces] = servedKinds({ storages, authorize, resources: test.resources });
  assert.match(
    workspaces?.missing("lab").join() ?? "",
    /Coder of .*coder.* has not answered so far: nothing is known of its workspaces yet/,
  );
  assert.deepEqual(workspaces?.missing("other"), []);
});

Deno.test("a watch is the storage's own, after a review, with what is selected alone", async () => {
  const listeners: ChangeListener<KubeObject>[] = [];
  const starts: unknown[] = [];
  let closed = 0;
  const { kind, asked } = rig(undefined, {
    watch: ({ start }) => {
      starts.push(start);
      return Promise.resolve({
        open(listener: ChangeListener<KubeObject>) {
          listeners.push(listener);
          const state = [space("a", { team: "a" }), space("b", { team: "b" })];
          return { state, changes: [], currentVersion: () => "9", close: () => void closed++ };
        },
      });
    },
  });
  const watch = await kind.watch({ namespace: "lab", labelSelector: "team=a" }, call());
  const [listener] = listeners;
  const b = space("b", { team: "b" });
  const ours = space("b", { team: "a" });
  listener?.change({ type: "MODIFIED", before: b, object: ours });
  listener?.change({ type: "MODIFIED", before: ours, object: ours });
  listener?.change({ type: "MODIFIED", before: ours, object: b });
  listener?.change({ type: "MODIFIED", before: b, object: b });
  listener?.change({ type: "DELETED", before: ours, object: ours });
  listener?.ended(new StatusError(410, "Expired", "too old"));
  const heard: string[] = [];
  const error = await (async () => {
    for await (const { type, object } of watch) heard.push(`${type} ${(object as KubeObject).metadata.name}`);
  })().catch((error) => error);
  assert.deepEqual(heard, ["ADDED a", "ADDED b", "MODIFIED b", "DELETED b", "DELETED b"]);
  assert.ok(error instanceof KubeApiError && error.code === 410, String(error));
  assert.equal(closed, 1);
  await kind.watch({ resourceVersion: "7" }, call());
  assert.deepEqual(starts, [{ from: "state" }, { from: "version", resourceVersion: "7" }]);
  assert.equal((asked[0] as { verb: string }).verb, "watch");
  assert.equal((await failure(rig(() => false).kind.watch({}, call()))).code, 403);
});

Deno.test("a version that a watch cannot begin with is refused as the API server does it", async () => {
  const { kind } = rig(undefined, {
    watch: () =>
      Promise.resolve({
        open() {
          throw new StatusError(410, "Expired", "too old a resource version");
        },
      }),
  });
  const error = await failure(kind.watch({ resourceVersion: "1" }, call()));
  assert.deepEqual([error.code, error.reason], [410, "Expired"]);
});
