/** Names that a shell completes: the shortest that mean one workspace. */
import { keyText } from "../api/object.ts";
import { ownIn } from "./own.ts";
import { workspaceTable } from "./list.ts";
import { type Candidate, candidateOf, meant, readReference } from "./reference.ts";
import type { Row, Table } from "./table.ts";
import type { PluginWorld, Scope } from "./world.ts";

export interface NamesRequest {
  /** What is typed so far. */
  readonly prefix: string;
  /** Typed before: not offered again. */
  readonly taken: readonly string[];
  readonly namespace?: string | undefined;
  /** Whether one in this state (`running`, `stopped`, …) is of use. @default all are */
  readonly isUseful?: (status: string) => boolean;
  readonly signal: AbortSignal;
}

export interface Suggestion {
  readonly value: string;
  readonly description: string;
}

/** Workspaces of the namespace, or of all that may be seen where it has none. */
export async function suggestNames(world: PluginWorld, request: NamesRequest): Promise<Suggestion[]> {
  const { namespace, signal } = request;
  const scope: Scope = { namespace: namespace ?? world.namespace };
  const here = await workspaceTable(world, { scope }, signal);
  if (here.rows.length > 0 || namespace !== undefined) return await suggested(world, here, scope, request);
  return await suggested(world, await workspaceTable(world, { scope: "all" }, signal), "all", request);
}

async function suggested(world: PluginWorld, table: Table, scope: Scope, request: NamesRequest) {
  const { prefix, taken, isUseful = () => true, signal } = request;
  const status = table.columns.findIndex(({ name }) => name === "Status");
  const rows = table.rows.flatMap((row) => {
    const candidate = candidateOf(row);
    return candidate === undefined ? [] : [{ candidate, row, status: String(row.cells[status] ?? "") }];
  });
  if (rows.length === 0) return [];
  const own = await ownIn(world, scope, signal);
  const all = rows.map(({ candidate }) => candidate);
  const owner = own.is === "owner" ? own.owner.toLowerCase() : undefined;
  const isOwn = owner !== undefined && all.some((one) => one.owner.toLowerCase() === owner)
    ? (one: Candidate) => one.owner.toLowerCase() === owner
    : undefined;
  const means = (text: string) => {
    const reference = readReference(text);
    return reference === undefined ? [] : meant(reference, all, isOwn).chosen;
  };
  const gone = new Set(taken.flatMap((text) => means(text).map(keyText)));
  return rows.filter(({ candidate, status }) => !gone.has(keyText(candidate)) && isUseful(status))
    .flatMap(({ candidate, row, status }) => {
      const { name, owner, workspace } = candidate;
      const value = [workspace, `${owner}/${workspace}`, name]
        .find((text) => text.startsWith(prefix) && isAlone(means(text), candidate));
      return value === undefined ? [] : [{ value, description: described(row, status) }];
    });
}

function isAlone(chosen: readonly Candidate[], one: Candidate): boolean {
  const [only, ...more] = chosen;
  return only !== undefined && more.length === 0 && keyText(only) === keyText(one);
}

function described({ name }: Row, status: string): string {
  return status === "" ? name : `${name}: ${status}`;
}
