import assert from "node:assert/strict";
import type { KubeObject } from "../../../api/object.ts";
import { StatusError } from "../../serving/status_errors.ts";
import { applyConfiguration, BEFORE_FIRST_APPLY } from "./apply.ts";
import type { JsonMap } from "./json.ts";
import { LAST_APPLIED } from "./last_applied.ts";
import { API_VERSION, entry, LATER, LATER_TEXT, NOW, NOW_TEXT, scope, thing } from "./testing.ts";
import { trackUpdate } from "./update.ts";

function apply(
  live: KubeObject | undefined,
  config: KubeObject,
  manager = "one",
  force = false,
  now = LATER,
) {
  return applyConfiguration({ scope, ...(live === undefined ? {} : { live }), config, manager, force, now });
}

/** An object that somebody has applied. */
function applied(spec: JsonMap, manager = "one"): KubeObject {
  return apply(undefined, thing(spec), manager, false, NOW).object;
}

/** An object that somebody has created. */
function created(object: KubeObject, manager = "creator"): KubeObject {
  return trackUpdate({ scope, after: object, manager, now: NOW }).object;
}

function refusalOf(run: () => unknown): StatusError {
  try {
    run();
  } catch (error) {
    assert.ok(error instanceof StatusError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: "nothing was refused" });
}

const causesOf = (error: StatusError) => error.details?.causes?.map(({ message, field }) => [message, field]);
const specOf = (object: KubeObject) => (object as { spec?: JsonMap }).spec;

Deno.test("an object that is not there is created, and is the manager's", () => {
  const config = thing({ title: "a", limits: { x: "1" } }, { labels: { l: "m" } });
  const { object, isChanged } = apply(undefined, config);
  assert.ok(isChanged);
  assert.deepEqual(object, {
    ...config,
    metadata: {
      ...config.metadata,
      managedFields: [entry("one", "Apply", {
        "f:metadata": { "f:labels": { "f:l": {} } },
        "f:spec": { "f:limits": { "f:x": {} }, "f:title": {} },
      }, { time: LATER_TEXT })],
    },
  });
});

Deno.test("applying the same again changes nothing, not even a time", () => {
  const live = applied({ title: "a" });
  const { object, isChanged } = apply(live, thing({ title: "a" }));
  assert.ok(!isChanged);
  assert.deepEqual(object, live);
});

Deno.test("what is not applied any more goes, with who owned it", () => {
  const { object } = apply(applied({ title: "a", size: 1 }), thing({ size: 2 }));
  assert.deepEqual(specOf(object), { size: 2 });
  assert.deepEqual(object.metadata.managedFields, [
    entry("one", "Apply", { "f:spec": { "f:size": {} } }, { time: LATER_TEXT }),
  ]);
  const { object: bare } = apply(object, thing());
  assert.equal(specOf(bare), undefined);
  assert.equal(bare.metadata.managedFields, undefined);
});

Deno.test("two managers may agree, and the second has no time, as it changed nothing", () => {
  const live = applied({ title: "a", size: 1 });
  const { object, isChanged } = apply(live, thing({ title: "a" }), "two");
  assert.ok(isChanged);
  assert.deepEqual(object.metadata.managedFields, [
    entry("two", "Apply", { "f:spec": { "f:title": {} } }, {}),
    entry("one", "Apply", { "f:spec": { "f:size": {}, "f:title": {} } }),
  ]);
  // What both own stays when one lets go.
  assert.deepEqual(specOf(apply(object, thing()).object), { title: "a" });
});

Deno.test("what another manager owns cannot be changed, unless by force", () => {
  const live = applied({ title: "a", size: 1, files: { a: "1" } });
  const config = thing({ title: "b", files: { a: "2" }, on: true });
  const refusal = refusalOf(() => apply(live, config, "two"));
  assert.equal(refusal.code, 409);
  assert.equal(
    refusal.message,
    'Apply failed with 2 conflicts: conflicts with "one":\n- .spec.files\n- .spec.title',
  );
  assert.deepEqual(causesOf(refusal), [
    ['conflict with "one"', ".spec.files"],
    ['conflict with "one"', ".spec.title"],
  ]);
  const { object } = apply(live, config, "two", true);
  assert.deepEqual(specOf(object), { title: "b", size: 1, files: { a: "2" }, on: true });
  assert.deepEqual(object.metadata.managedFields, [
    entry("one", "Apply", { "f:spec": { "f:size": {} } }),
    entry("two", "Apply", { "f:spec": { "f:files": {}, "f:on": {}, "f:title": {} } }, { time: LATER_TEXT }),
  ]);
});

Deno.test("a manager may take back what it applied and another has changed, by force", () => {
  const live = applied({ title: "a" });
  const after = { ...live, spec: { title: "b" } } as KubeObject;
  const edited = trackUpdate({ scope, before: live, after, manager: "kubectl-edit", now: NOW }).object;
  const refusal = refusalOf(() => apply(edited, thing({ title: "a" })));
  assert.equal(
    refusal.message,
    `Apply failed with 1 conflict: conflict with "kubectl-edit" using ${API_VERSION}: .spec.title`,
  );
  assert.deepEqual(specOf(apply(edited, thing({ title: "a" }), "one", true).object), { title: "a" });
});

Deno.test("what was there before anybody applied is somebody's", () => {
  const live = thing({ title: "a", size: 1 }, { labels: { a: "b" } });
  const refusal = refusalOf(() => apply(live, thing({ title: "b" })));
  assert.deepEqual(causesOf(refusal), [[
    `conflict with "${BEFORE_FIRST_APPLY}" using ${API_VERSION}`,
    ".spec.title",
  ]]);
  const { object } = apply(live, thing({ title: "a" }));
  assert.deepEqual(object.metadata.managedFields, [
    entry("one", "Apply", { "f:spec": { "f:title": {} } }, {}),
    entry(BEFORE_FIRST_APPLY, "Update", {
      "f:metadata": { "f:labels": { ".": {}, "f:a": {} } },
      "f:spec": { ".": {}, "f:size": {}, "f:title": {} },
    }, { time: LATER_TEXT }),
  ]);
});

Deno.test("stored managed fields that cannot be read are as none, and lose nobody's fields", () => {
  const live = thing({ title: "a" }, { managedFields: [{ manager: "a" }] });
  const { object } = apply(live, thing({ size: 1 }));
  assert.deepEqual(object.metadata.managedFields?.map(({ manager }) => manager), ["one", BEFORE_FIRST_APPLY]);
  assert.deepEqual(specOf(object), { title: "a", size: 1 });
});

Deno.test("a status that is applied with the object is nobody's and is not written", () => {
  const live = { ...applied({ title: "a" }), status: { phase: "x" } } as KubeObject;
  const { object, isChanged } = apply(live, thing({ title: "a" }, {}, { phase: "y" }));
  assert.ok(!isChanged);
  assert.deepEqual(object, live);
});

Deno.test("a status can be applied where it is written", () => {
  const status = { ...scope, subresource: "status", untouched: [["metadata"], ["spec"]] };
  const live = applied({ title: "a" });
  const config = thing({ title: "b" }, { labels: { a: "b" } }, { phase: "x" });
  const { object } = applyConfiguration({ scope: status, live, config, manager: "two", now: LATER });
  assert.deepEqual(object, {
    ...live,
    status: { phase: "x" },
    metadata: {
      ...live.metadata,
      managedFields: [
        entry("one", "Apply", { "f:spec": { "f:title": {} } }),
        entry("two", "Apply", { "f:status": { "f:phase": {} } }, { time: LATER_TEXT, subresource: "status" }),
      ],
    },
  });
});

Deno.test("finalizers are a set, owners of the object are one field each", () => {
  const owner = { apiVersion: "v1", kind: "ConfigMap", name: "a", uid: "1" };
  const live = created(thing({}, { finalizers: ["x.io/a"], ownerReferences: [owner] }));
  const other = { ...owner, uid: "2" };
  const { object } = apply(live, thing(undefined, { finalizers: ["x.io/b"], ownerReferences: [other] }));
  assert.deepEqual(object.metadata.finalizers, ["x.io/a", "x.io/b"]);
  assert.deepEqual(object.metadata.ownerReferences, [owner, other]);
  assert.deepEqual(object.metadata.managedFields?.[0]?.fieldsV1, {
    "f:metadata": { "f:finalizers": { 'v:"x.io/b"': {} }, "f:ownerReferences": { 'k:{"uid":"2"}': {} } },
  });
});

Deno.test("what is not as the schema says is refused with the path", () => {
  const refusal = refusalOf(() => apply(undefined, thing({ nothing: 1 }, { namespace: "n" })));
  assert.equal(refusal.code, 400);
  assert.equal(
    refusal.message,
    `failed to create typed patch object (n/a; ${API_VERSION}, Kind=Thing): .spec.nothing: field not declared in schema`,
  );
  const broken = thing({ nothing: 1 });
  assert.match(
    refusalOf(() => apply(broken, thing({ title: "a" }))).message,
    /typed live object \(\/a; .*nothing/,
  );
});

Deno.test("items that are there twice do not keep anybody from applying", () => {
  const live = created(thing({ tags: ["a", "a"] }));
  assert.deepEqual(specOf(apply(live, thing({ title: "a" })).object), { tags: ["a", "a"], title: "a" });
  assert.match(refusalOf(() => apply(live, thing({ tags: ["b", "b"] }))).message, /duplicate entries/);
});

Deno.test("a configuration of another kind, or with managed fields, is refused", () => {
  const config = thing({ title: "a" });
  assert.match(refusalOf(() => apply(undefined, { ...config, kind: "Other" })).message, /Kind=Other/);
  assert.match(refusalOf(() => apply(undefined, { ...config, apiVersion: "v9" })).message, /v9/);
  const owned = thing({ title: "a" }, { managedFields: [] });
  assert.equal(refusalOf(() => apply(undefined, owned)).message, "metadata.managedFields must be nil");
  const { status } = refusalOf(() => apply(undefined, owned));
  assert.deepEqual([status.code, status.reason], [400, "BadRequest"]);
});

/** As `kubectl apply` creates it. */
function clientApplied(spec: JsonMap): KubeObject {
  const config = thing(spec, { annotations: {} });
  const annotations = { [LAST_APPLIED]: JSON.stringify(config) };
  return created(thing(spec, { annotations }), "kubectl-client-side-apply");
}

Deno.test("kubectl takes over by server-side apply what it wrote by client-side apply", () => {
  const live = clientApplied({ title: "a", size: 1 });
  const { object } = apply(live, thing({ title: "b", size: 1 }), "kubectl");
  assert.deepEqual(specOf(object), { title: "b", size: 1 });
  assert.deepEqual(object.metadata.managedFields?.map(({ manager, operation }) => [manager, operation]), [
    ["kubectl", "Apply"],
    ["kubectl-client-side-apply", "Update"],
  ]);
  const last = JSON.parse(object.metadata.annotations?.[LAST_APPLIED] ?? "");
  assert.deepEqual(last.spec, { title: "b", size: 1 });
});

Deno.test("what another has changed since is not kubectl's to take over", () => {
  const live = clientApplied({ title: "a", size: 1 });
  const after = { ...live, spec: { title: "a", size: 2 } } as KubeObject;
  const edited = trackUpdate({ scope, before: live, after, manager: "other", now: NOW }).object;
  const refusal = refusalOf(() => apply(edited, thing({ title: "b", size: 3 }), "kubectl"));
  assert.deepEqual(causesOf(refusal), [[`conflict with "other" using ${API_VERSION}`, ".spec.size"]]);
});

Deno.test("nobody but kubectl takes over by the annotation", () => {
  const live = clientApplied({ title: "a" });
  assert.equal(refusalOf(() => apply(live, thing({ title: "b" }), "argocd")).code, 409);
  const bare = created(thing({ title: "a" }), "kubectl-client-side-apply");
  assert.equal(refusalOf(() => apply(bare, thing({ title: "b" }), "kubectl")).code, 409);
});

Deno.test("nothing of what it is given is changed", () => {
  const live = applied({ title: "a", limits: { x: "1" }, tags: ["a"] });
  const config = thing({ title: "b", limits: { y: "2" }, tags: ["b"] });
  const before = JSON.stringify([live, config]);
  apply(live, config, "two", true);
  assert.equal(JSON.stringify([live, config]), before);
  assert.equal(live.metadata.managedFields?.[0]?.time, NOW_TEXT);
});
