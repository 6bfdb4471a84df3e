/** Pods that the API server does not let anybody make. */
import { waitFor } from "../../cluster/mod.ts";
import { type KubeFailure, unready } from "./kube_failure.ts";
import type { Lab } from "./lab.ts";

/** Waits until a ReplicaSet has said that it cannot make pods. */
async function refused(lab: Lab, words: RegExp): Promise<void> {
  await waitFor(async () => {
    const { items } = await lab.cluster.request("GET", lab.path("Event"));
    return items.some((one: { reason: string; message: string }) =>
      one.reason === "FailedCreate" && words.test(one.message)
    );
  }, { what: `pods to be refused in ${lab.namespace}: ${words}` });
}

/** Resolves when the API server knows of the quota: a pod that is made before that is not refused. */
async function noPods(lab: Lab): Promise<void> {
  await lab.create("ResourceQuota", "team", { spec: { hard: { "requests.cpu": "1", pods: "1" } } });
  const container = { name: "x", image: "x", resources: { requests: { cpu: "4" } } };
  const pod = {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name: "tried" },
    spec: { containers: [container] },
  };
  await waitFor(async () => {
    try {
      await lab.cluster.request("POST", `${lab.path("Pod")}?dryRun=All`, pod);
      return false;
    } catch (error) {
      return error instanceof Error && /exceeded quota/.test(error.message);
    }
  }, { what: `the quota to count in ${lab.namespace}` });
}

const restricted = (lab: Lab) =>
  lab.cluster.request("PATCH", `/api/v1/namespaces/${lab.namespace}`, {
    metadata: { labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
  });

/** A Deployment such as Coder's templates make of a workspace. */
async function deployment(lab: Lab, name: string): Promise<void> {
  const labels = lab.labels(name);
  await lab.create("Deployment", `coder-${name}`, {
    metadata: { labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          containers: [{
            name: "dev",
            image: "codercom/enterprise-base:ubuntu",
            resources: { requests: { cpu: "4" } },
          }],
        },
      },
    },
  });
}

export const ADMISSION: readonly KubeFailure[] = [
  {
    id: "resource-quota",
    where: "kubernetes",
    subject: "controlplane",
    touches: ["pod", "namespace"],
    rule: "resource-quota-exceeded",
    says: /ResourceQuota \S+\/team/,
    quotes: /exceeded quota: team/,
    async inject(lab, name) {
      await noPods(lab);
      lab.plan(name, { resources: { requests: { cpu: "4" } } });
      lab.away.add(name);
      await lab.make("controlplane", name);
      await refused(lab, /exceeded quota/);
      await unready(lab, "controlplane", name);
      return name;
    },
  },
  {
    id: "workspace-resource-quota",
    asked: "resource-quota",
    where: "kubernetes",
    subject: "workspace",
    touches: ["pod", "namespace"],
    rule: "resource-quota-exceeded",
    says: /ResourceQuota \S+\/team/,
    quotes: /exceeded quota: team/,
    async inject(lab, name) {
      const subject = await lab.make("workspace", name);
      lab.waitingAgent(name);
      await noPods(lab);
      await deployment(lab, name);
      await refused(lab, /exceeded quota/);
      return subject;
    },
  },
  {
    id: "pod-security-denied",
    where: "kubernetes",
    subject: "provisioner",
    touches: ["pod", "namespace"],
    rule: "pod-security-denied",
    says: /restricted/,
    quotes: /violates PodSecurity/,
    async inject(lab, name) {
      await lab.coderReady();
      await restricted(lab);
      lab.plan(name, { securityContext: { privileged: true } });
      await lab.make("provisioner", name);
      await refused(lab, /violates PodSecurity/);
      await unready(lab, "provisioner", name);
      return name;
    },
  },
];
