/** Metrics that can be read back. For tests alone. */
import type { Labels, Metrics } from "../../telemetry/metrics.ts";

/** Sums of counters, last values of gauges and numbers of observations, by `name{label="value",…}`. */
export class CountingMetrics implements Metrics {
  readonly values = new Map<string, number>();

  counter(name: string) {
    return { inc: (labels: Labels = {}, value = 1) => this.#add(name, labels, value) };
  }
  gauge(name: string) {
    return {
      set: (labels: Labels, value: number) => void this.values.set(keyOf(name, labels), value),
      inc: (labels: Labels, value = 1) => this.#add(name, labels, value),
      dec: (labels: Labels, value = 1) => this.#add(name, labels, -value),
      remove: (labels: Labels) => void this.values.delete(keyOf(name, labels)),
    };
  }
  histogram(name: string) {
    return { observe: (labels: Labels, _value: number) => this.#add(name, labels, 1) };
  }

  get(name: string, labels: Labels = {}): number {
    return this.values.get(keyOf(name, labels)) ?? 0;
  }

  #add(name: string, labels: Labels, value: number): void {
    const key = keyOf(name, labels);
    this.values.set(key, (this.values.get(key) ?? 0) + value);
  }
}

function keyOf(name: string, labels: Labels): string {
  const text = Object.entries(labels).sort(([a], [b]) => a < b ? -1 : 1).map(([k, v]) => `${k}="${v}"`);
  return `${name}{${text.join(",")}}`;
}
