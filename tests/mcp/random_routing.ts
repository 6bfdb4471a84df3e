/** Calls of both eras through replicas that are chosen at random: whatever one of them told, the other one knows. */
import type { ClientKind, ConnectedClient } from "./clients.ts";
import { dataOf } from "./interop_suite.ts";

export interface RandomRoutingOptions {
  /** Of whatever routes to the replicas. */
  readonly url: string;
  readonly token?: string;
  /** How many calls there are in all. */
  readonly calls: number;
  /** Each of them makes an equal share. */
  readonly kinds: readonly ClientKind[];
  /** Clients of one kind that call at the same time. @default {4} */
  readonly callers?: number;
  /** Calls of one connection, before the next one is made. @default {100} */
  readonly callsAConnection?: number;
  /** No call begins after it. */
  readonly signal?: AbortSignal;
}

export interface RandomRoutingResult {
  readonly calls: number;
  /** What each failed call failed with. */
  readonly failures: readonly string[];
  /** How many calls each replica answered, by its name. */
  readonly byReplica: Readonly<Record<string, number>>;
  readonly connections: number;
}

/** Runs until all calls are made; never rejects for a call that fails. */
export async function routeRandomly(options: RandomRoutingOptions): Promise<RandomRoutingResult> {
  const { url, token, calls, kinds, callers = 4, callsAConnection = 100, signal } = options;
  const route = { url, ...(token === undefined ? {} : { token }) };
  const failures: string[] = [];
  const byReplica: Record<string, number> = {};
  let begun = 0;
  let connections = 0;
  const isLeft = ({ count }: { readonly count: number }) => count > 0 && signal?.aborted !== true;
  const one = async (kind: ClientKind, left: { count: number }, name: string) => {
    while (isLeft(left)) {
      connections++;
      const client = await kind.connect(route).catch((error) => void failures.push(`${kind.name}: ${error}`));
      // A connection that cannot be made is a call that failed.
      if (client === undefined) {
        begun++;
        left.count--;
        continue;
      }
      for (let call = 0; call < callsAConnection && isLeft(left); call++) {
        left.count--;
        const turn = begun++;
        await callOnce(kind, client, turn, `${name}-${connections}`, byReplica).catch((error) =>
          failures.push(`${kind.name}, call ${turn}: ${error}`)
        );
      }
      await client.endSession().catch(() => {});
      await client[Symbol.asyncDispose]();
    }
  };
  await Promise.all(kinds.flatMap((kind, index) => {
    const left = { count: Math.floor(calls / kinds.length) + (index < calls % kinds.length ? 1 : 0) };
    return Array.from({ length: callers }, (_, caller) => one(kind, left, `${index}-${caller}`));
  }));
  return { calls: begun, failures, byReplica, connections };
}

/** Mostly a read; from time to time a list, a resource, or a plan that is carried out wherever its token comes. */
async function callOnce(
  kind: ClientKind,
  client: ConnectedClient,
  turn: number,
  name: string,
  byReplica: Record<string, number>,
): Promise<void> {
  if (turn % 20 === 7) {
    const count = (await client.tools()).length;
    if (count !== 7) throw new Error(`there are ${count} tools`);
  } else if (turn % 20 === 11) {
    const text = await client.read("fixture://notes/beta");
    if (text !== "This is beta.") throw new Error(`the note is ${text}`);
  } else if (turn % 20 === 17) {
    const note = { name, text: `${turn}` };
    const { plan } = dataOf(await client.call("set_note", note), kind) as { plan: { planToken: string } };
    const done = dataOf(await client.call("set_note", { ...note, planToken: plan.planToken }), kind);
    if (done["updated"] !== true) throw new Error("the note is not written");
  } else {
    const { sum, replica } = dataOf(await client.call("add", { a: turn, b: 1 }), kind) as {
      sum: number;
      replica: string;
    };
    if (sum !== turn + 1) throw new Error(`${turn} + 1 is ${sum}`);
    byReplica[replica] = (byReplica[replica] ?? 0) + 1;
  }
}
