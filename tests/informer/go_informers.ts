/** Informers of client-go, in a process of their own. */
import { ensureInformerProgram } from "./go_program.ts";
import type { InformerError, InformerReport, Informers, InformerSpec } from "./types.ts";

export interface GoInformersOptions {
  readonly kubeconfig: string;
  readonly specs: readonly InformerSpec[];
  /** Whether their first list is a watch with initial events. */
  readonly watchList: boolean;
  /** How long watches last at least. @default as client-go has it, some minutes */
  readonly watchSeconds?: number;
}

/** A line that the program prints. */
type Line =
  | { readonly kind: "report"; readonly informers: InformerReport[] }
  | { readonly kind: "error" } & InformerError
  | { readonly kind: "event" | "list" | "mistake"; readonly informer: string };

/** The last lines of each informer that are kept, for whoever looks for the cause of a failure. */
const KEPT = 400;

/** Starts them; building the program first, where it is not there. */
export async function startGoInformers(
  { kubeconfig, specs, watchList, watchSeconds = 0 }: GoInformersOptions,
): Promise<Informers & { readonly lastLines: readonly string[] }> {
  const child = new Deno.Command(await ensureInformerProgram(), {
    args: [
      `--kubeconfig=${kubeconfig}`,
      `--informers=${JSON.stringify(specs)}`,
      `--watch-seconds=${watchSeconds}`,
      "--stderrthreshold=FATAL",
    ],
    env: { KUBE_FEATURE_WatchListClient: String(watchList) },
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const input = child.stdin.getWriter();
  const errors: InformerError[] = [];
  const lastLines: string[] = [];
  const waiting: ((reports: InformerReport[]) => void)[] = [];
  const reading = eachLine(child.stdout, (text) => {
    const line = JSON.parse(text) as Line;
    if (line.kind === "report") return waiting.shift()?.(line.informers);
    if (line.kind === "error") errors.push(line);
    lastLines.push(text);
    if (lastLines.length > 2 * KEPT * specs.length) lastLines.splice(0, KEPT * specs.length);
  });
  return {
    errors,
    lastLines,
    async report() {
      const { promise, resolve } = Promise.withResolvers<InformerReport[]>();
      waiting.push(resolve);
      await input.write(new TextEncoder().encode("report\n"));
      return await promise;
    },
    async [Symbol.asyncDispose]() {
      await input.close();
      await child.status;
      await reading;
    },
  };
}

async function eachLine(stream: ReadableStream<Uint8Array>, take: (line: string) => void): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    for (const part of parts) take(part);
  }
}
