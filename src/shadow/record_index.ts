/** What is kept, as far as this process knows, found by what it is of. */
import type { WishRecord } from "../actions/mod.ts";
import type { Address } from "./address.ts";
import type { Kept } from "./config_map.ts";
import type { KeepingOwner, ShadowListener } from "./types.ts";

/** Whose Coder, and of which control plane of that name. */
export type Owner = Pick<KeepingOwner, "id" | "uid">;

interface Known {
  readonly kept: Kept;
  /** When this process first saw this version of it, monotonic. */
  readonly since: number;
}

interface Shelf {
  /** By sort and kind, then by key. */
  readonly records: Map<string, Map<string, Known>>;
  /** Wishes by the workspace's id. */
  readonly wishes: Map<string, Kept<"wish">>;
}

type Change = Parameters<ShadowListener>[0];

export class RecordIndex {
  readonly #byConfigMap = new Map<string, Known>();
  readonly #shelves = new Map<string, Shelf>();

  constructor(
    private readonly now: () => number,
    /** Told of every object of which something else is kept than before. */
    private readonly onChange: (owner: string, change: Change) => void,
  ) {}

  /** `configMap` is its namespace and name. Undefined: nothing that can be read is there. */
  set(configMap: string, kept: Kept | undefined): void {
    const before = this.#byConfigMap.get(configMap);
    if (before !== undefined && before.kept.version === kept?.version) return;
    if (before !== undefined) {
      this.#byConfigMap.delete(configMap);
      this.#remove(before.kept);
    }
    if (kept !== undefined) {
      const known = { kept, since: this.now() };
      this.#byConfigMap.set(configMap, known);
      this.#add(known);
    }
    const changes = [before?.kept, kept].flatMap((one) => one === undefined ? [] : changesOf(one));
    const told = new Set<string>();
    for (const { owner, change } of changes) {
      const text = JSON.stringify([owner, change]);
      if (!told.has(text)) this.onChange(owner, change);
      told.add(text);
    }
  }

  get(owner: Owner, address: Address): Kept | undefined {
    return this.#records(owner, address)?.get(address.key)?.kept;
  }

  *all(owner: Owner, of: Pick<Address, "sort" | "kind">): Generator<Kept> {
    for (const { kept } of this.#records(owner, of)?.values() ?? []) yield kept;
  }

  /** Those that have been as they are for `ms`. */
  *olderThan(ms: number, owner: Owner, of: Pick<Address, "sort" | "kind">): Generator<Kept> {
    const now = this.now();
    for (const { kept, since } of this.#records(owner, of)?.values() ?? []) if (now - since >= ms) yield kept;
  }

  wishFor(owner: Owner, workspace: string): WishRecord | undefined {
    return this.#shelves.get(shelfOf(owner))?.wishes.get(workspace)?.record;
  }

  /** How many there are of each sort. */
  counts(): Record<Address["sort"], number> {
    const counts = { shadow: 0, wish: 0, change: 0 };
    for (const { kept } of this.#byConfigMap.values()) counts[kept.address.sort]++;
    return counts;
  }

  #records(owner: Owner, of: Pick<Address, "sort" | "kind">): Map<string, Known> | undefined {
    return this.#shelves.get(shelfOf(owner))?.records.get(drawerOf(of));
  }

  #add(known: Known): void {
    const { kept } = known;
    const name = shelfOf({ id: kept.owner, uid: kept.uid });
    let shelf = this.#shelves.get(name);
    if (shelf === undefined) this.#shelves.set(name, shelf = { records: new Map(), wishes: new Map() });
    const drawer = drawerOf(kept.address);
    let records = shelf.records.get(drawer);
    if (records === undefined) shelf.records.set(drawer, records = new Map());
    records.set(kept.address.key, known);
    const workspace = isWish(kept) ? kept.record.workspace : undefined;
    if (isWish(kept) && workspace !== undefined) shelf.wishes.set(workspace, kept);
  }

  #remove(kept: Kept): void {
    const name = shelfOf({ id: kept.owner, uid: kept.uid });
    const shelf = this.#shelves.get(name);
    const records = shelf?.records.get(drawerOf(kept.address));
    if (shelf === undefined || records === undefined) return;
    records.delete(kept.address.key);
    if (records.size === 0) shelf.records.delete(drawerOf(kept.address));
    if (shelf.records.size === 0) this.#shelves.delete(name);
    const workspace = isWish(kept) ? kept.record.workspace : undefined;
    if (workspace !== undefined && shelf.wishes.get(workspace) === kept) shelf.wishes.delete(workspace);
  }
}

/** Which object hears of it; a workspace that is yet to be made is none. */
function changesOf(kept: Kept): { owner: string; change: Change }[] {
  const id = isWish(kept) ? kept.record.workspace : kept.address.key;
  return id === undefined ? [] : [{ owner: kept.owner, change: { kind: kept.address.kind, id } }];
}

function isWish(kept: Kept): kept is Kept<"wish"> {
  return kept.address.sort === "wish";
}

function shelfOf({ id, uid }: Owner): string {
  return `${id}\n${uid}`;
}

function drawerOf({ sort, kind }: Pick<Address, "sort" | "kind">): string {
  return `${sort} ${kind}`;
}
