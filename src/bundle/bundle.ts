/** Puts a support bundle together. */
import type { Pod } from "../api/kubernetes/types.ts";
import { Gatherer } from "./gatherer.ts";
import { capped, indexOf } from "./pack.ts";
import { gatherCoders } from "./parts/coders.ts";
import { gatherDiagnoses } from "./parts/diagnoses.ts";
import { gatherEvents } from "./parts/events.ts";
import { gatherKinds } from "./parts/kinds.ts";
import { gatherLogs } from "./parts/logs.ts";
import { gatherMetrics } from "./parts/metrics.ts";
import { gatherVersions } from "./parts/versions.ts";
import { gatherNodes, gatherWorkloads } from "./parts/workloads.ts";
import type { Bundle, BundleOptions, BundleWorld } from "./types.ts";

const DAY_MS = 86_400_000;
const MAX_BYTES = 50_000_000;
const DEADLINE_MS = 120_000;
const MOST_NAMESPACES = 50;

/** Reads everything that can be read, and names the rest. Rejects only where `signal` aborts. */
export async function makeBundle(world: BundleWorld, options: BundleOptions): Promise<Bundle> {
  const { signal, sinceMs = DAY_MS, operatorNamespace = "coder-system" } = options;
  signal.throwIfAborted();
  const end = AbortSignal.any([signal, AbortSignal.timeout(options.deadlineMs ?? DEADLINE_MS)]);
  const gatherer = new Gatherer(world, options, end);
  const made = new Date(world.now());
  const [objects] = await Promise.all([
    gatherKinds(gatherer),
    gatherVersions(gatherer),
    gatherNodes(gatherer),
  ]);
  const namespaces = [...new Set([operatorNamespace, ...objects.map(({ namespace }) => namespace)])].sort();
  if (namespaces.length > MOST_NAMESPACES) {
    gatherer.gap("namespaces", `only ${MOST_NAMESPACES} of ${namespaces.length} were looked at`);
  }
  const looked = namespaces.slice(0, MOST_NAMESPACES);
  const logged = async (): Promise<void> => {
    const pods: readonly Pod[] = await gatherWorkloads(gatherer, looked);
    await Promise.all([gatherMetrics(gatherer, pods), gatherLogs(gatherer, pods, sinceMs)]);
  };
  const [summary] = await Promise.all([
    gatherDiagnoses(gatherer, objects),
    gatherEvents(gatherer, looked, world.now() - sinceMs),
    gatherCoders(gatherer, objects),
    logged(),
  ]);
  signal.throwIfAborted();
  const scope = options.namespace === undefined ? "all namespaces" : `the namespace ${options.namespace}`;
  const bundle = capped(gatherer.files, gatherer.gaps, options.maxBytes ?? MAX_BYTES);
  const text = indexOf(bundle, { made, build: world.build, scope, summary });
  return {
    ...bundle,
    files: [{ path: "index.md", about: "this", importance: 1, text }, ...bundle.files],
  };
}
