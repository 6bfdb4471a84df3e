/** A writer of gadgets in memory, and what it tells. For tests alone. */
import { StatusError } from "../../serving/status_errors.ts";
import type { RequestContext, WriteRequest } from "../../serving/storage.ts";
import { type Gadget, gadget, writableGadgetDefinition } from "../../serving/testing/gadgets.ts";
import { MemoryStorage } from "../../serving/testing/memory_storage.ts";
import type { WriteTarget } from "../target.ts";
import { createWriter, type WriteRecord, type WriterOptions } from "../writer.ts";
import { MemoryTarget } from "./memory_target.ts";
import { anonymousContext, writeRequest } from "./requests.ts";

export const APPLY = "application/apply-patch+yaml";
export const NOW = Date.parse("2026-03-01T10:00:00Z");

export interface Told {
  readonly code: number;
  readonly reason?: string;
  readonly message: string;
  /** As `reason field`. */
  readonly causes: readonly string[];
  readonly object?: Gadget;
  // deno-lint-ignore no-explicit-any -- tests look into it
  readonly document?: any;
  readonly warnings: readonly string[];
}

export class WriteBench {
  readonly storage = new MemoryStorage<Gadget>(writableGadgetDefinition, 100n);
  readonly target = new MemoryTarget(this.storage, () => NOW);
  readonly records: WriteRecord[] = [];
  readonly #write: ReturnType<typeof createWriter>;

  constructor(options: WriterOptions = {}, rules?: WriteTarget["rules"]) {
    if (rules !== undefined) this.target.rules = rules;
    const audit = (record: WriteRecord) => void this.records.push(record);
    this.#write = createWriter(this.target, { now: () => NOW, audit, ...options });
  }

  /** Puts a gadget there, past all rules. */
  put(name: string, metadata: Partial<Gadget["metadata"]> = {}, spec: object = { color: "red" }): Gadget {
    const object = gadget("n", name);
    return this.storage.put({
      ...object,
      metadata: { ...object.metadata, uid: `uid-${name}`, generation: 1, ...metadata },
      spec: spec as Gadget["spec"],
    });
  }

  async find(name: string): Promise<Gadget | undefined> {
    return await this.storage.get({ namespace: "n", name }, anonymousContext()).catch(() => undefined);
  }

  async ask(
    verb: WriteRequest["verb"],
    name: string,
    body?: unknown,
    options: Parameters<typeof writeRequest>[3] = {},
    context: Partial<RequestContext> = {},
  ): Promise<Told> {
    const warnings: string[] = [];
    const warn = (text: string) => void warnings.push(text);
    try {
      const request = writeRequest(verb, name, body, options);
      const answer = await this.#write(request, { ...anonymousContext(), warn, ...context });
      const told = "object" in answer ? { object: answer.object as Gadget } : { document: answer.document };
      return { code: answer.code, message: "", causes: [], warnings, ...told };
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      const { code, reason, message, details } = error;
      const causes = (details?.causes ?? []).map((cause) => `${cause.reason} ${cause.field}`);
      return { code, reason, message, causes, warnings };
    }
  }

  apply(name: string, config: object, query = "fieldManager=one", context = {}): Promise<Told> {
    const whole = { apiVersion: "gadgets.coder.test/v1alpha1", kind: "Gadget", ...config };
    return this.ask("patch", name, whole, { contentType: APPLY, query }, context);
  }

  /** Who owns fields, as `manager operation`. */
  static owners({ metadata: { managedFields = [] } }: Gadget): string[] {
    return managedFields.map(({ manager, operation }) => `${manager} ${operation}`);
  }
}
