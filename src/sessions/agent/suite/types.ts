/** What the suite needs of an engine, and of the way to a workspace. */
import type { SandboxHost } from "../../sandbox/types.ts";

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
