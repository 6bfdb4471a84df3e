/** What the real API server and controllers say of Deployments, Ingresses and APIServices is understood. */
import assert from "node:assert/strict";
import { diagnose, type Diagnosis } from "../../src/diagnosis/mod.ts";
import { loadKubeConfig } from "../../src/kube/config/kube_config.ts";
import { createRestClient } from "../../src/kube/rest/rest_client.ts";
import { clientCluster } from "../../src/mcp/caller/client_cluster.ts";
import { ToolError } from "../../src/mcp/errors.ts";
import { installCrds } from "../api/crds.ts";
import { type Cluster, sharedCluster, waitFor } from "../cluster/mod.ts";

const HOST = "coder.example.com";
const LABELS = {
  "app.kubernetes.io/name": "coder-control-plane",
  "app.kubernetes.io/instance": "coder",
  "app.kubernetes.io/managed-by": "coder-k8s",
};

/** One namespace with a control plane that no operator looks after. */
interface Place {
  readonly cluster: Cluster;
  readonly namespace: string;
  create(apiVersion: string, kind: string, name: string, body: object): Promise<unknown>;
}

interface Case {
  readonly rule: string;
  readonly says: RegExp;
  readonly quotes: RegExp;
  readonly spec?: object;
  /** How long ago it all was, in milliseconds. */
  readonly later?: number;
  make?(place: Place): Promise<unknown>;
}

const tls = (secretName: string) => ({ expose: { ingress: { host: HOST, tls: { secretName } } } });

const ingress = (spec: object) => ({
  spec: {
    rules: [{
      host: HOST,
      http: {
        paths: [{
          path: "/",
          pathType: "Prefix",
          backend: { service: { name: "coder", port: { number: 80 } } },
        }],
      },
    }],
    ...spec,
  },
});

async function certificate({ cluster, create }: Place, names: string[], key?: string): Promise<void> {
  const { certPem, keyPem } = await cluster.issueCertificate({
    commonName: names[0] ?? HOST,
    dnsNames: names,
    usage: ["server"],
  });
  const stringData = { "tls.crt": certPem, "tls.key": key ?? keyPem };
  await create("v1", "Secret", "coder-tls", { type: "kubernetes.io/tls", stringData });
}

const CASES: Readonly<Record<string, Case>> = {
  "a new control plane that nobody looks at": {
    rule: "operator-not-running",
    // Operators of earlier tests may have left a Lease in the cluster.
    says:
      /^The operator (?:has not acted on|does not run \(.*\):) control plane \S+\/coder:? .*has no status still\.$/,
    quotes: /^metadata\.generation: 1; status\.observedGeneration: 0$/,
    later: 120_000,
  },
  "a Secret that the spec names and nobody has made": {
    rule: "secret-missing",
    says: /^The Secret \S+\/db does not exist; spec\.extraEnv, env CODER_PG_CONNECTION_URL needs it\.$/,
    quotes: /^secrets "db" not found$/,
    spec: {
      extraEnv: [{
        name: "CODER_PG_CONNECTION_URL",
        valueFrom: { secretKeyRef: { name: "db", key: "url" } },
      }],
    },
  },
  "a certificate for another host, in a real Secret": {
    rule: "certificate-wrong-name",
    says: /does not cover coder\.example\.com: it is for other\.example\.com\.$/,
    quotes: /^subject CN=other\.example\.com; /,
    spec: tls("coder-tls"),
    make: (place) => certificate(place, ["other.example.com"]),
  },
  "a key that belongs to another certificate": {
    rule: "certificate-key-mismatch",
    says: /does not belong to the certificate there\.$/,
    quotes: /for coder\.example\.com; /,
    spec: tls("coder-tls"),
    async make(place) {
      const { keyPem } = await place.cluster.issueCertificate({ commonName: "other", usage: ["server"] });
      await certificate(place, [HOST], keyPem);
    },
  },
  "an Ingress of a class that the cluster has not": {
    rule: "ingress-not-served",
    says: /^Ingress \S+\/coder is of the class not-there, which does not exist: /,
    quotes: /^ingressClassName: not-there; /,
    spec: { expose: { ingress: { host: HOST } } },
    async make({ create }) {
      await create("v1", "Service", "coder", {
        spec: { selector: LABELS, ports: [{ name: "http", port: 80 }] },
      });
      await create("networking.k8s.io/v1", "Ingress", "coder", ingress({ ingressClassName: "not-there" }));
    },
  },
  "an Ingress whose Service is not there": {
    rule: "ingress-without-backend",
    says: /^Ingress \S+\/coder leads to the Service coder, which does not exist\.$/,
    quotes: /^backend: coder:80$/,
    spec: { expose: { ingress: { host: HOST } } },
    make: ({ create }) => create("networking.k8s.io/v1", "Ingress", "coder", ingress({})),
  },
  "a rollout past its deadline, by the real controller": {
    rule: "rollout-stuck",
    says: /^The rollout of Deployment \S+\/coder is stuck/,
    quotes: /^ProgressDeadlineExceeded: ReplicaSet "coder-\w+" has timed out progressing\.$/,
    make: ({ create }) =>
      create("apps/v1", "Deployment", "coder", {
        spec: {
          progressDeadlineSeconds: 1,
          selector: { matchLabels: LABELS },
          template: {
            metadata: { labels: LABELS },
            spec: { nodeSelector: { "test/nowhere": "x" }, containers: [{ name: "coder", image: "coder" }] },
          },
        },
      }),
  },
};

Deno.test("words of the API server and the controllers about control planes are understood", async (t) => {
  const cluster = await sharedCluster();
  await installCrds(cluster);
  const client = createRestClient({ connection: loadKubeConfig({ kubeconfig: cluster.kubeconfig }) });
  try {
    const asked = clientCluster(client);
    const runs = Object.entries(CASES).map(([name, one]) => ({ name, run: prove(one, cluster, asked) }));
    await Promise.allSettled(runs.map(({ run }) => run));
    for (const { name, run } of runs) await t.step(name, () => run);
  } finally {
    client.close();
  }
});

async function prove(one: Case, cluster: Cluster, asked: ReturnType<typeof clientCluster>): Promise<void> {
  const namespace = await cluster.newNamespace("platform");
  const place: Place = {
    cluster,
    namespace,
    create(apiVersion, kind, name, body) {
      const group = apiVersion.includes("/") ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
      const plural = kind === "Ingress" ? "ingresses" : `${kind.toLowerCase()}s`;
      const object = { apiVersion, kind, metadata: { name, labels: LABELS }, ...body };
      return cluster.request("POST", `${group}/namespaces/${namespace}/${plural}`, object);
    },
  };
  await place.create("coder.com/v1alpha1", "CoderControlPlane", "coder", { spec: one.spec ?? {} });
  await one.make?.(place);
  const coders = {
    list: () => Promise.resolve([]),
    open: () => Promise.reject(new ToolError("not_found", "no Coder")),
  };
  const subject = { kind: "controlplane", namespace, name: "coder" } as const;
  await waitFor(async () => {
    // Certificates that are to come in a moment are waited for.
    const world = { cluster: asked, coders, now: () => Date.now() + (one.later ?? 0) };
    check(one, await diagnose(subject, world, { signal: AbortSignal.timeout(60_000) }));
    return true;
  }, { what: one.rule, timeoutMs: 120_000 });
}

/** Throws until it is as it should be. */
function check({ rule, says, quotes }: Case, { causes, calls, state }: Diagnosis): void {
  assert.ok(calls.kubernetes + calls.coder <= 15, JSON.stringify(calls));
  assert.ok(state.length > 0);
  const told = causes.map((one) => `${one.rule}: ${one.cause}`).join("\n");
  const named = causes.slice(0, 2).find((one) => one.rule === rule);
  assert.ok(named !== undefined, `${rule} is not first or second of: ${told}`);
  assert.match(named.cause, says);
  assert.ok(named.evidence.some(({ quote }) => quotes.test(quote)), JSON.stringify(named.evidence));
}
