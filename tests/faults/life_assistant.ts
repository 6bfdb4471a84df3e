/** The part of a control plane's life in which an AI client asks about it, at a process that serves MCP alone. */
import assert from "node:assert/strict";
import { loadKubeConfig } from "../../src/kube/config/kube_config.ts";
import { createRestClient } from "../../src/kube/rest/rest_client.ts";
import { ClusterClaims } from "../../src/mcp/confirm/mod.ts";
import { KEYS_SECRET } from "../../src/mcp/keys/mod.ts";
import { type Cluster, waitFor } from "../cluster/mod.ts";
import { LATEST } from "../mcp/clients.ts";
import type { Scene } from "./scene.ts";

const RBAC = "rbac.authorization.k8s.io";
const KEYS = `/api/v1/namespaces/coder-system/secrets/${KEYS_SECRET}`;
const SINCE = "mcp.coder.com/since";

/** As if the keys that MCP is signed with were from long ago: they are renewed by and by. */
export async function agedKeys(cluster: Cluster): Promise<void> {
  const metadata = { annotations: { [SINCE]: new Date(0).toISOString() } };
  await waitFor(async () => (await cluster.find(KEYS))?.data?.current !== undefined, {
    what: "signing keys",
  });
  await cluster.request("PATCH", KEYS, { metadata });
}

/**
 * After {@linkcode agedKeys}: a client asks as itself whether everything answers; signing keys are renewed; plans are put on record, and taken off it.
 *
 * @param mcp its address, and a kubeconfig of its account
 * @param coder `namespace/name` of a control plane whose Coder answers
 */
export async function assistant(
  { cluster, namespace }: Scene,
  mcp: { readonly url: string; readonly kubeconfig: string },
  coder: string,
): Promise<void> {
  const token = await cluster.serviceAccountToken({ namespace, name: "assistant" });
  await cluster.apply([
    {
      apiVersion: `${RBAC}/v1`,
      kind: "Role",
      metadata: { name: "assistant" },
      rules: [{ apiGroups: ["coder.com"], resources: ["codercontrolplanes"], verbs: ["get", "list"] }],
    },
    {
      apiVersion: `${RBAC}/v1`,
      kind: "RoleBinding",
      metadata: { name: "assistant" },
      roleRef: { apiGroup: RBAC, kind: "Role", name: "assistant" },
      subjects: [{ kind: "ServiceAccount", name: "assistant", namespace }],
    },
  ], namespace);
  await using client = await LATEST.connect({ url: mcp.url, token });
  await waitFor(async () => {
    const { text } = await client.call("check_health");
    if (!text.includes(coder)) throw new Error(text);
    return true;
  }, { what: `${coder} to be known to a client`, timeoutMs: 60_000 });
  await plans(mcp.kubeconfig);
  await waitFor(async () => {
    const { metadata } = await cluster.request("GET", KEYS);
    return Date.parse(metadata.annotations[SINCE]) > 0;
  }, { what: "the signing keys to be renewed", timeoutMs: 120_000 });
}

/** What the process does of itself after a change that was confirmed, and every ten minutes. */
async function plans(kubeconfig: string): Promise<void> {
  const client = createRestClient({ connection: loadKubeConfig({ kubeconfig }) });
  try {
    const claims = new ClusterClaims({ client, namespace: "coder-system" });
    const { signal } = new AbortController();
    const nonce = crypto.randomUUID();
    assert.equal(await claims.claim(nonce, 0, signal), true);
    assert.equal(await claims.claim(nonce, 0, signal), false);
    assert.equal(await claims.sweep(signal), 1);
  } finally {
    client.close();
  }
}
