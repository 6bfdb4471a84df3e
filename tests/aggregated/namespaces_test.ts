/** The aggregated API never stands in the way of Kubernetes: deletion of namespaces, quota, garbage collection, discovery. */
import assert from "node:assert/strict";
import { type Cluster, startCluster, waitFor } from "../cluster/mod.ts";
import { addTemplate, addVersion, addWorkspace, refuse, startFakeCoder } from "../fake-coder/mod.ts";
import { API_ROOT, startAppRig } from "./app_rig.ts";
import { ask } from "./asking.ts";
import { screen } from "./screen.ts";
import { watchWithKubectl } from "./watch_process.ts";

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
/** The controller tries again after a time that doubles, up to a minute. */
const DEADLINE_MS = 180_000;

async function untilGone(cluster: Cluster, namespace: string): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}`;
  await waitFor(async () => {
    const there = await cluster.find(path);
    if (there === undefined) return true;
    throw new Error(JSON.stringify(there.status));
  }, { what: `namespace ${namespace} to go`, timeoutMs: DEADLINE_MS, intervalMs: 200 });
}

type Row = Record<string, unknown>;

/** A workspace to be made. */
function workspaceText(name: string): string {
  return JSON.stringify({
    apiVersion: "aggregation.coder.com/v1alpha1",
    kind: "CoderWorkspace",
    metadata: { name },
    spec: { templateName: "docker" },
  });
}

/** What discovery says of our version of the API. */
async function freshness(cluster: Cluster): Promise<string | undefined> {
  const accept = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
  const { json } = await ask(cluster, "/apis", { headers: { accept } });
  const groups: { metadata: { name: string }; versions: { freshness: string }[] }[] = json.items;
  return groups.find(({ metadata }) => metadata.name === "aggregation.coder.com")?.versions[0]?.freshness;
}

/** Makes a namespace with something in it, and deletes it. */
async function comeAndGo(cluster: Cluster): Promise<void> {
  const namespace = await cluster.newNamespace("passing");
  await cluster.apply({ apiVersion: "v1", kind: "ConfigMap", metadata: { namespace, name: "luggage" } });
  await cluster.request("DELETE", `/api/v1/namespaces/${namespace}`);
  await untilGone(cluster, namespace);
}

Deno.test("namespaces, quota and garbage collection work whatever becomes of Coder", async (t) => {
  await using fake = await startFakeCoder();
  const { token, user } = fake.state.addOwner();
  addVersion(fake.state, addTemplate(fake.state, "docker"), new Uint8Array());
  const dev = addWorkspace(fake.state, user, "dev");
  const web = addWorkspace(fake.state, user, "web");
  await using cluster = await startCluster({ name: "namespaces" });
  await using rig = await startAppRig({
    cluster,
    coders: { "lab/coder": { url: fake.url, token }, "next/coder": { url: fake.url, token } },
    present: [],
    args: ["--coder-poll-interval=1s", "--log-level=debug"],
  });
  const workspaces = `${API_ROOT}/namespaces/lab/coderworkspaces`;
  const untilWarned = (isWarned: boolean) =>
    waitFor(async () => {
      const { status, warnings } = await ask(cluster, workspaces);
      assert.equal(status, 200);
      return warnings.length > 0 === isWarned;
    }, { what: isWarned ? "a warning" : "no warning", timeoutMs: 60_000 });

  await t.step("namespaces come and go where there is no control plane at all", async () => {
    await comeAndGo(cluster);
    const { status, json } = await ask(cluster, `${API_ROOT}/namespaces/default/coderworkspaces`);
    assert.deepEqual([status, json.items], [200, []]);
    assert.match(json.metadata.resourceVersion, /^[1-9]\d*$/);
  });

  await t.step("namespaces come and go while a control plane is not ready", async () => {
    await rig.addControlPlane("lab/coder", { isReady: false });
    await untilWarned(true);
    await comeAndGo(cluster);
    assert.equal(fake.requests.length, 0);
    await rig.changeStatus("lab/coder", { operatorAccessReady: true });
    await untilWarned(false);
  });

  await t.step("metadata alone is served, as quota and garbage collection ask for it", async () => {
    const accept = (kind: string) => ({
      headers: { accept: `application/json;as=${kind};g=meta.k8s.io;v=v1` },
    });
    const { status, json, text } = await ask(cluster, workspaces, accept("PartialObjectMetadataList"));
    assert.deepEqual([status, json.kind, json.apiVersion, json.items.length], [
      200,
      "PartialObjectMetadataList",
      "meta.k8s.io/v1",
      2,
    ], text);
    assert.deepEqual(Object.keys(json.items[0]).sort(), ["apiVersion", "kind", "metadata"]);
    assert.equal(json.items[0].metadata.uid, dev.id);
    const one = await ask(cluster, `${workspaces}/coder.admin.dev`, accept("PartialObjectMetadata"));
    assert.deepEqual([one.json.kind, one.json.metadata.uid], ["PartialObjectMetadata", dev.id]);
  });

  const configMaps = "/api/v1/namespaces/lab/configmaps";
  const ownedBy = (name: string, owner: string, uid: string) =>
    cluster.apply({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: {
        namespace: "lab",
        name,
        ownerReferences: [{
          apiVersion: "aggregation.coder.com/v1alpha1",
          kind: "CoderWorkspace",
          name: owner,
          uid,
        }],
      },
    });
  const untilCollected = (name: string) =>
    waitFor(async () => await cluster.find(`${configMaps}/${name}`) === undefined, {
      what: `the garbage collector to take ${name}`,
      timeoutMs: 240_000,
      intervalMs: 200,
    });

  // The garbage collector learns of kinds every 30 s: it may begin while other things are looked at.
  await ownedBy("of-dev", "coder.admin.dev", dev.id);
  await ownedBy("of-web", "coder.admin.web", web.id);
  await ownedBy("of-nobody", "coder.admin.none", crypto.randomUUID());

  await t.step("a quota that names workspaces holds up no other count", async () => {
    const metadata = { namespace: "lab", name: "counts" };
    const hard = { "count/coderworkspaces.aggregation.coder.com": "5", "count/configmaps": "50" };
    await cluster.apply({ apiVersion: "v1", kind: "ResourceQuota", metadata, spec: { hard } });
    const path = "/api/v1/namespaces/lab/resourcequotas/counts";
    const counted = await waitFor(
      async () => (await cluster.request("GET", path)).status?.used?.["count/configmaps"],
      { what: "the quota to be counted", timeoutMs: 60_000 },
    );
    assert.ok(Number(counted) >= 1);
  });

  await t.step(
    "no quota counts workspaces, as the API server does not ask it for objects of others",
    async () => {
      const admin = screen(cluster, { namespace: "lab" });
      const create = () =>
        ask(cluster, workspaces, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: workspaceText("coder.admin.extra"),
        });
      const extra = () => fake.state.workspaces.find((one) => one["name"] === "extra");
      const limit = async (kind: "configmaps" | "secrets") => {
        const hard = { "count/coderworkspaces.aggregation.coder.com": "0", [`count/${kind}`]: "0" };
        const metadata = { namespace: "lab", name: `no-${kind}` };
        await cluster.apply({ apiVersion: "v1", kind: "ResourceQuota", metadata, spec: { hard } });
        const what = kind === "secrets" ? ["secret", "generic"] : ["configmap"];
        await waitFor(
          // Before it is counted, it refuses in other words.
          async () =>
            (await admin.run("create", ...what, "one-more", "--dry-run=server")).stderr
              .includes(`exceeded quota: no-${kind}`),
          { what: `the quota of ${kind} to be in force`, timeoutMs: 60_000 },
        );
      };
      await limit("configmaps");
      const refused = await create();
      assert.equal(refused.status, 403, refused.text);
      assert.match(refused.json.message, /kept in ConfigMaps.*exceeded quota: no-configmaps/);
      assert.equal(extra(), undefined);
      await limit("secrets");
      await admin.says("delete", "resourcequota", "no-configmaps");
      const made = await waitFor(async () => {
        const told = await create();
        return told.status === 403 ? undefined : told;
      }, { what: "the quota of ConfigMaps to be lifted", timeoutMs: 60_000 });
      assert.equal(made.status, 201, made.text);
      assert.notEqual(extra(), undefined);
      Object.assign(extra()!, { deleted: true });
      await admin.says("delete", "resourcequota", "no-secrets");
    },
  );

  await t.step("namespaces come and go while Coder answers with 500", async () => {
    const recover = fake.faults.add({
      times: Infinity,
      action: { do: "answer", reply: refuse(500, "Internal error.") },
    });
    await untilWarned(true);
    await comeAndGo(cluster);
    recover();
    await untilWarned(false);
  });

  await t.step("what a workspace owns stays as long as the workspace, and goes with it", async () => {
    await untilCollected("of-nobody");
    // It takes things in order: what comes after has been looked at after.
    await ownedBy("of-nobody-either", "coder.admin.none", crypto.randomUUID());
    await untilCollected("of-nobody-either");
    assert.notEqual(await cluster.find(`${configMaps}/of-dev`), undefined);
    Object.assign(dev, { deleted: true });
    await untilCollected("of-dev");
    assert.notEqual(await cluster.find(`${configMaps}/of-web`), undefined);
  });

  await t.step("namespaces come and go while Coder is down, and what workspaces own stays", async () => {
    await fake.stop();
    await untilWarned(true);
    await comeAndGo(cluster);
    assert.notEqual(await cluster.find(`${configMaps}/of-web`), undefined);
  });

  await t.step("the namespace of the control plane goes, too, with its Coder down", async () => {
    await cluster.request("DELETE", "/api/v1/namespaces/lab");
    await untilGone(cluster, "lab");
    // The product hears of it by itself.
    await waitFor(async () => {
      const { status, json, warnings: told } = await ask(cluster, workspaces);
      assert.deepEqual([status, json.items, told], [200, [], []]);
      return true;
    }, { what: "nothing to be left of it" });
    await fake.start();
  });

  await t.step(
    "while Coder answers nothing is made in it any more, and nobody's workspace is touched",
    async () => {
      await rig.addControlPlane("next/coder");
      const path = `${API_ROOT}/namespaces/next/coderworkspaces`;
      const web = `${path}/coder.admin.web`;
      await waitFor(async () => (await ask(cluster, path)).json.items.length === 1, { what: "a workspace" });
      const before = fake.requests.length;
      const hold = "/api/v1/namespaces/next/configmaps/hold";
      await cluster.apply({
        apiVersion: "v1",
        kind: "ConfigMap",
        metadata: { namespace: "next", name: "hold", finalizers: ["example.com/hold"] },
      });
      await using watch = watchWithKubectl(cluster, [
        ...["cws", "--namespace=next", "--output-watch-events", "--no-headers"],
      ]);
      await watch.until(
        (lines) => lines.some((line) => /^ADDED +coder\.admin\.web/.test(line)),
        "the workspace",
      );
      const admin = screen(cluster);
      await admin.says("delete", "namespace", "next", "--wait=false");
      await watch.until((lines) => lines.some((line) => /^DELETED +coder\.admin\.web/.test(line)), "its end");
      assert.deepEqual((await ask(cluster, path)).json.items, []);
      assert.equal((await ask(cluster, web)).status, 404);

      const created = await ask(cluster, path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: workspaceText("coder.admin.late"),
      });
      assert.equal(created.status, 403, created.text);
      assert.deepEqual([created.json.reason, created.json.details.causes[0].reason], [
        "Forbidden",
        "NamespaceTerminating",
      ]);
      const one = await ask(cluster, web, { method: "DELETE" });
      assert.deepEqual([one.status, one.json.kind, one.json.status], [200, "Status", "Success"], one.text);
      const all = await ask(cluster, path, { method: "DELETE" });
      assert.deepEqual([all.status, all.json.items], [200, []], all.text);
      // Nothing of ours is in its way.
      await waitFor(async () => {
        const { status } = await cluster.request("GET", "/api/v1/namespaces/next");
        const remaining = status.conditions?.find(({ type }: Row) => type === "NamespaceContentRemaining");
        if (remaining?.status === "True") {
          return assert.equal(
            remaining.message,
            "Some resources are remaining: configmaps. has 1 resource instances",
          ),
            true;
        }
        throw new Error(JSON.stringify(status));
      }, { what: "the namespace to be held by the ConfigMap alone", timeoutMs: DEADLINE_MS });
      await cluster.request("PATCH", hold, { metadata: { finalizers: null } });
      await untilGone(cluster, "next");
      assert.deepEqual((await ask(cluster, path)).json.items, []);
      assert.equal(
        (await ask(cluster, path, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: workspaceText("coder.admin.late"),
        })).status,
        404,
      );
      fake.assertClean();
      assert.deepEqual(fake.requests.slice(before).filter(({ method }) => method !== "GET"), []);
      assert.deepEqual(
        fake.state.workspaces.filter((one) => one["deleted"] !== true).map((one) => one["name"]),
        ["web"],
      );
      const isController = (line: string) =>
        line.includes('"DELETE"') && line.includes("/namespaces/next/coderworkspaces") &&
        line.includes("system:") && !line.includes("system:admin");
      await waitFor(() => rig.replica.process.lines.some(isController), {
        what: "the log to tell that the controller of namespaces has deleted them all",
      });
    },
  );

  await t.step(
    "while the product is stopped discovery lists the versions, as Helm asks for them",
    async () => {
      assert.equal(await rig.replica.process.stop(), 0);
      await waitFor(async () => (await ask(cluster, workspaces)).status === 503, {
        what: "the API server to know that nobody answers",
        timeoutMs: 60_000,
      });
      const admin = screen(cluster);
      assert.match(await admin.says("api-versions"), /^apps\/v1$/m);
      assert.match(await admin.says("get", "namespaces"), /^default +Active/m);
      await admin.says("create", "configmap", "still-works", "--namespace=default");
    },
  );

  await t.step("removed in the documented order it leaves no namespace behind", async () => {
    const admin = screen(cluster);
    // The API server believes what it knows of a kind for about a minute.
    await waitFor(async () => await freshness(cluster) === "Stale", {
      what: "the API server to call the kind stale",
      timeoutMs: 180_000,
      intervalMs: 1_000,
    });
    const namespace = await cluster.newNamespace("left");
    await cluster.request("DELETE", `/api/v1/namespaces/${namespace}`);
    // Nobody answers for the kind: this is what the documentation warns of, and how it says to get out of it.
    await waitFor(async () => {
      const { status } = await cluster.request("GET", `/api/v1/namespaces/${namespace}`);
      return status.conditions?.some(({ type, status: is }: Record<string, string>) =>
        type === "NamespaceDeletionDiscoveryFailure" && is === "True"
      );
    }, { what: "the namespace to wait for the kind", timeoutMs: DEADLINE_MS });
    await admin.says("delete", "-f", `${root}/deploy/base/apiservice.yaml`);
    await untilGone(cluster, namespace);
    await admin.says("delete", "-f", `${root}/deploy/base/roles.yaml`);
    await admin.says(
      ...["-n", "coder-system", "delete", "service/coder-k8s-apiserver", "secret/coder-k8s-apiserver-tls"],
    );
    await comeAndGo(cluster);
    await waitFor(async () => !(await admin.says("api-versions")).includes("aggregation.coder.com"), {
      what: "discovery to forget the kinds",
    });
  });
});
