/** The page about metrics: every registration of a counter, a gauge or a histogram in `src`. */
import type { GeneratedFile } from "../files.ts";
import { banner, code, page, prose, table } from "./markdown.ts";
import {
  bare,
  type Bindings,
  bindingsAround,
  namesIn,
  nodesOf,
  placeOf,
  resolved,
  sourceFiles,
  textOf,
  ts,
} from "./source.ts";

export interface Metric {
  readonly name: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly labels: readonly string[];
  readonly help: string;
}

/** What registers a metric; `counterFrom` takes no labels, but what reads it. */
const REGISTRARS: Readonly<Record<string, Metric["type"]>> = {
  counter: "counter",
  counterFrom: "counter",
  gauge: "gauge",
  histogram: "histogram",
};
/** How a figure's name begins, and under which heading it stands. */
const SECTIONS: readonly (readonly [string, RegExp])[] = [
  [
    "Of the operator and of Coder",
    /^coder_k8s_(?!mcp_|ui_|inventory_|kept_|cache_|authent|authoriz|writes|span|template_(follow|source))/,
  ],
  ["Of the aggregated API", /^(apiserver_|coder_k8s_(inventory_|kept_|authent|authoriz|writes))/],
  ["Of templates from Git and OCI artifacts", /^coder_k8s_template/],
  ["Of the MCP server and its page", /^coder_k8s_(mcp|ui)_/],
  ["Of the coordinator of sessions", /^coordinator_/],
  ["Of workers", /^worker_/],
  ["Of controllers and their queues", /^(controller_runtime_|workqueue_|leader_election_)/],
  ["Of the watch cache and requests to the API server", /^(coder_k8s_cache_|rest_client_)/],
  ["Of traces", /^coder_k8s_span/],
  ["Of the process", /^(process_|nodejs_|go_)/],
];
const OTHERS = "Others";

/** `docs/reference/metrics.md`. */
export async function metricFiles(root: string): Promise<GeneratedFile[]> {
  return [{ path: "docs/reference/metrics.md", content: metricsPage(await metricsOf(root)) }];
}

/** Every metric, by name. @throws {Error} where a registration cannot be read from the source */
export async function metricsOf(root: string): Promise<Metric[]> {
  const files = await sourceFiles(root, ["src"]);
  return merged(files.flatMap((file) => registrations(file, files)));
}

/** What one file registers. `files`: where functions that register for others are called. */
export function registrations(file: ts.SourceFile, files: readonly ts.SourceFile[] = [file]): Metric[] {
  return [...nodesOf(file)].flatMap((node) => {
    if (!ts.isCallExpression(node) || !ts.isPropertyAccessExpression(node.expression)) return [];
    const called = node.expression.name.text;
    const type = Object.hasOwn(REGISTRARS, called) ? REGISTRARS[called] : undefined;
    const [name, help, third] = node.arguments;
    const labels = called === "counterFrom" ? undefined : third;
    if (type === undefined || name === undefined || help === undefined) return [];
    const direct = [new Map()];
    const all = textOf(name) === undefined || textOf(help) === undefined
      ? bindingsAround(node, [...namesIn(name), ...namesIn(help)], files)
      : direct;
    if (all.length === 0) throw unreadable(node);
    return all.map((bindings) => {
      const [own, words] = [textOf(name, bindings), textOf(help, bindings)];
      if (own === undefined || words === undefined) throw unreadable(node);
      return { name: own, type, labels: labelsOf(labels, bindings), help: words };
    });
  });
}

function unreadable(node: ts.Node): Error {
  const text = node.getText().replace(/\s+/g, " ").slice(0, 160);
  return new Error(
    `${placeOf(node)}: name, help or labels of this metric cannot be read from the source: ${text}`,
  );
}

function labelsOf(given: ts.Expression | undefined, bindings: Bindings): string[] {
  if (given === undefined) return [];
  const inner = bare(given);
  const list = (ts.isIdentifier(inner) ? bindings.get(inner.text) : undefined) ?? bare(resolved(inner));
  if (!ts.isArrayLiteralExpression(list)) throw unreadable(given);
  return list.elements.flatMap((element) => {
    if (ts.isSpreadElement(element)) return labelsOf(element.expression, bindings);
    const name = textOf(element, bindings);
    if (name === undefined) throw unreadable(element);
    return [name];
  });
}

/** One of each name, sorted. The same one may be asked for in several places. */
export function merged(metrics: readonly Metric[]): Metric[] {
  const byName = Map.groupBy(metrics, ({ name }) => name);
  return [...byName.values()].map((same) => {
    const helps = [...new Set(same.map(({ help }) => help))];
    return { ...same[0]!, help: helps.join(" Or: ") };
  }).sort((a, b) => a.name < b.name ? -1 : 1);
}

function metricsPage(metrics: readonly Metric[]): string {
  const sectionOf = ({ name }: Metric) => SECTIONS.find(([, pattern]) => pattern.test(name))?.[0] ?? OTHERS;
  const titles = [...SECTIONS.map(([title]) => title), OTHERS];
  return page(
    "# All metrics",
    banner("src/"),
    "How to get at them, and which are worth an alert: [metrics](../metrics.md). Durations are in seconds; a histogram " +
      "has `_bucket`, `_sum` and `_count`.",
    titles.flatMap((title) => {
      const own = metrics.filter((metric) => sectionOf(metric) === title);
      if (own.length === 0) return [];
      return [
        `## ${title}`,
        table(
          ["Metric", "Type", "Labels", "Meaning"],
          own.map((
            { name, type, labels, help },
          ) => [code(name), type, labels.map(code).join(", "), prose(help)]),
        ),
      ];
    }),
  );
}
