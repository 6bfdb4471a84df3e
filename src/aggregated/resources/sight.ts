/** Whose workspaces a caller is shown. */
import { CONTROL_PLANE_NAME_LABEL } from "../../api/aggregated.ts";
import type { CoderWorkspace } from "../../api/workspace.ts";
import type { Refusal, WorkspaceSightOf } from "../../identity/mod.ts";
import type { Backend } from "../../inventory/mod.ts";
import { StatusError } from "../serving/status_errors.ts";
import type { RequestContext } from "../serving/storage.ts";
import { coderName } from "./naming.ts";
import type { Sight } from "./find.ts";
import type { Resources } from "./resources.ts";

/** Asks `look` for each request; users with an e-mail address are looked up in the Coders of the namespace. */
export function workspaceSight(
  look: WorkspaceSightOf,
  resources: Pick<Resources, "backends">,
): Sight<CoderWorkspace> {
  return async (context, namespace) => {
    const sight = await look(context.user, namespace, context.signal);
    switch (sight.sees) {
      case "all":
        return undefined;
      case "unknown":
        throw refused(sight.refusal);
      case "none":
        context.warn(`no workspaces are shown to you: ${sight.why}; ${HOW_TO_SEE_ALL}`);
        return () => false;
      case "own": {
        const { by, value } = sight.coderUser;
        if (by === "username") return ({ status }) => status.ownerName === value;
        const owners = await ownersOf(value, resources.backends(namespace), context);
        return (object) =>
          object.status.ownerID !== undefined && owners.get(placeOf(object)) === object.status.ownerID;
      }
    }
  };
}

const HOW_TO_SEE_ALL = "those of others need the verb all on coderworkspaces/others";

/** Ids of the user by the place of their Coder: copies of a deployment have the same ids. */
async function ownersOf(
  email: string,
  backends: readonly Backend[],
  { signal, warn }: RequestContext,
): Promise<ReadonlyMap<string, string>> {
  const owners = new Map<string, string>();
  await Promise.all(backends.map(async (backend) => {
    const { namespace, controlPlane, copy } = backend;
    try {
      const owner = await copy.findOwner(email, signal);
      if (owner !== undefined) owners.set(`${namespace}/${controlPlane?.name ?? ""}`, owner);
    } catch {
      signal.throwIfAborted();
      // What cannot be found out is not shown, and said.
      warn(`Coder of ${coderName(backend)} cannot tell which workspaces are yours now: they are left out`);
    }
  }));
  return owners;
}

function placeOf({ metadata: { namespace = "", labels } }: CoderWorkspace): string {
  return `${namespace}/${labels?.[CONTROL_PLANE_NAME_LABEL] ?? ""}`;
}

function refused({ code, reason, message, retryAfterSeconds }: Refusal): StatusError {
  return new StatusError(
    code,
    reason,
    message,
    retryAfterSeconds === undefined ? undefined : { retryAfterSeconds },
  );
}
