/**
 * What every engine has to do for sessions in workspaces: one suite, over whatever way there is to a workspace. For tests alone.
 */
import type { SandboxHost } from "../sandbox/types.ts";
import { filesSuite } from "./suite/files.ts";
import { archivesSuite } from "./suite/archives.ts";
import { placesSuite } from "./suite/places.ts";
import { processesSuite } from "./suite/processes.ts";
import { sharedSuite } from "./suite/shared.ts";

/** A workspace of this machine, however it is reached. */
export interface SuiteWorkspace extends AsyncDisposable {
  /** A new host for its sessions, as each replica and each restart has one. They are closed with the workspace. */
  host(): SandboxHost;
  /** Where the agent begins: relative directories are below it. */
  readonly home: string;
}

/**
 * - `shared`: others hear of processes, and find them again (`Sandbox.shared`).
 * - `archives`: `pack` and `unpack` of scratch sessions.
 * - `links`: links that lead out of the session's directory are told apart from others.
 * - `expressions`: `search` takes regular expressions as Python has them.
 * - `usage`: CPU time and memory are known.
 */
export type Feature = "shared" | "archives" | "links" | "expressions" | "usage";

export interface SuiteOptions {
  /** Of the tests. */
  readonly name: string;
  readonly open: () => Promise<SuiteWorkspace>;
  /** What the engine does not have. */
  readonly without?: readonly Feature[] | undefined;
}

/** Registers the tests of one engine over one way to a workspace. */
export function workspaceSuite(options: SuiteOptions): void {
  const has = (feature: Feature) => !options.without?.includes(feature);
  placesSuite(options);
  processesSuite(options, has);
  filesSuite(options, has);
  if (has("archives")) archivesSuite(options);
  if (has("shared")) sharedSuite(options);
}
