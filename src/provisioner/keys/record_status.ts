/** The record as the status of a provisioner holds it: the fields of the Go operator for the present key, and more. */
import type { ProvisionerStatus } from "../../api/provisioner.ts";
import type { Hold, IntentStep, Key, KeyHome, KeyIntent, KeyRecord } from "./types.ts";

type StatusKey = NonNullable<ProvisionerStatus["key"]>;
type StatusIntent = NonNullable<ProvisionerStatus["keyIntents"]>[number];
type StatusTokenRef = NonNullable<StatusKey["tokenSecretRef"]>;

/** The fields that this room owns; undefined ones are to be absent. */
export type KeyStatusFields = {
  [
    F in
      | "organizationID"
      | "organizationName"
      | "provisionerKeyID"
      | "provisionerKeyName"
      | "tagsHash"
      | "controlPlaneRefName"
      | "controlPlaneURL"
      | "key"
      | "keyIntents"
  ]: ProvisionerStatus[F] | undefined;
};

/** Reads the record of a provisioner in `namespace`. Whatever is not known is left out. */
export function readRecord(status: ProvisionerStatus, namespace: string): KeyRecord {
  const { key } = status;
  return {
    present: readPresent(status, namespace),
    intents: (status.keyIntents ?? []).flatMap((intent) => readIntent(intent, namespace)),
    rotation: key?.rotation,
    changedAt: key?.changedAt,
    holds: (key?.retries ?? []).map((
      { notBefore, failures = 1, reason, message = "", controlPlane, inputs },
    ) => ({
      notBefore,
      failures,
      reason,
      message,
      home: controlPlane,
      inputs,
    })),
  };
}

function readPresent(status: ProvisionerStatus, namespace: string): Key | undefined {
  const { provisionerKeyName: name = "", key } = status;
  if (name === "") return undefined;
  return {
    name,
    id: given(status.provisionerKeyID),
    organization: { name: status.organizationName ?? "", id: given(status.organizationID) },
    tagsHash: given(status.tagsHash),
    valueHash: key?.valueHash,
    createdAt: key?.createdAt,
    home: {
      namespace: key?.controlPlaneNamespace ?? namespace,
      name: status.controlPlaneRefName ?? "",
      url: given(status.controlPlaneURL),
      deploymentId: key?.deploymentID,
      tokenSecret: key?.tokenSecretRef,
    },
  };
}

const STEPS: readonly string[] = ["Making", "Undoing", "Retiring"] satisfies IntentStep[];

function readIntent(intent: StatusIntent, namespace: string): KeyIntent[] {
  if (!STEPS.includes(intent.step) || intent.name === "") return [];
  return [{
    name: intent.name,
    step: intent.step as IntentStep,
    since: intent.since,
    id: intent.id,
    organization: { name: intent.organizationName ?? "", id: intent.organizationID },
    tagsHash: intent.tagsHash,
    valueHash: intent.valueHash,
    createdAt: intent.createdAt,
    rotation: intent.rotation,
    home: {
      namespace: intent.controlPlaneNamespace ?? namespace,
      name: intent.controlPlaneName,
      url: intent.controlPlaneURL,
      deploymentId: intent.deploymentID,
      tokenSecret: intent.tokenSecretRef,
    },
  }];
}

/** The Go operator leaves out what is empty; others may write it. */
function given(text: string | undefined): string | undefined {
  return text === "" ? undefined : text;
}

/** Writes the record of a provisioner in `namespace`. */
export function writeRecord(record: KeyRecord, namespace: string): KeyStatusFields {
  const { present, intents, rotation, changedAt, holds } = record;
  const key: StatusKey = {
    ...defined({ createdAt: present?.createdAt, valueHash: present?.valueHash, rotation, changedAt }),
    ...defined({
      deploymentID: present?.home.deploymentId,
      controlPlaneNamespace: elsewhere(present?.home, namespace),
      tokenSecretRef: tokenRef(present?.home),
      retries: holds.length === 0 ? undefined : holds.map(writeHold),
    }),
  };
  return {
    organizationID: present?.organization.id,
    organizationName: given(present?.organization.name),
    provisionerKeyID: present?.id,
    provisionerKeyName: present?.name,
    tagsHash: present?.tagsHash,
    controlPlaneRefName: given(present?.home.name),
    controlPlaneURL: present?.home.url,
    key: Object.keys(key).length === 0 ? undefined : key,
    keyIntents: intents.length === 0 ? undefined : intents.map((intent) => writeIntent(intent, namespace)),
  };
}

function writeHold(
  { notBefore, failures, reason, message, home, inputs }: Hold,
): NonNullable<StatusKey["retries"]>[number] {
  return { notBefore, failures, reason, message, controlPlane: home, ...defined({ inputs }) };
}

function writeIntent(intent: KeyIntent, namespace: string): StatusIntent {
  const { name, step, since, organization, home } = intent;
  const { id, tagsHash, valueHash, createdAt, rotation } = intent;
  return {
    name,
    step,
    since,
    organizationName: organization.name,
    controlPlaneName: home.name,
    ...defined({ id, tagsHash, valueHash, createdAt, rotation }),
    ...defined({
      organizationID: organization.id,
      controlPlaneNamespace: elsewhere(home, namespace),
      controlPlaneURL: home.url,
      deploymentID: home.deploymentId,
      tokenSecretRef: tokenRef(home),
    }),
  };
}

function elsewhere(home: KeyHome | undefined, namespace: string): string | undefined {
  return home?.namespace === namespace ? undefined : home?.namespace;
}

function tokenRef(home: KeyHome | undefined): StatusTokenRef | undefined {
  if (home?.tokenSecret === undefined) return undefined;
  const { name, namespace, key } = home.tokenSecret;
  return { name, ...defined({ namespace, key }) };
}

/** Without the fields that are undefined. */
function defined<T extends object>(fields: T): { [F in keyof T]?: Exclude<T[F], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [F in keyof T]?: Exclude<T[F], undefined>;
  };
}
