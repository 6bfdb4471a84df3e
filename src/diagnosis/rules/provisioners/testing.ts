/** Facts of a provisioner that is well, for tests that break one of them. */
import type { DaemonFacts } from "../../coder_facts.ts";
import type { Facts } from "../../facts.ts";
import type { Seen } from "../../seen.ts";
import { NOW } from "../../testing.ts";

/** Seconds before now, RFC 3339. */
export const ago = (seconds: number): string =>
  new Date(NOW - seconds * 1_000).toISOString().replace(/\.\d+/, "");

export const seen = <T>(value: T): Seen<T> => ({ state: "seen", value });
export const absent: Seen<never> = { state: "absent" };
export const unread: Seen<never> = { state: "unread", what: "get it", kind: "forbidden", why: "no" };

export interface Changes {
  readonly spec?: object;
  readonly status?: object;
  readonly metadata?: object;
  /** Conditions that are false: type, reason and message. */
  readonly refused?: Readonly<Record<string, readonly [string, string]>>;
}

/** `lab/gpu`, of the control plane `lab/coder`. */
// deno-lint-ignore no-explicit-any -- tests make odd ones, too
export function provisioner({ metadata, refused = {}, spec, status }: Changes = {}): any {
  const conditions = Object.entries({ Ready: ["Ready", "Provisioners run"] as const, ...refused });
  return {
    apiVersion: "coder.com/v1alpha1",
    kind: "CoderProvisioner",
    metadata: { namespace: "lab", name: "gpu", creationTimestamp: ago(3_600), ...metadata },
    spec: { controlPlaneRef: { name: "coder" }, tags: { env: "gpu" }, replicas: 1, ...spec },
    status: {
      provisionerKeyName: "gpu-1a2b",
      organizationName: "default",
      readyReplicas: 1,
      image: "ghcr.io/coder/coder:v2.30.0",
      conditions: conditions.map(([type, [reason, message]]) => ({
        type,
        status: type in refused ? "False" : "True",
        reason,
        message,
        lastTransitionTime: ago(300),
      })),
      ...status,
    },
  };
}

/** A pod of it that is ready since five minutes. */
// deno-lint-ignore no-explicit-any -- as above
export function pod(changes: { readonly name?: string; readonly readyFor?: number } = {}): any {
  const { name = "provisioner-gpu-0", readyFor = 300 } = changes;
  return {
    metadata: { namespace: "lab", name },
    spec: { containers: [{ name: "provisioner", image: "ghcr.io/coder/coder:v2.30.0" }] },
    status: {
      phase: "Running",
      conditions: [{ type: "Ready", status: "True", lastTransitionTime: ago(readyFor) }],
      containerStatuses: [{
        name: "provisioner",
        ready: true,
        restartCount: 0,
        state: { running: { startedAt: ago(readyFor) } },
      }],
    },
  };
}

export function daemon(changes: Partial<DaemonFacts> = {}): DaemonFacts {
  return {
    name: "provisioner-gpu-0",
    status: "idle",
    tags: { scope: "organization", owner: "", env: "gpu" },
    keyName: "gpu-1a2b",
    version: "v2.30.0",
    apiVersion: "1.14",
    lastSeenAt: ago(2),
    ...changes,
  };
}

/** All is well, and all was read. */
export function facts(changes: Partial<Facts> = {}): Facts {
  return {
    subject: { kind: "provisioner", namespace: "lab", name: "gpu" },
    now: NOW,
    provisioner: seen(provisioner()),
    controlPlane: seen({
      apiVersion: "coder.com/v1alpha1",
      kind: "CoderControlPlane",
      metadata: { namespace: "lab", name: "coder" },
      status: {
        version: "v2.30.0",
        conditions: [{
          type: "Ready",
          status: "True",
          reason: "Ready",
          message: "",
          lastTransitionTime: ago(300),
        }],
      },
      // deno-lint-ignore no-explicit-any -- a part of one
    } as any),
    deployment: seen({ spec: { replicas: 1 } } as never),
    pods: seen([pod()]),
    podLogs: seen([]),
    secrets: seen([{
      namespace: "lab",
      name: "gpu-provisioner-key",
      isThere: true,
      usedBy: "the test",
      isOptional: false,
      neededKeys: ["key"],
      keys: { key: 43 },
      type: "Opaque",
    }]),
    daemons: seen([daemon()]),
    jobs: seen([]),
    keys: seen([{ name: "gpu-1a2b", tags: { env: "gpu" }, createdAt: ago(3_600) }]),
    entitlements: seen({
      hasLicense: true,
      trial: false,
      features: { external_provisioner_daemons: { entitlement: "entitled", enabled: true } },
      errors: [],
      warnings: [],
      expiries: [],
    }),
    ...changes,
  };
}

/** Where no daemon of it is connected. */
export const offline = (changes: Partial<Facts> = {}): Facts => facts({ daemons: seen([]), ...changes });

/** The log of its pod. */
export const logOf = (...lines: string[]): Partial<Facts> => ({
  podLogs: seen([{
    pod: "provisioner-gpu-0",
    namespace: "lab",
    container: "provisioner",
    previous: false,
    lines,
  }]),
});
