/** The ServiceAccount that pods run as, as it should be. */
import type { ServiceAccount } from "../api/kubernetes/types.ts";
import { type ChildIdentity, childMetadata } from "./child.ts";

/** What the user gives it. */
export interface ServiceAccountSettings {
  annotations?: Readonly<Record<string, string>> | undefined;
  labels?: Readonly<Record<string, string>> | undefined;
}

/** The user's labels win over the standard ones: cloud providers and policies find ServiceAccounts by them. */
export function serviceAccount(
  child: ChildIdentity,
  { annotations, labels }: ServiceAccountSettings = {},
): ServiceAccount {
  return {
    apiVersion: "v1",
    kind: "ServiceAccount",
    metadata: childMetadata({ ...child, labels: { ...child.labels, ...labels } }, annotations),
  };
}
