/** The metrics contract that every room is written against; `prometheus.ts` implements it. */

export type Labels = Readonly<Record<string, string>>;

export interface Counter {
  inc(labels?: Labels, value?: number): void;
}
export interface Gauge {
  set(labels: Labels, value: number): void;
  inc(labels?: Labels, value?: number): void;
  dec(labels?: Labels, value?: number): void;
  /** Forgets one label combination. */
  remove(labels: Labels): void;
}
export interface Histogram {
  /** Durations are in seconds. */
  observe(labels: Labels, value: number): void;
}

/** Makes metrics. Asking again for a name gives the one that exists. */
export interface Metrics {
  counter(name: string, help: string, labelNames?: readonly string[]): Counter;
  /** `collect` runs at each scrape, for values that are read rather than counted. */
  gauge(name: string, help: string, labelNames?: readonly string[], collect?: (gauge: Gauge) => void): Gauge;
  histogram(
    name: string,
    help: string,
    labelNames?: readonly string[],
    buckets?: readonly number[],
  ): Histogram;
}

const nothing = { inc() {}, set() {}, dec() {}, remove() {}, observe() {} };

/** Counts nothing: the default of library options and of unit tests. */
export const noMetrics: Metrics = { counter: () => nothing, gauge: () => nothing, histogram: () => nothing };
