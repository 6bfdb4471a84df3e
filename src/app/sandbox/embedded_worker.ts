/** What the worker in a coordinator's own process is called. */
import { createHash } from "node:crypto";
import { hostname } from "node:os";
import { embeddedWorkerId } from "../../sessions/wire/worker_ids.ts";

/** Of a name: with the rest, no id of a worker is longer than it may be. */
const MOST_OF_HOST = 40;

/**
 * Its id: the same after a restart, and no other process has it that keeps sessions on the same store, as no two of one
 * machine can have one directory of workspaces.
 */
export function embeddedWorker(
  workspacesDir: string,
  isShared: boolean,
  host: () => string = hostname,
): string {
  if (!isShared) return embeddedWorkerId();
  const hash = createHash("sha256").update(workspacesDir).digest("hex").slice(0, 6);
  const name = host().replaceAll(/[^A-Za-z0-9]+/g, "-").replaceAll(/^-|-$/g, "").slice(0, MOST_OF_HOST);
  return embeddedWorkerId(name === "" ? hash : `${name}-${hash}`);
}
