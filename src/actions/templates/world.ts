/** What actions on templates need of the world, and what they share. */
import type { CoderClient } from "../../coder/mod.ts";
import type { DeploymentCopy, Template } from "../../inventory/mod.ts";
import type { Clock } from "../../telemetry/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { TemplateAuditEntry } from "../audit.ts";
import { ActionCalls } from "../calls.ts";
import type { BuildWait } from "./poll.ts";
import type { ChangeStore } from "./store.ts";
import type { ChangeRecord, Request } from "./types.ts";

/** The calls that actions make. */
export type TemplateClient = Pick<CoderClient, "templates" | "templateChanges" | "builds">;

/** Where what was learnt is entered at once, and where sources are kept. */
export type TemplateCopy = Pick<DeploymentCopy, "files" | "moment" | "observeTemplate" | "observeGone">;

/** One Coder deployment. */
export interface TemplateWorld {
  /** The way to Coder. Rejects where there is none now. */
  open(signal: AbortSignal): Promise<TemplateClient>;
  readonly store: ChangeStore;
  readonly copy: TemplateCopy;
  /** Must not throw. */
  audit(entry: TemplateAuditEntry): void;
  /** How builds are waited for. */
  readonly wait: BuildWait;
  /** How long a request may wait for the import of a first version, in milliseconds. */
  readonly answerMs: number;
  /** Failed content is not built again for so long, in milliseconds. */
  readonly retryMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  now(): number;
  /** Random, for changes. */
  newId(): string;
}

/** A template, as the inventory has it. */
export type TemplateRef = Pick<
  Template,
  "id" | "name" | "organization_id" | "organization_name" | "active_version_id"
>;

/** One action at work: its client, and what it did. */
export class TemplateSession extends ActionCalls<TemplateClient> {
  /** What was looked at last. */
  seen: Template | undefined;

  constructor(readonly world: TemplateWorld, readonly request: Request) {
    super((signal) => world.open(signal), request.signal, request.openAs);
  }

  /** The template as it is now, which is entered into the copy. */
  async look(template: string): Promise<Template> {
    const { templateChanges } = await this.client();
    // Others may change it meanwhile, and be told sooner.
    const askedAt = this.world.copy.moment();
    const now = this.seen = await templateChanges.get(template, { signal: this.signal });
    this.world.copy.observeTemplate(now, askedAt);
    return now;
  }

  /** Asks the caller whether that is what is to be changed. */
  check(template: Template, change: ChangeRecord | undefined): void {
    this.request.precondition?.(template, change);
  }

  /** Tells who did what. Nothing is told where nothing was to be done. */
  tell(
    action: string,
    template: TemplateAuditEntry["template"],
    changes: TemplateAuditEntry["changes"],
    result: TemplateAuditEntry["result"],
    message: string,
  ): void {
    const { id, organization, name } = template;
    this.world.audit({
      at: new Date(this.world.now()),
      by: this.request.by,
      action,
      template: { id, organization, name },
      changes,
      calls: this.calls,
      result,
      message,
    });
  }

  /** As `tell`, around an action that may be refused. */
  async audited<T>(
    action: string,
    template: TemplateAuditEntry["template"],
    changes: TemplateAuditEntry["changes"],
    run: () => Promise<{ value: T; result: "done" | "accepted" | "nothing"; message: string }>,
  ): Promise<T> {
    const isWrite = this.request.dryRun !== true;
    try {
      const { value, result, message } = await run();
      if (isWrite && result !== "nothing") this.tell(action, template, changes, result, message);
      return value;
    } catch (error) {
      if (isWrite) {
        this.tell(
          action,
          template,
          changes,
          "refused",
          error instanceof Error ? error.message : String(error),
        );
      }
      throw error;
    }
  }
}

/** As audits name a template. */
export function nameOf(
  { id, name, organization_name, organization_id }: TemplateRef,
): TemplateAuditEntry["template"] {
  return { id, name, organization: organization_name === "" ? organization_id : organization_name };
}
