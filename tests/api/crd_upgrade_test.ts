import assert from "node:assert/strict";
import { type Cluster, sharedCluster, waitFor } from "../cluster/mod.ts";
import { together } from "./together.ts";
import {
  collection,
  inGroup,
  install,
  type Node,
  object,
  type Plural,
  PLURALS,
  readCrd,
  refusals,
  removing,
  schemaOf,
} from "./crds.ts";
import { nameCases, ruleCases } from "./rules.ts";
import { upstreamCrd } from "./upstream_crd.ts";

/** A change of the spec that has nothing to do with any rule. */
const ELSEWHERE: Readonly<Record<Plural, Node>> = {
  codercontrolplanes: { envUseClusterAccessURL: false },
  coderprovisioners: { tags: { region: "eu" } },
  coderworkspaceproxies: { derpOnly: true },
};

const FINALIZER = "coder.com/test-cleanup";

/** Something that the Go operator's schema accepted and ours would not. */
interface Stored {
  plural: Plural;
  name: string;
  spec: Node;
  what: string;
}

function storedObjects(): Stored[] {
  const values = ruleCases.filter((rule) => !rule.upstream).flatMap(({ plural, field, refused }) =>
    refused.map((spec) => ({
      plural,
      spec: spec as Node,
      what: `${plural} with ${field} ${JSON.stringify(spec)}`,
    }))
  ).map((stored, i) => ({ ...stored, name: `odd-${i}` }));
  const names = nameCases.flatMap(({ plural, refused, spec }) =>
    refused.map((name) => ({ plural, name, spec: spec as Node, what: `${plural} named ${name}` }))
  );
  return [...names, ...values];
}

/**
 * With a scale subresource the API server itself refuses negative replicas in every update but one of the status. See
 * the test below.
 */
function negativeReplicas({ plural, spec }: Stored): boolean {
  return plural !== "codercontrolplanes" && spec.replicas < 0;
}

/** A group whose definitions are those of the Go operator; `upgrade` makes them ours. */
async function upstreamGroup(
  cluster: Cluster,
): Promise<AsyncDisposable & { group: string; upgrade: () => Promise<void> }> {
  const group = `upgrade-${crypto.randomUUID().slice(0, 8)}.coder.com`;
  await install(cluster, PLURALS.map((plural) => inGroup(upstreamCrd(plural), group)));
  return {
    ...removing(cluster, group),
    group,
    upgrade: async () => {
      await install(cluster, PLURALS.map((plural) => inGroup(readCrd(plural), group)));
      const namespace = await cluster.newNamespace("probe");
      const probes = { coderprovisioners: { controlPlaneRef: {} } } as Record<string, Node>;
      for (const plural of PLURALS) {
        const probe = object(plural, "probe", probes[plural] ?? { service: { port: -1 } }, group);
        await waitFor(
          async () =>
            (await refusals(
              cluster.request("POST", `${collection(plural, namespace, group)}?dryRun=All`, probe),
            ))
              .length > 0,
          { what: `the new schema of ${plural} to be in force` },
        );
      }
    },
  };
}

Deno.test("whatever the Go operator's schema stored can still get a status, change and go after the upgrade", async (t) => {
  const cluster = await sharedCluster();
  await using definitions = await upstreamGroup(cluster);
  const { group, upgrade } = definitions;
  const namespace = await cluster.newNamespace("upgrade");
  const all = storedObjects().filter((stored) => !negativeReplicas(stored));
  await Promise.all(all.map(({ plural, name, spec, what }) => {
    const body = object(plural, name, spec, group);
    body.metadata.finalizers = [FINALIZER];
    return cluster.request("POST", collection(plural, namespace, group), body).catch((error) => {
      throw new Error(`the old schema must accept ${what}`, { cause: error });
    });
  }));
  await upgrade();

  const outcomes = await together(all, async ({ plural, name }) => {
    const path = `${collection(plural, namespace, group)}/${name}`;
    await cluster.request("PATCH", `${path}/status`, {
      status: { phase: "Pending", observedGeneration: 1 },
    });
    await cluster.request("PATCH", path, { metadata: { labels: { touched: "yes" } } });
    await cluster.request("PATCH", path, { spec: ELSEWHERE[plural] });
    await cluster.request("DELETE", path);
    const deleting = await cluster.request("PATCH", `${path}/status`, { status: { phase: "Ready" } });
    assert.equal(deleting.status.phase, "Ready");
    assert.ok(deleting.metadata.deletionTimestamp);
    assert.equal(deleting.metadata.labels.touched, "yes");
    assert.deepEqual({ ...deleting.spec, ...ELSEWHERE[plural] }, deleting.spec);
    await cluster.request("PATCH", path, { metadata: { finalizers: null } });
    assert.equal(await cluster.find(path), undefined);
  });
  for (const [index, { what }] of all.entries()) await t.step(what, () => outcomes[index]!());
});

Deno.test("after the upgrade an odd value may be corrected but not replaced by another odd one", async () => {
  const cluster = await sharedCluster();
  await using definitions = await upstreamGroup(cluster);
  const { group, upgrade } = definitions;
  const namespace = await cluster.newNamespace("upgrade");
  const path = `${collection("codercontrolplanes", namespace, group)}/odd`;
  await cluster.request(
    "POST",
    collection("codercontrolplanes", namespace, group),
    object(
      "codercontrolplanes",
      "odd",
      { service: { port: -1 }, extraEnv: [{ name: "" }, { name: "B" }] },
      group,
    ),
  );
  await upgrade();
  const patch = (spec: Node) => refusals(cluster.request("PATCH", path, { spec }));
  assert.deepEqual((await patch({ service: { port: -2 } })).map(({ field }) => field), ["spec.service.port"]);
  assert.deepEqual(
    await patch({ service: { type: "NodePort" } }),
    [],
    "a neighbour of the odd value may change",
  );
  assert.deepEqual(await patch({ service: { port: 8080 } }), []);
  assert.deepEqual((await patch({ service: { port: -1 } })).map(({ field }) => field), ["spec.service.port"]);
  // Lists without keys are compared as a whole: a change to one must leave every entry right.
  const extended = await patch({ extraEnv: [{ name: "" }, { name: "B" }, { name: "C" }] });
  assert.ok(extended.some(({ field }) => field === "spec.extraEnv[0].name"));
  assert.deepEqual(await patch({ extraEnv: [{ name: "B" }, { name: "C" }] }), []);
});

Deno.test("an object with negative replicas gets its status; its next change must correct them, and may do so at once", async () => {
  const cluster = await sharedCluster();
  await using definitions = await upstreamGroup(cluster);
  const { group, upgrade } = definitions;
  const namespace = await cluster.newNamespace("upgrade");
  const stored = storedObjects().filter(negativeReplicas);
  assert.deepEqual(stored.map(({ plural }) => plural), ["coderprovisioners", "coderworkspaceproxies"]);
  for (const { plural, name, spec } of stored) {
    const body = object(plural, name, spec, group);
    body.metadata.finalizers = [FINALIZER];
    await cluster.request("POST", collection(plural, namespace, group), body);
  }
  await upgrade();
  for (const { plural, name } of stored) {
    const path = `${collection(plural, namespace, group)}/${name}`;
    await cluster.request("PATCH", `${path}/status`, { status: { phase: "Pending" } });
    await cluster.request("DELETE", path);
    const causes = await refusals(cluster.request("PATCH", path, { metadata: { finalizers: null } }));
    assert.deepEqual(causes.map(({ field }) => field), [".spec.replicas"]);
    await cluster.request("PATCH", path, { metadata: { finalizers: null }, spec: { replicas: 0 } });
    assert.equal(await cluster.find(path), undefined);
  }
});

Deno.test("conditions that the Go operator wrote stay, and each can be applied on its own afterwards", async () => {
  const cluster = await sharedCluster();
  await using definitions = await upstreamGroup(cluster);
  const { group, upgrade } = definitions;
  const namespace = await cluster.newNamespace("upgrade");
  const path = `${collection("codercontrolplanes", namespace, group)}/coder`;
  const condition = (type: string, status: string) => ({
    type,
    status,
    reason: "Pending",
    message: "",
    lastTransitionTime: "2026-01-01T00:00:00Z",
  });
  await cluster.request(
    "POST",
    collection("codercontrolplanes", namespace, group),
    object("codercontrolplanes", "coder", {}, group),
  );
  await cluster.request("PATCH", `${path}/status`, {
    status: { url: "http://coder:80", conditions: [condition("LicenseApplied", "Unknown")] },
  });
  await upgrade();
  const applied = await cluster.request(
    "PATCH",
    `${path}/status?fieldManager=coder-k8s&force=true`,
    {
      ...object("codercontrolplanes", "coder", undefined, group),
      status: { conditions: [condition("Ready", "True")] },
    },
    { contentType: "application/apply-patch+yaml" },
  );
  assert.deepEqual(applied.status.conditions.map((each: Node) => each.type), ["LicenseApplied", "Ready"]);
  assert.equal(applied.status.url, "http://coder:80");
});

Deno.test("the stand-in for the Go operator's schema has no rule that ours adds, and every field of its spec", () => {
  for (const plural of PLURALS) {
    const old = upstreamCrd(plural);
    assert.equal(schemaOf(old)["x-kubernetes-validations"], undefined);
    assert.deepEqual(old.spec.versions[0]?.subresources, { status: {} });
    assert.deepEqual(
      Object.keys(schemaOf(old).properties.spec.properties),
      Object.keys(schemaOf(readCrd(plural)).properties.spec.properties),
    );
  }
  assert.equal(
    schemaOf(upstreamCrd("coderprovisioners")).properties.spec.properties.replicas.default,
    undefined,
  );
  const { service, expose } = schemaOf(upstreamCrd("codercontrolplanes")).properties.spec.properties;
  assert.deepEqual(Object.keys(service.properties.port).sort(), ["default", "description", "format", "type"]);
  assert.equal(expose["x-kubernetes-validations"].length, 1);
  assert.equal(expose.properties.gateway.properties.parentRefs.minItems, 1);
});
