/** A Coder deployment boiled down to its provisioner keys, with trouble on demand. For tests alone. */
import { CoderApiError, CoderConnectionError, type CoderErrorKind } from "../../../coder/mod.ts";
import { tagsHash } from "../hashes.ts";
import type { KeyCalls } from "../ports.ts";
import type { KeyListing } from "../types.ts";

/** A key as Coder has it. */
export interface ModelKey {
  id: string;
  organization: string;
  name: string;
  tags: Readonly<Record<string, string>>;
  created_at: string;
  value: string;
}

/** What goes wrong with one call. */
export type CallFault =
  | "429"
  | "429 with Retry-After"
  | "500"
  | "500 after the deed"
  | "404"
  | "409"
  | "answer lost"
  | "connection refused"
  | "unreadable answer"
  | "400";

/** Those that pass by themselves. */
export const CALL_FAULTS: readonly CallFault[] = [
  "429",
  "429 with Retry-After",
  "500",
  "500 after the deed",
  "404",
  "409",
  "answer lost",
  "connection refused",
  "unreadable answer",
];

/** One call about a key that reached Coder. */
export interface ModelCall {
  readonly at: number;
  readonly method: "POST" | "DELETE" | "GET";
  /** Empty for lists. */
  readonly name: string;
  readonly organization: string;
  /** `done`, or why not. */
  readonly end: string;
}

const call = { method: "POST", route: "/api/v2/organizations/{organization}/provisionerkeys" };

function refusal(status: number, kind: CoderErrorKind, retryAfterMs?: number): CoderApiError {
  return new CoderApiError(`Coder answered ${status}`, { status, kind, call, retryAfterMs });
}

/** See the file's head. */
export class ModelCoder {
  readonly keys: ModelKey[] = [];
  /** Organizations: id by name. */
  readonly organizations = new Map([["default", "org-default"], ["eng", "org-eng"], ["ops", "org-ops"]]);
  readonly calls: ModelCall[] = [];
  readonly faults: CallFault[] = [];
  entitled = true;
  up = true;
  /** The token that works. */
  token = 1;
  #serial = 0;

  constructor(
    readonly id: string,
    readonly now: () => number,
    /** Called before a deed. */
    readonly watch: { created?: (key: ModelKey) => void; deleting?: (key: ModelKey) => void } = {},
  ) {}

  /** As somebody with all rights. */
  add(name: string, organization: string, tags: Readonly<Record<string, string>> = {}): ModelKey {
    const serial = ++this.#serial;
    const key: ModelKey = {
      id: `${this.id}-key-${serial}`,
      organization,
      name,
      tags,
      created_at: new Date(this.now()).toISOString(),
      value: `${this.id}-value-${serial}-${tagsHash(tags).slice(0, 4)}`,
    };
    this.keys.push(key);
    return key;
  }

  remove(key: ModelKey): void {
    const at = this.keys.indexOf(key);
    if (at >= 0) this.keys.splice(at, 1);
  }

  find(organization: string, name: string): ModelKey | undefined {
    const id = this.organizations.get(organization) ?? organization;
    return this.keys.find((key) => key.organization === id && key.name.toLowerCase() === name.toLowerCase());
  }

  hasValue(value: string): boolean {
    return this.keys.some((key) => key.value === value);
  }

  /** What a list of an organization shows; undefined where Coder does not answer. */
  listing(organization: string, token: number): KeyListing | undefined {
    if (!this.up || !this.entitled || token !== this.token) return undefined;
    const id = this.organizations.get(organization) ?? organization;
    const keys = this.keys.filter((key) => key.organization === id);
    return {
      takenAt: this.now(),
      keys: keys.map(({ id, name, tags, created_at }) => ({ id, name, tags, created_at })),
    };
  }

  /** The calls under a token. */
  client(token: number): KeyCalls {
    return {
      createKey: (organization, { name, tags = {} }) =>
        this.#call("POST", organization, name, token, () => {
          if (this.find(organization, name) !== undefined) throw refusal(409, "conflict");
          const key = this.add(name, this.#organization(organization), tags);
          this.watch.created?.(key);
          return { provisionerKey: key.value };
        }),
      // The client takes every 404 for "it was not there".
      deleteKey: (organization, name) =>
        this.#call("DELETE", organization, name, token, () => {
          const key = this.find(organization, name);
          if (key === undefined) return false;
          this.watch.deleting?.(key);
          this.remove(key);
          return true;
        }).catch((error) => {
          if (error instanceof CoderApiError && error.status === 404) return false;
          throw error;
        }),
      listKeys: (organization) =>
        this.#call("GET", organization, "", token, () => {
          const id = this.#organization(organization);
          return this.keys.filter((key) => key.organization === id)
            .map(({ value: _, ...key }) => key);
        }),
    };
  }

  #organization(idOrName: string): string {
    const id = this.organizations.get(idOrName) ?? idOrName;
    if (![...this.organizations.values()].includes(id)) throw refusal(404, "notFound");
    return id;
  }

  #call<T>(
    method: ModelCall["method"],
    organization: string,
    name: string,
    token: number,
    deed: () => T,
  ): Promise<T> {
    const log = (end: string) => this.calls.push({ at: this.now(), method, name, organization, end });
    try {
      const value = this.#answer(token, deed);
      log("done");
      return Promise.resolve(value);
    } catch (error) {
      log(error instanceof CoderApiError ? String(error.status) : (error as Error).message);
      return Promise.reject(error);
    }
  }

  #answer<T>(token: number, deed: () => T): T {
    const lost = (maybeSent: boolean) =>
      new CoderConnectionError(maybeSent ? "the connection broke" : "connection refused", {
        kind: "unavailable",
        call,
        maybeSent,
      });
    if (!this.up) throw lost(false);
    if (token !== this.token) throw refusal(401, "unauthorized");
    if (!this.entitled) {
      throw new CoderApiError("Coder answered 403", {
        status: 403,
        kind: "forbidden",
        reason: "notEntitled",
        call,
      });
    }
    switch (this.faults.shift()) {
      case "429":
        throw refusal(429, "rateLimited");
      case "429 with Retry-After":
        throw refusal(429, "rateLimited", 60_000);
      case "500":
        throw refusal(500, "unavailable");
      case "500 after the deed":
        deed();
        throw refusal(500, "unavailable");
      case "400":
        throw refusal(400, "invalid");
      case "404":
        throw refusal(404, "notFound");
      case "409":
        throw refusal(409, "conflict");
      case "answer lost":
        deed();
        throw lost(true);
      case "unreadable answer":
        deed();
        throw refusal(502, "unavailable");
      case "connection refused":
        throw lost(false);
    }
    return deed();
  }
}
