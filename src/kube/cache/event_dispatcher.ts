/** Tells subscribers what changed, in order, whatever they do meanwhile. */
import type { KubeObject } from "../../api/object.ts";
import type { InformerHandler } from "../informer.ts";
import type { Delta } from "./kind_cache.ts";

/** What subscribers are told. */
export type CacheEvent<T extends KubeObject> = Delta<T> | { type: "presence"; exists: boolean };

interface Subscription<T extends KubeObject> {
  handler: InformerHandler<T>;
  /** Events up to this number are part of the subscriber's first snapshot. */
  since: number;
  ended: boolean;
}

/**
 * Delivers every event to every subscriber in the order in which they happened. A handler may subscribe, unsubscribe
 * or cause further ones (by observing a write): those wait until everyone has heard of the present one.
 */
export class EventDispatcher<T extends KubeObject> {
  readonly #subscriptions = new Set<Subscription<T>>();
  readonly #queue: { event: CacheEvent<T>; number: number }[] = [];
  #number = 0;
  #delivering = false;

  constructor(
    /** Told when a handler throws or its promise rejects; the stream goes on. */
    private readonly onHandlerError: (error: unknown, event: CacheEvent<T>["type"]) => void,
  ) {}

  get subscribers(): number {
    return this.#subscriptions.size;
  }

  /** Calls `added` for each object of `snapshot` at once, then tells of every later event. Returns its end. */
  subscribe(handler: InformerHandler<T>, snapshot: () => readonly T[]): () => void {
    const subscription: Subscription<T> = { handler, since: this.#number, ended: false };
    this.#subscriptions.add(subscription);
    this.#exclusively(() => {
      for (const object of snapshot()) {
        if (!subscription.ended) this.#call(handler, { type: "added", object, initial: true });
      }
    });
    return () => {
      subscription.ended = true;
      this.#subscriptions.delete(subscription);
    };
  }

  dispatch(event: CacheEvent<T>): void {
    const number = ++this.#number;
    if (this.#subscriptions.size === 0) return;
    this.#queue.push({ event, number });
    this.#exclusively(() => {});
  }

  /** Runs `first`, then empties the queue, unless a call further up the stack is doing so already. */
  #exclusively(first: () => void): void {
    if (this.#delivering) return first();
    this.#delivering = true;
    try {
      first();
      for (let index = 0; index < this.#queue.length; index++) {
        const { event, number } = this.#queue[index]!;
        for (const { handler, since, ended } of [...this.#subscriptions]) {
          if (!ended && number > since) this.#call(handler, event);
        }
      }
    } finally {
      this.#queue.length = 0;
      this.#delivering = false;
    }
  }

  #call(handler: InformerHandler<T>, event: CacheEvent<T>): void {
    try {
      // A handler declared async returns a promise, whatever its type says; its failure must not go unheard.
      const result: unknown = invoke(handler, event);
      if (result instanceof Promise) result.catch((error) => this.onHandlerError(error, event.type));
    } catch (error) {
      this.onHandlerError(error, event.type);
    }
  }
}

function invoke<T extends KubeObject>(handler: InformerHandler<T>, event: CacheEvent<T>): void {
  switch (event.type) {
    case "added":
      return handler.added?.(event.object, event.initial);
    case "updated":
      return handler.updated?.(event.before, event.after);
    case "deleted":
      return handler.deleted?.(event.object);
    case "presence":
      return handler.presence?.(event.exists);
  }
}
