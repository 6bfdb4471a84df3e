import assert from "node:assert/strict";
import type { CoderControlPlane } from "../../src/api/control_plane.ts";
import type { Deployment, Service, ServiceAccount } from "../../src/api/kubernetes/types.ts";
import { violations, type World } from "./expected.ts";
import { Ledger, NOTE, RESTARTED_AT } from "./hands.ts";

const SPEC = {
  image: "coder:1",
  replicas: 1,
  extraEnv: [{ name: "TEST_0", value: "a" }],
  service: { port: 8080, annotations: { "example.com/revision": "3" } },
};
const LABELS = { "app.kubernetes.io/managed-by": "coder-k8s", "app.kubernetes.io/instance": "one" };

interface Parts {
  plane: CoderControlPlane;
  deployment: Deployment;
  service: Service;
  serviceAccount: ServiceAccount;
}

/** A control plane called `one` with everything in place. */
function parts(): Parts {
  const metadata = (uid: string) => ({
    name: "one",
    uid,
    labels: { ...LABELS },
    ownerReferences: [
      {
        apiVersion: "coder.com/v1alpha1",
        kind: "CoderControlPlane",
        name: "one",
        uid: "p1",
        controller: true,
      },
    ],
  });
  return {
    plane: {
      apiVersion: "coder.com/v1alpha1",
      kind: "CoderControlPlane",
      metadata: { name: "one", uid: "p1", generation: 4 },
      spec: structuredClone(SPEC),
      status: {
        observedGeneration: 4,
        readyReplicas: 1,
        phase: "Ready",
        conditions: [
          { type: "Degraded", status: "False", reason: "AsExpected", message: "", lastTransitionTime: "" },
        ],
      },
    },
    deployment: {
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: metadata("d1"),
      spec: {
        replicas: 1,
        selector: { matchLabels: { ...LABELS } },
        template: {
          metadata: { labels: { ...LABELS } },
          spec: { containers: [{ name: "coder", image: "coder:1", env: [{ name: "TEST_0", value: "a" }] }] },
        },
      },
      status: { readyReplicas: 1 },
    },
    service: {
      apiVersion: "v1",
      kind: "Service",
      metadata: { ...metadata("s1"), annotations: { "example.com/revision": "3" } },
      spec: { ports: [{ port: 8080 }], selector: { ...LABELS } },
    },
    serviceAccount: { apiVersion: "v1", kind: "ServiceAccount", metadata: metadata("a1") },
  };
}

function world({ plane, ...children }: Parts): World {
  const owned = Object.entries(children).map(([kind, { metadata }]) => ({
    what: `${kind}/${metadata.name}`,
    owners: (metadata.ownerReferences ?? []).map(({ uid }) => uid),
  }));
  return { planes: new Map([["one", plane]]), children: new Map([["one", children]]), owned };
}

/** What is found wrong after `spoil` had its way. */
function after(spoil: (parts: Parts, ledger: Ledger) => void): string[] {
  const [spoilt, ledger] = [parts(), new Ledger()];
  spoil(spoilt, ledger);
  return violations(world(spoilt), new Map([["one", SPEC]]), ledger);
}

const first = ({ deployment }: Parts) => deployment.spec!.template.spec!.containers[0]!;

Deno.test("nothing is wrong where everything is as asked for", () => {
  assert.deepEqual(after(() => {}), []);
});

const SPOILT: Record<string, { spoil: (parts: Parts, ledger: Ledger) => void; says: RegExp }> = {
  "a control plane whose spec is not what was asked for": {
    spoil: ({ plane }) => plane.spec!.image = "coder:0",
    says: /one: spec\.image is "coder:0", not "coder:1" as asked for/,
  },
  "another image": { spoil: (all) => first(all).image = "by-hand:1", says: /one: image is "by-hand:1"/ },
  "a missing variable": { spoil: (all) => first(all).env = [], says: /number of variables is 0, not 1/ },
  "a number of replicas that nobody asked for": {
    spoil: ({ deployment }) => deployment.spec!.replicas = 5,
    says: /replicas is 5, not 1/,
  },
  "another port": { spoil: ({ service }) => service.spec!.ports![0]!.port = 81, says: /port is \[81\]/ },
  "another selector": {
    spoil: ({ service }) => service.spec!.selector!["by-hand"] = "1",
    says: /selector of the Service/,
  },
  "a label that was taken away": {
    spoil: ({ serviceAccount }) => delete serviceAccount.metadata.labels,
    says: /managed-by label of serviceaccounts is nothing/,
  },
  "a status that is out of date": {
    spoil: ({ plane }) => plane.status!.observedGeneration = 3,
    says: /observedGeneration is 3, not 4/,
  },
  "a child of another control plane": {
    spoil: ({ service }) => service.metadata.ownerReferences![0]!.uid = "p0",
    says: /owner of the Service is "p0"/,
  },
  "a pod that does not run": {
    spoil: ({ deployment }) => deployment.status!.readyReplicas = 0,
    says: /the cluster runs 0 pods of 1/,
  },
  "a note that was lost": {
    spoil: (_, ledger) => ledger.notes.set("services/one", { uid: "s1", value: "8" }),
    says: /the note that somebody put on services is nothing, not "8"/,
  },
  "a rollout restart that was undone": {
    spoil: (_, ledger) => ledger.restarts.set("one", { uid: "d1", value: "2024" }),
    says: /the time of the rollout restart is nothing, not "2024"/,
  },
};

for (const [what, { spoil, says }] of Object.entries(SPOILT)) {
  Deno.test(`${what} is found`, () => {
    const wrong = after(spoil);
    assert.ok(wrong.some((each) => says.test(each)), JSON.stringify(wrong));
  });
}

Deno.test("a number that was set by hand may stay, if the status counts it and the Deployment is the same", () => {
  const scaled = (uid: string) => (all: Parts, ledger: Ledger) => {
    ledger.scales.set("one", { uid, value: "3" });
    all.deployment.spec!.replicas = 3;
    all.deployment.status!.readyReplicas = 3;
    all.plane.status!.readyReplicas = 3;
  };
  assert.deepEqual(after(scaled("d1")), []);
  assert.ok(after(scaled("d0")).some((each) => /replicas is 3, not 1/.test(each)));
  assert.deepEqual(after((_, ledger) => ledger.scales.set("one", { uid: "d1", value: "3" })), []);
});

Deno.test("notes and restarts count only as long as the object is the one they were put on", () => {
  assert.deepEqual(
    after((_, ledger) => {
      ledger.notes.set("services/one", { uid: "s0", value: "8" });
      ledger.restarts.set("one", { uid: "d0", value: "2024" });
    }),
    [],
  );
  assert.deepEqual(
    after((all, ledger) => {
      ledger.notes.set("deployments/one", { uid: "d1", value: "8" });
      ledger.restarts.set("one", { uid: "d1", value: "2024" });
      all.deployment.metadata.annotations = { [NOTE]: "8" };
      all.deployment.spec!.template.metadata!.annotations = { [RESTARTED_AT]: "2024" };
    }),
    [],
  );
});

Deno.test("a control plane that is missing, one that should be gone, and children without an owner are found", () => {
  const all = parts();
  const wrong = violations(world(all), new Map([["two", SPEC]]), new Ledger());
  assert.deepEqual(wrong, [
    "two: the control plane is not there",
    "one: the deleted control plane is still there",
  ]);
  all.plane.metadata.deletionTimestamp = "2024-01-01T00:00:00Z";
  assert.deepEqual(violations(world(all), new Map(), new Ledger()), [
    "one: the deleted control plane is still being deleted",
  ]);
  const orphans = { ...world(all), planes: new Map() };
  assert.deepEqual(violations(orphans, new Map(), new Ledger()), [
    "deployment/one is left of a deleted control plane",
    "service/one is left of a deleted control plane",
    "serviceAccount/one is left of a deleted control plane",
  ]);
});
