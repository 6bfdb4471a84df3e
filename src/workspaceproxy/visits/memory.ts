/** What a process remembers of one proxy between visits. Losing it costs requests, nothing else. */
import type { WorkspaceProxy } from "../../coder/mod.ts";
import type { RegistrationMemory } from "../registration/mod.ts";
import type { KnownToken } from "./token_secret.ts";

/** See the file's head. Times are in milliseconds since 1970. */
export interface ProxyMemory {
  readonly registration: RegistrationMemory;
  secret?: KnownToken | undefined;
  /** When something was last changed in Coder: lists that are older do not show it. */
  changedAt?: number | undefined;
  /** As Coder last told it, and when. */
  seen?: { readonly proxy: WorkspaceProxy; readonly at: number } | undefined;
  /** When the list makes sense to be asked for again, in milliseconds from the last time. */
  lookAgainMs?: number | undefined;
  /** The end was tried and did not succeed: when to try again, and why. */
  end?: { readonly notBefore: number; readonly message: string } | undefined;
}

/** Memories by UID. */
export class ProxyMemories {
  readonly #memories = new Map<string, ProxyMemory>();

  /** That of an object; an empty one at first. */
  of(uid: string): ProxyMemory {
    let memory = this.#memories.get(uid);
    if (memory === undefined) this.#memories.set(uid, memory = { registration: {} });
    return memory;
  }

  forget(uid: string): void {
    this.#memories.delete(uid);
  }
}
