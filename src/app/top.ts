/** `coder-k8s top`: what the person at the terminal may see, by themselves or from a server of ours. */
import { limitedCluster } from "../mcp/caller/limited_cluster.ts";
import { ownSource } from "../ui/client/own_source.ts";
import { serverSource } from "../ui/client/server_source.ts";
import type { TopSource } from "../ui/client/source.ts";
import type { Config } from "./config.ts";
import { dropPermissions } from "./permissions.ts";
import { ownLog, personAt } from "./person.ts";
import { buildInfo } from "./version.ts";

export type { TopSource } from "../ui/client/source.ts";

/** Where to look; durations are milliseconds. */
export type TopRequest =
  | {
    readonly server: string;
    /** Read anew for each call. */
    readonly tokenFile?: string | undefined;
    readonly caFile?: string | undefined;
  }
  | {
    /** This namespace alone. Absent: all that they may see. */
    readonly namespace?: string | undefined;
  };

/** It cannot be looked at all; the message says why, and what to do. */
export class NoTopError extends Error {
  override readonly name = "NoTopError";
}

/** Opens it; nothing is asked yet. @throws {NoTopError} */
export async function openTop(
  config: Config,
  request: TopRequest,
  environment: Readonly<Record<string, string>>,
): Promise<TopSource> {
  try {
    return "server" in request ? await fromServer(request) : await fromPerson(config, request, environment);
  } catch (error) {
    throw new NoTopError(error instanceof Error ? error.message : String(error), { cause: error });
  }
}

async function fromServer(
  { server, tokenFile, caFile }: Extract<TopRequest, { server: string }>,
): Promise<TopSource> {
  // Files are looked at before anything is drawn over the words that say what is wrong with them.
  const token = async () => tokenFile === undefined ? undefined : await readToken(tokenFile);
  await token();
  const client = caFile === undefined
    ? undefined
    : Deno.createHttpClient({ caCerts: [await read("--ca-file", caFile)] });
  await dropPermissions("top");
  const source = serverSource({
    url: server,
    token,
    fetch: (url, init) => fetch(url, { ...init, ...(client === undefined ? {} : { client }) }),
  });
  return { ...source, close: () => client?.close() };
}

async function readToken(path: string): Promise<string> {
  const token = (await read("--token-file", path)).trim();
  if (/^[\x21-\x7e]+$/.test(token)) return token;
  throw new Error(`--token-file: ${path} must hold one token and nothing else`);
}

async function read(flag: string, path: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new Error(`${flag}: ${path} cannot be read: ${why}`, { cause });
  }
}

async function fromPerson(
  config: Config,
  { namespace }: { readonly namespace?: string | undefined },
  environment: Readonly<Record<string, string>>,
): Promise<TopSource> {
  const { log, redactor } = ownLog(config);
  const person = await personAt("top", config, { log, redactor, environment });
  const { cluster, coders, redaction } = person;
  const chosen = namespace === undefined ? cluster : limitedCluster(cluster, [namespace]);
  return ownSource({
    name: new URL(person.server.replace(/ by .*$/, "")).host,
    version: buildInfo().version,
    visitor: {
      caller: { user: { name: "", groups: [], extra: {} }, method: "process", id: "person" },
      cluster: chosen,
      coders: namespace === undefined
        ? coders
        : { ...coders, list: (_, signal) => coders.list(namespace, signal) },
      namespaces: [namespace ?? person.namespace],
    },
    everything: cluster,
    redaction,
    close: () => person.close(),
  });
}
