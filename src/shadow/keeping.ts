/** What is kept for one Coder. */
import type { StoredWish, WishStore } from "../actions/mod.ts";
import { keyOf as wishKey } from "../actions/mod.ts";
import type { ChangeStore, StoredChange } from "../actions/templates/mod.ts";
import type { Address, Sort } from "./address.ts";
import type { Kept } from "./config_map.ts";
import { hasNothing } from "./nothing.ts";
import type { RecordIndex } from "./record_index.ts";
import type { RecordStore } from "./record_store.ts";
import type { Keeping, KeepingOwner, ShadowKind, ShadowStore, StoredShadow } from "./types.ts";

export interface KeepingOptions {
  readonly owner: KeepingOwner;
  readonly store: RecordStore;
  readonly index: RecordIndex;
  readonly whenSynced: (signal: AbortSignal) => Promise<void>;
  /** Removes it in the background. */
  readonly discard: (owner: KeepingOwner, kept: Kept) => void;
}

/** What was stored more recently is not swept, in milliseconds: no list of Coder takes as long. */
export const SWEPT_AFTER_MS = 300_000;

export function keepingOf(options: KeepingOptions): Keeping {
  const { owner, store, index, discard } = options;
  const shadow = (kind: ShadowKind, key: string) => at("shadow", kind, key);
  const wish = (key: string) => at("wish", "workspaces", key);
  const change = (template: string) => at("change", "templates", template);

  const shadows: ShadowStore = {
    get(kind, id) {
      const kept = index.get(owner, shadow(kind, id));
      return kept && shown(kept as Kept<"shadow">);
    },
    *all(kind) {
      for (const kept of index.all(owner, { sort: "shadow", kind })) yield shown(kept as Kept<"shadow">);
    },
    async read(kind, id, signal) {
      const kept = await store.read(owner, shadow(kind, id), signal);
      return kept && shown(kept);
    },
    async write(record, version, signal) {
      if (!hasNothing(record)) {
        const kept = await store.write(owner, "shadow", record, version, signal);
        return kept && shown(kept);
      }
      const address = shadow(record.kind, record.id);
      const isDone = version
        ? await store.remove(owner, address, version, signal)
        : index.get(owner, address) === undefined;
      return isDone ? { record, version: "" } : undefined;
    },
    remove: (kind, id, version, signal) => store.remove(owner, shadow(kind, id), version, signal),
  };

  const wishes: WishStore = {
    async read(key, signal) {
      const kept = await store.read(owner, wish(key), signal);
      return kept && wished(kept);
    },
    async write(key, record, version, signal) {
      if (key !== wishKey(record.owner, record.name)) throw new Error(`The wish is not of ${key}.`);
      const kept = await store.write(owner, "wish", record, version, signal);
      return kept && wished(kept);
    },
    remove: (key, version, signal) => store.remove(owner, wish(key), version, signal),
    async list(signal) {
      await options.whenSynced(signal);
      return [...index.all(owner, { sort: "wish", kind: "workspaces" })].map((kept) =>
        wished(kept as Kept<"wish">)
      );
    },
  };

  const changes: ChangeStore = {
    async read(template, signal) {
      const kept = await store.read(owner, change(template), signal);
      return kept && changed(kept);
    },
    async write(record, version, signal) {
      const kept = await store.write(owner, "change", record, version, signal);
      return kept && changed(kept);
    },
    remove: (template, version, signal) => store.remove(owner, change(template), version, signal),
    async list(signal) {
      await options.whenSynced(signal);
      return [...index.all(owner, { sort: "change", kind: "templates" })].map((kept) =>
        changed(kept as Kept<"change">)
      );
    },
  };

  return {
    shadows,
    wishes,
    changes,
    wishFor: (workspace) => index.wishFor(owner, workspace),
    changeOf: (template) => (index.get(owner, change(template)) as Kept<"change"> | undefined)?.record,
    gone(kind, id) {
      const kept = index.get(owner, shadow(kind, id));
      if (kept !== undefined) discard(owner, kept);
    },
    async sweep(kind, isThere, signal) {
      const old = index.olderThan(SWEPT_AFTER_MS, owner, { sort: "shadow", kind });
      const lost = [...old].filter(({ address }) => !isThere(address.key));
      for (const { address, version } of lost) {
        signal.throwIfAborted();
        await store.remove(owner, address, version, signal);
      }
    },
  };
}

function at<S extends Sort>(sort: S, kind: ShadowKind, key: string): Address & { readonly sort: S } {
  return { sort, kind, key };
}

function shown({ record, version }: Kept<"shadow">): StoredShadow {
  return { record, version };
}

function wished({ address: { key }, record, version }: Kept<"wish">): StoredWish {
  return { key, record, version };
}

function changed({ record, version }: Kept<"change">): StoredChange {
  return { record, version };
}
