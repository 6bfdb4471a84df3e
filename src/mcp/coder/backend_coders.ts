/** The Coders that this process knows of, as a caller: with their own rights, or after a review with the operator's. */
import { type CoderClient, isUnavailable } from "../../coder/mod.ts";
import type { AccessRequest } from "../../kube/reviews.ts";
import { type Clock, systemClock } from "../../telemetry/clock.ts";
import type {
  CallerCluster,
  CallerCoders,
  CoderChoice,
  CoderRef,
  CoderSession,
  McpCaller,
} from "../../caller/types.ts";
import { unlessAborted } from "../../caller/unless_aborted.ts";
import { ToolError, toolError } from "../errors.ts";
import { away, isForeign } from "./away.ts";
import type { CallerTokens } from "./caller_tokens.ts";
import { chosen, type CoderBackend, refOf } from "./choice.ts";
import { Sights } from "./sights.ts";

export interface BackendCodersOptions {
  readonly backends: {
    list(): readonly CoderBackend[];
    inNamespace: (namespace: string) => readonly CoderBackend[];
  };
  readonly tokens: CallerTokens;
  /** Whether anything is done in a namespace; see `--mcp-namespaces`. @default all */
  readonly isServed?: (namespace: string) => boolean;
  /** How long a Coder may take to be opened, in milliseconds. @default {900} */
  readonly openMs?: number;
  readonly clock?: Clock;
}

/** Makes those of one caller. */
export type CodersFor = (caller: McpCaller, cluster: Pick<CallerCluster, "may">) => CallerCoders;

/** Makes what makes them for callers. */
export function backendCoders(options: BackendCodersOptions): CodersFor {
  const { backends, isServed = () => true } = options;
  const sights = new Sights({ clock: options.clock ?? systemClock });
  return (caller, cluster) => ({
    async list(namespace, signal) {
      const known = (namespace === undefined ? backends.list() : backends.inNamespace(namespace))
        .filter((backend) => isServed(backend.namespace));
      try {
        const seen = await sights.seen(
          [...new Set(known.map((one) => one.namespace))],
          caller,
          cluster,
          signal,
        );
        return known.filter((one) => seen.has(one.namespace)).map(refOf).sort(byId);
      } catch (error) {
        throw toolError(error, "list Coders");
      }
    },
    async open(choice, need, signal) {
      try {
        return await openFor(options, sights, { caller, cluster, choice, need, signal });
      } catch (error) {
        signal.throwIfAborted();
        throw toolError(error);
      }
    },
  });
}

interface Opening {
  readonly caller: McpCaller;
  readonly cluster: Pick<CallerCluster, "may">;
  readonly choice: CoderChoice;
  readonly need: AccessRequest;
  readonly signal: AbortSignal;
}

async function openFor(
  { backends, tokens, isServed = () => true, openMs = 900 }: BackendCodersOptions,
  sights: Sights,
  { caller, cluster, choice, need, signal }: Opening,
): Promise<CoderSession> {
  const { namespace } = choice;
  if (!isServed(namespace)) throw new ToolError("forbidden", `namespace ${namespace} is not served here`);
  const asked = "path" in need ? need : { ...need, namespace };
  const may = async () => (await cluster.may(asked, { signal })).allowed;
  // Who may not know of it is not told whether it is there.
  if (!(await sights.seen([namespace], caller, cluster, signal)).has(namespace) && !await may()) {
    throw notAllowed(caller, asked);
  }
  const backend = chosen(backends.inNamespace(namespace), choice);
  const ref = refOf(backend);
  const trouble = troubleOf(backend);
  if (trouble !== undefined) throw away(ref, trouble);
  const opened = await inTime(ref, openMs, signal, async (inTime) => {
    if (choice.as !== "operator") {
      const own = await tokens.open(backend, caller.user, inTime);
      if (own.is === "user" || choice.as === "caller") return own;
    }
    const client = await backend.open(inTime);
    return { is: "operator" as const, client: client.prompt ?? client };
  });
  if (opened.is === "user") return { ref, client: opened.client, as: "caller", user: opened.username };
  if (opened.is === "nobody") {
    throw new ToolError(
      "forbidden",
      `this is done as your own Coder user alone, and you are none in ${ref.id}: ${opened.why}`,
    );
  }
  if (!await may()) throw notAllowed(caller, asked);
  return { ref, client: opened.client, as: "operator" };
}

/** Why it is not worth asking; undefined where it may answer. */
function troubleOf({ waiting, copy }: CoderBackend): string | undefined {
  if (waiting !== undefined) return waiting;
  const { trouble } = copy.state("workspaces");
  return trouble !== undefined && isUnavailable(trouble.error) ? trouble.error.message : undefined;
}

async function inTime<T>(
  ref: CoderRef,
  openMs: number,
  signal: AbortSignal,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = AbortSignal.timeout(openMs);
  try {
    const both = AbortSignal.any([signal, deadline]);
    return await unlessAborted(run(both), both);
  } catch (error) {
    signal.throwIfAborted();
    if (deadline.aborted) throw away(ref, "it does not answer in time: try again");
    if (isForeign(error)) throw away(ref, error.message);
    throw error;
  }
}

function notAllowed({ user }: McpCaller, need: AccessRequest): ToolError {
  const what = "path" in need
    ? `path ${JSON.stringify(need.path)}`
    : `resource ${
      JSON.stringify(need.subresource === undefined ? need.resource : `${need.resource}/${need.subresource}`)
    } in API group ${JSON.stringify(need.group ?? "")} in the namespace ${
      JSON.stringify(need.namespace ?? "")
    }`;
  return new ToolError("forbidden", `User ${JSON.stringify(user.name)} cannot ${need.verb} ${what}`);
}

function byId(a: CoderRef, b: CoderRef): number {
  return a.id < b.id ? -1 : a.id > b.id ? 1 : 0;
}

/** How changes of an object are made in its Coder: as the caller where Coder knows them, otherwise as ever. */
export function changesAs(
  tokens: CallerTokens,
  { user }: Pick<McpCaller, "user">,
): (
  backend: Pick<CoderBackend, "id" | "uid" | "open">,
  signal: AbortSignal,
) => Promise<CoderClient | undefined> {
  return async (backend, signal) => {
    const own = await tokens.open(backend, user, signal);
    return own.is === "user" ? own.client : undefined;
  };
}
