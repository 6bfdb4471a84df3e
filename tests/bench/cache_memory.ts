/**
 * How much memory a cached object takes: 10,000 realistic objects of a kind go through a real shared cache, from JSON
 * text in pages as over the wire, with an index and a label lookup in use.
 *
 * As a script: `deno run -A tests/bench/cache_memory.ts [--json]`; it starts the measuring processes with `--expose-gc` itself.
 */
import { Deployments, Pods, Secrets } from "../../src/api/kubernetes/resources.ts";
import type { KubeObject, ResourceType } from "../../src/api/object.ts";
import type { KubeClient, ObjectList } from "../../src/kube/client.ts";
import { createSharedCache } from "../../src/kube/cache/shared_cache.ts";
import { samples } from "./cache_objects.ts";
import type { Report, Row } from "./report.ts";

const OBJECTS = 10_000;
const PAGE = 500;
/** KiB an object. */
const REACH = 6;

interface Measured {
  /** Heap bytes an object, its place in the cache and in one index included. */
  heap: number;
  /** Bytes of the same object as JSON on the wire, `managedFields` included. */
  wire: number;
  /** Milliseconds from the start to synced. */
  loadMs: number;
}

/** Measures in this process; it must have been started with `--v8-flags=--expose-gc`. */
export async function measureHere(kind: keyof typeof samples, metadataOnly = false): Promise<Measured> {
  const types = { deployment: Deployments, pod: Pods, secret: Secrets };
  const type = types[kind] as unknown as ResourceType;
  let wire = 0;
  // Text is made page by page, so that nothing but the cache holds on to objects.
  const client = {
    list: <T extends KubeObject>(
      _: ResourceType<T>,
      options: { continue?: string } = {},
    ): Promise<ObjectList<T>> => {
      const first = Number(options.continue ?? 0);
      const page = Array.from({ length: PAGE }, (_, index) => samples[kind](first + index));
      const text = JSON.stringify({ items: page });
      wire += text.length;
      const next = first + PAGE;
      const { items } = JSON.parse(text) as { items: T[] };
      return Promise.resolve({
        items,
        resourceVersion: "1",
        ...(next < OBJECTS ? { continue: `${next}` } : {}),
      });
    },
    watch: (_: ResourceType, options: { signal?: AbortSignal } = {}) =>
      Promise.resolve({
        [Symbol.asyncIterator]: () => ({
          next: () =>
            new Promise((resolve) =>
              options.signal?.addEventListener("abort", () => resolve({ done: true, value: undefined }))
            ),
        }),
      }),
  } as unknown as KubeClient;
  const cache = createSharedCache({ client, watchList: false, pageSize: PAGE });
  const informer = cache.informer(type, { metadataOnly });
  informer.addIndex("owner", ({ metadata }) => (metadata.ownerReferences ?? []).map((owner) => owner.uid));
  const abort = new AbortController();
  const before = settledHeap();
  const started = performance.now();
  cache.start(abort.signal);
  await cache.whenSynced(AbortSignal.timeout(120_000));
  const loadMs = performance.now() - started;
  informer.list({ labels: { "app.kubernetes.io/managed-by": "coder-k8s" } });
  const heap = (settledHeap() - before) / OBJECTS;
  const kept = informer.list().length;
  abort.abort();
  await cache.whenStopped();
  if (kept !== OBJECTS) throw new Error(`the cache holds ${kept} objects, not ${OBJECTS}`);
  return { heap, wire: wire / OBJECTS, loadMs };
}

/** Runs itself once a kind, each time in a process of its own, and gives the table. */
export async function measure(): Promise<Report> {
  const kinds: [what: string, kind: string][] = [
    ["Deployments", "deployment"],
    ["pods", "pod"],
    ["Secrets, metadata only", "secret"],
  ];
  const rows: Row[] = [];
  for (const [what, kind] of kinds) {
    const script = new URL(import.meta.url).pathname;
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", "--v8-flags=--expose-gc", script, "--kind", kind],
      stderr: "inherit",
    }).output();
    if (code !== 0) throw new Error(`measuring ${what} ended with ${code}`);
    const { heap, wire, loadMs } = JSON.parse(new TextDecoder().decode(stdout)) as Measured;
    const kib = heap / 1024;
    rows.push({
      what: `${OBJECTS.toLocaleString("en")} ${what} (${
        (wire / 1024).toFixed(1)
      } KiB each as JSON), heap each`,
      measured: `${kib.toFixed(2)} KiB (loaded in ${Math.round(loadMs)} ms)`,
      reach: `≤ ${REACH} KiB`,
      met: kib <= REACH,
      value: heap,
    });
  }
  return { area: "cache", rows };
}

function settledHeap(): number {
  const gc = (globalThis as { gc?: () => void }).gc;
  if (gc === undefined) throw new Error("start with --v8-flags=--expose-gc: only then can heap be measured");
  for (let round = 0; round < 4; round++) gc();
  return Deno.memoryUsage().heapUsed;
}

if (import.meta.main) {
  const say = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
  const at = Deno.args.indexOf("--kind");
  if (at >= 0) {
    const kind = Deno.args[at + 1] as keyof typeof samples;
    say(JSON.stringify(await measureHere(kind, kind === "secret")));
  } else {
    const report = await measure();
    const { table } = await import("./report.ts");
    say(Deno.args.includes("--json") ? JSON.stringify(report) : table(report));
    if (report.rows.some(({ met }) => met === false)) Deno.exit(1);
  }
}
