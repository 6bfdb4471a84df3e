/** How a control plane goes from one version of Coder to another. */
import { z } from "zod";
import { brief, embedded, flag, group, int32, list, optional, text } from "./field.ts";

/** `upgrade` */
export function upgrade() {
  return group("How a changed image is rolled out.", {
    unchecked: optional(flag(
      "Roll images out whose tag tells no version. Versions that can be read are compared all the same.",
    )),
    allowDowngrade: optional(flag(
      "Roll an earlier version out although its database schema is newer than it knows. Restore a backup first, and remove this afterwards.",
    )),
    progressDeadlineSeconds: optional(int32(
      "Seconds without progress (migrations included) after which the rollout of another image is stopped. Default: 1800.",
      { minimum: 60, maximum: 86_400 },
    )),
    backup: optional(group("A Job that must succeed before a new version rolls out.", {
      containers: z.array(brief("Container")).meta({
        description:
          "Containers of the Job. CODER_K8S_FROM_VERSION and CODER_K8S_TO_VERSION, and the CODER_PG_CONNECTION_URL of Coder where extraEnv or envFrom has one, are in their environment.",
        minItems: 1,
      }),
      volumes: list("Volumes of the Job, such as the one that the backup is written to.", brief("Volume")),
      podSecurityContext: optional(embedded("PodSecurityContext", "Security settings of the Job's pods.")),
      serviceAccountName: optional(text("ServiceAccount of the Job. Default: that of the control plane.")),
      deadlineSeconds: optional(int32("Seconds that the Job may take. Default: 3600.", { minimum: 1 })),
      retries: optional(int32("How often the Job is tried again. Default: 0.", { minimum: 0 })),
    })),
  });
}

/** Status fields about versions. */
export function versionStatus() {
  return {
    version: optional(text("Version of Coder that answers now. Example: v2.30.0.")),
    image: optional(text("Image that was last rolled out completely.")),
    upgrade: optional(group("The change of version that is under way.", {
      from: optional(text("Version before.")),
      to: optional(text("Version after, as its image's tag says.")),
      image: optional(text("Image that is being rolled out or waits to be.")),
      step: optional(text("Blocked, Checking, BackingUp, BackupFailed, RollingOut, or Stopped.")),
      backupJob: optional(text("Name of the Job that makes the backup.")),
    })),
  };
}

/** Status fields about addresses. */
export function addressStatus() {
  return {
    internalURL: optional(text(
      "Plain HTTP address inside the cluster, for callers that cannot verify Coder's certificate. Always with its port.",
    )),
    externalURL: optional(text("Address from outside the cluster, where spec.expose gives one.")),
  };
}
