/** What `stat -c "%f %s %Y"` says. */

export interface Stat {
  readonly type: "file" | "directory" | "symlink" | "other";
  readonly size: number;
  /** Milliseconds since 1970. */
  readonly modified: number;
  readonly isExecutable: boolean;
}

const TYPES: Readonly<Record<number, Stat["type"]>> = { 0o10: "file", 0o04: "directory", 0o12: "symlink" };
const LATEST = Date.UTC(9999, 11, 31, 23, 59, 59);

/** Undefined for what is none. */
export function readStat(line: string): Stat | undefined {
  const found = /^([0-9a-f]{1,8}) (\d{1,18}) (-?\d{1,18})(?:[.,](\d{1,9}))?$/.exec(line);
  if (found === null) return undefined;
  const mode = parseInt(found[1]!, 16);
  const milliseconds = Number((found[4] ?? "").slice(0, 3).padEnd(3, "0"));
  return {
    type: TYPES[mode >> 12] ?? "other",
    size: Number(found[2]),
    modified: Number(found[3]) * 1_000 + milliseconds,
    isExecutable: (mode & 0o100) !== 0,
  };
}

/** As ISO 8601; what no clock shows is shown as the nearest that it does. */
export function when({ modified }: Pick<Stat, "modified">): string {
  return new Date(Math.min(Math.max(modified, 0), LATEST)).toISOString();
}
