/** Runs all checks of a phase. */
import { CHECKS } from "./checks/mod.ts";
import type { CheckReport, CheckWorld, Finding } from "./types.ts";

/** One after the other is told, all are done at once. A check that breaks is one that could not be done. */
export async function runChecks(
  world: CheckWorld,
  server: string,
  signal: AbortSignal,
): Promise<CheckReport> {
  const { phase, namespace } = world;
  const findings = await Promise.all(
    CHECKS.filter(({ phases }) => phases.includes(phase)).map(
      async ({ id, run }): Promise<readonly Finding[]> => {
        try {
          return await run(world);
        } catch (error) {
          signal.throwIfAborted();
          const why = error instanceof Error ? error.message : String(error);
          return [{ check: id, verdict: "unknown", text: `This could not be looked at: ${why}`, next: [] }];
        }
      },
    ),
  );
  return { phase, server, namespace, findings: findings.flat() };
}

/** 0: nothing is wrong, warnings or not; 1: something is; 2: nothing is known to be, and not all could be seen. */
export function exitCodeOf({ findings }: Pick<CheckReport, "findings">): 0 | 1 | 2 {
  if (findings.some(({ verdict }) => verdict === "failed")) return 1;
  return findings.some(({ verdict }) => verdict === "unknown") ? 2 : 0;
}
