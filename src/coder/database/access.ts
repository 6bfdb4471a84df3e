/** The operator's user and token, in one transaction. */
import { failure } from "./errors.ts";
import type { StoredToken, TokenOutcome, TokenRequest } from "./mod.ts";
import { checkSchema } from "./schema.ts";
import type { Session } from "./session.ts";
import { findTokens, type FoundToken, freeName, makeToken } from "./tokens.ts";
import { ensureUser, findUser, type StoredUser } from "./user.ts";

/** Any number that is the operator's alone: operators that bootstrap at once do so one after the other. */
const LOCK = 0x636b3873;

/** What there is. */
interface Found {
  user: StoredUser | undefined;
  tokens: readonly FoundToken[];
  /** The token in use, where it is valid. */
  inUse: FoundToken | undefined;
}

/** As `OperatorDatabase.ensureToken`. Where all is well it only reads, and takes no lock. */
export async function ensureAccess(session: Session, request: TokenRequest): Promise<TokenOutcome> {
  await checkSchema(session);
  const before = await find(session, request);
  if (before.user?.right && before.inUse && !request.renew) return kept(before.inUse, before.tokens);

  await session.query("select pg_advisory_xact_lock($1, hashtext(lower($2)))", [LOCK, request.user.username]);
  const { user, tokens, inUse } = await find(session, request);
  const userId = await ensureUser(session, request.user, user);
  if (inUse && !request.renew) return kept(inUse, tokens);

  const free = freeName(request.names, tokens, inUse);
  if (free === undefined) {
    throw failure(
      session.target,
      "failed",
      "there is no name for a new token besides that of the one in use",
    );
  }
  const token = await makeToken(session, userId, free, request.lifetimeMs);
  const stored = await findTokens(session, userId, request.names, token);
  const current = stored.find(({ matches }) => matches);
  if (current === undefined) throw failure(session.target, "failed", "the token was not stored");
  return { outcome: "made", token, current: plain(current), others: besides(current, stored) };
}

async function find(session: Session, { user, names, token }: TokenRequest): Promise<Found> {
  const found = await findUser(session, user);
  const tokens = found === undefined ? [] : await findTokens(session, found.id, names, token);
  return { user: found, tokens, inUse: tokens.find(({ live, matches }) => live && matches) };
}

function kept(token: FoundToken, tokens: readonly FoundToken[]): TokenOutcome {
  return { outcome: "kept", current: plain(token), others: besides(token, tokens) };
}

function besides({ id }: StoredToken, tokens: readonly FoundToken[]): StoredToken[] {
  return tokens.filter((each) => each.id !== id).map(plain);
}

function plain({ live: _, matches: __, ...token }: FoundToken): StoredToken {
  return token;
}
