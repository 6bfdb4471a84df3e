/** Keys as a Secret, and back. */
import type { Secret } from "../../api/kubernetes/types.ts";
import type { ObjectKey } from "../../api/object.ts";
import { KEY_BYTES, type KeyRecord } from "./key_ring.ts";

/** Name of the Secret, in the namespace of the process. */
export const KEYS_SECRET = "coder-k8s-mcp-keys";

const SINCE = "mcp.coder.com/since";
const DESCRIPTION = "kubernetes.io/description";

/** What is kept of the keys in an object: the same for a new one and for a patch. */
export function contentOf({ current, previous, since }: KeyRecord) {
  return {
    annotations: { [SINCE]: new Date(since).toISOString() },
    data: {
      current: current.toBase64(),
      previous: previous === undefined ? null : previous.toBase64(),
    },
  };
}

/** A new one. */
export function secretOf({ namespace, name }: ObjectKey, record: KeyRecord): Secret {
  const { annotations, data: { current, previous } } = contentOf(record);
  return {
    apiVersion: "v1",
    kind: "Secret",
    type: "Opaque",
    metadata: {
      namespace,
      name,
      labels: { "app.kubernetes.io/managed-by": "coder-k8s" },
      annotations: {
        ...annotations,
        [DESCRIPTION]:
          "Signs sessions and plans of the MCP server of coder-k8s. Deleting it ends all of them.",
      },
    },
    data: { current, ...(previous === null ? {} : { previous }) },
  };
}

/** Undefined where it holds no keys. */
export function recordOf({ metadata, data = {} }: Secret): KeyRecord | undefined {
  const current = keyOf(data["current"]);
  if (current === undefined) return undefined;
  const since = Date.parse(metadata.annotations?.[SINCE] ?? "");
  return { current, previous: keyOf(data["previous"]), since: Number.isNaN(since) ? 0 : since };
}

function keyOf(base64: string | undefined): Uint8Array | undefined {
  try {
    const key = Uint8Array.fromBase64(base64 ?? "");
    return key.length >= KEY_BYTES ? key : undefined;
  } catch {
    return undefined;
  }
}
