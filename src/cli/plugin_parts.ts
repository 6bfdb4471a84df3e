/** What `kubectl coder` reaches out to. */
import type { PluginConnection, PluginConnectionRequest } from "../app/plugin.ts";
import type { Handover } from "../plugin/ssh.ts";
import type { Terminal } from "./terminal.ts";

/** From the command line around it. */
export interface PluginSurroundings {
  readonly environment: Readonly<Record<string, string>>;
  readonly terminal: Terminal;
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly readTextFile: (path: string) => Promise<string>;
  /** Runs a command of coder-k8s. */
  readonly command: (args: readonly string[]) => Promise<number>;
}

/** Of this machine; tests put their own in its place. */
export interface PluginParts {
  /** Rejects where the kubeconfig cannot be used. */
  readonly open: (request: PluginConnectionRequest) => Promise<PluginConnection>;
  /** Runs `run` with a signal that ends with the process' own. Resolves to what ended it, if anything did. */
  readonly untilStopped: (run: (signal: AbortSignal) => Promise<void>) => Promise<Deno.Signal | undefined>;
  /** Path of a program of the PATH; undefined where there is none. */
  readonly find: (program: string) => Promise<string | undefined>;
  /** Gives a program the terminal. Resolves to its exit code; 128 and the number of a signal that ended it. */
  readonly handOver: (handover: Handover) => Promise<number>;
  /** Opens an address with a program that was found. Resolves to whether it did. */
  readonly browse: (program: string, url: string) => Promise<boolean>;
  /** As Deno has it: `linux`, `darwin`. */
  readonly os: string;
  readonly isTerminal: boolean;
}
