/** What exit codes of containers mean. */

const SIGNALS: Readonly<Record<number, string>> = {
  6: "SIGABRT",
  9: "SIGKILL",
  11: "SIGSEGV",
  13: "SIGPIPE",
  15: "SIGTERM",
};

/** The signal that ended it, by what the node says or else by the exit code; 0: none. */
export function signalOf({ exitCode, signal }: {
  readonly exitCode: number;
  readonly signal?: number | undefined;
}): number {
  return signal || (exitCode > 128 && exitCode < 160 ? exitCode - 128 : 0);
}

/** `SIGKILL`; undefined for those that hardly ever end a program. */
export function signalName(signal: number): string | undefined {
  return SIGNALS[signal];
}
