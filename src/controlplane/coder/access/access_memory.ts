/** What a process remembers of one control plane's access between visits. Never needed: Coder and the Secret know it all. */
import type { StoredToken } from "../../../coder/database/mod.ts";
import type { Verdict } from "./access_decision.ts";
import type { TokenResult } from "./access_ways.ts";
import type { Visit } from "../visit.ts";

/** Of one control plane. */
export interface AccessMemory {
  /** The token in the Secret, as of the last look. */
  token?: string | undefined;
  /** What was last known of it, where it was seen to work. */
  known?: StoredToken | undefined;
  /** The last verdict on it. */
  verdict: Verdict["kind"];
  /** A token that was made and is not in the Secret yet. */
  pending?: (TokenResult & { readonly token: string }) | undefined;
  /** The reason that was last told by an Event. */
  told?: string | undefined;
}

/** Memories by UID of the control plane. */
export class AccessMemories {
  readonly #memories = new Map<string, AccessMemory>();

  /** Of the control plane of a visit; a new one where there is none. */
  of({ object }: Visit): AccessMemory {
    const uid = object.metadata.uid ?? "";
    let memory = this.#memories.get(uid);
    if (memory === undefined) this.#memories.set(uid, memory = { verdict: "unknown" });
    return memory;
  }

  forget(uid: string): void {
    this.#memories.delete(uid);
  }
}

/** True where there is access as far as anybody knows: the token worked when somebody could last be asked. */
export function seemsGood({ token, known, verdict }: AccessMemory, { controlPlane }: Visit): boolean {
  if (token === undefined || verdict === "refused" || verdict === "stranger") return false;
  return known !== undefined || controlPlane.status.operatorAccessReady === true;
}

/** True where there is, or may be, something of the access to take away. */
export function hasTraces({ token, pending }: AccessMemory, { controlPlane }: Visit): boolean {
  const { operatorTokenSecretRef, operatorAccessReady, operatorTokenName } = controlPlane.status;
  return token !== undefined || pending !== undefined || operatorTokenSecretRef !== undefined ||
    operatorAccessReady === true || operatorTokenName !== undefined;
}
