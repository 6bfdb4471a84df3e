/** Resources, completions and prompts, on a real Coder behind the whole product and a real API server. */
import assert from "node:assert/strict";
import { loadKubeConfig } from "../../src/kube/config/kube_config.ts";
import { createRestClient } from "../../src/kube/rest/rest_client.ts";
import { clientCluster } from "../../src/mcp/caller/client_cluster.ts";
import type { CallerCoders } from "../../src/caller/types.ts";
import { createCompletions } from "../../src/mcp/completions.ts";
import { ToolError } from "../../src/mcp/errors.ts";
import { createResourceShelf } from "../../src/mcp/resources/mod.ts";
import type { SurfaceCall } from "../../src/mcp/surface.ts";
import { CALLER, fencedIn } from "../../src/mcp/testing.ts";
import { startAppRig } from "../aggregated/app_rig.ts";
import { serviceAccountUser, waitFor } from "../cluster/mod.ts";
import { plainTemplate, startDeployment } from "../coder/mod.ts";
import { untilAllowed } from "../deploy/access.ts";

Deno.test("workspaces and templates of a real Coder are resources", async (t) => {
  await using deployment = await startDeployment();
  const { coderd } = deployment;
  const { token, username: owner } = await coderd.firstUser();
  const files: Record<string, string> = { ...plainTemplate(), "notes #1.md": "# inside\n" };
  const template = await coderd.createTemplate({ name: "docker", files });
  await coderd.createWorkspace({ template, name: "dev" });
  await using rig = await startAppRig({ coders: { "lab/coder": { url: coderd.url, token } } });
  await waitFor(async () => (await rig.names("coderworkspaces", "lab")).includes(`coder.${owner}.dev`), {
    what: "the workspace to be shown",
    timeoutMs: 60_000,
  });
  await waitFor(async () => (await rig.names("codertemplates", "lab")).includes("coder.docker"), {
    what: "the template to be shown",
    timeoutMs: 60_000,
  });
  const open: { close(): void }[] = [];
  await using _open = { [Symbol.asyncDispose]: () => Promise.resolve(open.forEach((one) => one.close())) };
  const callAs = (kubeconfig: string): SurfaceCall => {
    const client = createRestClient({ connection: loadKubeConfig({ kubeconfig }) });
    open.push(client);
    const coders = {
      list: () => Promise.resolve([{ id: "lab/coder", namespace: "lab", controlPlane: "coder" }]),
    } as unknown as CallerCoders;
    return {
      caller: CALLER,
      cluster: clientCluster(client),
      coders,
      signal: AbortSignal.timeout(600_000),
      now: Date.now,
    };
  };
  const admin = callAs(rig.cluster.kubeconfig);
  const shelf = createResourceShelf();
  const complete = createCompletions();
  const workspace = `coder://workspaces/lab/coder.${owner}.dev`;

  await t.step("they are listed, and what is listed is read", async () => {
    const { resources } = await shelf.list(undefined, admin);
    assert.deepEqual(resources.map(({ uri }) => uri), ["coder://templates/lab/coder.docker", workspace]);
    for (const { uri, mimeType } of resources) {
      const read = await shelf.read(uri, admin);
      assert.deepEqual([read.uri, read.mimeType], [uri, mimeType]);
      assert.match(read.text, /^# .*\napiVersion: aggregation\.coder\.com\/v1alpha1\nkind: Coder/);
      assert.doesNotMatch(read.text, /managedFields|annotations/);
    }
    // Files are left out where Coder takes a second for them, as it does on a busy machine.
    await waitFor(async () => {
      const { text } = await shelf.read("coder://templates/lab/coder.docker", admin);
      return /"notes #1\.md": 9 characters/.test(text);
    }, { what: "the template with its files" });
  });

  await t.step("logs are those of the latest build and import, fenced", async () => {
    for (const uri of [`${workspace}/log`, "coder://templates/lab/coder.docker/log"]) {
      const { text } = await shelf.read(uri, admin);
      assert.match(
        text,
        /^Untrusted data, log of the (workspace|template) lab\/coder\.[^]*==> [^]*\n\w+>>>$/,
      );
    }
  });

  await t.step("files come byte for byte, and no path leads out of the template", async () => {
    const base = "coder://templates/lab/coder.docker/files";
    assert.deepEqual(fencedIn((await shelf.read(`${base}/notes%20%231.md`, admin)).text), ["# inside\n"]);
    assert.deepEqual(fencedIn((await shelf.read(`${base}/main.tf`, admin)).text), [files["main.tf"]]);
    for (const path of ["none.tf", "..%2F..%2Fsecrets", "%2e%2e/%2e%2e", "modules"]) {
      const error = await shelf.read(`${base}/${path}`, admin).then(() => undefined, (error) => error);
      assert.ok(error instanceof ToolError && error.code === "not_found", path);
    }
  });

  await t.step("names are completed", async () => {
    const asked = async (name: string, value: string, context: Record<string, string>, call = admin) =>
      (await complete({
        ref: { type: "resource", uri: "coder://templates/{namespace}/{name}/files/{path}" },
        argument: { name, value },
        context,
      }, call)).values;
    const questions: [string, string, Record<string, string>, string][] = [
      ["namespace", "l", {}, "lab"],
      ["name", "coder.", { namespace: "lab" }, "coder.docker"],
      ["path", "not", { namespace: "lab", name: "coder.docker" }, "notes #1.md"],
    ];
    for (const [name, value, context, completed] of questions) {
      // There are none where they take too long, as on a busy machine.
      const values = await waitFor(async () => {
        const found = await asked(name, value, context);
        return found.length > 0 ? found : undefined;
      }, { what: `completions of ${name}` });
      assert.deepEqual(values, [completed]);
    }
  });

  await t.step(
    "who may see nothing is shown nothing; who may see one namespace is shown what is in it",
    async () => {
      await rig.cluster.apply({ apiVersion: "v1", kind: "Namespace", metadata: { name: "team" } });
      const stranger = callAs(
        await rig.cluster.serviceAccountKubeconfig({ namespace: "team", name: "stranger" }),
      );
      assert.deepEqual((await shelf.list(undefined, stranger)).resources, []);
      const refused = await shelf.read(workspace, stranger).then(() => undefined, (error) => error);
      assert.ok(refused instanceof ToolError && refused.code === "forbidden", String(refused));
      const kubeconfig = await rig.cluster.serviceAccountKubeconfig({ namespace: "team", name: "reader" });
      await rig.cluster.apply({
        apiVersion: "rbac.authorization.k8s.io/v1",
        kind: "RoleBinding",
        metadata: { name: "reader", namespace: "lab" },
        roleRef: {
          apiGroup: "rbac.authorization.k8s.io",
          kind: "ClusterRole",
          name: "coder-k8s-workspaces-view",
        },
        subjects: [{ kind: "ServiceAccount", name: "reader", namespace: "team" }],
      });
      const group = "aggregation.coder.com";
      await untilAllowed(rig.cluster, serviceAccountUser({ namespace: "team", name: "reader" }), [
        { verb: "list", group, resource: "coderworkspaces", namespace: "lab" },
      ]);
      const reader = callAs(kubeconfig);
      const { resources } = await shelf.list(undefined, reader);
      // Workspaces of others are a right of its own.
      assert.deepEqual(resources.map(({ uri }) => uri), ["coder://templates/lab/coder.docker"]);
      const hidden = await shelf.read(workspace, reader).then(() => undefined, (error) => error);
      assert.ok(hidden instanceof ToolError && hidden.code === "not_found", String(hidden));
    },
  );
});
