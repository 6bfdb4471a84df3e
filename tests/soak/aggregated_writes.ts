/** Two writers, each through a replica of its own, while Coder restarts: in the end everybody must agree. */
import { KEEPS, SELECTOR } from "../../src/shadow/address.ts";
import { isUnderWay } from "../../src/inventory/mod.ts";
import { below, pick, seededRandom } from "../../src/telemetry/testing/random.ts";
import { API_ROOT, type AppRig, startAppRig } from "../aggregated/app_rig.ts";
import { askDirectly } from "../aggregated/asking.ts";
import { type Cluster, sleep, waitFor } from "../cluster/mod.ts";
import { readKeyPair } from "../cluster/state.ts";
import {
  addTemplate,
  addVersion,
  addWorkspace,
  endBuild,
  type FakeCoder,
  pickUpBuild,
  startFakeCoder,
} from "../fake-coder/mod.ts";

export interface WritesOptions {
  readonly cluster: Cluster;
  readonly seed: number;
  /** How long is written, in milliseconds. */
  readonly ms: number;
  readonly signal: AbortSignal;
}

export interface WritesResult {
  /** What was asked for and how it was answered, and how often. */
  readonly happened: Readonly<Record<string, number>>;
  /** What must not be; empty where all is well. */
  readonly findings: readonly string[];
}

const WORKSPACES = 12;
/** Coder restarts every so often, at most, in milliseconds. */
const RESTART_MS = 4_000;
const SETTLE_MS = 90_000;

type Row = Record<string, unknown>;
// deno-lint-ignore no-explicit-any -- objects as sent
type Shown = any;

export async function runWrites({ cluster, seed, ms, signal }: WritesOptions): Promise<WritesResult> {
  const random = seededRandom(seed);
  const namespace = `written-${seed}`;
  await using coder = await startFakeCoder({ rateLimit: -1 });
  const { user, token } = coder.state.addOwner();
  const template = addTemplate(coder.state, "docker");
  addVersion(coder.state, template, new Uint8Array());
  for (let index = 0; index < WORKSPACES; index++) {
    addWorkspace(coder.state, user, `w${index}`, { template_id: template.id, template_name: "docker" });
  }
  await using rig = await startAppRig({
    cluster,
    coders: { [`${namespace}/coder`]: { url: coder.url, token } },
    replicas: 1,
  });
  const happened: Record<string, number> = {};
  const note = (what: string) => happened[what] = (happened[what] ?? 0) + 1;
  const writers = [0, 1].map((index) => new Writer(rig, namespace, index, random, note));
  const end = performance.now() + ms;
  const isOver = () => signal.aborted || performance.now() > end;
  using _builds = buildsOf(coder, random);
  const write = async (writer: Writer) => {
    while (!isOver()) await writer.write();
  };
  const restart = async () => {
    while (!isOver()) {
      await sleep(below(random, RESTART_MS));
      note("Coder restarts");
      await coder.stop();
      await sleep(below(random, 500));
      await coder.start();
    }
  };
  await Promise.all([...writers.map(write), restart()]);
  signal.throwIfAborted();
  let findings: readonly string[] = [];
  await waitFor(async () => {
    findings = [...await differences(coder, writers), ...await leftOvers(cluster, namespace, coder)];
    return findings.length === 0;
  }, { what: "everybody to agree", timeoutMs: SETTLE_MS, intervalMs: 1_000 }).catch(() => {});
  return { happened, findings: [...findings, ...coder.violations] };
}

class Writer {
  /** The last values that were accepted, by the name of the workspace; undefined: there was no answer. */
  readonly #labels = new Map<string, string | undefined>();
  #count = 0;

  constructor(
    private readonly rig: AppRig,
    private readonly namespace: string,
    private readonly index: number,
    private readonly random: () => number,
    private readonly note: (what: string) => void,
  ) {}

  /** The name that its labels have, which nobody else writes. */
  get label(): string {
    return `writer-${this.index}`;
  }

  async list(): Promise<Shown[]> {
    const { status, json } = await this.#ask("GET", "");
    if (status !== 200) throw new Error(`replica ${this.index} answers a list with ${status}`);
    return json.items;
  }

  async write(): Promise<void> {
    const { random } = this;
    const items = await this.list().catch(() => []);
    if (items.length === 0) return await sleep(100);
    const { name } = pick(random, items as Shown[]).metadata;
    const what = pick(random, ["label", "label", "running", "ttl", "ttl", "delete"] as const);
    // Few are deleted: there shall be something left at the end.
    if (what === "delete") {
      if (items.length <= WORKSPACES / 2 || random() < 0.8) return;
      return this.note(`delete: ${(await this.#ask("DELETE", `/${name}`)).status}`);
    }
    const value = `v${++this.#count}`;
    const { status } = await this.#ask(
      "PATCH",
      `/${name}`,
      {
        label: { metadata: { labels: { [this.label]: value } } },
        running: { spec: { running: random() < 0.5 } },
        ttl: { spec: { ttlMillis: (1 + below(random, 1_000)) * 60_000 } },
      }[what],
    );
    this.note(`${what}: ${status}`);
    if (what !== "label") return;
    if (status === 200) this.#labels.set(name, value);
    else if (status === 0 || status >= 500) this.#labels.set(name, undefined);
  }

  /** Labels that are not as they were accepted. */
  lost(items: readonly Shown[]): string[] {
    return items.flatMap(({ metadata: { name, labels } }) => {
      const wanted = this.#labels.get(name);
      const is = labels?.[this.label];
      return wanted === undefined || is === wanted ? [] : [`${name} has ${this.label}=${is}, not ${wanted}`];
    });
  }

  async #ask(method: string, path: string, body?: object): Promise<{ status: number; json?: Shown }> {
    const as = await readKeyPair(this.rig.cluster.dir, "admin");
    const through: AppRig = Object.create(this.rig, { replica: { value: this.rig.replicas[this.index] } });
    const url = `${API_ROOT}/namespaces/${this.namespace}/coderworkspaces${path}`;
    try {
      return await askDirectly(through, url, {
        as,
        method,
        headers: { "content-type": "application/merge-patch+json" },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
    } catch {
      return { status: 0 };
    }
  }
}

/** Lets builds come to their ends. */
function buildsOf({ state }: FakeCoder, random: () => number): Disposable {
  const timer = setInterval(() => {
    for (const row of state.workspaces) {
      const { status } = row["latest_build"] as Row;
      if (!isUnderWay(String(status)) || random() < 0.7) continue;
      if (status === "pending") pickUpBuild(state, row);
      else endBuild(state, row);
    }
  }, 100);
  return { [Symbol.dispose]: () => clearInterval(timer) };
}

/** Where what a replica shows is not what Coder has, or not what was accepted. */
async function differences(coder: FakeCoder, writers: readonly Writer[]): Promise<string[]> {
  const found: string[] = [];
  const rows = coder.state.workspaces.filter((row) => row["deleted"] !== true);
  for (const writer of writers) {
    const items = await writer.list();
    if (items.length !== rows.length) found.push(`${items.length} of ${rows.length} workspaces are shown`);
    for (const { metadata, spec, status } of items) {
      const row = rows.find(({ id }) => id === metadata.uid);
      const build = row?.["latest_build"] as Row | undefined;
      const pending = (status?.conditions as Row[] | undefined)?.find(({ type }) => type === "ChangePending");
      const running = build?.["transition"] === "start" || build?.["transition"] === undefined;
      const is = `${spec.running} ${spec.ttlMillis ?? 0} ${pending?.["status"] ?? "False"}`;
      const wanted = `${running} ${row?.["ttl_ms"] ?? 0} False`;
      if (is !== wanted) found.push(`${metadata.name} is ${is} at ${writer.label}, Coder says ${wanted}`);
    }
    for (const other of writers) found.push(...other.lost(items));
  }
  return found;
}

/** ConfigMaps of what is not there any more, and wishes that are still kept. */
async function leftOvers(cluster: Cluster, namespace: string, coder: FakeCoder): Promise<string[]> {
  const query = `labelSelector=${encodeURIComponent(SELECTOR)}`;
  const { items } = await cluster.request("GET", `/api/v1/namespaces/${namespace}/configmaps?${query}`);
  const ids = coder.state.workspaces.filter((row) => row["deleted"] !== true).map(({ id }) => String(id));
  return items.filter(({ metadata }: Shown) =>
    metadata.labels[KEEPS] !== "shadow" || !ids.some((id) => metadata.name.includes(id))
  ).map(({ metadata }: Shown) => `the ConfigMap ${metadata.name} is left`);
}
