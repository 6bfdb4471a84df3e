/** The metrics contract on prom-client, with a registry of its own (nothing process-wide). */
import * as prom from "prom-client";
import type { Counter, Gauge, Histogram, Labels, Metrics } from "./metrics.ts";

/** A failure of one metric's `collect`; the scrape goes on without that metric. */
export type CollectFailure = (metric: string, error: unknown) => void;

interface Known {
  kind: "counter" | "gauge" | "histogram";
  labelNames: readonly string[];
  metric: Counter | Gauge | Histogram;
  collects: ((gauge: Gauge) => void)[];
}

/**
 * Metrics for one process. Asking again for a name gives the one that exists; asking with another kind or other labels
 * is a programming error and throws. Every `collect` given for a gauge runs at each scrape.
 */
export class PrometheusMetrics implements Metrics {
  readonly #registry = new prom.Registry();
  readonly #known = new Map<string, Known>();
  readonly #onCollectFailure: CollectFailure;

  constructor(options: { onCollectFailure?: CollectFailure } = {}) {
    this.#onCollectFailure = options.onCollectFailure ?? (() => {});
  }

  /** The `Content-Type` of {@linkcode text}. */
  get contentType(): string {
    return this.#registry.contentType;
  }

  /** Everything in Prometheus' text format. */
  async text(): Promise<string> {
    return await this.#registry.metrics();
  }

  counter(name: string, help: string, labelNames: readonly string[] = []): Counter {
    const known = this.#find("counter", name, labelNames);
    if (known !== undefined) return known.metric as Counter;
    const counter = new prom.Counter({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.#registry],
    });
    return this.#keep("counter", name, labelNames, {
      inc: (labels: Labels = {}, value = 1) => counter.inc(labels, value),
    });
  }

  gauge(
    name: string,
    help: string,
    labelNames: readonly string[] = [],
    collect?: (gauge: Gauge) => void,
  ): Gauge {
    const known = this.#find("gauge", name, labelNames);
    if (known !== undefined) {
      if (collect !== undefined) known.collects.push(collect);
      return known.metric as Gauge;
    }
    const collects: ((gauge: Gauge) => void)[] = collect === undefined ? [] : [collect];
    const gauge = new prom.Gauge({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.#registry],
      collect: () => this.#collect(name, collects, made),
    });
    const made: Gauge = {
      set: (labels, value) => gauge.set(labels, value),
      inc: (labels = {}, value = 1) => gauge.inc(labels, value),
      dec: (labels = {}, value = 1) => gauge.dec(labels, value),
      remove: (labels) => gauge.remove(labels),
    };
    return this.#keep("gauge", name, labelNames, made, collects);
  }

  histogram(
    name: string,
    help: string,
    labelNames: readonly string[] = [],
    buckets?: readonly number[],
  ): Histogram {
    const known = this.#find("histogram", name, labelNames);
    if (known !== undefined) return known.metric as Histogram;
    const histogram = new prom.Histogram({
      name,
      help,
      labelNames: [...labelNames],
      registers: [this.#registry],
      ...(buckets === undefined ? {} : { buckets: [...buckets] }),
    });
    return this.#keep("histogram", name, labelNames, {
      observe: (labels: Labels, value: number) => histogram.observe(labels, value),
    });
  }

  /** A counter whose value is read from elsewhere at each scrape, such as CPU time of the process. */
  counterFrom(name: string, help: string, read: () => number | undefined): void {
    this.#find("counter", name, []);
    const counter = new prom.Counter({
      name,
      help,
      registers: [this.#registry],
      collect: () => {
        try {
          const value = read();
          if (value === undefined) return;
          counter.reset();
          counter.inc(value);
        } catch (error) {
          this.#onCollectFailure(name, error);
        }
      },
    });
    this.#keep("counter", name, [], { inc: (labels: Labels = {}, value = 1) => counter.inc(labels, value) });
  }

  #collect(name: string, collects: readonly ((gauge: Gauge) => void)[], gauge: Gauge): void {
    for (const collect of collects) {
      try {
        collect(gauge);
      } catch (error) {
        this.#onCollectFailure(name, error);
      }
    }
  }

  #find(kind: Known["kind"], name: string, labelNames: readonly string[]): Known | undefined {
    const known = this.#known.get(name);
    if (known === undefined) return undefined;
    if (known.kind !== kind || known.labelNames.join() !== labelNames.join()) {
      throw new Error(
        `Metric ${name} exists as a ${known.kind} with labels [${known.labelNames.join(", ")}]; ` +
          `it cannot also be a ${kind} with labels [${labelNames.join(", ")}]. Use another name.`,
      );
    }
    return known;
  }

  #keep<T extends Counter | Gauge | Histogram>(
    kind: Known["kind"],
    name: string,
    labelNames: readonly string[],
    metric: T,
    collects: ((gauge: Gauge) => void)[] = [],
  ): T {
    this.#known.set(name, { kind, labelNames, metric, collects });
    return metric;
  }
}
