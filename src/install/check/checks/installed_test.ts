import assert from "node:assert/strict";
import { DEPLOYMENTS, endpointSlicesPath } from "../names.ts";
import { fakeWorld, told, verdicts } from "../testing.ts";
import { aggregatedApi } from "./aggregated_api.ts";
import { controlPlanes } from "./control_planes.ts";
import { crds } from "./crds.ts";
import { deployments } from "./deployments.ts";
import { installations } from "./installations.ts";
import { leader } from "./leader.ts";
import { mcpServer } from "./mcp_server.ts";
import { operatorRights } from "./operator_rights.ts";

const NAME = "codercontrolplanes.coder.com";
const CRD = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${NAME}`;
const schema = { openAPIV3Schema: { type: "object" } };
const ours = {
  apiVersion: "apiextensions.k8s.io/v1",
  kind: "CustomResourceDefinition",
  metadata: { name: NAME },
  spec: { versions: [{ name: "v1alpha1", storage: true, schema }] },
};
const established = {
  storedVersions: ["v1alpha1"],
  conditions: [{ type: "NamesAccepted", status: "True" }, { type: "Established", status: "True" }],
};

Deno.test("definitions: to be made, missing, of another version, not established, of a version not known", async () => {
  const objects = [ours];
  assert.deepEqual(await told(crds, { objects, phase: "before" }), [
    "ok: No CustomResourceDefinition is in the way.",
  ]);
  assert.deepEqual(await verdicts(crds, { objects }), ["failed"]);
  const live = (spec: object, status: object = established) => ({
    objects,
    answers: { [CRD]: { spec, status } },
  });
  assert.deepEqual(await told(crds, live(ours.spec)), [
    "ok: The CustomResourceDefinitions are this program's.",
  ]);
  const other = { versions: [{ name: "v1alpha1", storage: true, schema: {} }] };
  assert.deepEqual(await verdicts(crds, live(other)), ["warning"]);
  assert.deepEqual(await verdicts(crds, { ...live(other), phase: "before" }), ["warning"]);
  assert.deepEqual(await verdicts(crds, live(ours.spec, { conditions: [] })), ["failed"]);
  assert.deepEqual(await verdicts(crds, live(ours.spec, { ...established, storedVersions: ["v1"] })), [
    "failed",
  ]);
});

const API = "/apis/apiregistration.k8s.io/v1/apiservices/v1alpha1.aggregation.coder.com";
const deployed = (
  namespace = "coder-system",
  changes: object = {},
  status: object = { readyReplicas: 2 },
) => ({
  metadata: { name: "coder-k8s", namespace },
  spec: {
    replicas: 2,
    selector: { matchLabels: { app: "coder-k8s" } },
    template: { spec: { containers: [{ name: "coder-k8s", image: "ghcr.io/coder/coder-k8s:1.2.3" }] } },
    ...changes,
  },
  status,
});
const listing = (...items: object[]) => ({ [DEPLOYMENTS]: { items } });

Deno.test("one installation is enough; the Go operator's is taken over", async () => {
  assert.deepEqual(await verdicts(installations, { phase: "before", answers: listing() }), ["ok"]);
  assert.deepEqual(await verdicts(installations, { answers: listing() }), ["failed"]);
  assert.deepEqual(await told(installations, { answers: listing(deployed()) }), [
    "ok: It is installed in coder-system, and nowhere else.",
  ]);
  assert.match(
    (await told(installations, { answers: listing(deployed("other")) }))[0] ?? "",
    /^failed: Another/,
  );
  const go = { ...listing(deployed()), [API]: { spec: { insecureSkipTLSVerify: true } } };
  assert.match(
    (await told(installations, { phase: "before", answers: go }))[0] ?? "",
    /is taken over in place/,
  );
});

Deno.test("pods that are not ready are told with the cluster's own words", async () => {
  assert.deepEqual(await verdicts(deployments, { answers: listing(deployed()) }), ["ok"]);
  const pods = "/api/v1/namespaces/coder-system/pods?labelSelector=app%3Dcoder-k8s";
  const waiting = {
    items: [{
      metadata: {},
      status: {
        containerStatuses: [{ state: { waiting: { reason: "ImagePullBackOff", message: "no such image" } } }],
      },
    }],
  };
  assert.deepEqual(
    await told(deployments, { answers: { ...listing(deployed("coder-system", {}, {})), [pods]: waiting } }),
    ["failed: Deployment coder-k8s has no ready pod of 2: ImagePullBackOff, no such image."],
  );
  assert.deepEqual(
    await told(deployments, { answers: listing(deployed("coder-system", {}, { readyReplicas: 1 })) }),
    ["warning: Deployment coder-k8s has 1 ready pods of 2."],
  );
  assert.deepEqual(
    await verdicts(deployments, { answers: listing(deployed("coder-system", { replicas: 0 })) }),
    [
      "failed",
    ],
  );
  assert.deepEqual(await verdicts(deployments, { version: "2.0.0", answers: listing(deployed()) }), [
    "ok",
    "warning",
  ]);
  assert.deepEqual(await verdicts(deployments, { version: "dev", answers: listing(deployed()) }), ["ok"]);
});

Deno.test("somebody has to lead, and to renew", async () => {
  const path = "/apis/coordination.k8s.io/v1/namespaces/coder-system/leases/coder-k8s-controller.coder.com";
  const lease = (renewTime: string, holderIdentity = "pod-a_11111111-2222-3333-4444-555555555555") => ({
    answers: { [path]: { spec: { renewTime, holderIdentity, leaseDurationSeconds: 15 } } },
  });
  assert.deepEqual(await told(leader, lease("2026-01-02T03:04:00.000000Z")), ["ok: pod-a leads."]);
  assert.deepEqual(await verdicts(leader, lease("2026-01-02T03:00:00.000000Z")), ["failed"]);
  assert.deepEqual(await verdicts(leader, lease("")), ["failed"]);
  assert.deepEqual(await verdicts(leader, lease("2026-01-02T03:04:00Z", "")), ["failed"]);
  assert.deepEqual(await verdicts(leader, {}), ["failed"]);
});

Deno.test("the API of workspaces has to answer, whoever asks", async () => {
  const group = "/apis/aggregation.coder.com/v1alpha1";
  const resources = [{ name: "coderworkspaces" }, { name: "codertemplates" }];
  const list = `${group}/coderworkspaces?limit=1`;
  const discovery = (freshness: string) => ({
    items: [{
      metadata: { name: "aggregation.coder.com" },
      versions: [{ version: "v1alpha1", freshness, resources }],
    }],
  });
  const answers = (listed: unknown, all = resources, apis: unknown = discovery("Current")) => ({
    answers: { [group]: { resources: all }, [list]: listed, "/apis": apis },
  });
  assert.deepEqual(await verdicts(aggregatedApi, answers({ items: [] })), ["ok"]);
  assert.deepEqual(await verdicts(aggregatedApi, answers("Forbidden (403)")), ["ok"]);
  assert.deepEqual(await verdicts(aggregatedApi, answers("ServiceUnavailable (503)")), ["failed"]);
  assert.deepEqual(await verdicts(aggregatedApi, answers({}, resources.slice(0, 1))), ["failed"]);
  assert.deepEqual(await verdicts(aggregatedApi, {}), ["failed"]);

  // It answers, and kubectl does not know of it.
  for (const apis of [discovery("Stale"), { items: [] }]) {
    const found = await aggregatedApi.run(fakeWorld(answers({ items: [] }, resources, apis)));
    assert.deepEqual(found.map(({ verdict }) => verdict), ["ok", "warning"]);
    assert.match(found[1]!.text, /kubectl finds no coderworkspaces/);
    assert.match(found[1]!.next.join(" "), /kubectl annotate .* v1alpha1\.aggregation\.coder\.com/);
  }
  assert.deepEqual(await verdicts(aggregatedApi, answers({ items: [] }, resources, "away")), [
    "ok",
    "unknown",
  ]);
});

Deno.test("the MCP server is asked through its Service", async () => {
  const path = "/api/v1/namespaces/coder-system/services/coder-k8s:8090/proxy/readyz";
  const objects = [{ apiVersion: "v1", kind: "Service", metadata: { name: "coder-k8s" } }];
  assert.deepEqual(await verdicts(mcpServer, { objects, answers: { [path]: {} } }), ["ok"]);
  assert.deepEqual(await verdicts(mcpServer, { objects }), ["failed"]);
  assert.deepEqual(await verdicts(mcpServer, { objects, answers: { [path]: "Forbidden" } }), ["unknown"]);
  const slices = { items: [{ endpoints: [{ addresses: ["10.0.0.1"] }] }] };
  const answers = { [path]: "Forbidden", [endpointSlicesPath("coder-system", "coder-k8s")]: slices };
  assert.deepEqual(await verdicts(mcpServer, { objects, answers }), ["ok"]);
  assert.deepEqual(await verdicts(mcpServer, {}), []);
});

Deno.test("each Coder is asked for its version", async () => {
  const path = "/apis/coder.com/v1alpha1/codercontrolplanes";
  const plane = (ready: string, more: object[] = [], spec: object = {}) => ({
    [path]: {
      items: [{
        metadata: { namespace: "coder", name: "main" },
        spec,
        status: {
          phase: "Ready",
          conditions: [{ type: "Ready", status: ready, message: "no pods" }, ...more],
        },
      }],
    },
  });
  assert.match(
    (await told(controlPlanes, { answers: plane("True") }))[0] ?? "",
    /^ok: .*Coder v2\.30\.0\+abc answers/,
  );
  assert.deepEqual(await told(controlPlanes, { answers: plane("False") }), [
    "failed: Control plane coder/main is not ready: no pods",
  ]);
  const coder = { version: "v2.20.1" };
  assert.deepEqual(await verdicts(controlPlanes, { answers: plane("True"), coder }), ["failed"]);
  assert.deepEqual(await verdicts(controlPlanes, { answers: plane("True"), coder: { version: "v2.99.0" } }), [
    "warning",
  ]);
  const why = { why: "no route" };
  assert.deepEqual(await verdicts(controlPlanes, { answers: plane("True"), coder: why }), ["unknown"]);
  const reached = [{ type: "CoderReachable", status: "True" }];
  assert.deepEqual(await verdicts(controlPlanes, { answers: plane("True", reached), coder: why }), ["ok"]);
  const lost = [{ type: "CoderReachable", status: "False", message: "timeout" }];
  assert.deepEqual(await verdicts(controlPlanes, { answers: plane("True", lost) }), ["failed"]);
  assert.deepEqual(await verdicts(controlPlanes, { answers: plane("False", [], { replicas: 0 }) }), ["ok"]);
  assert.deepEqual(await verdicts(controlPlanes, { answers: { [path]: { items: [] } } }), ["ok"]);
});

Deno.test("roles and bindings have to be there, with all rights and subjects", async () => {
  const RBAC = "/apis/rbac.authorization.k8s.io/v1";
  const role = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "ClusterRole",
    metadata: { name: "manager-role" },
    rules: [{ apiGroups: [""], resources: ["secrets"], verbs: ["get", "list"] }],
  };
  const binding = {
    apiVersion: "rbac.authorization.k8s.io/v1",
    kind: "RoleBinding",
    metadata: { name: "reader", namespace: "kube-system" },
    roleRef: { kind: "Role", name: "auth" },
    subjects: [{ kind: "ServiceAccount", name: "coder-k8s", namespace: "coder-system" }],
  };
  const objects = [role, binding];
  const paths = [
    `${RBAC}/clusterroles/manager-role`,
    `${RBAC}/namespaces/kube-system/rolebindings/reader`,
  ] as const;
  const live = (one: unknown, two: unknown) => ({ objects, answers: { [paths[0]]: one, [paths[1]]: two } });
  assert.deepEqual(await verdicts(operatorRights, live(role, binding)), ["ok"]);
  const wide = { rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }] };
  assert.deepEqual(await verdicts(operatorRights, live(wide, binding)), ["ok"]);
  const few = { rules: [{ apiGroups: [""], resources: ["secrets"], verbs: ["get"] }] };
  assert.deepEqual(await told(operatorRights, live(few, binding)), [
    "failed: ClusterRole manager-role does not grant list secrets.",
  ]);
  assert.deepEqual(await verdicts(operatorRights, live(role, { ...binding, subjects: [] })), ["failed"]);
  assert.deepEqual(
    await verdicts(operatorRights, live(role, { ...binding, roleRef: { kind: "Role", name: "x" } })),
    ["failed"],
  );
  assert.deepEqual(await verdicts(operatorRights, { objects }), ["failed", "failed"]);
  assert.deepEqual(await verdicts(operatorRights, live("Forbidden", "Forbidden")), ["unknown", "unknown"]);
});
