/** What workers are called, and which names are not theirs to choose. */
import type { WorkerBinding } from "../link.ts";
import type { WorkerHello } from "../types.ts";

export const WORKER_ID = /^[A-Za-z0-9]([A-Za-z0-9._-]{0,61}[A-Za-z0-9])?$/;

/** Of the coordinator itself, which carries out sessions in Coder workspaces: no token has it. */
export const WORKSPACES_WORKER = "workspaces";

/** As Coder writes ids of workspaces and users. */
export const CODER_ID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const PREFIX = "ws-";

/** The id of the worker that runs in a workspace: there is one for each, and nobody else may be called so. */
export function boundWorkerId({ workspaceId }: Pick<WorkerBinding, "workspaceId">): string {
  return `${PREFIX}${workspaceId}`;
}

/** Why a worker must not be called so; undefined where it may. */
export function objectionToId(id: string, binding?: WorkerBinding): string | undefined {
  if (binding !== undefined) {
    const ids = [binding.workspaceId, binding.ownerId];
    if (!ids.every((each) => CODER_ID.test(each))) {
      return "a worker in a workspace is bound to the ids of the workspace and of its owner, as Coder writes them: " +
        "36 small letters, digits and dashes";
    }
    const own = boundWorkerId(binding);
    return id === own ? undefined : `the worker of that workspace is called ${own}, and nothing else`;
  }
  const shown = JSON.stringify(id.slice(0, 64));
  if (!WORKER_ID.test(id)) {
    return `${shown} cannot be a worker's id: use 1 to 63 letters, digits, ".", "_" and "-", the first and the last ` +
      "a letter or digit";
  }
  if (id.toLowerCase() === WORKSPACES_WORKER) {
    return `${shown} is the coordinator's own name for what it carries out in Coder workspaces: choose another`;
  }
  if (id.startsWith(PREFIX) && CODER_ID.test(id.slice(PREFIX.length).toLowerCase())) {
    return `${shown} is the id of the worker in that workspace: bind the token to the workspace and its owner ` +
      "(--workspace, --workspace-owner), or choose another";
  }
  return undefined;
}

/** What a worker must not say of itself: where its sessions run is for its token to say. Undefined where all is well. */
export function objectionToHello(
  { isolation, sharedStorage }: Pick<WorkerHello, "isolation" | "sharedStorage">,
  binding: WorkerBinding | undefined,
): string | undefined {
  const isWorkspace = isolation === "workspace";
  if (binding === undefined) {
    return isWorkspace
      ? "the worker says that it runs sessions in a Coder workspace, and its token is bound to none: start it with " +
        "--in-workspace and without a token of its own"
      : undefined;
  }
  if (!isWorkspace) {
    return `the worker's token is bound to a workspace, and it would run sessions in sandboxes (${isolation}): start ` +
      "it with --in-workspace";
  }
  return sharedStorage === ""
    ? undefined
    : "a worker in a workspace shares its files with no other worker: leave " +
      "out --shared-workspaces";
}

const EMBEDDED = "embedded";

/**
 * The id of the worker that is part of a coordinator's own process.
 * @param place what no other coordinator on the store has; absent: there is no other
 */
export function embeddedWorkerId(place?: string): string {
  return place === undefined ? EMBEDDED : `${EMBEDDED}-${place}`;
}

/** Whether it is the id of a worker that one coordinator alone reaches. */
export function isEmbedded(id: string): boolean {
  return id === EMBEDDED || id.startsWith(`${EMBEDDED}-`);
}
