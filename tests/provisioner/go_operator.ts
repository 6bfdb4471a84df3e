/** A provisioner as the Go operator leaves it: its resource and status, all children, and the key in Coder. */
import { randomUUID } from "node:crypto";
import type { CoderProvisioner, ProvisionerSpecInput, ProvisionerStatus } from "../../src/api/provisioner.ts";
import { h32, tagsHash } from "../../src/workload/hash.ts";
import {
  provisionerKeyName,
  provisionerKeySecretName,
  provisionerName,
  provisionerServiceAccountName,
} from "../../src/workload/names.ts";
import { randomText } from "../fake-coder/state.ts";
import type { CoderHome } from "../operator/coder_home.ts";
import { GO_MANAGER, GO_TIME, GoChildren, goCondition, type GoTemplate } from "../operator/go_children.ts";
import { CHECKSUM, KEY_FINALIZER, type ProvisionerRig } from "./rig.ts";

/** What varies between installations. */
export interface GoProvisionerOptions {
  /** @default {"prov"} */
  name?: string;
  /** Its field manager. @default {"coder-k8s"} */
  manager?: string;
  /** As the user wrote it. @default {names the control plane, nothing else} */
  spec?: Partial<ProvisionerSpecInput>;
  /** @default {the first control plane} */
  home?: CoderHome;
  /** The key. @default {a random one} */
  key?: string;
  /** False: Coder has lost the key since then. @default {true} */
  inCoder?: boolean;
  /** Changes the status before it is written: what an older version, or one in trouble, wrote. */
  status?: (status: ProvisionerStatus) => void;
  /** False: the fixture does not wait for pods, and the status says `Pending`. @default {true} */
  ready?: boolean;
}

/** What there is now. */
export interface GoProvisioner {
  readonly name: string;
  /** The key itself. */
  readonly key: string;
  readonly keyID: string;
  /** Name of Deployment, Role and RoleBinding. */
  readonly deployment: string;
  readonly secret: { readonly name: string; readonly key: string };
  /** What the Go operator sent, by paths such as `apps/v1/deployments/provisioner-prov`. */
  readonly written: GoChildren["written"];
  readonly status: ProvisionerStatus;
}

/** Makes one, step by step as the Go operator does, and waits until its pods are ready. */
export async function goProvisioner(
  rig: ProvisionerRig,
  options: GoProvisionerOptions = {},
): Promise<GoProvisioner> {
  const { name = "prov", manager = GO_MANAGER, home = rig.coder, ready = true, inCoder = true } = options;
  const given: ProvisionerSpecInput = { controlPlaneRef: { name: home.name }, ...options.spec };
  const created = await rig.provisioners.create(name, given);
  const children = new GoChildren(rig.live, manager, created, "coder-provisioner");
  // It writes the whole resource, with two structures that Go does not leave out when they are empty.
  await children.update<CoderProvisioner>(rig.provisioners.path(name), (object) => {
    object.metadata.finalizers = [KEY_FINALIZER];
    object.spec = { key: {}, resources: {}, ...object.spec } as ProvisionerSpecInput;
  });
  const object = await rig.provisioners.stored(name);
  const spec = object.spec ?? given;
  const { organization, keyID, key } = keyInCoder(home, name, spec, options.key ?? randomText(43), inCoder);
  const secret = {
    name: provisionerKeySecretName(name, spec.key?.secretName),
    key: spec.key?.secretKey ?? "key",
  };
  await children.secret(secret.name, secret.key, key);
  const status = goStatus(object, home, { organization, keyID, secret });
  const write = () =>
    children.update<CoderProvisioner>(rig.provisioners.path(name, "status"), (live) => {
      options.status?.(status);
      live.status = structuredClone(status);
    });
  await write();
  const deployment = provisionerName(name);
  const serviceAccount = provisionerServiceAccountName(name);
  await children.serviceAccount(serviceAccount);
  await children.role(deployment, serviceAccount, [{
    apiGroups: [""],
    resources: ["pods", "persistentvolumeclaims"],
    verbs: ["get", "list", "watch", "create", "update", "patch", "delete"],
  }]);
  const replicas = spec.replicas ?? 1;
  const template = goTemplate({ spec, home, key, secret, serviceAccount, image: await imageOf(home, spec) });
  await children.deployment(deployment, replicas, template);
  if (ready && replicas > 0) {
    await rig.live.rolledOut(deployment, replicas);
    Object.assign(status, { readyReplicas: replicas, phase: "Ready" });
    status.conditions?.splice(-1, 1, goCondition("DeploymentReady", "True", "MinimumReplicasReady", 2));
  }
  await children.deploymentAgain(deployment, template);
  await write();
  return { name, key, keyID, deployment, secret, written: children.written, status };
}

function keyInCoder(
  { fake: { state } }: CoderHome,
  name: string,
  spec: ProvisionerSpecInput,
  key: string,
  inCoder: boolean,
) {
  const organization = state.organization(spec.organizationName || "default");
  if (organization === undefined) throw new Error(`Coder has no organization ${spec.organizationName}`);
  const keyID = randomUUID();
  if (inCoder) {
    state.provisionerKeys.push({
      id: keyID,
      created_at: GO_TIME,
      organization: organization.id,
      name: provisionerKeyName(name, spec.key?.name),
      tags: { ...spec.tags },
      secret: key,
    });
  }
  return { organization: organization.id, keyID, key };
}

/** After the first pass: there are no pods yet. */
function goStatus(
  { metadata: { name = "", generation = 0 }, spec }: CoderProvisioner,
  home: CoderHome,
  { organization, keyID, secret }: {
    organization: string;
    keyID: string;
    secret: { name: string; key: string };
  },
): ProvisionerStatus {
  return {
    observedGeneration: generation,
    phase: "Pending",
    conditions: [
      goCondition("ControlPlaneReady", "True", "ControlPlaneAvailable", generation),
      goCondition("OperatorAccessReady", "True", "OperatorAccessReady", generation),
      goCondition("ExternalProvisionersEntitled", "True", "Entitled", generation),
      goCondition("ProvisionerKeyReady", "True", "ProvisionerKeyReady", generation),
      goCondition("ProvisionerKeySecretReady", "True", "SecretReady", generation),
      goCondition("DeploymentReady", "False", "NoReplicasReady", generation),
    ],
    organizationID: organization,
    organizationName: spec?.organizationName || "default",
    provisionerKeyID: keyID,
    provisionerKeyName: provisionerKeyName(name, spec?.key?.name),
    tagsHash: tagsHash(spec?.tags ?? {}),
    controlPlaneRefName: home.name,
    controlPlaneURL: home.url,
    secretRef: secret,
  };
}

async function imageOf(home: CoderHome, spec: ProvisionerSpecInput): Promise<string> {
  return spec.image || (await home.object()).spec?.image || "ghcr.io/coder/coder:latest";
}

function goTemplate(facts: {
  spec: ProvisionerSpecInput;
  home: CoderHome;
  key: string;
  secret: { name: string; key: string };
  serviceAccount: string;
  image: string;
}): GoTemplate {
  const { spec, home, key, secret, serviceAccount, image } = facts;
  return {
    annotations: { [CHECKSUM]: h32(key) },
    spec: {
      serviceAccountName: serviceAccount,
      ...(spec.imagePullSecrets && { imagePullSecrets: spec.imagePullSecrets }),
      terminationGracePeriodSeconds: spec.terminationGracePeriodSeconds ?? 600,
      containers: [{
        name: "provisioner",
        image,
        command: ["coder"],
        args: ["provisioner", "start", ...(spec.extraArgs ?? [])],
        env: [
          { name: "CODER_URL", value: home.url },
          { name: "CODER_PROVISIONER_DAEMON_KEY", valueFrom: { secretKeyRef: secret } },
          ...(spec.extraEnv ?? []),
        ],
        resources: spec.resources ?? {},
      }],
    },
  };
}
