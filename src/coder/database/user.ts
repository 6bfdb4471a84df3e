/** The operator's own user in Coder's database. */
import { Buffer } from "node:buffer";
import { failure } from "./errors.ts";
import type { OperatorUser } from "./mod.ts";
import type { Session } from "./session.ts";

/** The operator's user as it is stored. */
export interface StoredUser {
  readonly id: string;
  /** It can use tokens, and has the rights it needs. */
  readonly right: boolean;
}

/**
 * Users that are the operator's: a system user, which only somebody with access to the database can make, of its name and
 * e-mail. Takes them as parameters 1 and 2.
 */
const OURS = "is_system and lower(username) = lower($1) and lower(email) = lower($2)";

/** Its id, as a subquery of that condition. */
export const USER_ID = `(select id from users where not deleted and ${OURS})`;

/**
 * The operator's user, if there is one.
 *
 * @throws {DatabaseError} `foreignUser` where somebody else has its name or e-mail; nobody's account is ever taken over
 */
export async function findUser(session: Session, user: OperatorUser): Promise<StoredUser | undefined> {
  const rows = await session.query(
    `select id, ${OURS} as ours, is_system as system, lower(username) = lower($1) as namesake,
       login_type = 'none' and status = 'active' and rbac_roles @> '{owner}' as right
     from users where not deleted and (lower(username) = lower($1) or lower(email) = lower($2))`,
    [user.username, user.email],
  );
  for (const { ours, system, namesake } of rows) {
    if (ours === true) continue;
    const what = namesake === true ? `a user named ${user.username}` : `a user with the e-mail ${user.email}`;
    throw failure(
      session.target,
      "foreignUser",
      `Coder has ${what} that is ${
        system === true ? "a system user of something else" : "somebody's account"
      }`,
      "it was not touched; rename or delete it in Coder, or turn operatorAccess off",
    );
  }
  const [row] = rows;
  return row === undefined ? undefined : { id: String(row.id), right: row.right === true };
}

/** Makes the user, or sets right what keeps it from working. Returns its id. */
export async function ensureUser(
  session: Session,
  user: OperatorUser,
  found: StoredUser | undefined,
): Promise<string> {
  if (found?.right) return found.id;
  if (found !== undefined) {
    await session.query(
      `update users set login_type = 'none', status = 'active', updated_at = now(),
         rbac_roles = case when rbac_roles @> '{owner}' then rbac_roles else rbac_roles || '{owner}' end
       where id = $1`,
      [found.id],
    );
    return found.id;
  }
  const id = crypto.randomUUID();
  await session.query(
    `insert into users (id, email, username, name, hashed_password, created_at, updated_at, status, rbac_roles,
       login_type, is_system)
     values ($1, $2, $3, $3, $4, now(), now(), 'active', '{owner}', 'none', true)`,
    [id, user.email, user.username, Buffer.from(NO_PASSWORD)],
  );
  return id;
}

/** What is no hash of any password. */
const NO_PASSWORD = "none";
