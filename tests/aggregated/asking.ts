/** Requests whose whole answer is looked at: status, headers, warnings. */
import type { IncomingHttpHeaders } from "node:http";
import { request } from "node:https";
import { type Cluster, type KeyPair, serviceDnsNames } from "../cluster/mod.ts";
import { readKeyPair } from "../cluster/state.ts";
import { API_SERVICE, type Replica } from "./app_rig.ts";

export interface AskOptions {
  /** @default {"GET"} */
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Who asks. @default {through the API server: an administrator; directly: nobody} */
  readonly as?: KeyPair | { readonly token: string };
  readonly body?: string;
}

export interface Told {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  /** Texts of the `Warning` headers. */
  readonly warnings: readonly string[];
  readonly text: string;
  // deno-lint-ignore no-explicit-any -- answers are looked at as they are; undefined where it is no JSON
  readonly json: any;
}

/** A request through the API server. */
export async function ask(cluster: Cluster, path: string, options: AskOptions = {}): Promise<Told> {
  const as = options.as ?? await readKeyPair(cluster.dir, "admin");
  return await send(cluster.state.ports.apiserver, cluster.caPem, "localhost", path, { ...options, as });
}

/** A request to the product's own port, whose certificate is checked as the API server checks it. */
export async function askDirectly(
  { cluster, replica: { port } }: { readonly cluster: Cluster; readonly replica: Pick<Replica, "port"> },
  path: string,
  options: AskOptions = {},
): Promise<Told> {
  const { spec } = await cluster.request("GET", `/apis/apiregistration.k8s.io/v1/apiservices/${API_SERVICE}`);
  const [name = ""] = serviceDnsNames("coder-k8s-apiserver", "coder-system");
  return await send(port, atob(spec.caBundle), name, path, options);
}

function send(
  port: number,
  ca: string,
  servername: string,
  path: string,
  { method = "GET", headers = {}, as, body }: AskOptions,
): Promise<Told> {
  const identity = as === undefined || "token" in as ? {} : { cert: as.certPem, key: as.keyPem };
  const bearer = as !== undefined && "token" in as ? { authorization: `Bearer ${as.token}` } : {};
  return new Promise((resolve, reject) => {
    const sent = request({
      host: "127.0.0.1",
      port,
      ca,
      servername,
      agent: false,
      method,
      path,
      headers: { ...bearer, ...headers },
      signal: AbortSignal.timeout(60_000),
      ...identity,
    }, async (answer) => {
      try {
        const chunks: Uint8Array[] = [];
        for await (const chunk of answer) chunks.push(chunk);
        const text = await new Blob(chunks as BlobPart[]).text();
        const { headers: told, statusCode: status = 0 } = answer;
        resolve({ status, headers: told, warnings: warningsOf(told.warning), text, json: parsed(text) });
      } catch (error) {
        reject(error);
      }
    });
    sent.once("error", reject).end(body);
  });
}

function warningsOf(header: string | undefined): string[] {
  return [...(header ?? "").matchAll(/299 \S+ "((?:[^"\\]|\\.)*)"/g)].map(([, text]) =>
    (text ?? "").replace(/\\(.)/g, "$1")
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
