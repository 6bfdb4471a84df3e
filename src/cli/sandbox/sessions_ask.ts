/** Asks a coordinator for what it knows. Its answer is foreign data, and names in it are written to a terminal. */
import { z } from "zod";
import type { OwnSurroundings } from "./own_call.ts";

/** Control characters of foreign texts would reach the terminal. */
// deno-lint-ignore no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g;
const text = z.string().max(4_096).transform((given) => given.replace(CONTROL, "\ufffd"));
const texts = z.record(text, text);
const count = z.number().catch(0);

const answerSchema = z.object({
  sessions: z.array(z.object({
    id: text,
    name: text,
    owner: text,
    state: text,
    reason: text.catch(""),
    worker: text.catch(""),
    isolation: text.catch(""),
    /** Absent: it is in no Coder workspace. */
    workspace: z.object({
      coder: text.catch(""),
      name: text,
      agent: text.catch(""),
      directory: text.catch(""),
      files: text.catch(""),
    }).optional().catch(undefined),
    labels: texts.catch({}),
    createdAt: text,
    lastUsedAt: text.catch(""),
    expiresAt: text,
  })),
  workers: z.array(z.object({
    id: text,
    state: text,
    version: text.catch(""),
    isolation: text.catch(""),
    labels: texts.catch({}),
    capacity: count,
    sessions: count,
    runningTasks: count,
    processes: count,
    memoryBytes: count,
    freeDiskBytes: count,
    lastHeardAt: text.catch(""),
  })),
});

/** What a coordinator knows. Times are as in ISO 8601. */
export type CoordinatorAnswer = z.output<typeof answerSchema>;

export interface AskOptions {
  readonly url: string;
  readonly tokenFile?: string | undefined;
  readonly caFile?: string | undefined;
  readonly timeout: number;
  readonly debug: boolean;
}

const MOST_BYTES = 64 * 2 ** 20;

/** Asks; `refusal` says why nothing came of it, and what to do. */
export async function askCoordinator(
  options: AskOptions,
  around: Pick<OwnSurroundings, "err" | "readTextFile" | "fetch" | "now">,
): Promise<CoordinatorAnswer | { readonly refusal: string }> {
  const address = `${options.url.replace(/\/mcp$/, "")}/debug/sessions`;
  const headers = new Headers({ accept: "application/json" });
  let client: Deno.HttpClient | undefined;
  try {
    if (options.tokenFile !== undefined) {
      const token = (await read("--token-file", options.tokenFile, around)).trim();
      if (!/^[\x21-\x7e]+$/.test(token)) {
        return { refusal: `--token-file: ${options.tokenFile} must hold one token and nothing else` };
      }
      headers.set("authorization", `Bearer ${token}`);
    }
    if (options.caFile !== undefined) {
      client = Deno.createHttpClient({ caCerts: [await read("--ca-file", options.caFile, around)] });
    }
    const began = around.now();
    const response = await around.fetch(address, {
      headers,
      redirect: "manual",
      signal: AbortSignal.timeout(options.timeout),
      ...(client === undefined ? {} : { client }),
    });
    const body = await limited(response);
    if (options.debug) {
      around.err(`coder-k8s: GET ${address}: ${response.status} after ${around.now() - began} ms\n`);
    }
    if (response.status !== 200) return { refusal: refusalOf(address, response.status, body) };
    const parsed = answerSchema.safeParse(jsonOf(body));
    if (parsed.success) return parsed.data;
    return { refusal: `${address} answers, and not as a coordinator does; is --url right?` };
  } catch (error) {
    if (error instanceof AskError) return { refusal: error.message };
    return { refusal: unreachable(address, options, error) };
  } finally {
    client?.close();
  }
}

/** Why nothing can be asked. */
class AskError extends Error {
  override readonly name = "AskError";
}

async function read(
  flag: string,
  path: string,
  around: Pick<OwnSurroundings, "readTextFile">,
): Promise<string> {
  try {
    return await around.readTextFile(path);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new AskError(`${flag}: ${path} cannot be read: ${why}`, { cause });
  }
}

async function limited(response: Response): Promise<string> {
  const decoder = new TextDecoder();
  let bytes = 0;
  let whole = "";
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw new AskError(`${response.url} answers with more than ${MOST_BYTES} bytes`);
    whole += decoder.decode(chunk, { stream: true });
  }
  return whole + decoder.decode();
}

function jsonOf(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** The coordinator's own words, where it has some. */
function refusalOf(address: string, status: number, body: string): string {
  const said = z.object({ error: z.object({ message: z.string() }).or(z.string()) }).or(
    z.object({ message: z.string() }),
  ).safeParse(jsonOf(body)).data;
  const message = said === undefined
    ? body
    : "message" in said
    ? said.message
    : typeof said.error === "string"
    ? said.error
    : said.error.message;
  const why = message.replace(CONTROL, " ").trim().slice(0, 300);
  const hint = status === 401
    ? "give --token-file with a token that it takes"
    : status === 404
    ? "is --url a coordinator's?"
    : status >= 300 && status < 400
    ? "it sends elsewhere: give the address that it has by itself"
    : "";
  return `${address} answers ${status}${why === "" ? "" : `: ${why}`}${hint === "" ? "" : `; ${hint}`}`;
}

function unreachable(address: string, { timeout }: AskOptions, error: unknown): string {
  if (error instanceof DOMException && error.name === "TimeoutError") {
    return `${address} did not answer within ${timeout} ms (--timeout)`;
  }
  const message = error instanceof Error ? error.message : String(error);
  const cause = error instanceof Error && error.cause instanceof Error ? `: ${error.cause.message}` : "";
  return `${address} cannot be reached: ${message}${cause}. Is the coordinator running, and --url right?`;
}
