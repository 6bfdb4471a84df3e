/** Words for what did not come to be. */
import type { Told } from "./talk.ts";

/** Says that it was refused, and why. @throws where it was not */
export function refused({ isError, text }: Told): string {
  if (!isError) throw new Error(`it was not refused: ${text}`);
  return `I could not do that, and nothing was changed: ${text}`;
}
