/** Running Helm: with a home of its own, so that nobody's settings and repositories count. */
import { join } from "node:path";
import { parseAllDocuments } from "yaml";
import { runKubectl } from "../cluster/kubectl.ts";
import { ensureHelm } from "./program.ts";

/** Folder of the chart. */
export const CHART = new URL("../../charts/coder-k8s", import.meta.url).pathname;

/** An object as it is rendered; tests look into kinds of all sorts. */
// deno-lint-ignore no-explicit-any -- see above
export type Rendered = any;

/** Options of one run. */
export interface HelmRun {
  /** @default none: no cluster is reached */
  readonly kubeconfig?: string;
  /** Return a failure instead of throwing it. @default {false} */
  readonly allowFailure?: boolean;
  /** Its standard input, for `--values -`. */
  readonly input?: string;
  /** Deadline, in milliseconds. @default {120_000} */
  readonly timeoutMs?: number;
}

/** What it said. */
export interface HelmResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

let home: string | undefined;

/** Runs `helm`. @throws when it exits non-zero (unless allowed) or takes longer than the deadline */
export async function helm(args: readonly string[], options: HelmRun = {}): Promise<HelmResult> {
  const program = await ensureHelm();
  home ??= join(await Deno.makeTempDir({ prefix: "coder-k8s-helm-" }));
  const env = {
    HELM_CACHE_HOME: join(home, "cache"),
    HELM_CONFIG_HOME: join(home, "config"),
    HELM_DATA_HOME: join(home, "data"),
  };
  return await runKubectl(program, args, { ...options, env });
}

/** Values as Helm reads them from standard input. */
export function valuesInput(values: object): { readonly args: string[]; readonly input: string } {
  return { args: ["--values", "-"], input: JSON.stringify(values) };
}

/** Renders the chart as release `coder-k8s` in `coder-system`; the text as Helm writes it. */
export async function template(
  values: object = {},
  { args = [], chart = CHART, namespace = "coder-system" }: {
    readonly args?: readonly string[];
    readonly chart?: string;
    readonly namespace?: string;
  } = {},
): Promise<string> {
  const given = valuesInput(values);
  const call = ["template", "coder-k8s", chart, "--namespace", namespace, ...given.args, ...args];
  return (await helm(call, { input: given.input })).stdout;
}

/** The objects of a rendered text. */
export function objectsOf(text: string): Rendered[] {
  const objects: Rendered[] = [];
  for (const document of parseAllDocuments(text)) {
    const [error] = document.errors;
    if (error !== undefined) throw new Error(`what Helm rendered is no YAML: ${error.message}`);
    const value = document.toJS();
    if (value !== null) objects.push(value);
  }
  return objects;
}

/** The chart's objects for values. */
export async function render(
  values: object = {},
  options: Parameters<typeof template>[1] = {},
): Promise<Rendered[]> {
  return objectsOf(await template(values, options));
}

/** `Kind/name`, and the namespace before it where there is one. */
export function nameOf(object: Rendered): string {
  const { namespace, name } = object.metadata;
  return `${namespace === undefined ? "" : `${namespace}/`}${object.kind}/${name}`;
}
