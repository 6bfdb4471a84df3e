/** A client program: it gets a question and where the endpoint is, and gives an answer. See README.md. */

/** The eras of the protocol. */
export const ERAS = ["sessions", "sessionless"] as const;
/** `sessions`: `initialize` and session ids, up to 2025-11-25. `sessionless`: 2026-07-28. */
export type Era = (typeof ERAS)[number];

/** What a program is given, as JSON on standard input. */
export interface ProgramInput {
  /** Of this contract. */
  readonly version: 1;
  /** For logs; no model should see it. */
  readonly task: string;
  readonly url: string;
  /** A bearer token. */
  readonly token: string;
  readonly era: Era;
  readonly question: string;
  /** Then it is ended. */
  readonly deadlineSeconds: number;
}

export interface ProgramOutput {
  readonly answer: string;
  /** What it says of itself; shown and never counted. */
  readonly said?: Readonly<Record<string, unknown>>;
}

/** Rejects where there is no answer. */
export type Program = (input: ProgramInput, signal: AbortSignal) => Promise<ProgramOutput>;

/** The same as variables, for programs that read no JSON. */
export function environmentOf(input: ProgramInput): Record<string, string> {
  return {
    EVAL_TASK: input.task,
    EVAL_URL: input.url,
    EVAL_TOKEN: input.token,
    EVAL_ERA: input.era,
    EVAL_QUESTION: input.question,
    EVAL_DEADLINE_SECONDS: String(input.deadlineSeconds),
  };
}

/**
 * A program by its command line. Words are parted by spaces; quotes keep them together. No shell reads it.
 *
 * @throws where there is no program in it, or a quote is left open
 */
export function commandProgram(commandLine: string): Program {
  const [command, ...args] = wordsOf(commandLine);
  if (command === undefined) throw new Error("--client: give a program");
  return async (input, signal) => {
    const child = new Deno.Command(command, {
      args,
      env: environmentOf(input),
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const kill = () => {
      try {
        child.kill("SIGKILL");
      } catch {
        // It has ended by itself.
      }
    };
    signal.addEventListener("abort", kill, { once: true });
    try {
      const writer = child.stdin.getWriter();
      // A program that reads its environment alone may not read this.
      await writer.write(new TextEncoder().encode(JSON.stringify(input))).then(() => writer.close()).catch(
        () => {},
      );
      const { code, stdout } = await child.output();
      signal.throwIfAborted();
      if (code !== 0) throw new Error(`the client has ended with ${code}`);
      return outputOf(new TextDecoder().decode(stdout));
    } finally {
      signal.removeEventListener("abort", kill);
      kill();
    }
  };
}

/** `{"answer": "…"}`, or text as it is. @throws where there is nothing */
export function outputOf(stdout: string): ProgramOutput {
  const text = stdout.trim();
  if (text === "") throw new Error("the client gave no answer");
  try {
    const { answer, ...said } = JSON.parse(text);
    if (typeof answer === "string") return { answer, ...(Object.keys(said).length === 0 ? {} : { said }) };
  } catch {
    // Words, then.
  }
  return { answer: text };
}

/** Words of a command line. */
export function wordsOf(line: string): string[] {
  const words: string[] = [];
  const pattern = /\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)'|([^\s"']+))/gy;
  let at = 0;
  while (line.slice(at).trim() !== "") {
    pattern.lastIndex = at;
    const match = pattern.exec(line);
    if (match === null) throw new Error(`--client: a quote is left open in ${line}`);
    const word = match[1]?.replace(/\\(.)/g, "$1") ?? match[2] ?? match[3] ?? "";
    const isJoined = at > 0 && !/\s/.test(line[at] ?? "") && words.length > 0;
    if (isJoined) words.push(`${words.pop()}${word}`);
    else words.push(word);
    at = pattern.lastIndex;
  }
  return words;
}
