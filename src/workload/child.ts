/** What names and marks an object that the operator makes. */
import type { ObjectMeta } from "../api/kubernetes/types.ts";

/** A child before anything else is said of it. */
export interface ChildIdentity {
  readonly name: string;
  readonly namespace: string;
  /** The standard labels, which are also the selector of pods. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Its metadata. Annotations that are none are not written. */
export function childMetadata(
  { name, namespace, labels }: ChildIdentity,
  annotations: Readonly<Record<string, string>> = {},
): ObjectMeta {
  return {
    name,
    namespace,
    labels: { ...labels },
    ...(Object.keys(annotations).length > 0 && { annotations: { ...annotations } }),
  };
}
