/** Keeps the `caBundle` of our APIService right: with it the API server knows that it is us whom it speaks to. */
import { Buffer } from "node:buffer";
import type { ObjectKey } from "../../../api/object.ts";
import { APIServices } from "../../../api/kubernetes/resources.ts";
import type { KubeClient } from "../../../kube/client.ts";
import { isNotFound } from "../../../kube/errors.ts";

export interface CaBundleOptions {
  readonly client: Pick<KubeClient, "get" | "patch">;
  /** Such as `v1alpha1.aggregation.coder.com`. */
  readonly apiService: string;
  /** Ours: one that names another Service is somebody else's to keep. */
  readonly service: ObjectKey;
  readonly signal: AbortSignal;
}

/**
 * Patches that one field, where it differs. An `insecureSkipTLSVerify` that is set goes with it: the API server refuses
 * both together, and we never want it.
 *
 * @returns what was done: `absent` where there is no such APIService, or it is for another server
 */
export async function keepCaBundle(
  { client, apiService, service, signal }: CaBundleOptions,
  bundlePem: string,
): Promise<"kept" | "written" | "absent"> {
  const key = { namespace: "", name: apiService };
  const found = await client.get(APIServices, key, { signal }).catch((error) => {
    if (isNotFound(error)) return undefined;
    throw error;
  });
  const { service: named } = found?.spec ?? {};
  if (named?.namespace !== service.namespace || named?.name !== service.name) return "absent";
  const spec = found?.spec;
  const caBundle = Buffer.from(bundlePem).toString("base64");
  const isInsecure = spec?.insecureSkipTLSVerify === true;
  if (spec?.caBundle === caBundle && !isInsecure) return "kept";
  const body = { spec: { caBundle, ...(isInsecure ? { insecureSkipTLSVerify: null } : {}) } };
  await client.patch(APIServices, key, { type: "merge", body }, { signal });
  return "written";
}
