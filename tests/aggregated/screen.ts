/** What a person at a terminal sees: kubectl's output, line by line and cell by cell. */
import type { Cluster, KubectlResult } from "../cluster/mod.ts";

export interface ScreenOptions {
  /** Given with every command. */
  readonly namespace?: string;
  /** @default {the administrator's} */
  readonly kubeconfig?: string;
}

export interface Screen {
  /** Runs kubectl, whatever it exits with. */
  run(...args: string[]): Promise<KubectlResult>;
  /** What it prints. Throws where it fails. */
  says(...args: string[]): Promise<string>;
  /** What it says of its failure, on one line. Throws where it does not fail. */
  fails(...args: string[]): Promise<string>;
  /** The lines of a table, cut at two spaces and more; the first is the heading. */
  table(...args: string[]): Promise<string[][]>;
  /** Names as `-o name` prints them, without the kind. */
  names(...args: string[]): Promise<string[]>;
}

/** A terminal with kubectl. */
export function screen(cluster: Cluster, { namespace, kubeconfig }: ScreenOptions = {}): Screen {
  const scope = namespace === undefined ? [] : ["--namespace", namespace];
  const as = kubeconfig === undefined ? {} : { kubeconfig };
  const run = (...args: string[]) =>
    cluster.kubectl([...args, ...scope], { ...as, allowFailure: true, timeoutMs: 180_000 });
  const says = async (...args: string[]) => {
    const { code, stdout, stderr } = await run(...args);
    if (code !== 0) throw new Error(`kubectl ${args.join(" ")} exited with ${code}: ${stderr}${stdout}`);
    return stdout;
  };
  return {
    run,
    says,
    async fails(...args) {
      const { code, stdout, stderr } = await run(...args);
      if (code === 0) throw new Error(`kubectl ${args.join(" ")} did not fail: ${stdout}`);
      return stderr.trim();
    },
    table: async (...args) => cells(await says(...args)),
    names: async (...args) =>
      (await says(...args, "-o", "name")).split("\n").filter((line) => line !== "")
        .map((line) => line.slice(line.indexOf("/") + 1)),
  };
}

/** Cells of a table as kubectl prints it. An empty cell cannot be told from a wide gap: it is left out. */
export function cells(text: string): string[][] {
  return text.trimEnd().split("\n").map((line) => line.trimEnd().split(/ {2,}/));
}
