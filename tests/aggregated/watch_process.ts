/** Watches that go on: kubectl's, and bare ones through the API server. */
import type { IncomingMessage } from "node:http";
import { request } from "node:https";
import { join } from "node:path";
import { type Cluster, type KeyPair, waitFor } from "../cluster/mod.ts";
import { readKeyPair } from "../cluster/state.ts";

/** kubectl as it watches; disposing of it ends it. */
export interface WatchProcess extends AsyncDisposable {
  readonly lines: readonly string[];
  until(isEnough: (lines: readonly string[]) => boolean, what: string): Promise<void>;
}

/** Starts `kubectl get --watch`. */
export function watchWithKubectl(cluster: Cluster, args: readonly string[]): WatchProcess {
  const child = new Deno.Command(cluster.state.tools.path.kubectl, {
    args: ["get", "--watch", ...args],
    env: { KUBECONFIG: cluster.kubeconfig, KUBECACHEDIR: join(cluster.dir, "kubectl-cache") },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const lines: string[] = [];
  const reading = read(child.stdout, lines);
  return {
    lines,
    until: async (isEnough, what) =>
      void await waitFor(() => isEnough(lines), {
        timeoutMs: 120_000,
        what: `${what} from kubectl, which said ${lines.length} lines`,
      }),
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await child.status;
      await reading;
    },
  };
}

async function read(stream: ReadableStream<Uint8Array>, lines: string[]): Promise<void> {
  let rest = "";
  for await (const text of stream.pipeThrough(new TextDecoderStream())) {
    const parts = (rest + text).split("\n");
    rest = parts.pop() ?? "";
    lines.push(...parts);
  }
}

/** A GET whose answer goes on, as administrator if nobody else is named; disposing of it closes the connection. */
export async function watchThrough(
  cluster: Cluster,
  path: string,
  as?: KeyPair,
): Promise<AsyncDisposable & { readonly answer: IncomingMessage }> {
  const { certPem, keyPem } = as ?? await readKeyPair(cluster.dir, "admin");
  const answer = await new Promise<IncomingMessage>((resolve, reject) => {
    request({
      host: "127.0.0.1",
      port: cluster.state.ports.apiserver,
      ca: cluster.caPem,
      cert: certPem,
      key: keyPem,
      agent: false,
      path,
    }, resolve).once("error", reject).end();
  });
  return {
    answer,
    [Symbol.asyncDispose]() {
      answer.destroy();
      return Promise.resolve();
    },
  };
}
