/** `kubectl get --watch` on both sides, while the same happens on both. */
import { waitFor } from "../../cluster/mod.ts";
import { type WatchProcess, watchWithKubectl } from "../watch_process.ts";
import { differenceOf, summaryOf } from "./compare.ts";
import { normalText } from "./kubectl_cases.ts";
import type { Twin, Twins } from "./twins.ts";

const WATCH_ONLY = "--watch-only";
const FLAGS: readonly (readonly string[])[] = [
  [],
  ["--output-watch-events"],
  ["--output-watch-events", "-o", "wide"],
  ["--output-watch-events", WATCH_ONLY],
  ["--output-watch-events", "-l", "tier=web"],
  ["--output-watch-events", "--field-selector", "spec.color=red"],
  ["--output-watch-events", "-o", "name"],
  ["--output-watch-events", "-o", 'jsonpath={.type} {.object.metadata.name} {.object.spec.color}{"\\n"}'],
  ["--show-labels"],
];

/** Every watch sees it. */
const SEEN_BY_ALL = { labels: { tier: "web" }, spec: { color: "red" } } as const;
const LAST = "zz-last";

export async function kubectlWatchObjections(twins: Twins, happen: () => Promise<void>): Promise<string> {
  await using watches = new Watches(twins);
  const first = await watches.untilBegun();
  await happen();
  await twins.put(LAST, SEEN_BY_ALL);
  const objections: string[] = [];
  const failed: string[] = [];
  for (const { flags, crd, front } of watches.pairs) {
    const isOver = (lines: readonly string[]) => lines.some((line) => line.includes(LAST));
    for (const watch of [crd, front]) await watch.until(isOver, `the end of ${flags.join(" ")}`);
    const text = ({ lines }: WatchProcess, twin: Twin) =>
      normalText(`${sinceBegun(flags, lines, first).join("\n")}\n`, twin);
    const difference = differenceOf(text(crd, twins.twins.crd), text(front, twins.twins.front));
    if (difference === "") continue;
    failed.push(`get --watch ${flags.join(" ")}`);
    objections.push(`kubectl get --watch ${flags.join(" ")}\n${difference}`);
  }
  for (const name of [...watches.begun, LAST]) await twins.remove(name);
  if (failed.length > 0) objections.push(summaryOf(failed));
  return objections.join("\n");
}

/** What a watch without the state sees before all have begun depends on when it began itself. */
function sinceBegun(flags: readonly string[], lines: readonly string[], first: string): readonly string[] {
  if (!flags.includes(WATCH_ONLY)) return lines;
  return lines.slice(lines.findIndex((line) => line.includes(first)));
}

class Watches implements AsyncDisposable {
  readonly pairs: readonly { flags: readonly string[]; crd: WatchProcess; front: WatchProcess }[];

  constructor(private readonly twins: Twins) {
    const { cluster, namespace, twins: { crd, front } } = twins;
    const watch = (flags: readonly string[], { group }: Twin) =>
      watchWithKubectl(cluster, [`gadgets.${group}`, "-n", namespace, ...flags]);
    this.pairs = FLAGS.map((flags) => ({ flags, crd: watch(flags, crd), front: watch(flags, front) }));
  }

  /** What was made until all had begun. */
  readonly begun: string[] = [];

  /** Until all see what comes: makes one object after the other, and returns the name of the first that all have seen. */
  async untilBegun(): Promise<string> {
    const watches = this.pairs.flatMap(({ crd, front }) => [crd, front]);
    for (const { flags, crd, front } of this.pairs) {
      for (const watch of [crd, front]) {
        if (!flags.includes(WATCH_ONLY)) await watch.until(({ length }) => length > 2, "the state");
      }
    }
    return await waitFor(async () => {
      const name = `zz-first-${this.begun.length}-x`;
      this.begun.push(name);
      await this.twins.put(name, SEEN_BY_ALL);
      const isSeen = ({ lines }: WatchProcess) => lines.some((line) => line.includes(name));
      await waitFor(() => watches.every(isSeen), { timeoutMs: 2_000, what: "all of kubectl to watch" });
      return name;
    }, { timeoutMs: 180_000, what: "all of kubectl to watch" });
  }

  async [Symbol.asyncDispose]() {
    for (const { crd, front } of this.pairs) {
      await crd[Symbol.asyncDispose]();
      await front[Symbol.asyncDispose]();
    }
  }
}
