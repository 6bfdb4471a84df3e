/** Flux's own library keeps workspaces and templates as Git has them, through a real API server: no permanent drift. */
import assert from "node:assert/strict";
import type { Condition } from "../../src/api/kubernetes/types.ts";
import { bytesOf, newFile, writeTar } from "../../src/archive/mod.ts";
import { API_ROOT, GROUP, startAppRig } from "../aggregated/app_rig.ts";
import { waitFor } from "../cluster/mod.ts";
import { addVersion, addWorkspace, beginBuild, startFakeCoder } from "../fake-coder/mod.ts";
import { untilAllowed } from "../deploy/access.ts";
import { startDaemon } from "./daemon.ts";
import { flux } from "./flux.ts";

const NAMESPACE = "lab";
const MAIN = 'resource "terraform_data" "workspace" {}\n';
const RBAC = "rbac.authorization.k8s.io";

type Row = Record<string, unknown>;

const manifest = (kind: string, name: string, spec: object, metadata: object = {}) => ({
  apiVersion: "aggregation.coder.com/v1alpha1",
  kind,
  metadata: { name, namespace: NAMESPACE, ...metadata },
  spec,
});
const template = (spec: object = {}, name = "coder.docker") =>
  manifest("CoderTemplate", name, {
    displayName: "Docker",
    description: "From Git",
    files: { "main.tf": MAIN, "README.md": "# Docker\n" },
    settings: { defaultTTLMillis: 7_200_000, allowUserCancelWorkspaceJobs: false },
    ...spec,
  });
const workspace = (spec: object = {}, name = "coder.admin.dev") =>
  manifest("CoderWorkspace", name, {
    templateName: "docker",
    running: true,
    ttlMillis: 3_600_000,
    autostartSchedule: "CRON_TZ=UTC 30 9 * * 1-5",
    parameters: { cpus: "2" },
    ...spec,
  }, { labels: { team: "a" }, annotations: { "example.com/note": "from Git" } });

Deno.test("Flux keeps workspaces and templates as Git has them, and does nothing where nothing differs", async (t) => {
  await using fake = await startFakeCoder({ rateLimit: -1 });
  const { state } = fake;
  const { user, token } = state.addOwner();
  using daemon = startDaemon(fake);
  await using rig = await startAppRig({
    coders: { "lab/coder": { url: fake.url, token } },
    env: {
      CODER_K8S_TEMPLATE_BUILD_INITIAL_POLL_INTERVAL: "100ms",
      CODER_K8S_TEMPLATE_BUILD_MAX_POLL_INTERVAL: "200ms",
    },
  });
  const { cluster } = rig;
  const kubeconfig = await cluster.serviceAccountKubeconfig({ namespace: NAMESPACE, name: "flux" });
  await cluster.apply(["view", "edit", "of-others"].map((role) => ({
    apiVersion: `${RBAC}/v1`,
    kind: "ClusterRoleBinding",
    metadata: { name: `flux-${role}` },
    roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: `coder-k8s-workspaces-${role}` },
    subjects: [{ kind: "ServiceAccount", namespace: NAMESPACE, name: "flux" }],
  })));
  await untilAllowed(cluster, `system:serviceaccount:${NAMESPACE}:flux`, [
    ...["coderworkspaces", "codertemplates"].flatMap((resource) =>
      ["get", "patch"].map((verb) => ({ verb, group: GROUP, resource, namespace: NAMESPACE }))
    ),
    { verb: "all", group: GROUP, resource: "coderworkspaces/others", namespace: NAMESPACE },
  ]);
  const { does, run } = await flux(kubeconfig, "flux-system/coder");

  const pathOf = ({ kind, metadata: { name } }: ReturnType<typeof manifest>) =>
    `${API_ROOT}/namespaces/${NAMESPACE}/${kind.toLowerCase()}s/${name}`;
  const get = (object: ReturnType<typeof manifest>) => cluster.request("GET", pathOf(object));
  const conditionOf = async (
    object: ReturnType<typeof manifest>,
    type: string,
  ): Promise<Condition | undefined> =>
    (await get(object)).status.conditions.find((one: Condition) => one.type === type);
  const inCoder = (name: string): Row => {
    const rows = [...state.workspaces, ...state.templates] as Row[];
    return rows.find((one) => one["name"] === name && one["deleted"] !== true)!;
  };
  const writes = () => fake.requests.filter(({ method }) => method !== "GET");
  /** All that must not move where nothing differs. */
  const snapshot = async (objects: readonly ReturnType<typeof manifest>[]) => {
    return {
      objects: (await Promise.all(objects.map(get))).map(({ metadata }) => [
        metadata.name,
        metadata.resourceVersion,
        metadata.generation,
      ]),
      writes: writes().map(({ method, path }) => `${method} ${path}`),
    };
  };
  const all = (objects: readonly ReturnType<typeof manifest>[], action: string) =>
    Object.fromEntries(objects.map(({ metadata: { name } }) => [name, action]));
  /** Nothing happens, as often as Flux looks. */
  const quiet = async (...objects: ReturnType<typeof manifest>[]) => {
    const before = await snapshot(objects);
    assert.deepEqual(await does("diff", objects), all(objects, "unchanged"));
    for (let count = 0; count < 2; count++) {
      assert.deepEqual(await does("apply", objects), all(objects, "unchanged"));
    }
    assert.deepEqual(await snapshot(objects), before);
  };
  const settled = async (...objects: ReturnType<typeof manifest>[]) => {
    assert.deepEqual(await does("wait", objects), all(objects, "Current"));
  };

  /** What Flux waits for in vain; a short while may be over before it has looked at all. */
  const isWaitedFor = (object: ReturnType<typeof manifest>, says: RegExp) =>
    waitFor(async () => {
      const { error } = await run("wait", [object], { timeout: "2s" });
      assert.ok(error !== undefined, "it is waited for");
      return says.test(error) || assert.fail(error);
    }, { what: `Flux to wait as ${says}` });

  await t.step(
    "a workspace and its template that are both new are refused as one set, and nothing is made",
    async () => {
      const { entries, error } = await run("apply", [template(), workspace()]);
      assert.deepEqual([entries, writes()], [[], []]);
      assert.match(error ?? "", /coder\.admin\.dev dry-run failed.*there is no template "coder\.docker"/s);
    },
  );

  await t.step("a template is made, ready for kstatus, and unchanged from then on", async () => {
    assert.deepEqual(await does("diff", [template()]), { "coder.docker": "created" });
    assert.deepEqual(await does("apply", [template()]), { "coder.docker": "created" });
    await settled(template());
    await quiet(template());
    const { metadata: { labels } } = await get(template());
    assert.equal(labels["kustomize.toolkit.fluxcd.io/name"], "coder");
  });

  await t.step("so is a workspace, while it is built and afterwards", async () => {
    daemon.isPaused = true;
    assert.deepEqual(await does("apply", [template(), workspace()]), {
      "coder.docker": "unchanged",
      "coder.admin.dev": "created",
    });
    await isWaitedFor(workspace(), /timeout waiting for.*coder\.admin\.dev status: 'InProgress'/);
    await quiet(template(), workspace());
    daemon.isPaused = false;
    await settled(template(), workspace());
    await quiet(template(), workspace());
    const made = inCoder("dev");
    assert.deepEqual(
      [made["ttl_ms"], made["autostart_schedule"], (made["latest_build"] as Row)["build_number"]],
      [3_600_000, "CRON_TZ=UTC 30 9 * * 1-5", 1],
    );
  });

  await t.step("other files in Git are built once, and unchanged while they are built", async () => {
    const files = { "main.tf": `${MAIN}# two\n`, "README.md": "# Docker\n" };
    const versions = state.templateVersions.length;
    daemon.isPaused = true;
    assert.deepEqual(await does("apply", [template({ files })]), { "coder.docker": "configured" });
    await waitFor(async () => (await get(template())).status.pendingVersionID, { what: "it to be built" });
    assert.equal((await conditionOf(template(), "Reconciling"))?.status, "True");
    await quiet(template({ files }));
    daemon.isPaused = false;
    await settled(template({ files }));
    await quiet(template({ files }));
    assert.equal(state.templateVersions.length, versions + 1);
    assert.deepEqual(await does("apply", [template()]), { "coder.docker": "configured" });
    await settled(template());
    await quiet(template());
  });

  await t.step("running: false in Git stops it once, and true starts it once", async () => {
    for (const [running, number] of [[false, 2], [true, 3]] as const) {
      daemon.isPaused = true;
      assert.deepEqual(await does("apply", [workspace({ running })]), { "coder.admin.dev": "configured" });
      await quiet(workspace({ running }));
      daemon.isPaused = false;
      await settled(workspace({ running }));
      await quiet(workspace({ running }));
      assert.equal((inCoder("dev")["latest_build"] as Row)["build_number"], number);
    }
  });

  await t.step("who stops it in Coder, or changes a template there, is seen and put right", async () => {
    beginBuild(state, inCoder("dev"), "stop");
    Object.assign(inCoder("docker"), { display_name: "By hand", default_ttl_ms: 0 });
    addVersion(state, inCoder("docker"), bytesOf(writeTar([newFile("main.tf", "# by hand\n")])));
    await waitFor(async () => {
      const [now, its] = [await get(workspace()), await get(template())];
      return now.status.latestBuildStatus === "stopped" && its.spec.files["README.md"] === undefined &&
        its.spec.displayName === "By hand";
    }, { what: "the drift to be shown" });
    const objects = [template(), workspace()];
    assert.deepEqual(await does("diff", objects), all(objects, "configured"));
    assert.deepEqual(await does("apply", objects), all(objects, "configured"));
    await settled(...objects);
    await quiet(...objects);
    const { display_name, default_ttl_ms } = inCoder("docker");
    assert.deepEqual([display_name, default_ttl_ms], ["Docker", 7_200_000]);
    assert.equal((inCoder("dev")["latest_build"] as Row)["status"], "running");
  });

  await t.step("labels that somebody edits with kubectl are put right without a word to Coder", async () => {
    const directory = await Deno.makeTempDir();
    await using _directory = { [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }) };
    const editor = `${directory}/editor`;
    await Deno.writeTextFile(editor, '#!/bin/sh\nsed -i "s/team: a/team: b/" "$1"\n', { mode: 0o755 });
    const before = writes().length;
    await cluster.kubectl(["edit", "cws", "coder.admin.dev", "-n", NAMESPACE], {
      env: { KUBE_EDITOR: editor },
    });
    await cluster.kubectl(["label", "ctpl", "coder.docker", "-n", NAMESPACE, "stray=1"]);
    await cluster.kubectl([
      ...["annotate", "cws", "coder.admin.dev", "-n", NAMESPACE],
      ...["example.com/theirs=kept", "--field-manager=other"],
    ]);
    assert.equal((await get(workspace())).metadata.labels.team, "b");
    const objects = [template(), workspace()];
    assert.deepEqual(await does("apply", objects), all(objects, "configured"));
    await quiet(...objects);
    const [{ metadata: { labels, annotations } }, of] = [await get(workspace()), await get(template())];
    assert.deepEqual(
      [labels.team, annotations["example.com/theirs"], of.metadata.labels.stray],
      ["a", "kept", undefined],
    );
    assert.equal(writes().length, before);
  });

  await t.step("what was applied with kubectl becomes Flux's, and what Git no longer says goes", async () => {
    const { metadata, ...rest } = workspace({ ttlMillis: 7_200_000 }, "coder.admin.taken");
    const applied = { ...rest, metadata: { ...metadata, labels: { team: "a", old: "1" } } };
    await cluster.kubectl(["apply", "-f", "-"], { input: JSON.stringify(applied) });
    const { ttlMillis: _, ...spec } = rest.spec as Row;
    const wanted = manifest("CoderWorkspace", "coder.admin.taken", spec, { labels: { team: "a" } });
    await settled(wanted);
    assert.deepEqual(await does("apply", [wanted]), { "coder.admin.taken": "configured" });
    await settled(wanted);
    await quiet(wanted);
    const now = await get(wanted);
    assert.deepEqual(
      [now.metadata.labels.old, now.metadata.annotations, now.spec.ttlMillis, inCoder("taken")["ttl_ms"]],
      [undefined, undefined, undefined, null],
    );
    assert.deepEqual(await does("prune", [wanted]), { "coder.admin.taken": "deleted" });
  });

  await t.step("what was made in Coder is taken over, and unchanged from then on", async () => {
    addWorkspace(state, user, "found", {
      template_id: inCoder("docker")["id"],
      autostart_schedule: "CRON_TZ=UTC 0 7 * * 1-5",
    });
    const wanted = manifest("CoderWorkspace", "coder.admin.found", { running: true, ttlMillis: 3_600_000 });
    await waitFor(async () => (await cluster.find(pathOf(wanted))) !== undefined, { what: "it to be shown" });
    // Once for what Git says, once for what is nobody's.
    for (let count = 0; count < 2; count++) {
      assert.deepEqual(await does("apply", [wanted]), { "coder.admin.found": "configured" });
      await settled(wanted);
    }
    await quiet(wanted);
    assert.deepEqual([inCoder("found")["ttl_ms"], inCoder("found")["autostart_schedule"]], [3_600_000, null]);
    assert.deepEqual(await does("prune", [wanted]), { "coder.admin.found": "deleted" });
  });

  await t.step("values that Coder keeps in another way are no drift", async () => {
    const odd = [
      template({ description: "", icon: "", variables: [], provisionerTags: {} }),
      workspace({ ttlMillis: 0, autostartSchedule: "", parameters: {} }),
    ];
    await does("apply", odd);
    await settled(...odd);
    await quiet(...odd);
    const objects = [template(), workspace({ ttlMillis: 3_630_500 })];
    await does("apply", objects);
    await settled(...objects);
    await quiet(...objects);
    assert.equal(inCoder("dev")["ttl_ms"], 3_600_000);
    await does("apply", [workspace()]);
    await quiet(template(), workspace());
  });

  await t.step("a template whose build fails is told of at once, with the error", async () => {
    const broken = template({ files: { "main.tf": "broken" } });
    assert.deepEqual(await does("apply", [broken]), { "coder.docker": "configured" });
    const { entries: [entry], error } = await run("wait", [broken, workspace()], { timeout: "170s" });
    assert.match(error ?? "", /failed early due to stalled resources: \[.*coder\.docker status: 'Failed'/);
    assert.match(entry?.message ?? "", /import of version .* failed: exit status 1/);
    assert.match((await conditionOf(broken, "SourceApplied"))?.message ?? "", /Error: Invalid block/);
    await quiet(broken);
    await does("apply", [template()]);
    await settled(template());
    await quiet(template());
  });

  await t.step("what is pruned goes: the workspace first, and then its template", async () => {
    daemon.isPaused = true;
    const first = await run("prune", [template(), workspace()]);
    assert.deepEqual(first.entries.map(({ object, action }) => [object, action]), [
      ["CoderWorkspace/lab/coder.admin.dev", "deleted"],
      ["CoderTemplate/lab/coder.docker", "unknown"],
    ]);
    assert.match(first.error ?? "", /template docker has workspaces: delete them first/);
    await isWaitedFor(workspace(), /'Terminating'/);
    daemon.isPaused = false;
    await waitFor(async () => (await cluster.find(pathOf(workspace()))) === undefined, {
      what: "it to be gone",
    });
    assert.deepEqual(await does("prune", [template(), workspace()]), {
      "coder.admin.dev": "deleted",
      "coder.docker": "deleted",
    });
    assert.deepEqual([state.templates, await cluster.find(pathOf(template()))], [[], undefined]);
  });
  fake.assertClean();
});
