/** How servers end. */
import type { Core } from "./part.ts";

/** In milliseconds: in a cluster others have to hear first that this one is going. */
export function shutdownTimes({ config, client }: Pick<Core, "config" | "client">): {
  /** How long everything is still answered after the stop was asked for. */
  readonly shutdownDelayMs: number;
  /** How long what is in hand may take after that. */
  readonly graceMs: number;
} {
  const shutdownDelayMs = config.shutdownDelay ?? (client.connection.source === "in-cluster" ? 5_000 : 0);
  return { shutdownDelayMs, graceMs: Math.max(1_000, config.shutdownTimeout - shutdownDelayMs) };
}
