/** What people watch at the MCP port of the whole product: a real Coder, a real API server, people with different rights. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { plainTemplate } from "../coder/mod.ts";
import { LATEST } from "../mcp/clients.ts";
import { type ProductRig, startProductRig } from "../mcp/product_rig.ts";
import type { Shown } from "../../src/ui/state.ts";
import { eventsOf, WatchClient } from "../../src/ui/http/testing.ts";
import { startProcess } from "../sessions/process.ts";
import { Pty } from "./pty.ts";

const WORKSPACE = "coder.owner.dev";
const VIEW = ["coder-k8s-workspaces-view", "coder-k8s-workspaces-of-others", "coder-k8s-resources-view"];
const PATIENCE_MS = 180_000;

const workspaceStates = ({ sections }: Shown) =>
  Object.fromEntries([...sections.workspaces.rows.values()].map(({ name, state }) => [name, state]));

async function apply({ cluster }: ProductRig, running: boolean): Promise<void> {
  await cluster.apply({
    apiVersion: "aggregation.coder.com/v1alpha1",
    kind: "CoderWorkspace",
    metadata: { namespace: "lab", name: WORKSPACE },
    spec: { organization: "coder", templateName: "plain", running },
  });
}

Deno.test("people see in /ui what they may see, as it changes", async (t) => {
  await using product = await startProductRig();
  const { rig, cluster } = product;
  const base = rig.replica.mcpUrl.replace(/\/mcp$/, "");
  const url = `${base}/ui/api/events`;
  await cluster.apply({
    apiVersion: "aggregation.coder.com/v1alpha1",
    kind: "CoderTemplate",
    metadata: { namespace: "lab", name: "coder.plain" },
    spec: { files: plainTemplate() },
  });
  // Bindings are of one namespace; who watches all of them is bound in all.
  const everywhere = async (name: string, roles: readonly string[]) => {
    const token = await product.tokenOf(name, roles);
    await cluster.apply(roles.map((role) => ({
      apiVersion: "rbac.authorization.k8s.io/v1",
      kind: "ClusterRoleBinding",
      metadata: { name: `ui-${name}-${role}` },
      roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: role },
      subjects: [{ kind: "ServiceAccount", namespace: "lab", name }],
    })));
    return token;
  };
  const reader = await everywhere("reader", VIEW);
  const platform = await everywhere("platform", ["coder-k8s-resources-view"]);
  const watch = (token: string) => WatchClient.open(url, token);

  await t.step("the page is there, and no data for nobody", async () => {
    const page = await fetch(`${base}/ui/`);
    assert.equal(page.status, 200);
    assert.match(await page.text(), /<html/);
    const config = await (await fetch(`${base}/ui/api/config`)).json();
    assert.deepEqual(config, { open: false, token: "a Kubernetes token" });
    for (const token of [undefined, "x.y.z"]) {
      await assert.rejects(WatchClient.open(url, token), /^Error: 401/);
    }
  });

  const ann = await watch(reader);
  await ann.until(({ sections }) => sections.workspaces.isComplete, "her workspaces", PATIENCE_MS);

  await t.step("a control plane is shown with its conditions", async () => {
    await ann.until(({ sections }) => sections.controlplanes.isComplete, "control planes", PATIENCE_MS);
    const plane = ann.shown.sections.controlplanes.rows.get("lab/coder");
    assert.equal(plane?.name, "coder");
    assert.ok(Array.isArray(plane?.conditions));
  });

  await t.step("a workspace, its build and its job come as they are made", async () => {
    await apply(product, true);
    await ann.until((shown) => workspaceStates(shown)[WORKSPACE] !== undefined, "the workspace", PATIENCE_MS);
    await ann.until(({ sections }) => sections.builds.rows.size > 0, "its build", PATIENCE_MS);
    await ann.until((shown) => workspaceStates(shown)[WORKSPACE] === "running", "it to run", PATIENCE_MS);
    const row = ann.shown.sections.workspaces.rows.get(`lab/${WORKSPACE}`);
    assert.deepEqual([row?.owner, row?.template], ["owner", "plain"]);
    await ann.until(({ sections }) => [...sections.jobs.rows.values()].length > 0, "its job", PATIENCE_MS);
    await ann.until(
      ({ sections }) => [...sections.builds.rows.values()].some(({ endedAt }) => endedAt !== ""),
      "the end of the build",
      PATIENCE_MS,
    );
  });

  await t.step("who may see control planes alone sees no workspaces, no builds, and why", async () => {
    const bob = await watch(platform);
    await bob.until(({ sections }) => sections.controlplanes.rows.size === 1, "control planes", PATIENCE_MS);
    await bob.until(({ sections }) => sections.workspaces.problem !== "", "the refusal", PATIENCE_MS);
    assert.match(bob.shown.sections.workspaces.problem, /forbidden/);
    assert.deepEqual([bob.shown.sections.workspaces.rows.size, bob.shown.sections.builds.rows.size], [0, 0]);
    assert.ok(!JSON.stringify(bob.events).includes(WORKSPACE), "not even its name");
    await bob.close();
  });

  await t.step("who is none of Coder's users and may not see those of others sees none", async () => {
    const token = await everywhere("own", ["coder-k8s-workspaces-view"]);
    const cid = await watch(token);
    await cid.until(({ sections }) => sections.workspaces.isComplete, "the list", PATIENCE_MS);
    assert.equal(cid.shown.sections.workspaces.rows.size, 0);
    assert.ok(!JSON.stringify(cid.events).includes(WORKSPACE));
    await cid.close();
  });

  await t.step("calls are shown to who has made them, and to who may see everybody's", async () => {
    const dan = await product.tokenOf("dan", VIEW);
    const own = await watch(dan);
    {
      await using client = await LATEST.connect({ url: rig.replica.mcpUrl, token: dan });
      await client.call("list_workspaces", { namespace: "lab" });
      await client.call("get_workspace", { namespace: "lab", name: "coder.nobody.none" });
    }
    const callsOf = ({ sections }: Shown) =>
      [...sections.calls.rows.values()].filter(({ caller }) => caller.endsWith(":dan"));
    // He is bound in one namespace alone: what is in it is what he sees.
    await own.until((shown) => workspaceStates(shown)[WORKSPACE] === "running", "his namespace", PATIENCE_MS);
    await own.until(
      ({ sections }) => sections.controlplanes.rows.size === 1,
      "its control plane",
      PATIENCE_MS,
    );
    await own.until((shown) => callsOf(shown).length >= 2, "his own", PATIENCE_MS);
    const lost = (shown: Shown) => callsOf(shown).find(({ tool }) => tool === "get_workspace");
    assert.match(lost(own.shown)?.message ?? "", /coder\.nobody\.none/);
    await ann.until((shown) => callsOf(shown).length >= 2, "everybody's", PATIENCE_MS);
    assert.equal(lost(ann.shown)?.message, "not_found");
    const bob = await watch(platform);
    await bob.until(({ sections }) => sections.calls.isComplete, "the calls", PATIENCE_MS);
    assert.deepEqual(callsOf(bob.shown), []);
    await bob.close();
    await own.close();
  });

  await t.step("a build's log is read to its end, and a diagnosis is made, with her rights", async () => {
    const get = (path: string, token: string) =>
      fetch(`${base}/ui/api/${path}`, { headers: { authorization: `Bearer ${token}` } });
    const heard: { name: string; data: Record<string, unknown> }[] = [];
    const log = await get(`log?namespace=lab&workspace=${WORKSPACE}&build=1`, reader);
    assert.equal(log.status, 200);
    for await (const event of eventsOf(log.body!)) heard.push(event);
    assert.deepEqual(heard.at(-1), { name: "end", data: { message: "" } });
    assert.ok(heard.length > 3 && heard.slice(0, -1).every(({ name }) => name === "line"));
    assert.ok(heard.some(({ data }) => data["stage"] !== "" && data["at"] !== ""));
    const refused = await get(`log?namespace=lab&workspace=${WORKSPACE}&build=1`, platform);
    assert.equal(refused.status, 403);
    await refused.body?.cancel();
    const diagnosis = await get(`diagnosis?kind=workspace&namespace=lab&name=${WORKSPACE}`, reader);
    assert.equal(diagnosis.status, 200);
    assert.equal(typeof (await diagnosis.json()).summary, "string");
    const hidden = await get(`diagnosis?kind=workspace&namespace=lab&name=${WORKSPACE}`, platform);
    assert.equal(hidden.status, 403);
    await hidden.body?.cancel();
  });

  await t.step("the same is there at a terminal, with a kubeconfig and nothing else", async () => {
    const print = async (name: string, ...args: string[]) => {
      const kubeconfig = await cluster.serviceAccountKubeconfig({ namespace: "lab", name });
      const process = startProcess({ args: ["top", "--once", `--kubeconfig=${kubeconfig}`, ...args] });
      return { code: await process.ended, text: process.lines.join("\n") };
    };
    const all = await print("reader");
    assert.equal(all.code, 0, all.text);
    assert.match(all.text, /^Control planes \(1\)$/m);
    assert.match(all.text, /^coder\.owner\.dev +running +owner +plain/m);
    const one = await print("dan", "-n", "lab", "--section=workspaces");
    assert.match(one.text, /^Workspaces \(1\)\nNAME .*\ncoder\.owner\.dev +running/);
    const refused = await print("platform", "--section=workspaces");
    assert.equal(refused.code, 1);
    assert.match(refused.text, /! list CoderWorkspace resources: .*forbidden/);
    await using pty = new Pty({
      args: [
        "top",
        `--kubeconfig=${await cluster.serviceAccountKubeconfig({ namespace: "lab", name: "reader" })}`,
      ],
    });
    await pty.until(({ screen }) => /^> coder\.owner\.dev +running/m.test(screen), "the workspace");
    await pty.type("l");
    await pty.until(({ screen }) => screen.includes("the end of the log"), "the log");
    await pty.type("qd");
    await pty.until(
      ({ screen }) => /^Diagnosis of/m.test(screen) && !screen.includes("Looking…"),
      "the diagnosis",
    );
    await pty.type("qq");
    assert.deepEqual(await pty.end(), { exit: 0, raw: false });
  });

  await t.step("what changes is there soon", async () => {
    await apply(product, false);
    await ann.until((shown) => workspaceStates(shown)[WORKSPACE] === "stopped", "it to stop", PATIENCE_MS);
  });

  await t.step("who is nobody any more is told so, and watches nothing more", async () => {
    const eve = await product.tokenOf("eve", VIEW);
    const stream = await watch(eve);
    await stream.until(({ hello }) => hello !== undefined, "the beginning", PATIENCE_MS);
    await cluster.kubectl(["delete", "serviceaccount", "-n", "lab", "eve"]);
    await waitFor(() => stream.shown.ended !== "", { what: "the end of her stream", timeoutMs: PATIENCE_MS });
    await stream.ended;
    assert.match(stream.shown.ended, /not let in any more/);
    await assert.rejects(watch(eve), /401/);
  });

  await t.step("the end of the server is told", async () => {
    assert.equal(await rig.replica.process.stop("SIGTERM"), 0);
    await ann.ended;
    assert.match(ann.shown.ended, /this server ends/);
  });
});
