import assert from "node:assert/strict";
import type { CoderControlPlane } from "../../src/api/control_plane.ts";
import { type Children, shortcomings } from "./shortcomings.ts";

const owner = (
  uid: string,
) => [{ apiVersion: "coder.com/v1alpha1", kind: "", name: "p", uid, controller: true }];

/** A control plane and its children, all as they should be. */
function settled(): { plane: CoderControlPlane; children: Required<Children> } {
  const metadata = (ownerUid: string) => ({ name: "p", namespace: "a", ownerReferences: owner(ownerUid) });
  return {
    plane: {
      apiVersion: "coder.com/v1alpha1",
      kind: "CoderControlPlane",
      metadata: { name: "p", namespace: "a", uid: "u", generation: 3 },
      spec: {
        image: "i:1",
        replicas: 2,
        extraEnv: [{ name: "TEST_A", value: "1" }],
        service: { port: 81, annotations: { a: "1" } },
      },
      status: {
        observedGeneration: 3,
        readyReplicas: 2,
        phase: "Ready",
        conditions: [{
          type: "Degraded",
          status: "False",
          reason: "AsExpected",
          message: "",
          lastTransitionTime: "",
        }],
      },
    },
    children: {
      deployment: {
        apiVersion: "apps/v1",
        kind: "Deployment",
        metadata: metadata("u"),
        spec: {
          replicas: 2,
          selector: {},
          template: {
            spec: {
              containers: [{
                name: "coder",
                image: "i:1",
                env: [{ name: "OTHER", value: "x" }, { name: "TEST_A", value: "1" }],
              }],
            },
          },
        },
      },
      service: {
        apiVersion: "v1",
        kind: "Service",
        metadata: { ...metadata("u"), annotations: { a: "1" } },
        spec: { ports: [{ name: "http", port: 81 }] },
      },
      serviceAccount: { apiVersion: "v1", kind: "ServiceAccount", metadata: metadata("u") },
    },
  };
}

/** What is found after something was changed. */
function after(change: (all: ReturnType<typeof settled>) => void): string[] {
  const all = settled();
  change(all);
  return shortcomings(all.plane, all.children);
}

Deno.test("where all is as the spec says nothing is found", () => {
  assert.deepEqual(after(() => {}), []);
});

Deno.test("each difference is found and named", () => {
  const container = ({ children }: ReturnType<typeof settled>) =>
    children.deployment!.spec!.template.spec!.containers[0]!;
  const cases: [RegExp, (all: ReturnType<typeof settled>) => void][] = [
    [/^owner of the Deployment is undefined, not "u"$/, ({ children }) => children.deployment!.metadata = {}],
    [
      /^owner of the Service is "v"/,
      ({ children }) => children.service!.metadata.ownerReferences = owner("v"),
    ],
    [/^owner of the ServiceAccount/, ({ children }) => children.serviceAccount = undefined],
    [/^image is "i:0", not "i:1"$/, (all) => container(all).image = "i:0"],
    [/^replicas is 1, not 2$/, ({ children }) => children.deployment!.spec!.replicas = 1],
    [/^variable TEST_A is "0", not "1"$/, (all) => container(all).env![1]!.value = "0"],
    [/^number of variables is 2, not 1$/, (all) => container(all).env!.push({ name: "TEST_B" })],
    [/^port is \[80\], not \[81\]$/, ({ children }) => children.service!.spec!.ports![0]!.port = 80],
    [/^annotation a of the Service/, ({ children }) => children.service!.metadata.annotations = {}],
    [/^observedGeneration is 2, not 3$/, ({ plane }) => plane.status!.observedGeneration = 2],
    [/^readyReplicas is 1, not 2$/, ({ plane }) => plane.status!.readyReplicas = 1],
    [/^phase is "Pending", not "Ready"$/, ({ plane }) => plane.status!.phase = "Pending"],
    [/^Degraded is "True", not "False"$/, ({ plane }) => plane.status!.conditions![0]!.status = "True"],
  ];
  for (const [expected, change] of cases) assert.match(after(change)[0] ?? "nothing", expected);
});

Deno.test("what the spec leaves out has its default", () => {
  const found = after(({ plane }) => {
    delete plane.spec;
  });
  assert.deepEqual(found, [
    'image is "i:1", not "ghcr.io/coder/coder:latest"',
    "replicas is 2, not 1",
    "number of variables is 1, not 0",
    'variable TEST_A is "1", not undefined',
    "port is [81], not [80]",
    "readyReplicas is 2, not 1",
  ]);
});
