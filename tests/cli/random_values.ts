/** Random values for Coder's chart: sensible ones, and ones of any shape. */
import { type ChartValue, nested } from "./helm_values.ts";

/** Mulberry32: the same values in every run; a failure names its seed. */
export class Random {
  constructor(private state: number) {}
  next(): number {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t ^= t + Math.imul(t ^ (t >>> 7), 61 | t);
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }
  chance(probability: number): boolean {
    return this.next() < probability;
  }
  pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.next() * items.length)] as T;
  }
}

/** Texts that a schema, YAML or a shell may stumble over. */
const ODD: readonly unknown[] = [
  "",
  " ",
  "yes",
  "on",
  "0400",
  "1:30",
  "2020-01-01",
  "~",
  "null",
  "#x",
  "a: b",
  "- a",
  "é\u0000\n\t",
  "x".repeat(300),
  "*.Example.com",
  "../..",
  0,
  -1,
  1.5,
  99999,
  true,
  false,
  null,
  [],
  {},
  [null],
  [[]],
  [{}],
  [{ name: null }],
  { name: "x" },
  { a: { b: [1, { c: null }] } },
  [{ name: "x", value: 1 }],
  { type: "x", unknown: [1] },
  { __proto__: null, constructor: "x" },
];

/** Some of the chart's values, each as its example, as what others have, or as something odd. */
export function randomValues(random: Random, values: readonly ChartValue[]): Record<string, unknown> {
  const chosen = values.filter(({ path }) => path !== "coder.workspaceProxy" && random.chance(0.4));
  const flat: Record<string, unknown> = {};
  for (const { path, example, beside = {} } of chosen) {
    Object.assign(flat, beside);
    flat[path] = random.chance(0.7)
      ? example
      : random.chance(0.5)
      ? random.pick(ODD)
      : random.pick(values).example;
  }
  // A value that is a map already has no values below it.
  const paths = Object.keys(flat).sort();
  return nested(Object.fromEntries(
    paths.filter((path) => !paths.some((other) => path.startsWith(`${other}.`))).map((
      path,
    ) => [path, flat[path]]),
  ));
}
