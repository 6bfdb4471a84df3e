/** SQL through psql, the rows as objects. */

/** A row: column names to values as text; null for SQL's NULL. */
export type Row = Record<string, string | null>;

/** A server said no, or could not be reached. */
export class SqlError extends Error {
  override name = "SqlError";
}

/** How to run one statement. */
export interface SqlOptions {
  /** Values for `:'name'` (a literal) and `:"name"` (an identifier) in the statement, quoted by psql. */
  params?: Record<string, string>;
  /** Deadline, in milliseconds. @default {60_000} */
  timeoutMs?: number;
}

/** What psql prints for NULL: nothing that a test would store. */
const NULL = "\u2400NULL\u2400";

/** Runs one statement; its rows, none for a statement that returns none. @throws {SqlError} */
export async function runSql(
  psql: string,
  url: string,
  query: string,
  options: SqlOptions = {},
): Promise<Row[]> {
  const params = Object.entries(options.params ?? {}).map(([name, value]) => `--set=${name}=${value}`);
  const timeoutMs = options.timeoutMs ?? 60_000;
  const child = new Deno.Command(psql, {
    args: ["-X", "-q", "--csv", `--pset=null=${NULL}`, "--set=ON_ERROR_STOP=1", ...params, "-f", "-", url],
    env: { PGCONNECT_TIMEOUT: String(Math.ceil(timeoutMs / 1000)), PGCLIENTENCODING: "UTF8" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let late = false;
  const deadline = setTimeout(() => {
    late = true;
    try {
      child.kill("SIGKILL");
    } catch (error) {
      // It ended at this very moment.
      if (!(error instanceof TypeError)) throw error;
    }
  }, timeoutMs);
  try {
    const [output] = await Promise.all([child.output(), feed(child, query)]);
    const decoder = new TextDecoder();
    const said = decoder.decode(output.stderr).trim();
    if (late) throw new SqlError(`${abridged(query)} took longer than ${timeoutMs / 1000} s`);
    if (!output.success) {
      throw new SqlError(`${abridged(query)}: ${said || `psql ended with ${output.code}`}`);
    }
    return rowsOf(decoder.decode(output.stdout));
  } finally {
    clearTimeout(deadline);
  }
}

/** Reads CSV with a header line as psql writes it. */
export function rowsOf(csv: string): Row[] {
  const [header = [], ...lines] = parseCsv(csv);
  return lines.map((cells) =>
    Object.fromEntries(header.map((name, index) => {
      const cell = cells[index] ?? "";
      return [name, cell === NULL ? null : cell];
    }))
  );
}

function parseCsv(text: string): string[][] {
  const lines: string[][] = [];
  let line: string[] = [];
  // A cell is quoted (with "" for a quote in it) or plain; a comma or the line's end comes after it.
  for (const [, quoted, plain = "", end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\n]*))(,|\n|$)/g)) {
    line.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'));
    if (end === ",") continue;
    if (line.length > 1 || line[0] !== "" || end === "\n") lines.push(line);
    line = [];
  }
  return lines;
}

async function feed(child: Deno.ChildProcess, text: string): Promise<void> {
  const writer = child.stdin.getWriter();
  try {
    // psql sends a statement when it sees its semicolon.
    await writer.write(new TextEncoder().encode(`${text.trim().replace(/;$/, "")}\n;\n`));
    await writer.close();
  } catch (error) {
    // It has ended without reading all of it; what it said tells why.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}

function abridged(query: string): string {
  const line = query.trim().replaceAll(/\s+/g, " ");
  return line.length > 120 ? `${line.slice(0, 120)}…` : line;
}
