/** Control planes and their Coders: what there is, and how it must look as Kubernetes objects. */
import type { CoderControlPlane } from "../../src/api/control_plane.ts";
import type { Naming } from "../../src/api/control_plane_aggregation.ts";
import { keyOf, keyText, type KubeObject } from "../../src/api/object.ts";
import type { InformerHandler } from "../../src/kube/informer.ts";
import { type FakeCoder, type FakeUser, startFakeCoder } from "../fake-coder/mod.ts";

export type Row = Record<string, unknown>;

/** One control plane with the Coder behind it. */
export interface Home {
  readonly id: string;
  readonly namespace: string;
  readonly name: string;
  readonly coder: FakeCoder;
  readonly token: string;
  readonly owners: readonly FakeUser[];
}

/** What counts of an object: where it is, which one it is, and what every change of Coder's shows in. */
export type Fact = string;

/** One object that has to be there. */
export interface Wanted {
  readonly fact: Fact;
  /** `namespace/name` */
  readonly key: string;
  readonly uid: string;
  readonly namespace: string;
  readonly controlPlane: string;
  /** Of a workspace. */
  readonly status?: string;
  readonly running?: boolean;
}

interface Settings {
  readonly disabled?: boolean;
  readonly naming?: Naming;
  /** Whether it has not given its operator access yet. */
  readonly waits?: boolean;
}

const INITIAL = { disabled: false, naming: "Auto", waits: false } as const;

export interface World extends AsyncDisposable {
  readonly homes: readonly Home[];
  /** The control planes as they are now, by `namespace/name`. */
  readonly controlPlanes: ReadonlyMap<string, CoderControlPlane>;
  /** Calls the handler as an informer would, each time after `delay()` milliseconds. */
  subscribe(handler: InformerHandler<CoderControlPlane>, delay: () => number): () => void;
  /** Adds a control plane, or changes some of what it says. */
  set(home: Home, change?: Settings): void;
  remove(home: Home): void;
  /** That of the Coder at this address. */
  token(url: string): string;
  /** In the order of the facts. */
  expected(resource: "coderworkspaces" | "codertemplates"): Wanted[];
}

/** Starts a Coder for each id (`namespace/name`). No control plane is there yet. */
export async function startWorld(ids: readonly string[]): Promise<World> {
  const homes: Home[] = [];
  for (const id of ids) {
    const [namespace = "", name = ""] = id.split("/");
    const coder = await startFakeCoder({ rateLimit: -1 });
    coder.state.environment.set("CODER_ACCESS_URL", `https://${name}.example.com`);
    const { token } = coder.state.addOwner();
    const owners = ["alice", "bob", "carol"].map((username) => coder.state.addUser({ username, roles: [] }));
    homes.push({ id, namespace, name, coder, token, owners });
  }
  const controlPlanes = new Map<string, CoderControlPlane>();
  const listeners = new Set<(told: (handler: InformerHandler<CoderControlPlane>) => void) => void>();
  const tell = (told: (handler: InformerHandler<CoderControlPlane>) => void) => {
    for (const listener of listeners) listener(told);
  };
  const settings = new Map<string, Required<Settings>>();
  let made = 0;

  function set(home: Home, change: Settings = {}): void {
    const before = controlPlanes.get(home.id);
    const { disabled, naming, waits } = { ...INITIAL, ...settings.get(home.id), ...change };
    settings.set(home.id, { disabled, naming, waits });
    const object = {
      apiVersion: "coder.com/v1alpha1",
      kind: "CoderControlPlane",
      metadata: before?.metadata ?? {
        namespace: home.namespace,
        name: home.name,
        uid: `${home.id}-${++made}`,
        creationTimestamp: new Date(Date.UTC(2026, 0, 1) + made * 1_000).toISOString(),
      },
      spec: { operatorAccess: { disabled }, aggregation: { naming } },
      status: {
        operatorAccessReady: !waits,
        operatorTokenSecretRef: { name: home.name, key: "token" },
        url: home.coder.url,
      },
    } as unknown as CoderControlPlane;
    controlPlanes.set(home.id, object);
    tell((handler) =>
      before === undefined ? handler.added?.(object, false) : handler.updated?.(before, object)
    );
  }

  /** By the rules for names, as a reader of the documentation would apply them. */
  function prefixOf({ id, namespace, name }: Home): string | undefined {
    const shown = [...controlPlanes.values()].filter(({ metadata, spec }) =>
      metadata.namespace === namespace && spec?.operatorAccess?.disabled !== true
    );
    const own = shown.find((one) => keyText(keyOf(one)) === id);
    if (own === undefined) return undefined;
    const plain = shown.filter(({ spec }) => spec?.aggregation?.naming === "Plain")
      .sort((a, b) => a.metadata.creationTimestamp! < b.metadata.creationTimestamp! ? -1 : 1);
    const naming = own.spec?.aggregation?.naming;
    const isPlain = own === plain[0] || (naming === "Auto" && shown.length === 1);
    return isPlain ? "" : `${name}.`;
  }

  return {
    homes,
    controlPlanes,
    subscribe(handler, delay) {
      let isOver = false;
      let last = Promise.resolve();
      const listener = (told: (handler: InformerHandler<CoderControlPlane>) => void) => {
        const wait = new Promise((resolve) => setTimeout(resolve, delay()));
        last = Promise.all([last, wait]).then(() => isOver ? undefined : told(handler));
      };
      listeners.add(listener);
      for (const object of controlPlanes.values()) handler.added?.(object, true);
      return () => {
        isOver = true;
        listeners.delete(listener);
      };
    },
    set,
    remove(home) {
      const object = controlPlanes.get(home.id);
      if (object === undefined) return;
      controlPlanes.delete(home.id);
      settings.delete(home.id);
      tell((handler) => handler.deleted?.(object));
    },
    token: (url) => homes.find(({ coder }) => coder.url === url)?.token ?? "",
    expected(resource) {
      return homes.flatMap((home) => {
        const prefix = prefixOf(home);
        if (prefix === undefined) return [];
        const { workspaces, templates } = home.coder.state;
        return resource === "coderworkspaces"
          ? workspaces.filter((row) => row["deleted"] !== true).map((row) => workspaceFact(home, prefix, row))
          : templates.map((row) => templateFact(home, prefix, row));
      }).sort((a, b) => a.fact < b.fact ? -1 : 1);
    },
    async [Symbol.asyncDispose]() {
      for (const { coder } of homes) {
        await coder[Symbol.asyncDispose]();
        coder.assertClean();
      }
    },
  };
}

function workspaceFact({ namespace, name: controlPlane }: Home, prefix: string, row: Row): Wanted {
  const { status, transition, build_number, id } = row["latest_build"] as Row;
  const running = transition === "start" && ["pending", "starting", "running"].includes(String(status));
  const key = `${namespace}/${prefix}${row["organization_name"]}.${row["owner_name"]}.${row["name"]}`;
  const uid = String(row["id"]);
  const fact = JSON.stringify([
    key,
    uid,
    row["template_name"],
    running,
    row["ttl_ms"] ?? null,
    status,
    id,
    build_number,
    row["outdated"],
  ]);
  return { fact, key, uid, namespace, controlPlane, running, status: String(status) };
}

function templateFact({ namespace, name: controlPlane }: Home, prefix: string, row: Row): Wanted {
  const key = `${namespace}/${prefix}${row["organization_name"]}.${row["name"]}`;
  const uid = String(row["id"]);
  const fact = JSON.stringify([
    key,
    uid,
    row["active_version_id"],
    row["display_name"],
    row["deprecated"],
  ]);
  return { fact, key, uid, namespace, controlPlane };
}

/** The same of an object in a store. */
export function factOf({ kind, metadata, ...rest }: KubeObject): Fact {
  const { spec = {}, status = {} } = rest as { spec?: Row; status?: Row };
  const key = `${metadata.namespace}/${metadata.name}`;
  if (kind === "CoderTemplate") {
    const display = spec["displayName"] ?? "";
    return JSON.stringify([key, metadata.uid, spec["versionID"], display, status["deprecated"] ?? false]);
  }
  return JSON.stringify([
    key,
    metadata.uid,
    spec["templateName"],
    spec["running"],
    spec["ttlMillis"] ?? null,
    status["latestBuildStatus"],
    status["latestBuildID"],
    (status["latestBuild"] as Row | undefined)?.["number"],
    status["outdated"] ?? false,
  ]);
}
