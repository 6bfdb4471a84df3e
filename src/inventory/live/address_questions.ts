/**
 * Questions about the addresses of a deployment. After the first time each takes a turn of a list, so that Coder is asked
 * no more often because of them.
 */
import { sameContent } from "./content.ts";
import type { CallLimits } from "./lists.ts";
import type { CopyClient, DeploymentAddresses } from "./types.ts";

export interface AddressQuestionsOptions {
  readonly now: () => number;
  client(signal: AbortSignal): Promise<Pick<CopyClient, "system" | "deployment">>;
  limits(signal: AbortSignal): CallLimits;
  /** Called with addresses that are others than before. */
  learnt(addresses: DeploymentAddresses): void;
  /** Called for every failure. */
  failed(error: unknown): void;
}

export type AddressPart = keyof DeploymentAddresses;

/** Addresses hardly ever change. */
const AGAIN_MS = 6 * 3_600_000;
/** After a failure; after each further one twice as long. */
const RETRY_MS = 60_000;

export class AddressQuestions {
  readonly #options: AddressQuestionsOptions;
  readonly #due: Record<AddressPart, number> = { access: 0, apps: 0 };
  readonly #failures: Record<AddressPart, number> = { access: 0, apps: 0 };
  #addresses: DeploymentAddresses = { access: "", apps: "" };

  constructor(options: AddressQuestionsOptions) {
    this.#options = options;
  }

  /** What is known; empty texts where nothing is. */
  get addresses(): DeploymentAddresses {
    return this.#addresses;
  }

  /** Asks those that are due, one request each. Returns whether there were any. Never rejects. */
  async ask(parts: readonly AddressPart[], signal: AbortSignal): Promise<boolean> {
    const { now, learnt } = this.#options;
    const due = parts.filter((part) => this.#due[part] <= now());
    const found: { -readonly [P in AddressPart]: string } = { ...this.#addresses };
    for (const part of due) {
      const text = await this.#answer(part, signal);
      if (signal.aborted) return true;
      if (text !== undefined) found[part] = text;
    }
    if (!sameContent(found, this.#addresses)) {
      this.#addresses = found;
      learnt(found);
    }
    return due.length > 0;
  }

  async #answer(part: AddressPart, signal: AbortSignal): Promise<string | undefined> {
    const { now, client, limits, failed } = this.#options;
    try {
      const { system, deployment } = await client(signal);
      const text = part === "apps"
        ? await deployment.appsHost(limits(signal))
        : (await system.buildInfo(limits(signal))).dashboard_url.replace(/\/+$/, "");
      this.#failures[part] = 0;
      this.#due[part] = now() + AGAIN_MS;
      return text;
    } catch (error) {
      this.#due[part] = now() + Math.min(AGAIN_MS, RETRY_MS * 2 ** Math.min(this.#failures[part]++, 10));
      if (!signal.aborted) failed(error);
      return undefined;
    }
  }
}
