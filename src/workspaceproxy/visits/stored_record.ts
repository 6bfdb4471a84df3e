/** The record of registrations in the status: read as it is stored, and written without touching anything else. */
import {
  CoderWorkspaceProxies,
  type CoderWorkspaceProxy,
  parseWorkspaceProxy,
} from "../../api/workspace_proxy.ts";
import { canonicalJson } from "../../kube/apply/canonical_json.ts";
import { isConflict, isNotFound } from "../../kube/errors.ts";
import { isHeldForCoder } from "../ending.ts";
import { recordOf, type RegistrationRecord, statusOf } from "../registration/mod.ts";
import type { Visit, VisitTools } from "./visit.ts";

/** Somebody else wrote the record meanwhile, or the object is another one: what was decided rests on nothing any more. */
export class RecordChangedError extends Error {
  override readonly name = "RecordChangedError";
}

const ATTEMPTS = 5;

type Tools = Pick<VisitTools, "client" | "kinds">;

/** The record of one visit. */
export class StoredRecord {
  /** As the status has it, as far as it is known. */
  #known: RegistrationRecord;

  constructor(
    private readonly visit: Pick<Visit, "key" | "object" | "proxy" | "signal">,
    private readonly tools: Tools,
  ) {
    this.#known = recordOf(visit.proxy.status);
  }

  /** As it is stored now; undefined where the object is gone, going or another one. Throws what the API server refuses. */
  async read(): Promise<RegistrationRecord | undefined> {
    const live = await this.#get();
    if (live === undefined || live.metadata.deletionTimestamp !== undefined) return undefined;
    if (live.metadata.generation !== this.visit.object.metadata.generation) {
      throw new RecordChangedError("the spec was changed meanwhile");
    }
    if (!isHeldForCoder(live)) throw new RecordChangedError("the finalizer is not there any more");
    return this.#known = recordOfObject(live);
  }

  /**
   * Writes the record; other fields stay as whoever wrote them last. Throws {@linkcode RecordChangedError} where the record
   * is not the known one any more, and what the API server refuses.
   */
  async save(record: RegistrationRecord): Promise<void> {
    const { key, object, signal } = this.visit;
    const { client, kinds: { workspaceProxies } } = this.tools;
    const cached = workspaceProxies.get(key);
    let live: CoderWorkspaceProxy | undefined = isSame(cached, object) ? cached : object;
    for (let attempt = 1;; attempt++) {
      if (live === undefined) throw new RecordChangedError("the object is gone");
      if (canonicalJson(recordOfObject(live)) === canonicalJson(this.#known)) {
        try {
          const stored: CoderWorkspaceProxy = await client.update(
            CoderWorkspaceProxies,
            withRecord(live, record),
            { subresource: "status", signal },
          );
          workspaceProxies.observe(stored);
          this.#known = record;
          return;
        } catch (error) {
          if (!isConflict(error) && !isNotFound(error)) throw error;
        }
      } else if (attempt > 1) {
        throw new RecordChangedError("the record of the registration was changed meanwhile");
      }
      if (attempt >= ATTEMPTS) throw new RecordChangedError("others write the status all the time");
      live = await this.#get();
    }
  }

  /** Undefined where it is gone, or another one. */
  async #get(): Promise<CoderWorkspaceProxy | undefined> {
    const { key, object, signal } = this.visit;
    try {
      const live = await this.tools.client.get(CoderWorkspaceProxies, key, { signal });
      return isSame(live, object) ? live : undefined;
    } catch (error) {
      if (isNotFound(error)) return undefined;
      throw error;
    }
  }
}

function isSame(
  live: CoderWorkspaceProxy | undefined,
  object: CoderWorkspaceProxy,
): live is CoderWorkspaceProxy {
  return live !== undefined && live.metadata.uid === object.metadata.uid;
}

function recordOfObject(object: CoderWorkspaceProxy): RegistrationRecord {
  return recordOf(parseWorkspaceProxy(object).status);
}

function withRecord(live: CoderWorkspaceProxy, record: RegistrationRecord): CoderWorkspaceProxy {
  const status = Object.fromEntries(
    Object.entries({ ...live.status, ...statusOf(record) }).filter(([, value]) => value !== undefined),
  );
  return { ...live, status };
}
