/** Keeps why something that was asked for and had to wait was not done, until something else is asked for. */
import type { OnRefused } from "../../actions/mod.ts";
import type { Backend } from "../../inventory/mod.ts";
import type { Keeping } from "../../shadow/mod.ts";
import { plainWorkspaceName } from "../names.ts";

/** So often somebody else may be sooner. */
const MOST_TRIES = 5;
/** Longer words of Coder's are not kept. */
const MOST_MESSAGE = 1_024;

/** For the workbench of a Coder. */
export function refusalKeeper(
  backend: { readonly copy: Pick<Backend["copy"], "workspace"> },
  { shadows }: { readonly shadows: Pick<Keeping["shadows"], "read" | "write"> },
  now: () => number = Date.now,
): OnRefused {
  return async ({ workspace: id, name }, message, signal) => {
    if (id === undefined) return;
    const workspace = backend.copy.workspace(id);
    const plain = workspace === undefined ? undefined : plainWorkspaceName({
      organization: workspace.organization_name,
      owner: workspace.owner_name,
      workspace: workspace.name,
    });
    const refusal = {
      reason: "Refused",
      message: message.slice(0, MOST_MESSAGE).toWellFormed(),
      at: new Date(now()).toISOString(),
    };
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const stored = await shadows.read("workspaces", id, signal);
      const record = stored?.record ?? { kind: "workspaces" as const, id, name: plain ?? name, metadata: {} };
      if (await shadows.write({ ...record, refusal }, stored?.version, signal) !== undefined) return;
    }
    throw new Error(`others change what is kept of workspace ${name} all the time`);
  };
}
