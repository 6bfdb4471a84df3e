/** Containers whose command cannot be run. */
import type { ContainerEnd, ContainerView } from "./pod_view.ts";

const NO_COMMAND =
  /executable file not found|no such file or directory|exec format error|permission denied|is a directory|not a directory|cannot find the (?:file|path)/i;
const START = new Set(["StartError", "ContainerCannotRun", "RunContainerError", "CreateContainerError"]);

/** Whether a container did not get as far as its own program. */
export function isCommandTrouble(
  { container, end }: { readonly container: ContainerView; readonly end?: ContainerEnd | undefined },
): boolean {
  if (container.state === "waiting" && START.has(container.reason) && isAboutCommand(container.message)) {
    return true;
  }
  if (end === undefined) return false;
  if (START.has(end.reason)) return end.message === "" || isAboutCommand(end.message);
  return end.exitCode === 126 || end.exitCode === 127;
}

/** A volume that cannot be mounted says "no such file or directory" too. */
function isAboutCommand(message: string): boolean {
  return NO_COMMAND.test(message) && !/error mounting|failed to prepare subPath|subPath/i.test(message);
}
