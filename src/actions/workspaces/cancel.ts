/** Cancelling the build that is active. */
import { CoderApiError } from "../../coder/mod.ts";
import { isUnderWay, type Workspace } from "../../inventory/mod.ts";
import { ActionError } from "../error.ts";
import { failureOf, type Session } from "./world.ts";

/**
 * Cancels it; what is to be told. One that runs ends as failed, after a while. Throws {@linkcode ActionError} where none
 * is active.
 */
export async function cancelBuild(session: Session, workspace: Workspace, dryRun: boolean): Promise<string> {
  const { latest_build: latest, name } = workspace;
  if (!isUnderWay(latest.status)) {
    throw new ActionError("conflict", `no build of workspace ${name} is active`);
  }
  const words = `build ${latest.build_number} is being cancelled`;
  if (latest.status === "canceling") return words;
  if (dryRun) return `build ${latest.build_number} would be cancelled`;
  const { signal } = session;
  const cancel = () =>
    session.write(
      "cancel build",
      ({ workspaceChanges }) => workspaceChanges.cancelBuild(latest.id, undefined, { signal }),
    );
  try {
    await cancel();
  } catch (error) {
    if (error instanceof CoderApiError && error.status === 400) {
      const now = await session.look(workspace.id);
      if (now !== undefined && isCancelled(now, latest.id)) return words;
      throw new ActionError("conflict", `build ${latest.build_number} of workspace ${name} is over already`);
    }
    if (failureOf(error) !== "unknown") throw error;
    const now = await session.look(workspace.id);
    const isOpen = now?.latest_build.id === latest.id && isUnderWay(now.latest_build.status);
    if (isOpen && now.latest_build.status !== "canceling") await cancel();
  }
  return words;
}

function isCancelled({ latest_build }: Workspace, build: string): boolean {
  return latest_build.id === build && ["canceling", "canceled"].includes(latest_build.status);
}
