/** Writes to workspaces in this process: a fake Coder, ConfigMaps in memory, and any number of replicas. */
import { createWorkbench, type Workbench } from "../../src/actions/workbench.ts";
import type { AuditEntry } from "../../src/actions/mod.ts";
import type { KubeObject } from "../../src/api/object.ts";
import type { CoderWorkspace } from "../../src/api/workspace.ts";
import { workspaceStorage } from "../../src/aggregated/resources/storages.ts";
import { Resources } from "../../src/aggregated/resources/resources.ts";
import type { Sight } from "../../src/aggregated/resources/find.ts";
import type { NamespaceState, WriteWorld } from "../../src/aggregated/resources/write_world.ts";
import { readWriteOptions } from "../../src/aggregated/serving/query/write_options.ts";
import { StatusError } from "../../src/aggregated/serving/status_errors.ts";
import type { ResourceStorage, WriteAnswer, WriteRequest } from "../../src/aggregated/serving/storage.ts";
import type { WriteRecord } from "../../src/aggregated/writing/writer.ts";
import type { Clock as KubeClock } from "../../src/kube/clock.ts";
import { type Backend, createDeploymentCopy } from "../../src/inventory/mod.ts";
import { acme, MemoryCluster, putControlPlane, startReplica } from "../../src/shadow/testing.ts";
import type { Keeping, KeepingOwner } from "../../src/shadow/mod.ts";
import { FakeClock, settle } from "../../src/telemetry/testing/fake_clock.ts";
import { ActionRig } from "../actions/rig.ts";

export type Editable<T> = { -readonly [K in keyof T]: T[K] };

/** What came of a write. */
export interface Told {
  readonly code: number;
  /** A `Status` of a refusal included. */
  // deno-lint-ignore no-explicit-any -- as it is sent
  readonly body: any;
  readonly warnings: readonly string[];
}

/** How something is asked for. */
export interface Ask {
  readonly name?: string;
  readonly body?: unknown;
  readonly query?: string;
  /** @default by the verb */
  readonly contentType?: string;
  /** @default {"lab"} */
  readonly namespace?: string;
  /** @default {"jane"} */
  readonly user?: string;
  readonly selects?: (object: KubeObject) => boolean;
}

export interface WriteReplica {
  readonly resources: Resources;
  readonly storage: ResourceStorage<CoderWorkspace>;
  readonly backend: Editable<Backend>;
  readonly keeping: Keeping;
  readonly workbench: Workbench;
  ask(verb: WriteRequest["verb"], ask: Ask): Promise<Told>;
  get(name: string, namespace?: string): CoderWorkspace | undefined;
}

export interface WriteRig extends AsyncDisposable {
  readonly coder: ActionRig;
  readonly cluster: MemoryCluster;
  readonly clock: FakeClock;
  readonly audit: AuditEntry[];
  readonly records: WriteRecord[];
  readonly replicas: readonly WriteReplica[];
  /** By namespace. @default {"active"} */
  readonly namespaces: Map<string, NamespaceState>;
  /** Lets Coder be listed, and what goes on in the background go on. */
  pass(ms?: number): Promise<void>;
}

/** Name of the control plane `team/acme`'s workspaces. */
export const NAMESPACE = acme.namespace;

export async function startWriteRig(
  { replicas = 1, sight, owner = acme, keepingClock }: {
    replicas?: number;
    sight?: Sight<CoderWorkspace>;
    owner?: KeepingOwner;
    /** With which calls to the cluster are made again. @default {the machine's} */
    keepingClock?: KubeClock;
  } = {},
): Promise<WriteRig> {
  const coder = new ActionRig();
  const cluster = new MemoryCluster();
  const uid = putControlPlane(cluster, owner);
  const clock = new FakeClock();
  const wallTime = () => coder.now + Math.floor(clock.now());
  const audit: AuditEntry[] = [];
  const records: WriteRecord[] = [];
  const namespaces = new Map<string, NamespaceState>();
  const end = new AbortController();
  const stack = new AsyncDisposableStack();
  const running: Promise<void>[] = [];

  async function start(): Promise<WriteReplica> {
    const { keepings, keeping } = stack.use(startReplica(cluster, {
      owner: { ...owner, uid },
      ...(keepingClock === undefined ? {} : { clock: keepingClock }),
    }));
    await keepings.whenSynced(end.signal);
    const list: Backend[] = [];
    const resources = new Resources({
      wallTime,
      overlay: (_backend, kind, id) =>
        kind === "workspaces"
          ? { shadow: keeping.shadows.get(kind, id)?.record, wish: keeping.wishFor(id) }
          : {},
    });
    resources.of({ list: () => list });
    const open = () => Promise.resolve(coder.client);
    const { id, namespace, controlPlane } = owner;
    const backend = {
      id,
      namespace,
      controlPlane,
      naming: "Auto",
      createdAt: "",
      waiting: undefined,
      uid,
      open,
    } as unknown as Editable<Backend>;
    list.push(backend);
    backend.copy = createDeploymentCopy({
      source: { open, refused() {} },
      clock,
      wallTime,
      jitter: 0,
      listener: resources.listen(backend),
    });
    const workbench = createWorkbench({
      backend,
      wishes: keeping.wishes,
      changes: keeping.changes,
      audit: { write: (entry) => void audit.push(entry), template() {} },
      clock,
      now: wallTime,
    });
    resources.changed();
    keepings.subscribe((backendId, change) => {
      resources.retell(backendId, change.kind, change.id);
      workbench.wake();
    });
    running.push(backend.copy.run(end.signal), workbench.run(end.signal));
    const world: WriteWorld = {
      audit: (record) => void records.push(record),
      workbench: () => workbench,
      keeping: () => keeping,
      namespaceState: (name) => Promise.resolve(namespaces.get(name) ?? "active"),
      secretValue: () => Promise.reject(new Error("no workspace has secrets")),
    };
    const storage = workspaceStorage(resources, sight, { clock, wallTime }, world);
    return {
      resources,
      storage,
      backend,
      keeping,
      workbench,
      ask: (verb, ask) => asked(storage, verb, ask),
      get: (name, namespace = NAMESPACE) => resources.workspaces.collection.get({ namespace, name }),
    };
  }

  const all: WriteReplica[] = [];
  for (let count = 0; count < replicas; count++) all.push(await start());
  await clock.advance(1_000);
  return {
    coder,
    cluster,
    clock,
    audit,
    records,
    replicas: all,
    namespaces,
    async pass(ms = 15_000) {
      await clock.advance(ms);
    },
    async [Symbol.asyncDispose]() {
      end.abort(new Error("stop"));
      await settle();
      await clock.advance(1_000);
      await Promise.all(running);
      await stack.disposeAsync();
    },
  };
}

async function asked(
  storage: ResourceStorage<CoderWorkspace>,
  verb: WriteRequest["verb"],
  { name = "", body, query = "", namespace = NAMESPACE, user = "jane", selects, ...rest }: Ask,
): Promise<Told> {
  const warnings: string[] = [];
  const parameters = new URLSearchParams(query);
  const contentType = rest.contentType ??
    (verb === "patch" ? "application/merge-patch+json" : "application/json");
  const request: WriteRequest = {
    verb,
    key: { namespace, name },
    query: parameters,
    options: readWriteOptions(parameters, "Options"),
    contentType,
    body: new TextEncoder().encode(body === undefined ? "" : JSON.stringify(body)),
    ...(selects === undefined ? {} : { selects }),
  };
  const context = {
    user: { name: user, groups: [], uid: "", extra: {} } as never,
    signal: new AbortController().signal,
    warn: (text: string) => void warnings.push(text),
  };
  try {
    const answer: WriteAnswer = await storage.write!(request, context);
    return {
      code: answer.code,
      body: "object" in answer ? answer.object : answer.document,
      warnings,
    };
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    return { code: error.code, body: error.status, warnings };
  }
}
