/** One action at work: its client, and the calls that it made. */
import { type AuthCheck, type CoderClient, isNotFound } from "../coder/mod.ts";
import type { AuditCall } from "./audit.ts";
import { ActionError } from "./error.ts";

/** The way to Coder as whoever asks. Undefined: there is none, and it is done as the operator. */
export type OpenAs<C> = (signal: AbortSignal) => Promise<(C & Pick<CoderClient, "users">) | undefined>;

export class ActionCalls<C> {
  readonly calls: AuditCall[] = [];
  readonly #open: (signal: AbortSignal) => Promise<C>;
  readonly #openAs: OpenAs<C> | undefined;
  #client: C | undefined;
  #own: ReturnType<OpenAs<C>> | undefined;

  /**
   * @param open the way to Coder; rejects where there is none now
   * @param openAs that for what is changed; what is looked at is looked at with the operator's access, for it is entered
   * into the copy that all share. @default {open}
   */
  constructor(
    open: (signal: AbortSignal) => Promise<C>,
    readonly signal: AbortSignal,
    openAs?: OpenAs<C> | undefined,
  ) {
    this.#open = open;
    this.#openAs = openAs;
  }

  async client(): Promise<C> {
    return this.#client ??= await this.#open(this.signal);
  }

  /** Whether changes are made as somebody else than the operator. */
  async isOwn(): Promise<boolean> {
    return await this.#ownClient() !== undefined;
  }

  /**
   * Asks Coder whether the caller has a right, before anything is kept for them that would be done with the operator's
   * access. Throws {@linkcode ActionError} where not; asks nothing where it is the operator who does it all.
   */
  async requireOwn(right: AuthCheck, what: string): Promise<void> {
    const own = await this.#ownClient();
    if (own === undefined) return;
    const { may } = await own.users.authCheck({ may: right }, { signal: this.signal });
    if (may !== true) throw new ActionError("forbidden", `${what}: Coder does not let the caller do it`);
  }

  #ownClient(): ReturnType<OpenAs<C>> {
    return this.#own ??= this.#openAs?.(this.signal) ?? Promise.resolve(undefined);
  }

  /** Makes a call that changes something, and notes it. */
  async write<T>(call: string, run: (client: C) => Promise<T>): Promise<T> {
    const own = await this.#ownClient();
    const client = own ?? await this.client();
    try {
      const value = await run(client);
      this.calls.push({ call, result: "ok" });
      return value;
    } catch (error) {
      this.calls.push({ call, result: error instanceof Error ? error.message : String(error) });
      // What somebody may not see looks to them as if it were not there; it was there a moment ago.
      if (own !== undefined && isNotFound(error)) {
        throw new ActionError(
          "forbidden",
          `${call}: Coder does not let the caller do it, or it is just gone`,
        );
      }
      throw error;
    }
  }
}
