/** The ways to a token, PostgreSQL and Coder's API, and which one is taken. */
import type { StoredToken } from "../../../coder/database/mod.ts";
import { isTokenRefused, tokenId } from "../../../coder/mod.ts";
import { type ApiTokenRequest, ensureUser, makeToken, revokeById, revokeTokens } from "./access_api.ts";
import { type AccessDatabase, accessDatabase } from "./access_database.ts";
import { AccessError } from "./access_error.ts";
import { OPERATOR_USER, tokenLifetimeMs, tokenNames } from "./access_identity.ts";
import { visitDatabase } from "./visit_database.ts";
import { readSecret } from "../../../operator/visit/secrets.ts";
import type { Visit, VisitTools } from "../visit.ts";

/** What came of asking for a token. `token` is there where a new one was made. */
export interface TokenResult {
  readonly through: "database" | "api";
  readonly token?: string | undefined;
  readonly current: StoredToken;
  readonly others: readonly StoredToken[];
}

/** The ways that are open in one visit. What they need is looked up when it is needed, once. */
export class AccessWays {
  readonly #visit: Visit;
  readonly #tools: VisitTools;
  readonly #clusterDomain: string;
  #database: Promise<AccessDatabase> | undefined;

  constructor(visit: Visit, tools: VisitTools, clusterDomain: string) {
    this.#visit = visit;
    this.#tools = tools;
    this.#clusterDomain = clusterDomain;
  }

  /** The user gave an owner's token: Coder's API comes before PostgreSQL. */
  get #prefersApi(): boolean {
    return this.#visit.controlPlane.spec.operatorAccess.bootstrapTokenSecretRef !== undefined;
  }

  /**
   * Makes sure that there is a valid token; with `renew` a new one although `token` is valid. `works`: Coder accepts
   * `token`, so that the next one can be had with it.
   */
  async ensure(
    token: string | undefined,
    { renew, works }: { renew: boolean; works: boolean },
  ): Promise<TokenResult> {
    const database = async (): Promise<TokenResult> => {
      const { outcome: _, ...result } = await (await this.#openDatabase()).ensure(token, renew);
      return { through: "database", ...result };
    };
    const own = renew && works && token !== undefined ? () => this.#throughOwn(token) : undefined;
    if (this.#prefersApi) {
      return await either(
        own ?? (() => this.#throughBootstrap()),
        database,
        (error) => is(error, "SystemUser"),
      );
    }
    return own === undefined
      ? await database()
      : await either(database, own, () => !this.#visit.signal.aborted);
  }

  /**
   * Revokes all of this control plane's tokens; the other way is tried where the first fails, or finds none.
   * Throws where no way was open.
   */
  async revokeAll(token: string | undefined): Promise<number> {
    const api = () => this.#revokeThroughApi(token);
    const database = async () => await (await this.#openDatabase()).revoke();
    const [first, second] = this.#prefersApi ? [api, database] : [database, api];
    const count = await either(first, second, () => !this.#visit.signal.aborted);
    if (count > 0) return count;
    return await second().catch(() => {
      this.#visit.signal.throwIfAborted();
      return 0;
    });
  }

  /** Revokes the tokens beside the one in use. `works`: Coder accepts `token`. */
  async drop(token: string, tokens: readonly StoredToken[], keep: string, works: boolean): Promise<void> {
    if (works) return await revokeById(this.#visit.client(token), tokens.map(({ id }) => id), this.#visit);
    await (await this.#openDatabase()).revoke(keep);
  }

  async #throughOwn(token: string): Promise<TokenResult> {
    const made = await makeToken(this.#visit.client(token), "me", this.#request(tokenId(token)), this.#visit);
    return { through: "api", ...made };
  }

  async #throughBootstrap(): Promise<TokenResult> {
    if (!this.#visit.reachable) {
      const message = "The operator makes its token through Coder's API once Coder answers";
      throw new AccessError("WaitingForCoder", message, "change");
    }
    const client = this.#visit.client(await this.#bootstrapToken());
    try {
      const { id } = await ensureUser(client, this.#visit);
      return { through: "api", ...await makeToken(client, id, this.#request(undefined), this.#visit) };
    } catch (error) {
      if (!isTokenRefused(error)) throw error;
      throw new AccessError(
        "BootstrapTokenRefused",
        "Coder refuses the session token in spec.operatorAccess.bootstrapTokenSecretRef. Put a new one of an owner " +
          "into the Secret (coder tokens create)",
        "change",
        { cause: error },
      );
    }
  }

  async #revokeThroughApi(token: string | undefined): Promise<number> {
    const names = tokenNames(this.#visit.controlPlane);
    if (token !== undefined) {
      try {
        return await revokeTokens(this.#visit.client(token), "me", names, tokenId(token), this.#visit);
      } catch (error) {
        if (!isTokenRefused(error)) throw error;
        // It is of no use to anybody any more.
        if (!this.#prefersApi) return 0;
      }
    }
    if (!this.#prefersApi) {
      const message =
        `The token cannot be revoked: its Secret is gone, and no PostgreSQL is known. Delete the tokens ` +
        `${names.join(" and ")} of ${OPERATOR_USER.username} in Coder`;
      throw new AccessError("TokenLost", message, "change");
    }
    const client = this.#visit.client(await this.#bootstrapToken());
    return await revokeTokens(client, OPERATOR_USER.username, names, undefined, this.#visit);
  }

  #request(keepId: string | undefined): ApiTokenRequest {
    const { controlPlane } = this.#visit;
    return {
      names: tokenNames(controlPlane),
      lifetimeMs: tokenLifetimeMs(controlPlane),
      keepId,
      now: this.#tools.now(),
    };
  }

  #openDatabase(): Promise<AccessDatabase> {
    return this.#database ??= this.#findDatabase();
  }

  async #findDatabase(): Promise<AccessDatabase> {
    const found = await visitDatabase(this.#visit, this.#tools, this.#clusterDomain);
    if ("reason" in found) throw new AccessError(found.reason, found.message, "change");
    return accessDatabase(this.#tools.database, found.address, this.#visit);
  }

  async #bootstrapToken(): Promise<string> {
    const { controlPlane, key: { namespace }, signal } = this.#visit;
    const reference = controlPlane.spec.operatorAccess.bootstrapTokenSecretRef;
    const secret = { namespace, name: reference?.name.trim() ?? "" };
    const key = reference?.key?.trim() || "token";
    const found = await readSecret(this.#tools.client, { secret, key }, signal);
    if ("missing" in found) {
      const message = `spec.operatorAccess.bootstrapTokenSecretRef: ${found.message}`;
      throw new AccessError("BootstrapTokenMissing", message, "change");
    }
    this.#tools.keepSecret(found.value);
    return found.value;
  }
}

function is(error: unknown, ...reasons: string[]): boolean {
  return error instanceof AccessError && reasons.includes(error.reason);
}

/** `second` where `first` fails in a way that it may help with. Of two failures, the one that says more is thrown. */
async function either<T>(
  first: () => Promise<T>,
  second: () => Promise<T>,
  helps: (error: unknown) => boolean,
): Promise<T> {
  try {
    return await first();
  } catch (error) {
    if (!helps(error)) throw error;
    try {
      return await second();
    } catch (other) {
      const saysMore = is(error, "NoDatabaseURL", "SystemUser") && !is(other, "NoDatabaseURL");
      throw saysMore ? other : error;
    }
  }
}
