/** Namespaces that an administrator has named: a slip of the pen would be a hole, or a trap. */
import { Namespaces } from "../../api/kubernetes/resources.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isNotFound } from "../../kube/errors.ts";
import type { Logger } from "../../telemetry/logger.ts";

/** Where the API server does not answer, or not us, nothing is known, and nothing is refused. */
export async function checkNamespaces(
  client: Pick<KubeClient, "get">,
  names: readonly string[],
  log: Logger,
  signal: AbortSignal,
): Promise<void> {
  const missing: string[] = [];
  await Promise.all(names.map(async (name) => {
    try {
      await client.get(Namespaces, { namespace: "", name }, { signal });
    } catch (error) {
      if (isNotFound(error)) missing.push(name);
      else if (!signal.aborted) log.warn("a namespace cannot be looked at", { namespace: name, error });
    }
  }));
  if (missing.length > 0) {
    throw new Error(
      `--mcp-namespaces: there is no namespace ${missing.sort().join(", ")}; make it, or leave it out`,
    );
  }
}
