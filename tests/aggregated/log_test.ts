/** Logs of builds as people read them: kubectl, the API server, the product, and a real and a fake Coder. */
import assert from "node:assert/strict";
import type { Status } from "../../src/aggregated/serving/status_errors.ts";
import { sharedCoderd, uniqueName } from "../coder/mod.ts";
import { RestError, waitFor } from "../cluster/mod.ts";
import {
  addLogLine,
  addTemplate,
  addVersion,
  addWorkspace,
  beginBuild,
  pickUpBuild,
  startFakeCoder,
} from "../fake-coder/mod.ts";
import { API_ROOT, type AppRig, startAppRig } from "./app_rig.ts";
import { gatedTemplate } from "./gate.ts";

/** `kubectl get --raw` as it runs: what it has printed, and when. */
function kubectlRaw({ cluster }: AppRig, kubeconfig: string, path: string) {
  const child = new Deno.Command(cluster.state.tools.path.kubectl, {
    args: [`--kubeconfig=${kubeconfig}`, "get", "--raw", `${API_ROOT}${path}`],
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const printed = { text: "", pieces: 0, code: undefined as number | undefined, errors: "" };
  const read = async () => {
    for await (const piece of child.stdout.pipeThrough(new TextDecoderStream())) {
      printed.text += piece;
      printed.pieces++;
    }
  };
  const errors = async () => {
    for await (const piece of child.stderr.pipeThrough(new TextDecoderStream())) printed.errors += piece;
  };
  const whole = Promise.all([read(), errors(), child.status]).then(([, , { code }]) => {
    printed.code = code;
    return printed;
  });
  return { printed, whole };
}

Deno.test("logs of builds are read and followed with kubectl", async (t) => {
  const coderd = await sharedCoderd();
  const { token, username } = await coderd.firstUser();
  await using fake = await startFakeCoder();
  const owner = fake.state.addOwner();
  await using rig = await startAppRig({
    coders: {
      "real/coder": { url: coderd.url, token },
      "fake/coder": { url: fake.url, token: owner.token },
    },
  });
  const kubeconfig = await rig.reader({ namespace: "real", name: "reader" });
  const read = async (path: string) => await kubectlRaw(rig, kubeconfig, path).whole;
  const refusal = async (path: string, says: RegExp) => {
    const { text, errors, code } = await read(path);
    assert.deepEqual([text, code], ["", 1]);
    assert.match(errors, says);
  };

  await t.step("discovery has the parts of both kinds", async () => {
    const { resources } = await rig.get("");
    assert.deepEqual(
      resources.filter(({ name }: { name: string }) => name.includes("/"))
        .map(({ name, verbs }: { name: string; verbs: string[] }) => `${name} ${verbs.join()}`).sort(),
      [
        "codertemplates/log get",
        "codertemplates/status get",
        "coderworkspaces/log get",
        "coderworkspaces/status get",
      ],
    );
  });

  await t.step("a running build is followed to its end, and read afterwards", async () => {
    const directory = await Deno.makeTempDir();
    await using _directory = { [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }) };
    // Terraform may run as somebody else.
    await Deno.chmod(directory, 0o755);
    const start = `${directory}/start`;
    const template = await coderd.createTemplate({ files: gatedTemplate({ start }) });
    const name = uniqueName("kubectl");
    const path = `/namespaces/real/coderworkspaces/coder.${username}.${name}/log`;
    const { latest_build } = await coderd.createWorkspace({ template, name, noWait: true });
    const { printed, whole } = kubectlRaw(rig, kubeconfig, `${path}?follow=true`);
    await waitFor(() => /^==> /m.test(printed.text), { what: "the first stage", timeoutMs: 120_000 });
    assert.equal(printed.code, undefined);
    await Deno.writeTextFile(start, "");
    await coderd.waitForBuild(latest_build.id);
    const { text, code } = await whole;
    assert.deepEqual([code, printed.pieces > 1], [0, true]);
    assert.match(text, /Creation complete/);
    assert.equal((await read(path)).text, text);
    assert.equal((await read(`${path}?build=1&tailLines=1`)).text, `${text.trimEnd().split("\n").at(-1)}\n`);
    const imported = await read(`/namespaces/real/codertemplates/coder.${template.name}/log`);
    assert.match(imported.text, /^==> /);
    await refusal(`${path}?tailLines=x`, /\(BadRequest\): invalid tailLines "x"/);
    await refusal(`${path}?build=9`, /\(NotFound\): .*"9" not found/);
    await refusal(path.replace(name, "none"), /\(NotFound\): .*none" not found/);
  });

  await t.step("the right is that to the log, not that to the workspace", async () => {
    const { namespace, name } = { namespace: "real", name: "no-logs" };
    const others = await rig.cluster.serviceAccountKubeconfig({ namespace, name });
    await rig.cluster.apply([
      {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "Role",
        metadata: { namespace, name },
        rules: [{
          apiGroups: ["aggregation.coder.com"],
          resources: ["coderworkspaces", "coderworkspaces/status"],
          verbs: ["get", "list", "watch"],
        }],
      },
      {
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "RoleBinding",
        metadata: { namespace, name },
        roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name },
        subjects: [{ kind: "ServiceAccount", namespace, name }],
      },
    ]);
    const path = `/namespaces/real/coderworkspaces/coder.${username}.any/log`;
    const { errors } = await kubectlRaw(rig, others, path).whole;
    assert.match(errors, /Forbidden.*cannot get resource "coderworkspaces\/log"/s);
  });

  await t.step("who may see only their own is told that there is no such log", async () => {
    addWorkspace(fake.state, owner.user, "hidden");
    const own = await rig.reader({ namespace: "fake", name: "own", sees: "own" });
    await waitFor(async () => (await rig.names("coderworkspaces", "fake")).length === 1, { what: "it" });
    const path = "/namespaces/fake/coderworkspaces/coder.admin.hidden/log";
    assert.equal((await read(path)).code, 0);
    const { errors, text } = await kubectlRaw(rig, own, path).whole;
    assert.match(errors, /NotFound/);
    assert.equal(text, "");
  });

  await t.step("while Coder is away the answer is 503, and logs that are known are still read", async () => {
    const { state } = fake;
    const template = addTemplate(state, "away");
    const version = addVersion(state, template, new Uint8Array(1_024));
    addLogLine(state, version, "Parsing", "known");
    addTemplate(state, "never-read");
    const path = "/namespaces/fake/codertemplates/coder";
    await waitFor(async () => (await rig.names("codertemplates", "fake")).length === 3, {
      what: "templates",
    });
    assert.equal((await read(`${path}.away/log`)).text, "==> Parsing\nknown\n");
    await fake.stop();
    // Not with kubectl, which waits and tries ten times where it is told when to come again.
    const error = await rig.get(`${path}.never-read/log`).then(() => undefined, (error) => error);
    assert.ok(error instanceof RestError);
    const { code, reason, message, details } = error.body as Status;
    assert.deepEqual([code, reason], [503, "ServiceUnavailable"]);
    assert.ok((details?.retryAfterSeconds ?? 0) >= 1);
    assert.match(message, /the Coder of fake\/coder cannot be reached now/);
    const told = JSON.stringify(error.body);
    assert.ok(!told.includes(fake.url) && !told.includes(owner.token));
    assert.equal((await read(`${path}.away/log`)).text, "==> Parsing\nknown\n");
    await fake.start();
  });

  await t.step("a log that is followed says in its last line that the server shuts down", async () => {
    const workspace = addWorkspace(fake.state, owner.user, "long");
    beginBuild(fake.state, workspace, "stop");
    pickUpBuild(fake.state, workspace);
    addLogLine(fake.state, workspace.latest_build.id, "Stopping", "slowly");
    const path = "/namespaces/fake/coderworkspaces/coder.admin.long/log?follow=true";
    await waitFor(async () => (await rig.names("coderworkspaces", "fake")).includes("coder.admin.long"), {
      what: "the workspace",
      timeoutMs: 60_000,
    });
    const { printed, whole } = kubectlRaw(rig, kubeconfig, path);
    await waitFor(() => printed.text.includes("slowly"), { what: "the first line" });
    await rig.restart();
    const { text, code } = await whole;
    assert.equal(code, 0);
    assert.match(text, /^==> Stopping\nslowly\n--- the log breaks off here: this server shuts down/);
  });
  fake.assertClean();
});
