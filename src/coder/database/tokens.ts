/** The operator's tokens in Coder's database. */
import type { OperatorUser, StoredToken } from "./mod.ts";
import type { Session } from "./session.ts";
import { hashSecret, newToken, splitToken } from "./token.ts";
import { USER_ID } from "./user.ts";

/** A token as it is stored. */
export interface FoundToken extends StoredToken {
  /** It has not expired. */
  readonly live: boolean;
  /** It is the one that was asked about, with the right secret. */
  readonly matches: boolean;
}

/** What it may do: everything its user may. Coder's narrower scopes keep it from reading its own user. */
const SCOPES = ["coder:all"];
const ALLOW_LIST = ["*:*"];

/** A user's tokens of these names, newest first, by the clock of the database. */
export async function findTokens(
  session: Session,
  userId: string,
  names: readonly string[],
  token: string | undefined,
): Promise<FoundToken[]> {
  const asked = splitToken(token ?? "");
  const rows = await session.query(
    `select id, token_name as name, expires_at > now() as live, id = $3 and hashed_secret = $4 as matches,
       ${milliseconds("created_at")} as created, ${milliseconds("expires_at")} as expires,
       ${milliseconds("last_used")} as used, lifetime_seconds as seconds
     from api_keys where user_id = $1 and login_type = 'token' and token_name = any($2::text[])
     order by created_at desc, id`,
    [userId, names, asked?.id ?? "", hashSecret(asked?.secret ?? "")],
  );
  return rows.map((row) => ({
    id: String(row.id),
    name: String(row.name),
    live: row.live === true,
    matches: asked !== undefined && row.matches === true,
    createdAt: new Date(Number(row.created)),
    expiresAt: new Date(Number(row.expires)),
    lastUsedAt: new Date(Number(row.used)),
    lifetimeMs: Number(row.seconds) * 1000,
  }));
}

/** Where a new token can go. */
export interface FreeName {
  readonly name: string;
  /** The token that has to go first. */
  readonly replaces?: FoundToken;
}

/**
 * The first name that no live token has, so that whoever still uses one is left alone. With all names taken, that of the
 * oldest token, but never that of `inUse`. Undefined where there is no other.
 */
export function freeName(
  names: readonly string[],
  tokens: readonly FoundToken[],
  inUse: FoundToken | undefined,
): FreeName | undefined {
  const holder = (name: string) => tokens.find((token) => token.name === name);
  for (const name of names) {
    const held = holder(name);
    if (held === undefined) return { name };
    if (!held.live) return { name, replaces: held };
  }
  const [oldest] = tokens.filter(({ id }) => id !== inUse?.id)
    .toSorted((a, b) => a.createdAt.getTime() - b.createdAt.getTime());
  return oldest && { name: oldest.name, replaces: oldest };
}

/** Makes a token; it with its secret, for the only time. */
export async function makeToken(
  session: Session,
  userId: string,
  { name, replaces }: FreeName,
  lifetimeMs: number,
): Promise<string> {
  if (replaces) {
    await session.query("delete from api_keys where id = $1 and user_id = $2", [replaces.id, userId]);
  }
  const { id, secret } = newToken();
  const seconds = Math.max(1, Math.round(lifetimeMs / 1000));
  await session.query(
    `insert into api_keys (id, hashed_secret, user_id, last_used, expires_at, created_at, updated_at, login_type,
       lifetime_seconds, ip_address, token_name, scopes, allow_list)
     values ($1, $2, $3, now(), now() + make_interval(secs => $4::bigint), now(), now(), 'token', $4::bigint, '0.0.0.0',
       $5, $6, $7)`,
    [id, hashSecret(secret), userId, seconds, name, SCOPES, ALLOW_LIST],
  );
  return `${id}-${secret}`;
}

/** Deletes the operator's tokens of these names, but not `keepId`. Nobody else's, whatever their names. */
export async function deleteTokens(
  session: Session,
  user: OperatorUser,
  names: readonly string[],
  keepId: string | undefined,
): Promise<number> {
  const rows = await session.query(
    `delete from api_keys where user_id in ${USER_ID} and login_type = 'token' and token_name = any($3::text[])
       and id is distinct from $4 returning id`,
    [user.username, user.email, names, keepId ?? null],
  );
  return rows.length;
}

/** Times as numbers: how PostgreSQL writes dates depends on settings. */
function milliseconds(column: string): string {
  return `extract(epoch from ${column})::float8 * 1000`;
}
