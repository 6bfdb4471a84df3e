import assert from "node:assert/strict";
import type { KubeObject, ResourceType } from "../api/object.ts";
import { KubeApiError } from "../kube/errors.ts";
import type { CallerCluster, CallerCoders } from "../caller/types.ts";
import { createCompletions } from "./completions.ts";
import type { CompletionQuestion, SurfaceCall } from "./surface.ts";
import { CALLER } from "./testing.ts";

const complete = createCompletions();

const object = (kind: string, namespace: string, name: string, spec: object = {}) =>
  ({ apiVersion: "x/v1", kind, metadata: { namespace, name }, spec }) as KubeObject;
const OBJECTS = [
  object("CoderWorkspace", "lab", "acme.ann.dev"),
  object("CoderWorkspace", "lab", "acme.bob.dev"),
  object("CoderWorkspace", "attic", "old.ann.dev"),
  object("CoderTemplate", "lab", "acme.docker", { files: { "main.tf": "", "modules/a.tf": "" } }),
  object("CoderTemplate", "lab", "Acme.vm"),
  object("CoderControlPlane", "lab", "main"),
  object("CoderControlPlane", "new", "second"),
];

interface World {
  readonly objects?: readonly KubeObject[];
  readonly fails?: boolean;
  readonly signal?: AbortSignal;
}

function callOf(
  { objects = OBJECTS, fails = false, signal = AbortSignal.timeout(60_000) }: World,
): SurfaceCall {
  const refused = () => Promise.reject(new KubeApiError(500, "", "no", { method: "GET", path: "/" }));
  const cluster = {
    list: ({ kind }: ResourceType, { namespace }: { namespace?: string }) =>
      fails ? refused() : Promise.resolve({
        items: objects.filter((one) =>
          one.kind === kind && (namespace === undefined || one.metadata.namespace === namespace)
        ),
        resourceVersion: "1",
      }),
    get: ({ kind }: ResourceType, { name }: { name: string }) => {
      const found = objects.find((one) => one.kind === kind && one.metadata.name === name);
      return found === undefined ? refused() : Promise.resolve(found);
    },
  } as unknown as CallerCluster;
  const coders = {
    list: () =>
      fails
        ? refused()
        : Promise.resolve([{ id: "lab/main", namespace: "lab" }, { id: "x", namespace: "attic" }]),
  } as unknown as CallerCoders;
  return { caller: CALLER, cluster, coders, signal, now: Date.now };
}

const FILE = "coder://templates/{namespace}/{name}/files/{path}";
const resource = (uri: string, name: string, value = "", context = {}): CompletionQuestion => ({
  ref: { type: "resource", uri },
  argument: { name, value },
  context,
});
const prompt = (of: string, name: string, value = "", context = {}): CompletionQuestion => ({
  ref: { type: "prompt", name: of },
  argument: { name, value },
  context,
});
const values = async (question: CompletionQuestion, world: World = {}) =>
  (await complete(question, callOf(world))).values;

Deno.test("namespaces are those of Coders, and those of control planes", async () => {
  assert.deepEqual(await values(prompt("diagnose_workspace", "namespace")), ["attic", "lab", "new"]);
  assert.deepEqual(await values(resource(FILE, "namespace", "L")), ["lab"]);
});

Deno.test("names are of the kind that is asked for, in the namespace that is known", async () => {
  const lab = { namespace: "lab" };
  assert.deepEqual(await values(prompt("diagnose_workspace", "name", "acme.", lab)), [
    "acme.ann.dev",
    "acme.bob.dev",
  ]);
  assert.deepEqual(await values(prompt("diagnose_workspace", "name", "OLD")), ["old.ann.dev"]);
  assert.deepEqual(await values(prompt("diagnose_control_plane", "name")), ["main", "second"]);
  assert.deepEqual(await values(prompt("upgrade_template", "name", "acme", lab)), ["Acme.vm", "acme.docker"]);
  assert.deepEqual(
    await values(resource("coder://workspaces/{namespace}/{name}/log", "name", "", { namespace: "attic" })),
    [
      "old.ann.dev",
    ],
  );
  assert.deepEqual(await values(resource("coder://templates/{namespace}/{name}", "name", "acme.d")), [
    "acme.docker",
  ]);
});

Deno.test("paths are those of the template that is known", async () => {
  const context = { namespace: "lab", name: "acme.docker" };
  assert.deepEqual(await values(resource(FILE, "path", "m", context)), ["main.tf", "modules/a.tf"]);
  assert.deepEqual(await values(resource(FILE, "path", "", { namespace: "lab" })), []);
  assert.deepEqual(await values(resource(FILE, "path", "", { namespace: "lab", name: "none" })), []);
});

Deno.test("what is not known completes nothing", async () => {
  for (
    const question of [
      prompt("sing", "name"),
      prompt("diagnose_workspace", "colour"),
      prompt("upgrade_template", "goal"),
      prompt("clean_up_idle_workspaces", "days"),
      resource("coder://secrets/{namespace}", "namespace"),
      resource("coder://templates/{namespace}/{name}", "path"),
    ]
  ) {
    assert.deepEqual(await complete(question, callOf({})), { values: [], hasMore: false });
  }
});

Deno.test("there are a hundred at most, and whether there are more is told", async () => {
  const objects = Array.from({ length: 150 }, (_, index) => object("CoderWorkspace", "lab", `a.b.w${index}`));
  const all = await complete(prompt("diagnose_workspace", "name"), callOf({ objects }));
  assert.deepEqual([all.values.length, all.hasMore], [100, true]);
  const some = await complete(prompt("diagnose_workspace", "name", "a.b.w14"), callOf({ objects }));
  assert.deepEqual([some.values.length, some.hasMore], [11, false]);
});

Deno.test("what fails completes nothing; a client that is gone ends it", async () => {
  assert.deepEqual(await values(prompt("diagnose_workspace", "name"), { fails: true }), []);
  assert.deepEqual(await values(prompt("diagnose_workspace", "namespace"), { fails: true }), []);
  const signal = AbortSignal.abort(new Error("gone"));
  await assert.rejects(values(prompt("diagnose_workspace", "name"), { signal }), /gone/);
});
