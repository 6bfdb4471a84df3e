/** What scripts do with a client. */
import { type ClientKind, CLIENTS, type ConnectedClient, LATEST } from "../../mcp/clients.ts";
import type { Era, ProgramInput } from "../program.ts";

/** An answer of the server. */
export interface Told {
  readonly text: string;
  // deno-lint-ignore no-explicit-any -- answers of any tool
  readonly output: any;
  readonly isError: boolean;
}

/** Of one question. */
export interface Talk {
  /** The one that the question names. */
  readonly namespace: string;
  /** Calls a tool in that namespace. @throws where it answers with an error */
  ask(tool: string, args?: Record<string, unknown>): Promise<Told>;
  /** As `ask`, but an error is an answer, too. */
  tries(tool: string, args?: Record<string, unknown>): Promise<Told>;
  /** Has a plan made, and carries it out. Errors are answers. */
  changes(tool: string, args: Record<string, unknown>): Promise<Told>;
  /** The text of a resource. */
  read(uri: string): Promise<string>;
}

/** What a client that knows the way does; resolves to its final answer. */
export type Script = (talk: Talk) => Promise<string>;

/** The official clients: what they speak is the era. */
export const KIND_OF: Readonly<Record<Era, ClientKind>> = {
  sessionless: LATEST,
  sessions: CLIENTS.find(({ name }) => name === "client 2.4.0 as it is by default") ?? LATEST,
};

/** Follows a script. @param elicit the person behind the client; absent: it cannot ask anybody */
export async function follow(
  script: Script,
  { url, token, era, question }: ProgramInput,
  elicit?: () => "accept" | "decline",
): Promise<string> {
  await using client = await KIND_OF[era].connect({ url, token }, elicit === undefined ? {} : { elicit });
  // As every client does, so that it is on the bill.
  await client.tools();
  return await script(talkOf(client, question));
}

/** Tools that are about all namespaces. */
const NOWHERE = ["check_health"];

function talkOf(client: ConnectedClient, question: string): Talk {
  const namespace = /\bteam-\d+\b/.exec(question)?.[0] ?? "";
  const tries = async (tool: string, args: Record<string, unknown> = {}): Promise<Told> => {
    const place = NOWHERE.includes(tool) || "namespace" in args ? {} : { namespace };
    const { text, structured, isError } = await client.call(tool, { ...place, ...args });
    return { text, output: structured ?? {}, isError };
  };
  const ask = async (tool: string, args?: Record<string, unknown>) => {
    const told = await tries(tool, args);
    if (told.isError) throw new Error(`${tool}: ${told.text}`);
    return told;
  };
  return {
    namespace,
    ask,
    tries,
    async changes(tool, args) {
      const first = await tries(tool, args);
      const planToken = first.output.plan?.planToken;
      return first.isError || planToken === undefined ? first : await tries(tool, { ...args, planToken });
    },
    read: (uri) => client.read(uri),
  };
}
