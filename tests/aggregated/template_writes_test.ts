/** Templates of a real Coder that are written through a real API server, and built by real Terraform. */
import assert from "node:assert/strict";
import { newFile, readTar, writeTar } from "../../src/archive/mod.ts";
import { createBudget, createCoderClient, createTransport } from "../../src/coder/mod.ts";
import type { CoderTemplate } from "../../src/api/template.ts";
import { parse } from "yaml";
import { brokenTemplate, plainTemplate, startDeployment } from "../coder/mod.ts";
import { waitFor } from "../cluster/mod.ts";
import { untilAllowed } from "../deploy/access.ts";
import { API_ROOT, GROUP, startAppRig } from "./app_rig.ts";
import { gatedTemplate } from "./gate.ts";
import { screen } from "./screen.ts";

const NAMESPACE = "lab";
const PATH = `${API_ROOT}/namespaces/${NAMESPACE}/codertemplates`;
const BINARY = new Uint8Array([0x89, 0x50, 0x4e, 0x47, 0xff, 0x00]);

const manifest = (name: string, spec: Record<string, unknown>, metadata: object = {}) => ({
  apiVersion: "aggregation.coder.com/v1alpha1",
  kind: "CoderTemplate",
  metadata: { name: `coder.${name}`, namespace: NAMESPACE, ...metadata },
  spec,
});

const condition = (object: CoderTemplate, type: string) =>
  object.status.conditions?.find((one) => one.type === type);

Deno.test("templates of a real Coder are written with kubectl", async (t) => {
  // One daemon: what is imported beside a long build has to wait.
  await using deployment = await startDeployment({ env: { CODER_PROVISIONER_DAEMONS: "1" } });
  const { coderd } = deployment;
  const { token } = await coderd.firstUser();
  await using rig = await startAppRig({
    coders: { "lab/coder": { url: coderd.url, token } },
    replicas: 1,
    env: {
      CODER_K8S_TEMPLATE_BUILD_INITIAL_POLL_INTERVAL: "200ms",
      CODER_K8S_TEMPLATE_BUILD_MAX_POLL_INTERVAL: "500ms",
    },
  });
  const { cluster } = rig;
  const transport = createTransport({ url: coderd.url });
  await using _transport = { [Symbol.asyncDispose]: () => Promise.resolve(transport.close()) };
  const budget = createBudget({ perMinute: 1_000_000, burst: 1_000_000 });
  const client = createCoderClient({ transport, token, budget });
  const lab = screen(cluster, { namespace: NAMESPACE });
  const directory = await Deno.makeTempDir();
  await using _directory = { [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }) };

  const get = async (name: string): Promise<CoderTemplate> =>
    await cluster.request("GET", `${PATH}/coder.${name}`);
  const kubectl = (args: readonly string[], object?: object) =>
    cluster.kubectl(
      object === undefined ? [...args, "-n", NAMESPACE] : [...args, "-n", NAMESPACE, "-f", "-"],
      {
        allowFailure: true,
        timeoutMs: 180_000,
        ...(object === undefined ? {} : { input: JSON.stringify(object) }),
      },
    );
  const done = async (args: readonly string[], object?: object) => {
    const { code, stdout, stderr } = await kubectl(args, object);
    assert.equal(code, 0, `kubectl ${args.join(" ")}: ${stderr}${stdout}`);
    return stdout;
  };
  const settled = async (name: string, is: (object: CoderTemplate) => boolean, what: string) => {
    let last: CoderTemplate | undefined;
    await waitFor(async () => is(last = await get(name)), { what, timeoutMs: 180_000 }).catch((error) => {
      throw new Error(`${error.message}; ${JSON.stringify(last?.status)}`);
    });
    return last!;
  };
  const isReady = (object: CoderTemplate) => condition(object, "Ready")?.status === "True";
  const inCoder = async (name: string) => (await client.templates.find("coder", name))!;
  const versionsOf = async (id: string) =>
    Number(
      (await coderd.sql("select count(*)::int as n from template_versions where template_id = :'id'", {
        params: { id },
      }))[0]!["n"],
    );
  const entriesOf = async (name: string) => {
    const { active_version_id } = await inCoder(name);
    const { job } = await client.templates.version(active_version_id);
    return [...readTar(await client.templates.file(job.file_id))];
  };
  const waitForNamed = (name: string) =>
    waitFor(async () => (await lab.names("get", "ctpl")).includes(`coder.${name}`), {
      what: `${name} to be shown`,
      timeoutMs: 120_000,
    });
  /** Occupies the only daemon until what it returns is called. */
  const occupied = async (gate: string) => {
    const file = `${directory}/${gate}`;
    const template = await coderd.createTemplate({ name: gate, files: gatedTemplate({ start: file }) });
    const building = coderd.createWorkspace({ template, name: gate });
    building.catch(() => {});
    await waitFor(async () => {
      const rows = await coderd.sql(
        `select count(*)::int as n from provisioner_jobs j
           join workspace_builds b on b.job_id = j.id join workspaces w on w.id = b.workspace_id
         where w.name = :'gate' and j.started_at is not null`,
        { params: { gate } },
      );
      return Number(rows[0]!["n"]) === 1;
    }, { what: "the daemon to build", timeoutMs: 120_000 });
    return { open: () => Deno.writeTextFile(file, ""), building };
  };

  await t.step("it is made of files, and said again builds nothing, by whatever apply", async () => {
    const wanted = manifest("made", {
      displayName: "Made",
      files: plainTemplate(),
      settings: { defaultTTLMillis: 7_200_000, allowUserCancelWorkspaceJobs: false },
    }, { labels: { team: "a" } });
    assert.match(await done(["apply"], wanted), /coder\.made created/);
    const made = await settled("made", isReady, "it to be ready");
    assert.deepEqual(
      [made.spec.files, made.metadata.labels?.["team"], made.spec.settings?.defaultTTLMillis],
      [plainTemplate(), "a", 7_200_000],
    );
    const { id } = await inCoder("made");
    assert.equal(made.metadata.uid, id);
    for (const args of [["apply"], ["apply", "--server-side", "--force-conflicts"], ["apply"]]) {
      await done(args, wanted);
    }
    assert.match(await done(["apply"], wanted), /unchanged/);
    assert.equal(await versionsOf(id), 1);
    const { code, stdout } = await kubectl(["diff"], wanted);
    assert.deepEqual([code, stdout], [0, ""]);
  });

  await t.step("a file is edited: the version is built, then promoted", async () => {
    const before = await get("made");
    const files = { ...plainTemplate(), "README.md": "# New\n" };
    const path = `${PATH}/coder.made`;
    const answer: CoderTemplate = await cluster.request("PATCH", path, { spec: { files } });
    assert.deepEqual(answer.spec.files, files);
    assert.equal(answer.spec.versionID, before.spec.versionID);
    const after = await settled(
      "made",
      (one) => isReady(one) && one.spec.versionID !== before.spec.versionID,
      "it",
    );
    assert.deepEqual(after.spec.files, files);
    assert.equal((await inCoder("made")).active_version_id, after.spec.versionID);
  });

  await t.step(
    "a failing import leaves what is active, tells why, and heals with the next change",
    async () => {
      const before = await get("made");
      const patch = (files: object) => cluster.request("PATCH", `${PATH}/coder.made`, { spec: { files } });
      await patch({ "main.tf": brokenTemplate()["main.tf"] });
      const failed = await settled(
        "made",
        (one) => condition(one, "Stalled")?.status === "True",
        "it to fail",
      );
      const applied = condition(failed, "SourceApplied");
      assert.deepEqual([applied?.status, applied?.reason], ["False", "BuildFailed"]);
      assert.match(applied?.message ?? "", /Its log ends with:\n.+/s);
      assert.equal(failed.spec.versionID, before.spec.versionID);
      // What was asked for last is what the spec says: tools that compare find no difference.
      assert.equal(failed.spec.files?.["main.tf"], brokenTemplate()["main.tf"]);
      assert.equal((await inCoder("made")).active_version_id, before.spec.versionID);
      await patch({ "main.tf": `${plainTemplate()["main.tf"]}# fixed\n` });
      const healed = await settled("made", isReady, "it to heal");
      assert.equal(condition(healed, "Stalled"), undefined);
      assert.match(healed.spec.files?.["main.tf"] ?? "", /# fixed/);
      // Back to what it was, by its version.
      await patch_version(before.spec.versionID!);
      assert.deepEqual((await get("made")).spec.files, before.spec.files);
      async function patch_version(versionID: string) {
        const spec = JSON.stringify({ spec: { versionID } });
        await done(["patch", "ctpl", "coder.made", "--type=merge", "-p", spec]);
      }
    },
  );

  await t.step("no setting is reset by a change of another, in whichever way it comes", async () => {
    const compared = async () => {
      const { updated_at: _, active_version_id: _version, ...rest } = await inCoder("made");
      return rest;
    };
    const { id } = await inCoder("made");
    await coderd.request("PATCH", `/api/v2/templates/${id}`, {
      token,
      body: {
        name: "made",
        display_name: "By hand",
        description: "",
        icon: "",
        default_ttl_ms: 10_800_000,
        activity_bump_ms: 1_800_000,
        allow_user_cancel_workspace_jobs: true,
        allow_user_autostart: true,
        allow_user_autostop: true,
        failure_ttl_ms: 0,
        time_til_dormant_ms: 0,
        time_til_dormant_autodelete_ms: 0,
        require_active_version: false,
      },
    });
    const before = await compared();
    assert.equal(before.default_ttl_ms, 10_800_000);
    await done(["patch", "ctpl", "coder.made", "--type=merge", "-p", '{"spec":{"description":"One"}}']);
    assert.deepEqual(await compared(), { ...before, description: "One" });
    await done(
      ["apply", "--server-side", "--field-manager=flux"],
      manifest("made", { icon: "/icon/k8s.png" }),
    );
    assert.deepEqual(await compared(), { ...before, description: "One", icon: "/icon/k8s.png" });
    const settings = { spec: { settings: { activityBumpMillis: 60_000 } } };
    await done(["patch", "ctpl", "coder.made", "--type=merge", "-p", JSON.stringify(settings)]);
    const now = { ...before, description: "One", icon: "/icon/k8s.png", activity_bump_ms: 60_000 };
    assert.deepEqual(await compared(), now);
    const read = await get("made");
    await cluster.request("PUT", `${PATH}/coder.made`, {
      ...read,
      spec: { displayName: "By hand", description: "Two", icon: "/icon/k8s.png" },
    });
    assert.deepEqual(await compared(), { ...now, description: "Two" });
  });

  await t.step("fields have owners: files as a whole, and a conflict names the owner", async () => {
    const files = { ...plainTemplate(), "OWNED.md": "by flux" };
    const apply = ["apply", "--server-side"];
    await done([...apply, "--field-manager=flux", "--force-conflicts"], manifest("made", { files }));
    await settled("made", isReady, "it to be built");
    const other = await kubectl(
      [...apply, "--field-manager=alice"],
      manifest("made", { files: { ...files, "MINE.md": "x" } }),
    );
    assert.equal(other.code, 1);
    assert.match(other.stderr, /conflict with "flux".*\.spec\.files/s);
    const owner = (await get("made")).metadata.managedFields?.find(({ manager }) => manager === "flux");
    assert.deepEqual((owner?.fieldsV1 as Record<string, object>)["f:spec"], { "f:files": {} });
  });

  await t.step("what a client-side apply says no more is cleared", async () => {
    const spec = { files: plainTemplate(), displayName: "Pruned", description: "goes" };
    await done(
      ["apply"],
      manifest("pruned", spec, { labels: { a: "1", b: "2" }, annotations: { note: "x" } }),
    );
    const { description: _, ...less } = spec;
    await done(["apply"], manifest("pruned", less, { labels: { a: "1" } }));
    const pruned = await get("pruned");
    assert.deepEqual(
      [
        pruned.spec.description,
        pruned.spec.displayName,
        pruned.metadata.labels?.["b"],
        pruned.metadata.labels?.["a"],
      ],
      [undefined, "Pruned", undefined, "1"],
    );
    assert.equal((await inCoder("pruned")).description, "");
  });

  await t.step("binary files, modes, large files and odd paths survive an edit", async () => {
    const large = `${"x".repeat(1_023)}\n`.repeat(2_200);
    const archive = writeTar([
      newFile("main.tf", plainTemplate()["main.tf"]!),
      newFile("run.sh", "#!/bin/sh\n", 0o755),
      newFile("logo.png", BINARY),
      newFile("large.txt", large),
    ]);
    const file = await client.templateChanges.upload(archive);
    const first = await client.templateChanges.createVersion("coder", { fileId: file });
    await waitFor(async () => (await client.templates.version(first.id)).job.status === "succeeded", {
      what: "the import",
      timeoutMs: 180_000,
    });
    await client.templateChanges.create("coder", { name: "binary", template_version_id: first.id });
    await waitForNamed("binary");
    const read = await get("binary");
    assert.deepEqual(Object.keys(read.spec.files ?? {}), ["main.tf", "run.sh"]);
    assert.deepEqual(read.status.omittedFiles, ["large.txt", "logo.png"]);
    await cluster.request("PATCH", `${PATH}/coder.binary`, {
      spec: { files: { "run.sh": "#!/bin/sh\nexit 0\n" } },
    });
    await settled("binary", (one) => isReady(one) && one.spec.versionID !== first.id, "it to be promoted");
    const entries = (await entriesOf("binary")).filter(({ kind }) => kind === "file");
    assert.deepEqual(entries.map(({ path, mode, content }) => [path, mode, content.length]), [
      ["main.tf", 0o644, plainTemplate()["main.tf"]!.length],
      ["run.sh", 0o755, 17],
      ["logo.png", 0o644, BINARY.length],
      ["large.txt", 0o644, large.length],
    ]);
    assert.ok(entries.every(({ mtime }) => new Date(mtime * 1_000).getUTCFullYear() < 2100));
  });

  await t.step(
    "bodies that are larger than 3 MiB are let through, as large as Coder imports",
    async () => {
      const big = { ...plainTemplate() } as Record<string, string>;
      for (const part of [1, 2, 3, 4]) big[`part${part}.txt`] = `${part}${"ä".repeat(440_000)}`;
      await done(["apply", "--server-side"], manifest("big", { files: big }));
      const made = await settled("big", isReady, "it to be ready");
      assert.equal(made.spec.files?.["part4.txt"], big["part4.txt"]);
      const body = JSON.stringify(manifest("big", { files: big }));
      assert.ok(body.length > 1_700_000 && new TextEncoder().encode(body).length > 3 << 20);
      const { id } = await inCoder("big");
      assert.match(
        await done(["apply", "--server-side"], manifest("big", { files: big })),
        /serverside-applied/,
      );
      assert.equal(await versionsOf(id), 1);
    },
  );

  await t.step("it is not deleted as long as it has workspaces, and is gone at once without", async () => {
    const template = (await client.templates.find("coder", "pruned"))!;
    const workspace = await coderd.createWorkspace({ template: template as never, name: "one" });
    const refused = await kubectl(["delete", "ctpl", "coder.pruned"]);
    assert.equal(refused.code, 1);
    assert.match(refused.stderr, /\(Conflict\)|has workspaces: delete them first/);
    await coderd.request("POST", `/api/v2/workspaces/${workspace.id}/builds`, {
      token,
      body: { transition: "delete" },
    });
    await waitFor(async () => (await kubectl(["delete", "ctpl", "coder.pruned"])).code === 0, {
      what: "it to be deleted",
      timeoutMs: 180_000,
    });
    assert.equal(await client.templates.find("coder", "pruned"), undefined);
    assert.match(await lab.fails("get", "ctpl", "coder.pruned"), /NotFound/);
  });

  await t.step("what the documentation shows is taken as it is", async () => {
    const text = await Deno.readTextFile(new URL("../../docs/aggregated-api.md", import.meta.url));
    const [section] = text.split("\n## Templates\n")[1]!.split("\n## ");
    const [, yaml] = /```yaml\n(.*?)```/s.exec(section!)!;
    const shown = parse(yaml!) as CoderTemplate;
    const { metadata, spec } = { ...shown, metadata: { name: "coder.docker", namespace: NAMESPACE } };
    await done(["apply", "--server-side"], { ...shown, metadata, spec });
    const { code, stderr } = await kubectl([
      ...["wait", "ctpl/coder.docker", "--for=condition=Ready", "--timeout=170s"],
    ]);
    assert.equal(code, 0, stderr);
    const made = await get("docker");
    assert.deepEqual([made.spec.files, made.spec.variables], [spec.files, spec.variables]);
    const values = await client.templates.variables(made.spec.versionID!);
    assert.deepEqual(values.map(({ name, value }) => [name, value]), [["region", "us"]]);
  });

  await t.step(
    "values of Secrets are for those who may get them, and are kept nowhere but in Coder",
    async () => {
      const value = "eu-central-and-secret";
      const metadata = { namespace: NAMESPACE, name: "vars" };
      await cluster.apply({ apiVersion: "v1", kind: "Secret", metadata, stringData: { region: value } });
      const kubeconfig = await cluster.serviceAccountKubeconfig({ namespace: NAMESPACE, name: "editor" });
      const api = "rbac.authorization.k8s.io";
      await cluster.apply(["view", "edit"].map((role) => ({
        apiVersion: `${api}/v1`,
        kind: "RoleBinding",
        metadata: { namespace: NAMESPACE, name: `editor-${role}` },
        roleRef: { apiGroup: api, kind: "ClusterRole", name: `coder-k8s-workspaces-${role}` },
        subjects: [{ kind: "ServiceAccount", namespace: NAMESPACE, name: "editor" }],
      })));
      await untilAllowed(
        cluster,
        `system:serviceaccount:${NAMESPACE}:editor`,
        ["get", "patch"].map((verb) => ({
          verb,
          group: GROUP,
          resource: "codertemplates",
          namespace: NAMESPACE,
        })),
      );
      const editor = screen(cluster, { namespace: NAMESPACE, kubeconfig });
      const from = [{ name: "region", valueFrom: { secretKeyRef: { name: "vars", key: "region" } } }];
      const patch = (spec: object) =>
        ["patch", "ctpl", "coder.docker", "--type=merge", "-p", JSON.stringify({ spec })] as const;
      assert.match(
        await editor.fails(...patch({ variables: from })),
        /Forbidden.*vars is referred to, which you may not get/,
      );
      const before = await get("docker");
      await lab.says(...patch({ variables: from }));
      const built = await settled(
        "docker",
        (one) => isReady(one) && one.spec.versionID !== before.spec.versionID,
        "it to be built",
      );
      const values = await client.templates.variables(built.spec.versionID!);
      assert.deepEqual(values.map((one) => one.value), [value]);
      // Whoever writes other files could have them tell it.
      assert.match(await editor.fails(...patch({ files: { "a.tf": "" } })), /Forbidden.*vars is referred to/);
      await editor.says(...patch({ description: "by the editor" }));
      const kept = await cluster.request("GET", "/api/v1/configmaps");
      assert.doesNotMatch(
        JSON.stringify([kept, rig.replicas.map(({ process }) => process.lines)]),
        new RegExp(value),
      );
    },
  );

  await t.step("dry runs of everything change nothing, and upload nothing", async () => {
    const counts = async () =>
      (await coderd.sql(
        "select (select count(*) from files)::int as f, (select count(*) from template_versions)::int as v",
      ))[0];
    const before = [await counts(), await inCoder("made"), await get("made")];
    const dry = "--dry-run=server";
    const files = { ...plainTemplate(), "dry.txt": "1" };
    await done(["apply", dry], manifest("made", { files, displayName: "Dry" }));
    await done(["apply", "--server-side", "--force-conflicts", dry], manifest("made", { files }));
    await done(["create", dry], manifest("dried", { files }));
    await done(["label", "ctpl", "coder.made", "dry=1", dry]);
    await done(["delete", "ctpl", "coder.made", dry]);
    const diff = await kubectl(["diff", "--server-side", "--force-conflicts"], manifest("made", { files }));
    assert.equal(diff.code, 1);
    assert.match(diff.stdout, /dry\.txt/);
    assert.deepEqual([await counts(), await inCoder("made"), await get("made")], before);
  });

  await t.step("a build that one replica has begun is promoted by another when that is killed", async () => {
    const { open, building } = await occupied("killing");
    const before = await inCoder("made");
    const files = { ...plainTemplate(), "killed.md": "1" };
    // The answer does not wait for the build, which is not let go before.
    const answer: CoderTemplate = await cluster.request("PATCH", `${PATH}/coder.made`, { spec: { files } });
    assert.equal(condition(answer, "SourceApplied")?.status, "Unknown");
    const pending = await settled(
      "made",
      ({ status }) => status.pendingVersionID !== undefined,
      "its version",
    );
    assert.equal(pending.spec.files?.["killed.md"], "1");
    const versions = await versionsOf(before.id);
    await rig.replica.process.stop("SIGKILL");
    await open();
    await building;
    await waitFor(async () => (await inCoder("made")).active_version_id === pending.status.pendingVersionID, {
      what: "the other replica to promote it",
      timeoutMs: 180_000,
    });
    assert.equal(await versionsOf(before.id), versions);
    await rig.restart();
    assert.deepEqual((await settled("made", isReady, "it")).spec.files, pending.spec.files);
  });

  await t.step("a build goes on while coderd is away", async () => {
    const { open } = await occupied("restarting");
    const before = await inCoder("made");
    const files = { ...plainTemplate(), "restarted.md": "1" };
    await cluster.request("PATCH", `${PATH}/coder.made`, { spec: { files } });
    await waitFor(async () => await versionsOf(before.id), { what: "the version" });
    await coderd.restart();
    await open();
    const after = await settled(
      "made",
      (one) => isReady(one) && one.spec.files?.["restarted.md"] === "1",
      "it",
    );
    assert.notEqual(after.spec.versionID, before.active_version_id);
  });
});
