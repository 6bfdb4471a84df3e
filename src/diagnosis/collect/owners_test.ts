import assert from "node:assert/strict";
import { KubeApiError } from "../../kube/errors.ts";
import type { SubjectKind } from "../subject.ts";
import { isUnread, valueOf } from "../seen.ts";
import { fakeLooker, type FakeWorld } from "../testing.ts";
import {
  ago,
  apiService,
  controlPlane,
  deployment,
  lease,
  pod,
  proxy,
  service,
} from "../rules/platform/testing.ts";
import { collectControlPlane } from "./control_plane.ts";
import { collectProxy } from "./proxy.ts";

const forbidden = (what: string) =>
  new KubeApiError(403, "Forbidden", `${what} is forbidden`, { method: "GET", path: "/" });

const INGRESS = {
  metadata: { namespace: "lab", name: "coder", creationTimestamp: ago(60) },
  spec: { ingressClassName: "nginx", rules: [] },
};
const EXPOSED = { expose: { ingress: { host: "coder.example.com", tls: { secretName: "coder-tls" } } } };
const TEMPLATE = {
  spec: {
    containers: [{
      name: "coder",
      env: ["db", "oidc", "github", "more"].map((name) => ({
        name: name === "db" ? "CODER_PG_CONNECTION_URL" : name.toUpperCase(),
        valueFrom: { secretKeyRef: { name, key: "url" } },
      })),
    }],
  },
};

const OBJECTS: Readonly<Record<string, object>> = {
  CoderControlPlane: controlPlane({ spec: EXPOSED }),
  CoderWorkspaceProxy: proxy(),
  Deployment: deployment({ template: TEMPLATE }),
  Service: service(),
  Ingress: INGRESS,
  APIService: apiService(),
  Secret: { metadata: { namespace: "lab", name: "x" }, data: { url: "eA==" } },
};
const LISTS: Readonly<Record<string, readonly object[]>> = {
  Pod: [pod("coder-0"), pod("coder-1")],
  Lease: [lease(900), lease(5), { metadata: { name: "another" }, spec: { renewTime: ago(1) } }],
  IngressClass: [{
    metadata: { name: "nginx", annotations: { "ingressclass.kubernetes.io/is-default-class": "true" } },
  }],
};
const CODER: Readonly<Record<string, unknown>> = {
  "/api/v2/buildinfo": { version: "v2.30.0+abc" },
  "/api/v2/entitlements": { has_license: false, features: {}, errors: ["expired"], warnings: [] },
  "/api/v2/licenses": [{ id: 1, claims: { license_expires: 1_700_000_000 } }],
  "/api/v2/workspaceproxies": {
    regions: [
      { name: "primary", status: { status: "ok" } },
      {
        name: "paris",
        path_app_url: "https://paris",
        status: { status: "unhealthy", report: { errors: ["x"] } },
      },
      { of: "another shape" },
    ],
  },
};

const WORLD: FakeWorld = {
  get: (kind) => OBJECTS[kind],
  list: (kind) => LISTS[kind],
  coder: (path) => CODER[path] ?? new Error(`no ${path}`),
};

async function collected(kind: SubjectKind, world: FakeWorld = WORLD) {
  const looker = fakeLooker({ kind, namespace: "lab", name: kind === "proxy" ? "paris" : "coder" }, world);
  await (kind === "proxy" ? collectProxy : collectControlPlane)(looker);
  const { kubernetes, coder } = looker.calls;
  assert.ok(kubernetes + coder <= 15, `${kubernetes} + ${coder} requests`);
  return { facts: looker.facts(), calls: looker.calls };
}

Deno.test("a control plane is looked at from all sides, in at most fifteen requests", async () => {
  const { facts, calls } = await collected("controlplane");
  assert.deepEqual(valueOf(facts.endpoints), { service: "coder", ready: 2, notReady: 0 });
  assert.deepEqual(valueOf(facts.ingressClasses), [{ name: "nginx", isDefault: true }]);
  assert.equal(valueOf(facts.operatorLease)?.spec?.renewTime, ago(5));
  assert.deepEqual(valueOf(facts.coderAlive), { version: "v2.30.0" });
  assert.deepEqual(valueOf(facts.entitlements)?.expiries, ["2023-11-14T22:13:20Z"]);
  assert.equal(valueOf(facts.apiService)?.metadata.name, "v1alpha1.aggregation.coder.com");
  assert.deepEqual(valueOf(facts.secrets)?.map(({ name }) => name), ["db", "coder-tls", "oidc"]);
  assert.deepEqual(calls, { kubernetes: 12, coder: 3 });
});

Deno.test("nothing is asked that the spec does not ask for, nor Coder for ends of licences that nobody has", async () => {
  const { facts, calls } = await collected("controlplane", {
    ...WORLD,
    get: (kind) =>
      kind === "CoderControlPlane" ? controlPlane() : kind === "Deployment" ? deployment() : OBJECTS[kind],
    coder: (path) => path === "/api/v2/entitlements" ? { has_license: false } : CODER[path],
  });
  assert.deepEqual([facts.ingress, facts.ingressClasses, facts.routes], [undefined, undefined, undefined]);
  assert.deepEqual(valueOf(facts.secrets), []);
  assert.deepEqual(calls, { kubernetes: 7, coder: 2 });
});

Deno.test("a route is read with what its parents say of it now", async () => {
  const parent = (observedGeneration: number, status: string) => ({
    parentRef: { name: "public" },
    conditions: [{ type: "Accepted", status, reason: "R", message: "m", observedGeneration }],
  });
  const route = {
    metadata: { namespace: "lab", name: "coder", generation: 2 },
    spec: { hostnames: ["coder.example.com"] },
    status: { parents: [parent(1, "False"), parent(2, "True")] },
  };
  const { facts } = await collected("controlplane", {
    ...WORLD,
    get: (kind) =>
      kind === "CoderControlPlane"
        ? controlPlane({ spec: { expose: { gateway: { host: "coder.example.com" } } } })
        : kind === "HTTPRoute"
        ? route
        : OBJECTS[kind],
  });
  assert.deepEqual(valueOf(facts.routes), [{
    name: "coder",
    namespace: "lab",
    hostnames: ["coder.example.com"],
    parents: [
      { name: "lab/public", conditions: [] },
      { name: "lab/public", conditions: [{ type: "Accepted", status: "True", reason: "R", message: "m" }] },
    ],
  }]);
});

Deno.test("a Coder that does not answer is asked once, and Secrets that are complained of come first", async () => {
  const waiting = pod("coder-0", {
    ready: false,
    state: { waiting: { reason: "CreateContainerConfigError", message: 'secret "more" not found' } },
  });
  const { facts, calls } = await collected("controlplane", {
    ...WORLD,
    list: (kind) => kind === "Pod" ? [waiting] : LISTS[kind],
    coder: () => new Error("away"),
  });
  assert.ok(isUnread(facts.coderAlive));
  assert.equal(facts.entitlements, undefined);
  assert.equal(calls.coder, 1);
  assert.equal(valueOf(facts.secrets)?.[0]?.name, "more");
  assert.deepEqual(valueOf(facts.endpoints), { service: "coder", ready: 0, notReady: 1 });
});

Deno.test("before there is a Deployment, the spec tells which Secrets are needed", async () => {
  const env = [{ name: "CODER_PG_CONNECTION_URL", valueFrom: { secretKeyRef: { name: "db", key: "url" } } }];
  const { facts } = await collected("controlplane", {
    get: (kind) =>
      kind === "CoderControlPlane"
        ? controlPlane({
          spec: {
            extraEnv: env,
            licenseSecretRef: { name: "licence" },
            tls: { secretNames: ["own-tls"] },
          },
        })
        : undefined,
  });
  assert.deepEqual(
    valueOf(facts.secrets)?.map(({ name, usedBy, neededKeys }) => [name, usedBy, neededKeys]),
    [
      ["db", "spec.extraEnv, env CODER_PG_CONNECTION_URL", ["url"]],
      ["own-tls", "spec.tls.secretNames[0]", ["tls.crt", "tls.key"]],
      ["licence", "spec.licenseSecretRef", ["license"]],
    ],
  );
});

Deno.test("what is forbidden is kept as unread, and all else goes on", async () => {
  const { facts } = await collected("controlplane", {
    ...WORLD,
    get: (kind) => ["APIService", "Secret", "Ingress"].includes(kind) ? forbidden(kind) : OBJECTS[kind],
    list: (kind) => kind === "Lease" ? forbidden(kind) : LISTS[kind],
  });
  for (const seen of [facts.apiService, facts.ingress, facts.operatorLease]) {
    assert.ok(isUnread(seen, "forbidden"));
  }
  assert.ok(facts.secrets?.state === "seen");
  assert.match(facts.secrets.missed?.[0]?.what ?? "", /^get Secret lab\/db$/);
  assert.equal(valueOf(facts.pods)?.length, 2);
});

Deno.test("a control plane or a proxy that is not there is asked nothing more", async () => {
  for (const kind of ["controlplane", "proxy"] as const) {
    const { calls } = await collected(kind, {});
    assert.deepEqual(calls, { kubernetes: 1, coder: 0 });
  }
});

Deno.test("a proxy is looked at, its control plane, and what Coder says of it", async () => {
  const { facts, calls } = await collected("proxy");
  assert.deepEqual(valueOf(facts.coderProxies)?.map(({ name, status, errors }) => [name, status, errors]), [
    ["primary", "ok", []],
    ["paris", "unhealthy", ["x"]],
  ]);
  assert.ok(valueOf(facts.controlPlane));
  assert.ok(valueOf(facts.entitlements));
  assert.equal(facts.apiService, undefined);
  assert.ok(calls.kubernetes <= 12 && calls.coder === 3);
});

Deno.test("a proxy of a Coder elsewhere asks none, and looks for the tokens that its spec names", async () => {
  const named = async (spec: object) => {
    const { facts, calls } = await collected("proxy", {
      ...WORLD,
      get: (kind) =>
        kind === "CoderWorkspaceProxy"
          ? proxy({ spec: { controlPlaneRef: undefined, ...spec } })
          : kind === "Deployment"
          ? deployment()
          : OBJECTS[kind],
    });
    assert.equal(calls.coder, 0);
    assert.deepEqual([facts.controlPlane, facts.coderProxies], [undefined, undefined]);
    return valueOf(facts.secrets)?.map(({ name, usedBy, neededKeys }) => [name, usedBy, neededKeys]);
  };
  assert.deepEqual(await named({ proxySessionTokenSecretRef: { name: "t", key: "k" } }), [
    ["t", "spec.proxySessionTokenSecretRef", ["k"]],
  ]);
  assert.deepEqual(await named({ bootstrap: { coderURL: "x", credentialsSecretRef: { name: "c" } } }), [
    ["c", "spec.bootstrap.credentialsSecretRef", ["token"]],
  ]);
});

Deno.test("at the worst, Coder and Kubernetes together are asked fifteen times", async () => {
  const words = "Back-off restarting failed container";
  const waiting = (name: string, image: string) => {
    const made = pod(name, {
      ready: false,
      state: { waiting: { reason: "CrashLoopBackOff", message: words } },
    }) as {
      spec: { nodeName: string; containers: object[]; volumes?: object[] };
      status: { containerStatuses: object[]; conditions: object[] };
    };
    made.spec.containers = [{ name: "coder", image }];
    made.spec.volumes = [{ name: "v", persistentVolumeClaim: { claimName: "c" } }];
    const [status] = made.status.containerStatuses;
    Object.assign(status!, {
      restartCount: 9,
      lastState: { terminated: { exitCode: 1, finishedAt: ago(60), reason: "Error" } },
    });
    return made;
  };
  const unplaced = pod("coder-2", { ready: false }) as {
    spec: { nodeName?: string };
    status: { conditions: object[] };
  };
  delete unplaced.spec.nodeName;
  unplaced.status.conditions = [{ type: "PodScheduled", status: "False", reason: "Unschedulable" }];
  const refused = {
    involvedObject: { kind: "ReplicaSet", name: "coder-5f", namespace: "lab" },
    type: "Warning",
    reason: "FailedCreate",
    message: "exceeded quota: team",
    lastTimestamp: ago(5),
  };
  const events = Array.from({ length: 500 }, () => refused);
  const pods = [waiting("coder-0", "a"), waiting("coder-1", "b"), unplaced];
  for (const kind of ["controlplane", "proxy"] as const) {
    await collected(kind, {
      ...WORLD,
      list: (listed) => listed === "Pod" ? pods : listed === "Event" ? events : LISTS[listed],
    });
  }
});
