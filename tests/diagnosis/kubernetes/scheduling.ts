/** Pods that the real scheduler places nowhere, and volumes that real controllers do not bind. */
import { waitFor } from "../../cluster/mod.ts";
import type { KubeFailure } from "./kube_failure.ts";
import { HELD, type Lab } from "./lab.ts";

/** Waits until the scheduler has said something about the pods of a subject. */
async function unplaced(lab: Lab, kind: KubeFailure["subject"], name: string): Promise<void> {
  const pods = await lab.pods(kind, name);
  for (const { metadata } of pods) {
    await lab.condition("Pod", metadata.name, "PodScheduled", "False", "Unschedulable");
    await waitFor(async () => {
      const query = `?fieldSelector=${encodeURIComponent(`involvedObject.name=${metadata.name}`)}`;
      return (await lab.cluster.request("GET", `${lab.path("Event")}${query}`)).items.length > 0;
    }, { what: `the scheduler's Event about ${metadata.name}` });
  }
}

function unschedulable(
  failure: Pick<KubeFailure, "id" | "asked" | "subject" | "rule" | "says" | "quotes">,
  spec: object,
  before: (lab: Lab, name: string) => Promise<void> = () => Promise.resolve(),
): KubeFailure {
  const { subject } = failure;
  return {
    ...failure,
    where: "kubernetes",
    touches: ["pod"],
    prepare: (lab, name) => lab.plan(name, spec),
    async inject(lab, name) {
      const made = await lab.make(subject, name);
      if (subject === "workspace") lab.waitingAgent(name);
      await before(lab, name);
      await unplaced(lab, subject, name);
      return made;
    },
  };
}

const TOLERANT = { tolerations: HELD.tolerations };
const asks = (cpu: string) => ({ requests: { cpu } });
const mounts = { volumes: [{ name: "home", persistentVolumeClaim: { claimName: "home" } }] };

async function claim(lab: Lab, spec: object): Promise<void> {
  await lab.create("PersistentVolumeClaim", "home", {
    spec: { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "10Gi" } }, ...spec },
  });
}

/** A volume on a node that is no more, which the claim is bound to. */
async function lostVolume(lab: Lab): Promise<void> {
  const name = `${lab.namespace}-home`;
  await lab.cluster.request("POST", "/api/v1/persistentvolumes", {
    apiVersion: "v1",
    kind: "PersistentVolume",
    metadata: { name },
    spec: {
      capacity: { storage: "10Gi" },
      accessModes: ["ReadWriteOnce"],
      storageClassName: "local",
      claimRef: { namespace: lab.namespace, name: "home" },
      local: { path: "/data" },
      nodeAffinity: {
        required: {
          nodeSelectorTerms: [{
            matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: ["node-gone"] }],
          }],
        },
      },
    },
  });
  await claim(lab, { storageClassName: "local", volumeName: name });
  await waitFor(async () => (await lab.find("PersistentVolumeClaim", "home")).status?.phase === "Bound", {
    what: "the claim to be bound",
  });
}

/** The class is a typing mistake: a real controller says so. */
async function waitingClaim(lab: Lab): Promise<void> {
  await claim(lab, { storageClassName: "fast-ssd" });
  await waitFor(async () => {
    const query = `?fieldSelector=${encodeURIComponent("involvedObject.name=home")}`;
    return (await lab.cluster.request("GET", `${lab.path("Event")}${query}`)).items.length > 0;
  }, { what: "an Event about the claim" });
}

export const SCHEDULING: readonly KubeFailure[] = [
  unschedulable(
    {
      id: "unschedulable-resources",
      subject: "workspace",
      rule: "unschedulable-resources",
      says: /No node has room.*1000/,
      quotes: /Insufficient cpu/,
    },
    {
      ...TOLERANT,
      containers: [{ name: "dev", image: "codercom/enterprise-base:ubuntu", resources: asks("1000") }],
    },
  ),
  unschedulable(
    {
      id: "control-plane-too-large",
      asked: "unschedulable-resources",
      subject: "controlplane",
      rule: "unschedulable-resources",
      says: /No node has room/,
      quotes: /Insufficient memory/,
    },
    { resources: { requests: { memory: "4Ti" } } },
  ),
  unschedulable(
    {
      id: "unschedulable-taint",
      subject: "provisioner",
      rule: "unschedulable-taint",
      says: /no toleration for/,
      quotes: /untolerated taint/,
    },
    { nodeSelector: HELD.nodeSelector },
  ),
  unschedulable(
    {
      id: "unschedulable-affinity",
      subject: "controlplane",
      rule: "unschedulable-affinity",
      says: /example\.com\/pool.*coder/,
      quotes: /didn't match Pod's node affinity\/selector/,
    },
    { nodeSelector: { "example.com/pool": "coder" } },
  ),
  unschedulable(
    {
      id: "unschedulable-volume",
      subject: "workspace",
      rule: "unschedulable-volume",
      says: /volume claim home|home/,
      quotes: /volume node affinity conflict|PersistentVolume's node affinity/,
    },
    { ...TOLERANT, ...mounts },
    lostVolume,
  ),
  unschedulable(
    {
      id: "pvc-pending",
      subject: "workspace",
      rule: "pvc-pending",
      says: /home.*fast-ssd|fast-ssd.*home/,
      quotes: /fast-ssd/,
    },
    mounts,
    waitingClaim,
  ),
];
