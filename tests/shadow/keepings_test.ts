/** What is kept in ConfigMaps, on a real cluster. */
import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import { ConfigMaps } from "../../src/api/kubernetes/resources.ts";
import { loadKubeConfig } from "../../src/kube/config/kube_config.ts";
import { createRestClient } from "../../src/kube/rest/rest_client.ts";
import { seededRandom } from "../../src/kube/testing/objects.ts";
import { type ShadowRecord, ShadowTooLargeError } from "../../src/shadow/mod.ts";
import { changeOf, shadowOf, wishOf } from "../../src/shadow/testing.ts";
import { type Cluster, RestError, waitFor } from "../cluster/mod.ts";
import { KeepingRig, KEPT } from "./rig.ts";

const signal = AbortSignal.any([]);
/** Where kinds of other tests come and go, controllers are busy with that for minutes. */
const COLLECTED_MS = 300_000;

/** Every state of every record that the API server has had, in order, from now on. */
async function history(cluster: Cluster, namespace: string) {
  const client = createRestClient({ connection: loadKubeConfig({ kubeconfig: cluster.kubeconfig }) });
  const end = new AbortController();
  const { resourceVersion } = await client.list(ConfigMaps, { namespace });
  const watch = await client.watch(ConfigMaps, {
    namespace,
    labelSelector: KEPT,
    resourceVersion,
    signal: end.signal,
  });
  const records: ShadowRecord[] = [];
  const run = (async () => {
    for await (const { type, object } of watch) {
      if (type !== "ADDED" && type !== "MODIFIED") continue;
      records.push(JSON.parse((object as { data?: Record<string, string> }).data?.["record"] ?? ""));
    }
  })().catch(() => {});
  return {
    records,
    async [Symbol.asyncDispose]() {
      end.abort();
      await run;
      client.close();
    },
  };
}

Deno.test("of 200 writes at once through two replicas, each that is accepted is stored once and no other", async () => {
  await using rig = await KeepingRig.start();
  await using one = await rig.replica();
  await using two = await rig.replica();
  await using seen = await history(rig.cluster, rig.namespace);
  using lost = rig.faults.loseAnswer({ verb: "update", resource: "configmaps" }, { times: 5 });
  const random = seededRandom(7);
  const accepted: string[] = [];
  const refused: string[] = [];
  const unknown: string[] = [];
  const label = (record: ShadowRecord | undefined) => record?.metadata.labels?.["label"];
  // Twenty writers on eight records, ten writes each; half of them look at what the API server has first.
  const writer = async (number: number) => {
    const { shadows } = (number % 2 === 0 ? one : two).keeping;
    for (let turn = 0; turn < 10; turn++) {
      const id = `w${Math.floor(random() * 8)}`;
      const mine = `${number}-${turn}`;
      const now = random() < 0.5
        ? await shadows.read("workspaces", id, signal)
        : shadows.get("workspaces", id);
      try {
        const stored = await shadows.write(shadowOf(id, mine), now?.version, signal);
        (stored === undefined ? refused : accepted).push(mine);
        const shown = label(shadows.get("workspaces", id)?.record);
        if (stored !== undefined) ok(shown !== label(now?.record), "an own write is seen at once");
      } catch {
        unknown.push(mine);
      }
    }
  };
  await Promise.all(Array.from({ length: 20 }, (_, number) => writer(number)));
  const last = await rig.stored();
  const versions = last.map(({ metadata }) => metadata.resourceVersion).sort();
  for (const { keeping } of [one, two]) {
    await waitFor(
      () => {
        const known = [...keeping.shadows.all("workspaces")].map(({ version }) => version).sort();
        return JSON.stringify(known) === JSON.stringify(versions);
      },
      { what: "both replicas to know the last state of all" },
    );
  }
  await waitFor(() =>
    last.every(({ data }) => {
      const mine = label(JSON.parse(data?.["record"] ?? ""));
      return seen.records.some((record) => label(record) === mine);
    }), { what: "the last state of all to be seen" });
  const stored = seen.records.map((record) => label(record) ?? "");
  equal(lost.hits, 5);
  equal(accepted.length + refused.length + unknown.length, 200);
  ok(refused.length > 0, "writers were in each other's way");
  equal(new Set(stored).size, stored.length, "nothing was stored twice");
  deepEqual(accepted.filter((mine) => !stored.includes(mine)), []);
  deepEqual(refused.filter((mine) => stored.includes(mine)), []);
  deepEqual(stored.filter((mine) => !accepted.includes(mine) && !unknown.includes(mine)), []);
  ok(unknown.length <= 5, "only those whose answers were lost are in doubt");
});

Deno.test("people see with kubectl what is kept, of what and why", async () => {
  await using rig = await KeepingRig.start();
  await using one = await rig.replica();
  const { shadows, wishes, changes } = one.keeping;
  await shadows.write({ ...shadowOf("7f1c"), name: "jane.box" }, undefined, signal);
  await wishes.write("owner-1.box", wishOf("box"), undefined, signal);
  await changes.write(changeOf("4d2a"), undefined, signal);
  const get = async (...args: string[]) =>
    (await rig.cluster.kubectl(["--namespace", rig.namespace, ...args])).stdout;
  const table = await get(
    "get",
    "configmaps",
    "--selector",
    "aggregation.coder.com/control-plane=acme",
    "--label-columns",
    "aggregation.coder.com/keeps,aggregation.coder.com/of",
    "--no-headers",
  );
  deepEqual(
    table.trim().split("\n").map((line) => line.trim().split(/\s+/)).map(([name, data, _, ...labels]) => [
      name?.replace(/-\w{10}$/, ""),
      data,
      ...labels,
    ]),
    [
      ["coder-k8s-change-4d2a", "1", "change", "templates"],
      ["coder-k8s-wish-owner-1-box", "1", "wish", "workspaces"],
      ["coder-k8s-workspace-7f1c", "1", "shadow", "workspaces"],
    ],
  );
  const described = await get("describe", "configmap", "--selector", `${KEPT}=shadow`);
  match(described, /of the workspace jane\.box\. Kept by coder-k8s/);
  match(described, /"labels": \{\n {6}"label": "1"\n/, "laid out to be read");
});

Deno.test("what is kept goes with its control plane, and one made anew begins with nothing", async () => {
  await using rig = await KeepingRig.start();
  await using one = await rig.replica();
  const { shadows, wishes } = one.keeping;
  const fixed = one.keepings.of({ id: "static", namespace: rig.namespace, uid: "" });
  await fixed.shadows.write(shadowOf("fixed"), undefined, signal);
  await shadows.write(shadowOf("a"), undefined, signal);
  await wishes.write("owner-1.box", wishOf("box"), undefined, signal);
  equal((await rig.stored()).length, 3);
  const owner = await rig.anew();
  await using two = await rig.replica(owner);
  equal(two.keeping.shadows.get("workspaces", "a"), undefined);
  // Whether or not the garbage collector has been there yet.
  ok(await two.keeping.shadows.write(shadowOf("a", "new"), undefined, signal));
  await waitFor(async () => (await rig.stored()).length === 2, {
    what: "what was kept of the earlier control plane to go",
    timeoutMs: COLLECTED_MS,
  });
  await rejects(
    one.keeping.shadows.write(shadowOf("a", "old"), undefined, signal),
    /was deleted and made anew/,
    "who has not heard of it undoes nothing",
  );
  const [record] = (await rig.stored()).map(({ data }) => JSON.parse(data?.["record"] ?? ""))
    .filter(({ id }) => id === "a");
  equal(record.metadata.labels.label, "new");
  await waitFor(() => [...one.keeping.shadows.all("workspaces")].length === 0, {
    what: "the replica to hear of it",
  });
  await rig.cluster.kubectl(["delete", "codercontrolplane", "acme", "--namespace", rig.namespace]);
  await waitFor(async () => (await rig.stored()).length === 1, {
    what: "what was kept to go with the control plane",
    timeoutMs: COLLECTED_MS,
  });
  equal((await rig.stored())[0]?.metadata.labels?.["aggregation.coder.com/control-plane"], "static");
});

Deno.test("as much as is allowed can be stored, and the API server takes no more than we think", async () => {
  await using rig = await KeepingRig.start();
  await using one = await rig.replica();
  const sized = (bytes: number): ShadowRecord =>
    shadowOf("a", "1", { metadata: { annotations: { last: `{"a":"${"ü".repeat(bytes / 2)}"}` } } });
  const stored = await one.keeping.shadows.write(sized(900 * 1024 - 200), undefined, signal);
  deepEqual(await one.keeping.shadows.read("workspaces", "a", signal), stored);
  await rejects(one.keeping.shadows.write(sized(900 * 1024), stored?.version, signal), ShadowTooLargeError);
  deepEqual(await one.keeping.shadows.read("workspaces", "a", signal), stored);
  const [object] = await rig.stored();
  object!.data!["more"] = "x".repeat(200 * 1024);
  const path = `/api/v1/namespaces/${rig.namespace}/configmaps/${object!.metadata.name}`;
  await rejects(rig.cluster.request("PUT", path, object), (error: unknown) => {
    ok(error instanceof RestError);
    match(JSON.stringify(error.body), /Too long/);
    return error.status === 422;
  });
});

Deno.test("in a namespace that is ending nothing new is kept, and that is said", async () => {
  await using rig = await KeepingRig.start();
  await using one = await rig.replica();
  const { shadows } = one.keeping;
  const stored = await shadows.write(shadowOf("a"), undefined, signal);
  // It is held, so that it is seen as it ends.
  const hold = { namespace: rig.namespace, name: "hold" };
  await rig.cluster.apply({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { ...hold, finalizers: ["example.com/hold"] },
  });
  await rig.cluster.request("DELETE", `/api/v1/namespaces/${rig.namespace}`);
  try {
    await rejects(
      shadows.write(shadowOf("b"), undefined, signal),
      (error: { code?: number; details?: unknown }) => {
        match(JSON.stringify(error.details), /NamespaceTerminating/);
        return error.code === 403;
      },
    );
    await waitFor(async () => (await rig.stored()).length === 0, {
      what: "what was kept to be deleted",
      timeoutMs: COLLECTED_MS,
    });
    equal(await shadows.write(shadowOf("a", "2"), stored?.version, signal), undefined);
    equal(await shadows.read("workspaces", "a", signal), undefined);
  } finally {
    await rig.cluster.request("PATCH", `/api/v1/namespaces/${hold.namespace}/configmaps/${hold.name}`, {
      metadata: { finalizers: null },
    });
  }
});
