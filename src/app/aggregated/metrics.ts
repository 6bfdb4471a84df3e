/** How the copies of all Coders are, read at each scrape. */
import type { Backends } from "../../inventory/mod.ts";
import type { Gauge, Labels, Metrics } from "../../telemetry/metrics.ts";

const KINDS = ["workspaces", "templates"] as const;

/** Declares the gauges; their label `coder` is `namespace/name` of a control plane, or `static`. */
export function inventoryMetrics(
  metrics: Metrics,
  backends: Pick<Backends, "list">,
  wallTime: () => number = Date.now,
): void {
  metrics.gauge(
    "coder_k8s_inventory_objects",
    "Workspaces and templates of a Coder that are shown.",
    ["coder", "kind"],
    each(({ copy }, kind) => [...copy[kind]()].length),
  );
  metrics.gauge(
    "coder_k8s_inventory_age_seconds",
    "Seconds since the last complete list of a Coder was asked for. Absent where there never was one.",
    ["coder", "kind"],
    each(({ copy }, kind) => {
      const { completeAt } = copy.state(kind);
      return completeAt === undefined ? undefined : Math.max(0, (wallTime() - completeAt) / 1_000);
    }),
  );
  metrics.gauge(
    "coder_k8s_inventory_up",
    "1 while the lists of a Coder arrive; 0 while it does not answer, or is not asked because its access is not ready.",
    ["coder", "kind"],
    each(({ copy, waiting }, kind) =>
      waiting === undefined && copy.state(kind).trouble === undefined ? 1 : 0
    ),
  );

  /** Sets a value for each backend and kind, and forgets those that are gone. */
  function each(
    value: (backend: ReturnType<Backends["list"]>[number], kind: typeof KINDS[number]) => number | undefined,
  ): (gauge: Gauge) => void {
    let before: readonly Labels[] = [];
    return (gauge) => {
      for (const labels of before) gauge.remove(labels);
      const now: Labels[] = [];
      for (const backend of backends.list()) {
        for (const kind of KINDS) {
          const measured = value(backend, kind);
          if (measured === undefined) continue;
          const labels = { coder: backend.id, kind };
          gauge.set(labels, measured);
          now.push(labels);
        }
      }
      before = now;
    };
  }
}
