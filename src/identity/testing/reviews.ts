/** An API server that answers reviews as a test wants, and a clock for certificates. For tests alone. */
import type { KubeClient } from "../../kube/client.ts";
import { ManualClock } from "../../kube/testing/manual_clock.ts";

/** One review, as it was asked for. */
export interface Asked {
  kind: string;
  // deno-lint-ignore no-explicit-any -- tests look into reviews of both kinds
  spec: any;
  timeoutMs: number | undefined;
}

/** A client whose reviews get the status (or the error) that `answer` returns (or throws), and what was asked. */
export function reviewingClient(answer: (review: Asked) => unknown): { client: KubeClient; asked: Asked[] } {
  const asked: Asked[] = [];
  const client = {
    async create(
      _type: unknown,
      review: { kind: string; spec: unknown },
      options: { timeoutMs?: number } = {},
    ) {
      const one = { kind: review.kind, spec: review.spec, timeoutMs: options.timeoutMs };
      asked.push(one);
      await Promise.resolve();
      return { ...review, status: await answer(one) };
    },
  } as unknown as KubeClient;
  return { client, asked };
}

/** Stands still like its parent, and begins now, as certificates that are made for a test do. */
export class CertificateClock extends ManualClock {
  readonly #start = Date.now();

  override wallTime(): number {
    return this.#start + this.now();
  }
}
