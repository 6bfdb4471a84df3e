/** Everything that can be done to templates of one Coder deployment. */
import { silentLogger } from "../../telemetry/logger.ts";
import { systemClock } from "../../telemetry/clock.ts";
import { type ChangeCondition, conditionOf } from "./conditions.ts";
import { create, type CreateResult, type NewTemplateRequest } from "./create.ts";
import { follow, type Progress } from "./follow.ts";
import { DEFAULT_WAIT } from "./poll.ts";
import type { StoredChange } from "./store.ts";
import type { Request, VersionInputs } from "./types.ts";
import { remove, type TemplateUpdate, update, type UpdateResult } from "./update.ts";
import { type TemplateRef, TemplateSession, type TemplateWorld } from "./world.ts";

export type TemplateActionsOptions =
  & Pick<TemplateWorld, "open" | "store" | "copy" | "audit">
  & Partial<Omit<TemplateWorld, "open" | "store" | "copy" | "audit">>
  & {
    /** Something that was followed has ended, or a change is on record that was not. */
    readonly onProgress?: (template: string, progress: Progress) => void;
  };

/**
 * Actions reject with `ActionError` for what is wrong with a request, and with Coder's own errors. Builds go on after the
 * answer as long as `run` runs, here or at another replica.
 */
export class TemplateActions {
  readonly #world: TemplateWorld;
  readonly #onProgress: (template: string, progress: Progress) => void;
  readonly #followed = new Map<string, Promise<unknown>>();
  /** Templates that are being changed here, with how many requests: what is on record of them is theirs to follow. */
  readonly #changing = new Map<string, number>();
  readonly #end = new AbortController();

  constructor({ onProgress = () => {}, ...options }: TemplateActionsOptions) {
    this.#world = {
      wait: DEFAULT_WAIT,
      answerMs: 20_000,
      retryMs: 600_000,
      clock: systemClock,
      log: silentLogger,
      now: Date.now,
      newId: () => crypto.randomUUID(),
      ...options,
    };
    this.#onProgress = onProgress;
  }

  create(wanted: NewTemplateRequest, request: Request): Promise<CreateResult> {
    const session = new TemplateSession(this.#world, request);
    return create(session, wanted, (stored) => this.#follow(stored, wanted.variables));
  }

  async update(template: TemplateRef, wanted: TemplateUpdate, request: Request): Promise<UpdateResult> {
    const session = new TemplateSession(this.#world, request);
    const changing = this.#changing;
    changing.set(template.id, (changing.get(template.id) ?? 0) + 1);
    try {
      return await update(session, template, wanted, (stored, variables) => this.#follow(stored, variables));
    } finally {
      const left = changing.get(template.id)! - 1;
      if (left > 0) changing.set(template.id, left);
      else changing.delete(template.id);
    }
  }

  delete(template: TemplateRef, request: Request): Promise<void> {
    return remove(new TemplateSession(this.#world, request), template);
  }

  /** What is under way, or has failed, for a template. */
  async condition(template: string, signal: AbortSignal): Promise<ChangeCondition | undefined> {
    return conditionOf((await this.#world.store.read(template, signal))?.record);
  }

  /** Goes on with all changes on record, those of replicas that are no more included. Ask now and then. */
  async resume(signal: AbortSignal): Promise<void> {
    for (const stored of await this.#world.store.list(signal)) {
      // Values of variables are known to the request alone.
      const isAsked = this.#changing.has(stored.record.template);
      if (stored.record.failure === undefined && !isAsked) this.#follow(stored, undefined);
    }
  }

  /** Resolves when nothing is followed any more. */
  async idle(): Promise<void> {
    while (this.#followed.size > 0) await Promise.all(this.#followed.values());
  }

  /** Follows nothing any more; what is on record stays for others. */
  async close(): Promise<void> {
    this.#end.abort();
    await this.idle();
  }

  #follow(stored: StoredChange, variables: VersionInputs["variables"]): void {
    const { id, template } = stored.record;
    if (this.#followed.has(id) || this.#end.signal.aborted) return;
    const run = async () => {
      try {
        const progress = await follow(this.#world, stored, this.#end.signal, variables);
        if (progress !== undefined) this.#onProgress(template, progress);
      } catch (error) {
        // The store cannot be asked: it stays on record, and `resume` finds it.
        this.#world.log.warn("a change of a template is no longer followed", { template, error });
      } finally {
        this.#followed.delete(id);
      }
    };
    this.#followed.set(id, run());
  }
}
