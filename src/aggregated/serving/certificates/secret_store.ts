/** Reads and writes the Secret; of several replicas that do so at once, the first one wins and all use what it wrote. */
import { Secrets } from "../../../api/kubernetes/resources.ts";
import type { Secret } from "../../../api/kubernetes/types.ts";
import type { ObjectKey } from "../../../api/object.ts";
import type { KubeClient } from "../../../kube/client.ts";
import { isAlreadyExists, isConflict, isNotFound } from "../../../kube/errors.ts";
import type { Certificates } from "./rotation.ts";
import { certificateData, isOurs, OWNED_LABEL, readCertificates } from "./secret.ts";

export interface SecretStoreOptions {
  readonly client: Pick<KubeClient, "get" | "create" | "update">;
  readonly secret: ObjectKey;
  readonly signal: AbortSignal;
}

/** How often a write that came too late is decided anew. */
const MAX_ATTEMPTS = 5;

/**
 * What is in the Secret after `decide` was asked what should be, and it was written.
 *
 * @param decide what should be there now; the same value where nothing is to be done
 * @throws where the Secret is somebody else's, or cannot be read or written
 */
export async function keepCertificates(
  { client, secret, signal }: SecretStoreOptions,
  decide: (before: Certificates | undefined) => Promise<Certificates>,
): Promise<{ certificates: Certificates; wasWritten: boolean }> {
  for (let attempt = 1;; attempt++) {
    const found = await client.get(Secrets, secret, { signal }).catch((error) => {
      if (isNotFound(error)) return undefined;
      throw error;
    });
    if (found !== undefined && !isOurs(found)) {
      throw new Error(
        `Secret ${secret.namespace}/${secret.name} has content that is not ours. Choose another name for the ` +
          `serving certificate, or delete the Secret.`,
      );
    }
    const before = found === undefined ? undefined : readCertificates(found);
    const certificates = await decide(before);
    if (certificates === before) return { certificates, wasWritten: false };
    try {
      if (found === undefined) await client.create(Secrets, objectOf(secret, certificates), { signal });
      else await client.update(Secrets, { ...found, ...contentOf(found, certificates) }, { signal });
      return { certificates, wasWritten: true };
    } catch (error) {
      // Another replica was first: what it wrote counts.
      if (!(isConflict(error) || isAlreadyExists(error) || isNotFound(error)) || attempt === MAX_ATTEMPTS) {
        throw error;
      }
    }
  }
}

function objectOf({ namespace, name }: ObjectKey, certificates: Certificates): Secret {
  return {
    apiVersion: "v1",
    kind: "Secret",
    metadata: { namespace, name, labels: { ...LABELS } },
    type: "Opaque",
    data: certificateData(certificates),
  };
}

const LABELS = {
  [OWNED_LABEL]: "true",
  "app.kubernetes.io/name": "coder-k8s",
  "app.kubernetes.io/managed-by": "coder-k8s",
};

function contentOf({ metadata }: Secret, certificates: Certificates): Pick<Secret, "metadata" | "data"> {
  return {
    metadata: { ...metadata, labels: { ...metadata.labels, ...LABELS } },
    data: certificateData(certificates),
  };
}
