/** How collectors look: each look has a name, is counted, and ends with the diagnosis' deadline. */
import type { KubeObject, ObjectKey, ResourceType } from "../api/object.ts";
import type { CoderSession } from "../caller/types.ts";
import { unlessAborted } from "../caller/unless_aborted.ts";
import type { CallSpec } from "../coder/mod.ts";
import type { Selection } from "../kube/client.ts";
import type { AccessRequest } from "../kube/reviews.ts";
import { isNotFound as isNotInCoder } from "../coder/mod.ts";
import type { FactName, Facts, FactTypes } from "./facts.ts";
import type { Seen } from "./seen.ts";
import type { Subject } from "./subject.ts";
import { unreadOf } from "./unread.ts";
import type { DiagnosisWorld } from "./world.ts";

/** The longest that one request may take, in milliseconds. */
const REQUEST_MS = 3_000;
/** Objects of one list. */
const MOST_LISTED = 500;
const ENDED = "no answer in time";

/** Coder, as collectors see it: reading alone, counted. */
export interface CoderReader {
  readonly as: CoderSession["as"];
  /** Absent is a 404 of Coder, which it also gives to who may not see something. */
  get<T>(spec: Omit<CallSpec<T>, "method" | "body">): Promise<T>;
}

/** Which Coder, and what the caller must be allowed to where the operator's access is used. */
export interface CoderQuestion {
  readonly namespace: string;
  readonly controlPlane?: string | undefined;
  readonly need: AccessRequest;
}

/** One for each diagnosis. */
export class Looker {
  readonly calls = { kubernetes: 0, coder: 0 };
  readonly #facts = new Map<FactName, Seen<unknown>>();
  readonly #pending = new Map<FactName, string>();
  readonly #coders = new Map<string, Promise<CoderReader>>();

  constructor(
    readonly subject: Subject,
    readonly world: DiagnosisWorld,
    /** Ends all looks. */
    readonly signal: AbortSignal,
  ) {}

  /**
   * Looks for one fact and keeps what came of it; never rejects. A name is looked for once: later looks replace it.
   *
   * @param what such as `list pods of the workspace`
   * @param run undefined: it is not there. A rejection is kept as what could not be read
   */
  async look<N extends FactName>(
    name: N,
    what: string,
    run: () => Promise<FactTypes[N] | undefined>,
  ): Promise<Seen<FactTypes[N]>> {
    this.#pending.set(name, what);
    const seen = await this.#seen(what, run);
    if (this.#pending.delete(name)) this.#facts.set(name, seen);
    return seen;
  }

  /** Keeps a fact that follows from others. */
  set<N extends FactName>(name: N, seen: Seen<FactTypes[N]>): void {
    this.#facts.set(name, seen);
  }

  /** What is known so far; what is still looked for counts as not answered. */
  facts(): Facts {
    const late = [...this.#pending].map(([name, what]) =>
      [name, { state: "unread", what, kind: "timeout", why: ENDED }] as const
    );
    return {
      ...Object.fromEntries([...this.#facts, ...late]),
      subject: this.subject,
      now: this.world.now(),
    } as Facts;
  }

  /** @throws as `KubeClient.get` */
  async get<T extends KubeObject>(type: ResourceType<T>, key: ObjectKey): Promise<T> {
    this.calls.kubernetes++;
    return await this.world.cluster.get(type, key, this.#options());
  }

  /** One page of at most 500. @throws as `KubeClient.list` */
  async list<T extends KubeObject>(type: ResourceType<T>, selection: Selection = {}): Promise<readonly T[]> {
    this.calls.kubernetes++;
    const { items } = await this.world.cluster.list(type, {
      ...selection,
      limit: MOST_LISTED,
      ...this.#options(),
    });
    return items;
  }

  /** Text of a subresource such as a pod's `log`. @throws as `CallerCluster.text` */
  async text<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    subresource: string,
    options: {
      readonly query?: Readonly<Record<string, string | number | boolean | undefined>>;
      readonly maxBytes: number;
    },
  ): Promise<string> {
    this.calls.kubernetes++;
    const { bytes } = await this.world.cluster.text(type, key, subresource, {
      ...options,
      ...this.#options(),
    });
    return new TextDecoder().decode(bytes);
  }

  /** Opens a Coder once, however many looks need it. @throws as `CallerCoders.open` */
  coder(question: CoderQuestion): Promise<CoderReader> {
    const key = `${question.namespace}/${question.controlPlane ?? ""}`;
    let opening = this.#coders.get(key);
    if (opening === undefined) {
      opening = this.#open(question);
      opening.catch(() => {});
      this.#coders.set(key, opening);
    }
    return opening;
  }

  async #open({ namespace, controlPlane, need }: CoderQuestion): Promise<CoderReader> {
    const { client, as } = await this.world.coders.open({ namespace, controlPlane }, need, this.signal);
    const { call } = client.prompt ?? client;
    return {
      as,
      get: (spec) => {
        this.calls.coder++;
        return call({ ...spec, method: "GET" }, this.#options());
      },
    };
  }

  async #seen<T>(what: string, run: () => Promise<T | undefined>): Promise<Seen<T>> {
    try {
      const value = await unlessAborted(run(), this.signal);
      return value === undefined ? { state: "absent" } : { state: "seen", value };
    } catch (error) {
      if (this.signal.aborted) return { state: "unread", what, kind: "timeout", why: ENDED };
      if (isNotInCoder(error)) return { state: "absent" };
      return unreadOf(what, error);
    }
  }

  #options() {
    return { signal: this.signal, timeoutMs: REQUEST_MS, maxRetries: 0 };
  }
}
