/** In which namespaces callers may know of Coders: asked of the API server, and remembered for seconds. */
import type { AccessRequest } from "../../kube/reviews.ts";
import { AGGREGATION_GROUP } from "../../api/aggregated.ts";
import type { Clock } from "../../telemetry/clock.ts";
import type { CallerCluster, McpCaller } from "../../caller/types.ts";

/** How long an answer counts, in milliseconds. */
const KNOWN_MS = 10_000;
const MOST_KNOWN = 8_192;
/** Reviews at the same time. */
const AT_ONCE = 8;
/** Of one review, in milliseconds. */
const REVIEW_MS = 5_000;

export class Sights {
  readonly #clock: Clock;
  readonly #known = new Map<string, { readonly sees: boolean; readonly until: number }>();

  constructor({ clock }: { readonly clock: Clock }) {
    this.#clock = clock;
  }

  /** Those of `namespaces` that somebody may see workspaces or control planes of. Rejects where nobody can say. */
  async seen(
    namespaces: readonly string[],
    caller: Pick<McpCaller, "id">,
    cluster: Pick<CallerCluster, "may">,
    signal: AbortSignal,
  ): Promise<ReadonlySet<string>> {
    // Who sees all is asked about once, however many there are.
    if (namespaces.length > 1 && await this.#sees(undefined, caller, cluster, signal)) {
      return new Set(namespaces);
    }
    const seen = new Set<string>();
    const left = [...namespaces];
    const next = async () => {
      for (let one = left.pop(); one !== undefined; one = left.pop()) {
        if (await this.#sees(one, caller, cluster, signal)) seen.add(one);
      }
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, left.length) }, next));
    return seen;
  }

  async #sees(
    namespace: string | undefined,
    { id }: Pick<McpCaller, "id">,
    cluster: Pick<CallerCluster, "may">,
    signal: AbortSignal,
  ): Promise<boolean> {
    const key = JSON.stringify([id, namespace]);
    const known = this.#known.get(key);
    if (known !== undefined && this.#clock.now() < known.until) return known.sees;
    let sees = false;
    for (const request of requests(namespace)) {
      sees ||= (await cluster.may(request, { signal, timeoutMs: REVIEW_MS })).allowed;
    }
    this.#known.delete(key);
    this.#known.set(key, { sees, until: this.#clock.now() + KNOWN_MS });
    const [oldest] = this.#known.keys();
    if (this.#known.size > MOST_KNOWN && oldest !== undefined) this.#known.delete(oldest);
    return sees;
  }
}

function requests(namespace: string | undefined): AccessRequest[] {
  const where = { version: "v1alpha1", ...(namespace === undefined ? {} : { namespace }) };
  return [
    { ...where, verb: "list", group: AGGREGATION_GROUP, resource: "coderworkspaces" },
    { ...where, verb: "get", group: "coder.com", resource: "codercontrolplanes" },
  ];
}
