/** Followers of templates' sources on a real Coder and a real Git server, as replicas that share their records. */
import { createWorkbench, type Workbench } from "../../src/actions/workbench.ts";
import { MemoryWishStore } from "../../src/actions/mod.ts";
import { MemoryChangeStore } from "../../src/actions/templates/mod.ts";
import type { AuditEntry } from "../../src/actions/mod.ts";
import type { TemplateAuditEntry } from "../../src/actions/templates/mod.ts";
import { type CoderClient, createBudget, createCoderClient, createTransport } from "../../src/coder/mod.ts";
import { type Backend, staticBackends } from "../../src/inventory/mod.ts";
import {
  createSourceReader,
  type FollowerOptions,
  type KeptRecord,
  type RecordStore,
  SourceFollower,
  sourceRecords,
  type TemplateSource,
} from "../../src/sources/mod.ts";
import { waitFor } from "../cluster/wait.ts";

/** Records that all replicas share. */
export class MemoryRecords implements RecordStore<KeptRecord> {
  readonly #stored = new Map<string, { record: KeptRecord; version: string }>();
  #next = 1;

  *all(): Iterable<{ record: KeptRecord; version: string }> {
    yield* this.#stored.values();
  }

  read(_: "templates", id: string): Promise<{ record: KeptRecord; version: string } | undefined> {
    return Promise.resolve(this.#stored.get(id));
  }

  write(record: KeptRecord, version: string): Promise<{ record: KeptRecord; version: string } | undefined> {
    if (this.#stored.get(record.id)?.version !== version) return Promise.resolve(undefined);
    return Promise.resolve(this.put(record));
  }

  put(record: KeptRecord): { record: KeptRecord; version: string } {
    const stored = { record: structuredClone(record), version: String(this.#next++) };
    this.#stored.set(record.id, stored);
    return stored;
  }

  get(id: string): KeptRecord | undefined {
    return this.#stored.get(id)?.record;
  }
}

export interface Replica {
  readonly workbench: Workbench;
  /** As a process that is killed: nothing is finished, nothing is said. */
  kill(): Promise<void>;
}

export interface FollowRig extends AsyncDisposable {
  readonly client: CoderClient;
  readonly records: MemoryRecords;
  readonly audit: (AuditEntry | TemplateAuditEntry)[];
  readonly backend: Backend;
  /** Secrets by name. */
  readonly secrets: Map<string, Map<string, Uint8Array>>;
  replica(options?: Partial<FollowerOptions>): Replica;
  /** Keeps a source for a template. */
  follow(template: string, source: TemplateSource): void;
  /** Sets the annotation. */
  ask(template: string): void;
  state(template: string): Record<string, unknown>;
  /** Waits until the record is so. */
  until(template: string, is: (state: Record<string, unknown>) => boolean, what: string): Promise<void>;
  active(template: string): Promise<string>;
  /** Text of a file of the active version's import message. */
  message(version: string): Promise<string>;
}

export async function startFollowRig({ url, token }: { url: string; token: string }): Promise<FollowRig> {
  const transport = createTransport({ url });
  const budget = createBudget({ perMinute: 1_000_000, burst: 1_000_000 });
  const client = createCoderClient({ transport, token, budget });
  const backends = staticBackends({
    namespace: "lab",
    open: () => Promise.resolve(client),
    listener: {
      changed: () => {},
      listen: () => ({ workspace() {}, template() {}, complete() {}, addresses() {} }),
    },
    copy: { jitter: 0 },
  });
  const end = new AbortController();
  const running = backends.run(end.signal);
  const [backend] = backends.list();
  await waitFor(() => backend!.copy.state("workspaces").completeAt, { what: "the first lists" });
  const records = new MemoryRecords();
  const wishes = new MemoryWishStore();
  const changes = new MemoryChangeStore();
  const audit: (AuditEntry | TemplateAuditEntry)[] = [];
  const secrets = new Map<string, Map<string, Uint8Array>>();
  const replicas: Replica[] = [];
  return {
    client,
    records,
    audit,
    backend: backend!,
    secrets,
    replica(options = {}) {
      const workbench = createWorkbench({
        backend: backend!,
        wishes,
        changes,
        audit: { write: (entry) => audit.push(entry), template: (entry) => audit.push(entry) },
        wait: { timeoutMs: 120_000, backoffAfterMs: 0, initialMs: 200, maxMs: 200 },
      });
      const follower = new SourceFollower({
        coder: "lab",
        records: sourceRecords(records),
        reader: createSourceReader(),
        secret: (name) => Promise.resolve(secrets.get(name)),
        templates: workbench.templates,
        workspaces: workbench.workspaces,
        open: () => Promise.resolve(client),
        copy: backend!.copy,
        tickMs: 200,
        intervalMs: 1_000,
        // Longer than a busy machine stands still: who lives keeps what they have claimed.
        claimMs: 60_000,
        ...options,
      });
      const stop = new AbortController();
      const work = Promise.all([workbench.run(stop.signal), follower.run(stop.signal)]);
      const replica: Replica = {
        workbench,
        async kill() {
          stop.abort();
          await work;
        },
      };
      replicas.push(replica);
      return replica;
    },
    follow(id, source) {
      const before = records.get(id);
      const { source: state } = before ?? {};
      records.put({ id, metadata: {}, spec: { source }, ...(state === undefined ? {} : { source: state }) });
    },
    ask(id) {
      const before = records.get(id)!;
      records.put({
        ...before,
        metadata: { annotations: { "coder.com/reconcile-at": crypto.randomUUID() } },
      });
    },
    state: (id) => ({ ...records.get(id)?.source }),
    async until(id, is, what) {
      try {
        await waitFor(() => is({ ...records.get(id)?.source }), { what, timeoutMs: 150_000 });
      } catch (error) {
        throw new Error(`${what}: ${JSON.stringify(records.get(id)?.source)}`, { cause: error });
      }
    },
    active: async (id) => (await client.templates.get(id)).active_version_id,
    message: async (version) => (await client.templates.version(version)).message,
    async [Symbol.asyncDispose]() {
      await Promise.all(replicas.map((one) => one.kill()));
      end.abort();
      await running;
      transport.close();
    },
  };
}
