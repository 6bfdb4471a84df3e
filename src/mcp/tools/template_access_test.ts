import assert from "node:assert/strict";
import type { CoderClient } from "../../coder/mod.ts";
import type { CallerCluster, CallerCoders } from "../../caller/types.ts";
import { ToolError } from "../errors.ts";
import { CALLER } from "../testing.ts";
import type { ToolCall } from "../tool.ts";
import { KubeApiError } from "../../kube/errors.ts";
import {
  askOfTemplate,
  keyIn,
  patchTemplate,
  preconditionsOf,
  readTemplate,
  tryPatch,
  unlessAway,
} from "./template_access.ts";
import {
  codersOf,
  FakeTemplates,
  type FakeTemplatesOptions,
  templateOf,
  VERSION,
} from "./template_testing.ts";

const KEY = { namespace: "lab", name: "acme.docker" };

const nobody = {
  open: () => Promise.reject(new ToolError("unavailable", "no Coder")),
} as unknown as CallerCoders;

function rigOf(templates = [templateOf()], options: FakeTemplatesOptions = {}, coders = nobody) {
  const fake = new FakeTemplates(templates, options);
  const call: ToolCall = {
    caller: CALLER,
    cluster: fake.cluster,
    coders,
    signal: AbortSignal.timeout(60_000),
    now: Date.now,
    progress() {},
    warn() {},
  };
  return { fake, call };
}

const refusal = async (run: Promise<unknown>) => {
  const error = await run.then(() => undefined, (error) => error);
  assert.ok(error instanceof ToolError, String(error));
  return error;
};

Deno.test("a template is read by one list, and by none of its files", async () => {
  const { fake, call } = rigOf([templateOf({ spec: { files: { a: "1" } } })]);
  const template = await readTemplate(call, KEY);
  assert.deepEqual(keyIn(template), KEY);
  assert.equal(template.spec.files, undefined);
  assert.deepEqual(fake.calls, ["list lab metadata.name=acme.docker"]);
});

Deno.test("another form of its name is looked up once, and answered under the name that lists have", async () => {
  const aliases = { "main.acme.docker": "acme.docker" };
  const { fake, call } = rigOf([templateOf({ spec: { files: { a: "1" } } })], { aliases });
  const template = await readTemplate(call, { ...KEY, name: "main.acme.docker" });
  assert.deepEqual([template.metadata.name, template.spec.files], ["acme.docker", undefined]);
  assert.deepEqual(fake.calls, [
    "list lab metadata.name=main.acme.docker",
    "get main.acme.docker",
    "list lab spec.organization=acme",
  ]);
});

Deno.test("who may not list knows the name that they have asked for", async () => {
  const { call } = rigOf([templateOf({ spec: { files: { a: "1" } } })], { mayList: false });
  const template = await readTemplate(call, KEY);
  assert.deepEqual([template.metadata.name, template.spec.files], ["acme.docker", undefined]);
});

Deno.test("names that would mean something in a selector are not put into one", async () => {
  for (const name of ["a,metadata.namespace!=x", "a=b", "a\\b"]) {
    const { fake, call } = rigOf();
    assert.equal((await refusal(readTemplate(call, { ...KEY, name }))).code, "not_found");
    assert.deepEqual(fake.calls, [`get ${name}`]);
  }
});

Deno.test("a cluster that refuses, and one that does not answer, are told with what was tried", async () => {
  const { call } = rigOf();
  const failing = {
    ...call.cluster,
    list: () => Promise.reject(new KubeApiError(503, "", "away", { method: "GET", path: "/" })),
  } as CallerCluster;
  const refused = await refusal(readTemplate({ ...call, cluster: failing }, KEY));
  assert.deepEqual([refused.code, refused.message], ["unavailable", "list CoderTemplate resources: away"]);
  const hanging = { ...call.cluster, list: () => new Promise(() => {}) } as unknown as CallerCluster;
  const signal = AbortSignal.timeout(20);
  await assert.rejects(readTemplate({ ...call, cluster: hanging, signal }, KEY), { name: "TimeoutError" });
});

Deno.test("the organization `default` is asked of Coder only where nothing else is of that name", async () => {
  const asked: string[] = [];
  const client = {
    system: { isAlive: () => Promise.resolve(true) },
    templates: {
      find: (organization: string, name: string) => {
        asked.push(`${organization}/${name}`);
        return Promise.resolve(name === "docker" ? { id: templateOf().metadata.uid } : undefined);
      },
    },
  } as unknown as CoderClient;
  const { call } = rigOf(undefined, {}, codersOf(client));
  const read = (name: string) => readTemplate(call, { ...KEY, name });
  assert.equal((await read("default.docker")).metadata.name, "acme.docker");
  assert.equal((await read("main.DEFAULT.docker")).metadata.name, "acme.docker");
  assert.equal((await refusal(read("default.none"))).code, "not_found");
  assert.equal((await refusal(read("other.docker"))).code, "not_found");
  assert.equal((await refusal(read("a.b.default.docker"))).code, "not_found");
  assert.deepEqual(asked, ["default/docker", "default/docker", "default/none"]);
});

Deno.test("where Coder cannot be asked, a name that is not known is just that", async () => {
  const { call } = rigOf();
  const error = await refusal(readTemplate(call, { ...KEY, name: "default.docker" }));
  assert.deepEqual([error.code, error.message], [
    "not_found",
    'get CoderTemplate lab/default.docker: codertemplates "default.docker" not found',
  ]);
});

Deno.test("Coder is asked for the template's own control plane, with the right that the template needs", async () => {
  const needs: unknown[] = [];
  const client = { system: { isAlive: () => Promise.resolve(true) } } as unknown as CoderClient;
  const coders = {
    open: (choice: unknown, need: unknown) => {
      needs.push([choice, need]);
      return Promise.resolve({ ref: { id: "lab/main", namespace: "lab" }, client, as: "caller" });
    },
  } as unknown as CallerCoders;
  const { call } = rigOf(undefined, {}, coders);
  assert.equal(await askOfTemplate(call, templateOf(), "count", () => Promise.resolve(7)), 7);
  assert.deepEqual(needs, [[
    { namespace: "lab", controlPlane: "main" },
    { verb: "get", group: "aggregation.coder.com", resource: "codertemplates", ...KEY },
  ]]);
});

Deno.test("what would be is found out by a dry run, and changes nothing", async () => {
  const { fake, call } = rigOf();
  const after = await tryPatch(call, templateOf(), { spec: { description: "new" } });
  assert.equal(after.spec.description, "new");
  assert.equal(fake.items[0]?.spec.description, undefined);
  assert.match(fake.calls[0]!, /^patch acme\.docker .* dry$/);
});

Deno.test("only the template of the plan is changed", async () => {
  const { fake, call } = rigOf();
  const template = templateOf();
  const plan = { summary: "", preconditions: preconditionsOf(template) };
  assert.deepEqual(plan.preconditions, {
    uid: template.metadata.uid,
    activeVersion: VERSION,
    pendingVersion: "",
  });
  await patchTemplate(call, template, { spec: { description: "new" } }, plan);
  assert.equal(fake.items[0]?.spec.description, "new");
  const other = await refusal(patchTemplate(call, templateOf({ uid: "other" }), { spec: {} }, plan));
  assert.deepEqual([other.code, other.message], [
    "conflict",
    "update CoderTemplate lab/acme.docker: it is another template by now: begin anew",
  ]);
  assert.equal(fake.calls.length, 1);
});

Deno.test("a change that is refused says so as the Go server does", async () => {
  const { call } = rigOf([]);
  const error = await refusal(tryPatch(call, templateOf(), { spec: {} }));
  assert.equal(error.message, 'update CoderTemplate lab/acme.docker: codertemplates "acme.docker" not found');
});

/** A change that nobody answers. */
function hangingRig(isAlive: () => Promise<boolean>, hasCoder = true) {
  const client = { system: { isAlive } } as unknown as CoderClient;
  const { fake, call } = rigOf(undefined, {}, {
    ...codersOf(client),
    ...(hasCoder ? {} : { list: () => Promise.resolve([]) }),
  });
  let ended = 0;
  const patch: CallerCluster["patch"] = (_type, _key, _patch, { signal } = {}) =>
    new Promise((_, reject) => {
      signal?.addEventListener("abort", () => {
        ended++;
        reject(signal.reason);
      });
    });
  return { fake, call: { ...call, cluster: { ...call.cluster, patch } }, ended: () => ended };
}

Deno.test("a change that waits for a Coder that does not answer is given up within a second", async () => {
  for (
    const isAlive of [
      () => new Promise<boolean>(() => {}),
      () => Promise.reject(new ToolError("unavailable", "away")),
    ]
  ) {
    const { call, ended } = hangingRig(isAlive);
    const since = performance.now();
    const error = await refusal(tryPatch(call, templateOf(), { spec: {} }));
    assert.equal(error.code, "unavailable");
    assert.ok(performance.now() - since < 15_000, `${performance.now() - since} ms`);
    assert.equal(ended(), 1);
  }
});

Deno.test("where Coder answers, or nobody here can ask it, a change is waited for", async () => {
  for (
    const [isAlive, hasCoder] of [[() => Promise.resolve(true), true], [
      () => new Promise<boolean>(() => {}),
      false,
    ]] as const
  ) {
    const { call } = hangingRig(isAlive, hasCoder);
    const controller = new AbortController();
    const timer = setTimeout(() => controller.abort(new Error("waited long enough")), 1_500);
    const waiting = tryPatch({ ...call, signal: controller.signal }, templateOf(), { spec: {} });
    await assert.rejects(waiting, /waited long enough/);
    clearTimeout(timer);
  }
});

Deno.test("a Coder that only we cannot reach does not end what is done in time", async () => {
  const client = { system: { isAlive: () => Promise.reject(new ToolError("unavailable", "away")) } };
  const { call } = rigOf(undefined, {}, codersOf(client as unknown as CoderClient));
  const done = await unlessAway(
    call,
    templateOf(),
    () => new Promise((resolve) => setTimeout(() => resolve(7), 300)),
  );
  assert.equal(done, 7);
});
