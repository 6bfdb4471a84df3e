/** Finds the workspace that a caller means, with what Coder lets them see. */
import { isInvalid, isNotFound, type Workspace } from "../../coder/mod.ts";
import type { CallersCoder } from "../coordinator/types.ts";
import { SessionError } from "../types.ts";
import { isDeleted, telling } from "./failures.ts";
import type { WorkspaceReference } from "./reference.ts";
import { nameOf } from "./state.ts";

/** Of others' workspaces that are named where the caller has none of the name. */
const MOST_NAMED = 5;

/** @throws {SessionError} `not_found`, also where the caller may not see it: Coder does not tell the two apart */
export async function findWorkspace(
  coder: CallersCoder,
  { id, owner, name, organization }: WorkspaceReference,
  signal: AbortSignal,
): Promise<Workspace> {
  const { workspaces } = coder.client;
  if (id !== undefined) return await getWorkspace(coder, id, signal);
  const shown = owner === undefined ? name : `${owner}/${name}`;
  const found = await telling(`find workspace ${shown}`, signal, async () => {
    try {
      return await workspaces.find(owner ?? "me", name, { signal });
    } catch (error) {
      // So Coder says that there is no such user, or none that this one may see.
      if (isInvalid(error) || isNotFound(error)) return undefined;
      throw error;
    }
  });
  if (found !== undefined && (organization === undefined || found.organization_name === organization)) {
    return found;
  }
  if (owner !== undefined) {
    const where = organization === undefined ? "" : ` of organization ${organization}`;
    throw missing(
      `there is no workspace ${shown}${where} that you (${coder.user}) may see in Coder ${coder.id}`,
    );
  }
  const others = await othersCalled(coder, name, signal);
  throw missing(
    `you (${coder.user}) have no workspace ${name} in Coder ${coder.id}${
      others.length === 0
        ? ""
        : `; others have, that you may see: name one of them in full, ${others.join(", ")}`
    }`,
  );
}

/** By its id, as it is now. @throws {SessionError} */
export async function getWorkspace(coder: CallersCoder, id: string, signal: AbortSignal): Promise<Workspace> {
  return await telling(`look at workspace ${id}`, signal, async () => {
    try {
      return await coder.client.workspaces.get(id, {}, { signal });
    } catch (error) {
      if (isDeleted(error)) throw missing(`workspace ${id} was deleted`);
      if (!isNotFound(error)) throw error;
      throw missing(`there is no workspace ${id} that you (${coder.user}) may see in Coder ${coder.id}`);
    }
  });
}

async function othersCalled(
  { client, user }: CallersCoder,
  name: string,
  signal: AbortSignal,
): Promise<readonly string[]> {
  return await telling(`find workspaces called ${name}`, signal, async () => {
    const { workspaces } = await client.workspaces.list({ q: `name:${name}`, limit: 100 }, { signal });
    return workspaces
      .filter((one) => one.name.toLowerCase() === name.toLowerCase() && one.owner_name !== user)
      .slice(0, MOST_NAMED).map(nameOf);
  });
}

/** Whether the caller may open terminals there, as Coder says it. */
export async function mayOpenTerminals(
  { client }: CallersCoder,
  { id, owner_id: owner }: Pick<Workspace, "id" | "owner_id">,
  signal: AbortSignal,
): Promise<boolean> {
  const ssh = { action: "ssh", object: { resource_type: "workspace", resource_id: id, owner_id: owner } };
  return (await client.users.authCheck({ ssh }, { signal }))["ssh"] === true;
}

/** @param workspace `<owner>/<workspace>` */
export function noRight(workspace: string, user: string): SessionError {
  return new SessionError(
    "forbidden",
    `you (${user}) may see workspace ${workspace} and not open terminals in it, as Coder says: ask its owner, or use ` +
      "one of your own",
  );
}

function missing(message: string): SessionError {
  return new SessionError("not_found", message);
}
