/** What operations on files have in common. */
import type { Link } from "./link.ts";
import { quoted } from "./quote.ts";

export type FileInput = Readonly<Record<string, unknown>>;
export interface FileAnswer {
  readonly output: Record<string, unknown>;
  readonly body?: Uint8Array | undefined;
}

/** Of one session. */
export interface FileContext {
  readonly link: Link;
  /** Its directory, as the workspace calls it. */
  readonly root: string;
  readonly isScratch: boolean;
}

export type FileOperation = (
  context: FileContext,
  input: FileInput,
  body: Uint8Array | undefined,
  signal: AbortSignal,
) => Promise<FileAnswer>;

/** Shell code that works below the session's directory. */
export function below({ root }: Pick<FileContext, "root">, code: string): string {
  return `R=${quoted(root)}\n${code}`;
}
