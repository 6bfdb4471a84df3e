/** The writer of the aggregated API around objects in memory. */
import { anonymousContext } from "../../../src/aggregated/writing/testing/requests.ts";
import { readWriteOptions } from "../../../src/aggregated/serving/query/write_options.ts";
import type { ResourceDefinition, WriteRequest } from "../../../src/aggregated/serving/storage.ts";
import { type Status, StatusError } from "../../../src/aggregated/serving/status_errors.ts";
import { MemoryStorage } from "../../../src/aggregated/serving/testing/memory_storage.ts";
import { MemoryTarget } from "../../../src/aggregated/writing/testing/memory_target.ts";
import { createWriter } from "../../../src/aggregated/writing/writer.ts";
import type { KubeObject, ResourceType } from "../../../src/api/object.ts";

export interface Ask {
  readonly method: "POST" | "PUT" | "PATCH" | "DELETE";
  /** Empty for a create. */
  readonly name: string;
  readonly query: URLSearchParams;
  readonly contentType: string;
  readonly body: string;
}

export interface Told {
  readonly code: number;
  /** An object, a refusal, or `Status` of success. */
  readonly body: KubeObject | Status;
  readonly warnings: readonly string[];
}

const VERBS = { POST: "create", PUT: "update", PATCH: "patch", DELETE: "delete" } as const;
const OPTIONS = {
  POST: "CreateOptions",
  PUT: "UpdateOptions",
  PATCH: "PatchOptions",
  DELETE: "DeleteOptions",
} as const;

export interface MemoryWriterOptions {
  /** A built-in kind: updates may go without a version, and what is empty is left out. */
  readonly isBuiltIn?: boolean;
  /** Milliseconds since 1970. */
  readonly now?: () => number;
}

export class MemoryWriter {
  readonly #storage: MemoryStorage<KubeObject>;
  readonly #write: ReturnType<typeof createWriter>;
  readonly type: ResourceType;

  constructor(
    definition: Pick<ResourceDefinition, "type" | "schema">,
    readonly namespace: string,
    { isBuiltIn = false, now = Date.now }: MemoryWriterOptions = {},
  ) {
    this.type = definition.type;
    this.#storage = new MemoryStorage<KubeObject>({ ...NOTHING, ...definition });
    const target = new MemoryTarget(this.#storage, now);
    if (isBuiltIn) {
      target.rules = { unversioned: "Allowed" };
      target.stored = withoutEmpty;
    }
    this.#write = createWriter(target, { now });
  }

  async find(name: string): Promise<KubeObject | undefined> {
    const key = { namespace: this.namespace, name };
    return await this.#storage.get(key, anonymousContext()).catch(() => undefined);
  }

  /** Puts an object there, past all rules. */
  put(object: KubeObject): KubeObject {
    return this.#storage.put(object);
  }

  async ask({ method, name, query, contentType, body }: Ask): Promise<Told> {
    const warnings: string[] = [];
    try {
      const request: WriteRequest = {
        verb: VERBS[method],
        key: { namespace: this.namespace, name },
        options: readWriteOptions(query, OPTIONS[method]),
        query,
        contentType,
        body: new TextEncoder().encode(body),
      };
      const answer = await this.#write(request, {
        ...anonymousContext(),
        warn: (text) => void (warnings.includes(text) || warnings.push(text)),
      });
      const told = "object" in answer ? answer.object : answer.document as Status;
      return { code: answer.code, body: told, warnings };
    } catch (error) {
      if (!(error instanceof StatusError)) throw error;
      return { code: error.code, body: error.status, warnings };
    }
  }
}

const NOTHING: Omit<ResourceDefinition, "type" | "schema"> = {
  singular: "",
  shortNames: [],
  categories: [],
  description: "",
  verbs: [],
  columns: [],
  selectableFields: {},
};

function withoutEmpty(object: KubeObject): KubeObject {
  const entries = Object.entries(object).filter(([, value]) => JSON.stringify(value) !== "{}");
  return Object.fromEntries(entries) as unknown as KubeObject;
}
