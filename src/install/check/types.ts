/** What `coder-k8s check` looks at, and what it says. */
import type { KubeObject } from "../../api/object.ts";
import type { Reading } from "./reading.ts";

/** `before`: nothing is installed yet, and what stands in the way is looked for; `after`: what is there has to work. */
export type Phase = "before" | "after";

/** `unknown`: it could not be looked at, and is not guessed. */
export type Verdict = "ok" | "warning" | "failed" | "unknown";

/** One thing that was looked at. */
export interface Finding {
  /** Stable, for programs: `api-service`. */
  readonly check: string;
  readonly verdict: Verdict;
  /** What is so, in one sentence. */
  readonly text: string;
  /** What to do, one step each; empty where nothing is to be done. */
  readonly next: readonly string[];
}

/** All of them. */
export interface CheckReport {
  readonly phase: Phase;
  /** The API server that was asked. */
  readonly server: string;
  /** Of the installation. */
  readonly namespace: string;
  readonly findings: readonly Finding[];
}

/** What somebody wants to do; `user` absent: who asks. */
export interface Access {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly namespace?: string;
  readonly name?: string;
}

/** A Coder that was asked for its version. */
export type CoderAnswer =
  | { readonly version: string }
  /** Why it did not answer. */
  | { readonly why: string };

/** What checks see. Nothing in it changes anything. */
export interface CheckWorld {
  readonly phase: Phase;
  readonly namespace: string;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Of this program; `dev` from source. */
  readonly version: string;
  /** What an installation consists of, of the overlays that were asked for. */
  readonly objects: readonly KubeObject[];
  /**
   * GET, read with a schema; the same path is asked for once. Never rejects but for the end of all.
   *
   * @param accept another form than the usual one
   */
  read<T>(path: string, schema: Schema<T>, accept?: string): Promise<Reading<T>>;
  /** Whether who asks may. */
  may(access: Access): Promise<Reading<boolean>>;
  /** Asks a control plane's Coder, the way the operator would from here. */
  coder(namespace: string, name: string): Promise<CoderAnswer>;
}

/** As zod's, as far as it is needed. */
export interface Schema<T> {
  safeParse(value: unknown): { success: true; data: T } | { success: false; error: unknown };
}

/** One check. */
export interface Check {
  readonly id: string;
  readonly phases: readonly Phase[];
  run(world: CheckWorld): Promise<readonly Finding[]>;
}
