/** Keeps the `caBundle` of our APIService right: with it the API server knows that it is us whom it speaks to. */
import { Buffer } from "node:buffer";
import { APIServices } from "../../../api/kubernetes/resources.ts";
import type { KubeClient } from "../../../kube/client.ts";

export interface CaBundleOptions {
  readonly client: Pick<KubeClient, "get" | "patch">;
  /** Such as `v1alpha1.aggregation.coder.com`. */
  readonly apiService: string;
  readonly signal: AbortSignal;
}

/**
 * Patches that one field, where it differs. An `insecureSkipTLSVerify` that is set goes with it: the API server refuses
 * both together, and we never want it.
 *
 * @returns whether it was written
 */
export async function keepCaBundle(
  { client, apiService, signal }: CaBundleOptions,
  bundlePem: string,
): Promise<boolean> {
  const key = { namespace: "", name: apiService };
  const { spec } = await client.get(APIServices, key, { signal });
  const caBundle = Buffer.from(bundlePem).toString("base64");
  const isInsecure = spec?.insecureSkipTLSVerify === true;
  if (spec?.caBundle === caBundle && !isInsecure) return false;
  const body = { spec: { caBundle, ...(isInsecure ? { insecureSkipTLSVerify: null } : {}) } };
  await client.patch(APIServices, key, { type: "merge", body }, { signal });
  return true;
}
