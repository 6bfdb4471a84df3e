import assert from "node:assert/strict";
import { parse } from "yaml";
import { type FakeWorld, fakeWorld, NOW } from "../diagnosis/testing.ts";
import { makeBundle } from "./bundle.ts";
import type { Bundle, BundleOptions, BundleWorld } from "./types.ts";

const SECRET = "hunter2-hunter2";
const hide = (text: string) => text.replaceAll(SECRET, "[redacted]");
const redaction = {
  text: hide,
  value: <T>(value: T): T => JSON.parse(hide(JSON.stringify(value) ?? "null")),
};

function world(fake: FakeWorld, raw?: (path: string) => unknown): BundleWorld {
  return {
    ...fakeWorld(fake),
    build: { "coder-k8s": "1.2.3" },
    redaction,
    async raw(path) {
      const answer = await raw?.(path);
      if (answer instanceof Error) throw answer;
      return String(answer ?? "");
    },
  };
}
const signal = new AbortController().signal;
const bundleOf = (of: BundleWorld, options: Partial<BundleOptions> = {}) =>
  makeBundle(of, { signal, ...options });
const textOf = ({ files }: Bundle, path: string) => files.find((file) => file.path === path)?.text;

const PLANE = {
  apiVersion: "coder.com/v1alpha1",
  kind: "CoderControlPlane",
  metadata: { name: "coder", namespace: "lab", managedFields: [] },
  spec: { extraEnv: [{ name: "KEY", value: SECRET }] },
  status: { conditions: [{ type: "Ready", status: "False", reason: "X", message: `no ${SECRET}` }] },
};
const pod = (name: string, labels: Record<string, string>, more: object = {}) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name, namespace: "lab", labels },
  spec: { containers: [{ name: "main", ports: [{ name: "metrics", containerPort: 9_090 }] }] },
  status: {
    phase: "Running",
    containerStatuses: [{ name: "main", restartCount: 1, state: { running: {} } }],
  },
  ...more,
});
const PODS = [
  pod("operator", { app: "coder-k8s" }),
  pod("coder-0", { "app.kubernetes.io/managed-by": "coder-k8s" }),
  pod("workspace", { "com.coder.resource": "true" }),
];
const EVENT = {
  type: "Warning",
  reason: "Failed",
  message: `pull\n${SECRET}`,
  count: 3,
  lastTimestamp: new Date(NOW - 60_000).toISOString(),
  involvedObject: { kind: "Pod", name: "coder-0" },
};
const OLD = { ...EVENT, message: "long ago", lastTimestamp: new Date(NOW - 90_000_000).toISOString() };
const FULL: FakeWorld = {
  list: (kind, { namespace, metadataOnly }) => {
    if (kind === "CoderControlPlane") return [PLANE];
    if (namespace === "coder-system") return [];
    if (kind === "Pod") return PODS;
    if (kind === "Event") return [EVENT, OLD];
    if (kind === "Secret") return metadataOnly ? [{ metadata: { name: "db" }, data: undefined }] : [];
    if (kind === "Node") return [{ metadata: { name: "n1" }, status: { conditions: [] } }];
    return [];
  },
  get: (kind) => kind === "CoderControlPlane" ? PLANE : undefined,
  text: (_kind, { name }, sub) => `${name} ${sub} says ${SECRET}`,
  coder: (path) => path === "/api/v2/organizations" ? [{ name: "acme" }] : { at: path },
};
const raw = (path: string) => path === "/version" ? `{"gitVersion":"v1.34.0"}` : `up 1 ${SECRET}`;

Deno.test("a bundle has versions, objects, conditions, events, logs, metrics, Coder's words and diagnoses", async () => {
  const bundle = await bundleOf(world(FULL, raw));
  const paths = new Set(bundle.files.map(({ path }) => path));
  for (
    const path of [
      ...["index.md", "versions.yaml", "apis.yaml", "conditions.txt", "nodes.yaml"],
      "namespaces/lab/codercontrolplanes/coder.yaml",
      "namespaces/lab/pods.yaml",
      "namespaces/lab/secrets.yaml",
      "namespaces/lab/events.txt",
      "namespaces/lab/logs/operator_main.log",
      "namespaces/lab/logs/operator_main_previous.log",
      "namespaces/lab/logs/coder-0_main.log",
      "namespaces/lab/metrics/operator.txt",
      "namespaces/lab/coder/coder.yaml",
      "diagnoses/controlplane/lab_coder.yaml",
    ]
  ) assert.ok(paths.has(path), `${path} of ${[...paths].join(", ")}`);
  assert.equal(bundle.files[0]!.path, "index.md");
  for (const { path } of bundle.files.slice(1)) {
    assert.ok(bundle.files[0]!.text.includes(`| ${path} |`), path);
  }
  assert.match(textOf(bundle, "versions.yaml")!, /gitVersion: v1\.34\.0/);
  assert.match(
    textOf(bundle, "conditions.txt")!,
    /CoderControlPlane lab\/coder\n {2}Ready=False since {2}X: no/,
  );
  assert.match(textOf(bundle, "namespaces/lab/coder/coder.yaml")!, /organizations\/acme\/provisionerjobs/);
});

Deno.test("no file holds what is a secret, and people's workspaces keep their logs", async () => {
  const { files } = await bundleOf(world(FULL, raw));
  for (const { path, text } of files) assert.ok(!text.includes(SECRET), path);
  assert.ok(!files.some(({ path }) => path.includes("logs/workspace")));
  assert.match(textOf({ files, gaps: [] }, "namespaces/lab/codercontrolplanes/coder.yaml")!, /left out/);
});

Deno.test("events are lines within the time that was asked for", async () => {
  const events = textOf(await bundleOf(world(FULL, raw)), "namespaces/lab/events.txt");
  assert.equal(
    events,
    "2026-11-22T07:59:00.000Z Warning Pod/coder-0 Failed (3 times): pull [redacted]\n",
  );
});

Deno.test("what cannot be read is named, and all else is there", async () => {
  const refused: FakeWorld = {
    ...FULL,
    list: (kind, options) => kind === "Node" ? new Error(`no ${SECRET}`) : FULL.list!(kind, options),
    coder: undefined as never,
  };
  const { gaps, files } = await bundleOf(world(refused, () => new Error("no proxy")));
  const told = gaps.map(({ what, why }) => `${what}: ${why}`);
  assert.ok(told.includes("list of nodes: no [redacted]"), told.join("\n"));
  assert.ok(told.includes("metrics of lab/operator: no proxy"));
  assert.ok(told.includes("version of Kubernetes: no proxy"));
  assert.ok(told.some((line) => line.startsWith("Coder of lab/coder: ")));
  assert.ok(files.some(({ path }) => path === "namespaces/lab/logs/operator_main.log"));
});

Deno.test("what hangs ends at the deadline and is named", async () => {
  const hanging: FakeWorld = {
    ...FULL,
    list: (kind, options) => kind === "Node" ? new Promise(() => {}) : FULL.list!(kind, options),
  };
  const { gaps } = await bundleOf(world(hanging, raw), { deadlineMs: 50 });
  assert.ok(gaps.some(({ what, why }) => what === "list of nodes" && why === "no answer in time"));
});

Deno.test("whoever leaves ends it", async () => {
  const leaving = new AbortController();
  const hanging = world({ list: () => new Promise(() => {}) }, () => new Promise(() => {}));
  const making = bundleOf(hanging, { signal: leaving.signal });
  leaving.abort(new Error("left"));
  await assert.rejects(making, { message: "left" });
});

Deno.test("one namespace is all that is looked at where one is asked for", async () => {
  const asked = new Set<string | undefined>();
  const list: FakeWorld["list"] = (kind, { namespace }) => {
    if (kind === "CoderControlPlane") asked.add(namespace);
    return [];
  };
  const { files } = await bundleOf(world({ list }, raw), { namespace: "lab", operatorNamespace: "ops" });
  assert.deepEqual([...asked], ["lab"]);
  assert.match(files[0]!.text, /of the namespace lab by/);
});

Deno.test("foreign names lead nowhere", async () => {
  const odd = { ...PLANE, metadata: { name: "../../etc/x y", namespace: ".." } };
  const { files } = await bundleOf(world({ list: (kind) => kind === "CoderControlPlane" ? [odd] : [] }, raw));
  for (const { path } of files) assert.match(path, /^(?!.*(?:^|\/)\.\.?(?:\/|$))[A-Za-z0-9._@/-]+$/);
});

Deno.test("the summary says the state and its cause, each once", async () => {
  const { files } = await bundleOf(world(FULL, raw));
  const [line = ""] = files[0]!.text.split("\n").filter((line) =>
    line.startsWith("- controlplane lab/coder: ")
  );
  assert.match(line, /\([a-z-]+, (?:certain|likely|possible)\)$/);
  const told = textOf({ files, gaps: [] }, "diagnoses/controlplane/lab_coder.yaml")!;
  const { causes } = parse(told) as { causes: { cause: string }[] };
  assert.equal(line.split(causes[0]!.cause.replace(/\.$/, "")).length, 2, line);
});

Deno.test("what is read is told while it is read", async () => {
  const told: string[] = [];
  await bundleOf(world(FULL, raw), { progress: (what) => told.push(what) });
  assert.ok(told.includes("list of nodes"));
});

Deno.test("workspaces in trouble, and those that were named, are diagnosed", async () => {
  const workspace = (name: string, status: string) => ({
    metadata: { name, namespace: "lab" },
    status: { latestBuildStatus: "failed", conditions: [{ type: "Ready", status }] },
  });
  const list: FakeWorld["list"] = (kind, options) =>
    kind === "CoderWorkspace"
      ? [workspace("acme.ann.sick", "False"), workspace("acme.ann.well", "True")]
      : FULL.list!(kind, options);
  const get: FakeWorld["get"] = (kind, { name, namespace }) =>
    kind === "CoderWorkspace"
      ? { ...workspace(name, "False"), metadata: { name, namespace, uid: "u" } }
      : PLANE;
  const { files } = await bundleOf(world({ ...FULL, list, get }, raw), {
    workspaces: [{ namespace: "lab", name: "acme.bob.dev" }],
  });
  const diagnosed = files.map(({ path }) => path).filter((path) => path.startsWith("diagnoses/workspace/"));
  assert.deepEqual(diagnosed, [
    "diagnoses/workspace/lab_acme.ann.sick.yaml",
    "diagnoses/workspace/lab_acme.bob.dev.yaml",
  ]);
  assert.match(textOf({ files, gaps: [] }, "workspaces.txt")!, /lab\/acme\.ann\.well failed/);
});
