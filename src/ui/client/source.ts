/** Where a terminal has it from: a server, or the person's own rights. */
import type { DiagnosisAnswer, LogLine, WatchEvent } from "../types.ts";

/** Events, or how it stands with whoever tells them: empty words mean well. */
export type Told = { readonly event: WatchEvent } | { readonly connection: string };

export interface Asked {
  readonly kind: "workspace" | "controlplane" | "provisioner";
  readonly namespace: string;
  readonly name: string;
}

export interface AskedLog {
  readonly namespace: string;
  readonly workspace: string;
  /** Absent: the latest. */
  readonly build?: number | undefined;
}

/** Errors have messages for people. */
export interface TopSource {
  /** What it is, in a word or two. */
  readonly name: string;
  /**
   * What happens, until the signal aborts; whoever tells it may be away meanwhile. Rejects with {@linkcode RefusedError}
   * where it is of no use to ask again.
   */
  watch(tell: (told: Told) => void, signal: AbortSignal): Promise<void>;
  diagnose(asked: Asked, signal: AbortSignal): Promise<DiagnosisAnswer>;
  /** Lines as they are written, until the build is over. */
  log(asked: AskedLog, signal: AbortSignal): AsyncIterable<readonly LogLine[]>;
  close(): void;
}

/** It is of no use to ask again: whoever asks may not, or it is no such server. */
export class RefusedError extends Error {
  override readonly name = "RefusedError";
}
