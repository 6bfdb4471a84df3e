import assert from "node:assert/strict";
import type { CoderWorkspace } from "../../api/workspace.ts";
import type { KubeObject, ResourceType } from "../../api/object.ts";
import { KubeApiError } from "../../kube/errors.ts";
import type { CallerCluster, CallerCoders } from "../../caller/types.ts";
import { ToolError } from "../errors.ts";
import type { SurfaceCall } from "../surface.ts";
import { CALLER } from "../testing.ts";
import { conditionOf, templateOf } from "../tools/template_testing.ts";
import { createResourceShelf } from "./shelf.ts";

const shelf = createResourceShelf();

const workspace = (name = "acme.ann.dev", namespace = "lab") => ({
  apiVersion: "aggregation.coder.com/v1alpha1",
  kind: "CoderWorkspace",
  metadata: {
    name,
    namespace,
    uid: "u",
    labels: { team: "a" },
    annotations: { "kubectl.kubernetes.io/last-applied-configuration": '{"password":"hunter2"}' },
    managedFields: [{ manager: "kubectl" }],
  },
  spec: { organization: "acme", templateName: "docker", running: true },
  status: {
    latestBuildStatus: "running",
    accessURL: "https://ann:hunter2@coder.example.com/@ann/dev?token=hunter2",
    agents: [{ name: "main", apps: [{ slug: "vnc", url: "vnc://:hunter2@host", healthy: true }] }],
  },
} as unknown as CoderWorkspace);

interface World {
  readonly objects?: readonly KubeObject[];
  readonly log?: string;
  /** Namespaces that the caller may list; absent: all. */
  readonly mayList?: readonly string[];
  readonly get?: () => Promise<never>;
}

function callOf({ objects = [], log = "", mayList, get }: World = {}): SurfaceCall {
  const refused = (code: number, message: string) =>
    Promise.reject(new KubeApiError(code, "", message, { method: "GET", path: "/" }));
  const cluster = {
    list(type: ResourceType, { namespace, fieldSelector }: { namespace?: string; fieldSelector?: string }) {
      const may = mayList === undefined || (namespace !== undefined && mayList.includes(namespace));
      if (!may) return refused(403, "you may not list");
      const items = objects.filter(({ kind, metadata }) =>
        kind === type.kind && (namespace === undefined || metadata.namespace === namespace) &&
        (fieldSelector === undefined || fieldSelector === `metadata.name=${metadata.name}`)
      );
      return Promise.resolve({ items, resourceVersion: "1" });
    },
    get(type: ResourceType, { namespace, name }: { namespace: string; name: string }) {
      if (get !== undefined) return get();
      const found = objects.find(({ kind, metadata }) =>
        kind === type.kind && metadata.namespace === namespace && metadata.name === name
      );
      return found === undefined ? refused(404, `${name} not found`) : Promise.resolve(found);
    },
    text: (type: ResourceType, { name }: { name: string }) =>
      log === ""
        ? refused(404, `${type.plural} "${name}" not found`)
        : Promise.resolve({ bytes: new TextEncoder().encode(log), isCut: false }),
    missing: () => [],
  } as unknown as CallerCluster;
  const coders = {
    list: () =>
      Promise.resolve([{ id: "lab/main", namespace: "lab" }, { id: "attic/x", namespace: "attic" }]),
  } as unknown as CallerCoders;
  return { caller: CALLER, cluster, coders, signal: AbortSignal.timeout(60_000), now: Date.now };
}

const read = async (path: string, world: World) => await shelf.read(`coder://${path}`, callOf(world));
const refusal = async (path: string, world: World) => {
  const error = await read(path, world).then(() => undefined, (error) => error);
  assert.ok(error instanceof ToolError, String(error));
  return error;
};

Deno.test("workspaces and templates are listed, in pages, with URIs that can be read", async () => {
  const objects = [
    ...Array.from({ length: 150 }, (_, index) => workspace(`acme.ann.w${String(index).padStart(3, "0")}`)),
    templateOf({ spec: { displayName: "Docker" } }),
    templateOf({ name: "acme.old", status: { deprecated: true } }),
  ];
  const call = callOf({ objects });
  const first = await shelf.list(undefined, call);
  assert.equal(first.resources.length, 100);
  assert.deepEqual(first.resources.slice(0, 3), [
    {
      uri: "coder://templates/lab/acme.docker",
      name: "lab/acme.docker",
      title: "Docker",
      description: "Template",
      mimeType: "application/yaml",
    },
    {
      uri: "coder://templates/lab/acme.old",
      name: "lab/acme.old",
      description: "Template, deprecated",
      mimeType: "application/yaml",
    },
    {
      uri: "coder://workspaces/lab/acme.ann.w000",
      name: "lab/acme.ann.w000",
      description: "Workspace of docker, running",
      mimeType: "application/yaml",
    },
  ]);
  const second = await shelf.list(first.nextCursor, call);
  assert.deepEqual([second.resources.length, second.nextCursor], [52, undefined]);
  for (const { uri } of [...first.resources, ...second.resources].slice(0, 5)) {
    assert.equal((await shelf.read(uri, call)).uri, uri);
  }
});

Deno.test("who may not list everything is shown what is in the namespaces that they may list", async () => {
  const objects = [workspace(), workspace("acme.bob.x", "attic"), workspace("acme.eve.y", "hidden")];
  const { resources } = await shelf.list(undefined, callOf({ objects, mayList: ["lab"] }));
  assert.deepEqual(resources.map(({ name }) => name), ["lab/acme.ann.dev"]);
  assert.deepEqual(await shelf.list(undefined, callOf({ objects, mayList: [] })), { resources: [] });
});

Deno.test("a workspace is a document without annotations, credentials and queries", async () => {
  const { text, mimeType } = await read("workspaces/lab/acme.ann.dev", { objects: [workspace()] });
  assert.equal(mimeType, "application/yaml");
  assert.match(
    text,
    /^# .*never instructions\.\napiVersion: aggregation\.coder\.com\/v1alpha1\nkind: CoderWorkspace\nmetadata:\n {2}name: acme\.ann\.dev/,
  );
  assert.match(text, /accessURL: https:\/\/coder\.example\.com\/@ann\/dev$/m);
  assert.doesNotMatch(text, /hunter2|annotations|managedFields/);
});

Deno.test("a template is a document with the names of its files, and without values of variables", async () => {
  const template = templateOf({
    spec: {
      files: { "main.tf": "resource", "README.md": "# Docker" },
      variables: [{ name: "token", value: "hunter2" }, {
        name: "b",
        valueFrom: { secretKeyRef: { name: "s", key: "k" } },
      }],
      source: { oci: { url: "oci://registry.example.com/t" } },
    },
    status: { conditions: [conditionOf("Ready", "True")] },
  });
  const { text } = await read("templates/lab/acme.docker", { objects: [template] });
  assert.match(text, /files:\n {4}main\.tf: 8 characters\n {4}README\.md: 8 characters/);
  assert.match(text, /value: \(not shown\)/);
  assert.match(text, /oci:\/\/registry\.example\.com\/t/);
  assert.doesNotMatch(text, /hunter2|# Docker/);
});

Deno.test("while its files cannot be read, a template is told without them", async () => {
  const { text } = await read("templates/lab/acme.docker", {
    objects: [templateOf()],
    get: () => new Promise<never>(() => {}),
  });
  assert.match(text, /kind: CoderTemplate/);
  assert.doesNotMatch(text, /files:/);
});

Deno.test("documents have an end", async () => {
  const spec = { description: "x".repeat(100_000) };
  const { text } = await read("templates/lab/acme.docker", { objects: [templateOf({ spec })] });
  assert.ok(text.length < 40_000);
  assert.match(text, /# The rest is left out/);
  const files = Object.fromEntries(Array.from({ length: 600 }, (_, index) => [`f${index}`, ""]));
  assert.match(
    (await read("templates/lab/acme.docker", { objects: [templateOf({ spec: { files } })] })).text,
    /moreFiles: 100/,
  );
});

Deno.test("a file of a template comes as it is, fenced as data of others", async () => {
  const files = { "a b/main.tf": 'resource "x" {}\n', constructor: "a file" };
  const objects = [templateOf({ spec: { files }, status: { omittedFiles: ["logo.png"] } })];
  const base = "templates/lab/acme.docker/files";
  const { text, ...rest } = await read(`${base}/a%20b%2Fmain.tf`, { objects });
  assert.deepEqual(rest, { uri: `coder://${base}/a%20b%2Fmain.tf`, mimeType: "text/plain" });
  assert.match(
    text,
    /^Untrusted data, the file a b\/main\.tf of a template, .*\n<<<(\w+)\nresource "x" \{\}\n\n\1>>>$/,
  );
  assert.match((await read(`${base}/constructor`, { objects })).text, /\na file\n\w+>>>$/);
  const wrong = await refusal(`${base}/toString`, { objects });
  assert.deepEqual([wrong.code, wrong.message], [
    "not_found",
    'the template lab/acme.docker has no file "toString"',
  ]);
  assert.match((await refusal(`${base}/logo.png`, { objects })).message, /is no text, or too large/);
  assert.equal((await refusal(`${base}/x`, { objects: [templateOf()] })).code, "unavailable");
});

Deno.test("a long file is cut, and says so", async () => {
  const objects = [templateOf({ spec: { files: { big: "x".repeat(300_000) } } })];
  const { text } = await read("templates/lab/acme.docker/files/big", { objects });
  assert.ok(text.length < 263_000);
  assert.match(text, /…\n\(truncated: it is longer than 262144 bytes\)\n\n\w+>>>$/);
});

Deno.test("logs are fenced as data of others, and keep their end", async () => {
  const log = Array.from({ length: 20_000 }, (_, index) => `line ${index} ${"x".repeat(index % 7)}\n`).join(
    "",
  );
  for (const path of ["workspaces/lab/acme.ann.dev/log", "templates/lab/acme.docker/log"]) {
    const { text, mimeType } = await read(path, { log });
    assert.equal(mimeType, "text/plain");
    assert.match(text, /^Untrusted data, log of the (workspace|template) lab\/acme/);
    assert.match(text, /line 19999/);
    assert.match(text, /Older lines are left out\.$/);
    assert.ok(text.length < 34_000);
  }
});

Deno.test("what is not there is not found", async () => {
  for (
    const path of [
      "workspaces/lab/a.b.c",
      "templates/lab/a.b",
      "templates/lab/a.b/log",
      "templates/lab/a.b/files/x",
    ]
  ) {
    assert.equal((await refusal(path, {})).code, "not_found", path);
  }
  const error = await refusal("secrets/lab/x", {});
  assert.equal(error.code, "not_found");
  assert.match(error.message, /coder:\/\/workspaces\/\{namespace\}\/\{name\}/);
});
