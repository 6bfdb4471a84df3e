/** Surroundings for tests of the command line. */
import type { StartNotes } from "../../app/process.ts";
import type { SandboxSurroundings } from "./surroundings.ts";

/** Nothing of sandbox sessions is reached out to. */
export const noSandbox: SandboxSurroundings = {
  machine: () => Promise.resolve({ hostname: "test-host", isRoot: true }),
  runCoordinator: () => Promise.reject(new Error("there is no coordinator here")),
  runWorker: () => Promise.reject(new Error("there is no worker here")),
  workerToken: () => Promise.reject(new Error("there is no key here")),
  fetch: () => Promise.reject(new Error("there is no network here")),
  now: () => 0,
};

/** What was started, instead of starting it. */
export function recordedSandbox(): SandboxSurroundings & {
  readonly started: { readonly config: object; readonly notes: StartNotes }[];
} {
  const started: { config: object; notes: StartNotes }[] = [];
  const run = (config: object, notes: StartNotes) => {
    started.push({ config, notes });
    return Promise.resolve(0);
  };
  return { ...noSandbox, runCoordinator: run, runWorker: run, started };
}
