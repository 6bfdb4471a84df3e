/** ConfigMaps to compare with: as many, and as large. */
import type { Cluster } from "../../cluster/mod.ts";
import { readKeyPair } from "../../cluster/state.ts";

const DIGITS = 6;

/** Names in the order of lists. */
export function configMapName(index: number): string {
  return `config-${String(index).padStart(DIGITS, "0")}`;
}

/** What fills ConfigMaps, out of a list of what they are compared with: text of its kind, without anything to escape. */
export function fillOf(list: string, bytes: number): string {
  const plain = list.replaceAll(/["\\]|[^\u0020-\u007e]/g, "'");
  const length = Math.max(0, bytes);
  return plain.repeat(Math.ceil(length / Math.max(1, plain.length))).slice(0, length);
}

/** Their creator, on connections that stay open. */
export class ConfigMaps implements Disposable {
  readonly path: string;

  private constructor(
    private readonly url: string,
    private readonly client: Deno.HttpClient,
    namespace: string,
  ) {
    this.path = `/api/v1/namespaces/${namespace}/configmaps`;
  }

  static async open(cluster: Cluster, namespace: string): Promise<ConfigMaps> {
    const { certPem: cert, keyPem: key } = await readKeyPair(cluster.dir, "admin");
    const client = Deno.createHttpClient({ caCerts: [cluster.caPem], cert, key });
    return new ConfigMaps(cluster.url, client, namespace);
  }

  /**
   * Makes a namespace have `count` of them, each as large as one object of `list`, the answer that they are compared with;
   * one is there in every namespace.
   */
  async fill(count: number, list: string, objects: number): Promise<void> {
    const each = Math.round(list.length / Math.max(1, objects));
    const probe = await this.#send("POST", "", {
      metadata: { name: configMapName(0) },
      data: { content: "" },
    });
    const content = fillOf(list, each - probe.length);
    await this.#send("DELETE", `/${configMapName(0)}`);
    let next = 0;
    await Promise.all(Array.from({ length: 8 }, async () => {
      for (let index = next++; index < count - 1; index = next++) {
        await this.#send("POST", "", { metadata: { name: configMapName(index) }, data: { content } });
      }
    }));
  }

  /** Writes the time into one. */
  async touch(index: number): Promise<void> {
    const sent = `${BigInt(Date.now()) * 1_000_000n}`;
    await this.#send("PATCH", `/${configMapName(index)}`, { data: { sent } });
  }

  async #send(method: string, path: string, body?: unknown): Promise<string> {
    const answer = await fetch(`${this.url}${this.path}${path}`, {
      client: this.client,
      method,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      headers: { "Content-Type": method === "PATCH" ? "application/merge-patch+json" : "application/json" },
    });
    const text = await answer.text();
    if (!answer.ok) throw new Error(`${method} ${this.path}${path} answered ${answer.status}: ${text}`);
    return text;
  }

  [Symbol.dispose](): void {
    this.client.close();
  }
}
