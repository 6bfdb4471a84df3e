/** The Coder user that a caller is: who the rule says, where Coder has such a user who may act now. */
import type { CoderClient, User } from "../../coder/mod.ts";
import type { MappedCoderUser } from "../../identity/mod.ts";

/** What became of it. */
export type CoderUserFound =
  | { readonly is: "user"; readonly id: string; readonly username: string }
  /** Nobody in particular: whatever is done is done by the operator, if at all. */
  | { readonly is: "nobody"; readonly why: string }
  /** Coder does not want them: nothing is done for them. */
  | { readonly is: "refused"; readonly why: string };

/** More users of one address than that there are none: the search is by parts of names, too. */
const MOST_MATCHES = 100;

/** Asks Coder, with the operator's access. Rejects where it does not answer. */
export async function findCoderUser(
  { users }: Pick<CoderClient, "users">,
  mapped: MappedCoderUser,
  call: { readonly signal: AbortSignal; readonly timeoutMs?: number },
): Promise<CoderUserFound> {
  if (mapped.by === "nobody") return { is: "nobody", why: mapped.why };
  const { by, value } = mapped;
  const found = by === "username"
    // Coder finds them whatever their case, and by ids, too.
    ? asGiven(await users.find(value, call), value)
    : (await users.list({ q: value, limit: MOST_MATCHES }, call)).users.find(({ email }) =>
      lowerCase(email) === value
    );
  if (found === undefined) {
    const what = by === "username" ? "named" : "with the e-mail address";
    return { is: "nobody", why: `Coder has no user ${what} ${JSON.stringify(value)}` };
  }
  const { id, username, status } = found;
  if (status === "suspended") return { is: "refused", why: `the Coder user ${username} is suspended` };
  if (status !== "active") {
    return { is: "nobody", why: `the Coder user ${username} is ${status}: sign in to Coder once` };
  }
  // With its access everybody else's rights are asked for; nobody is it.
  const operator = await users.me(call);
  if (operator.id === id) return { is: "refused", why: `the Coder user ${username} is the operator's own` };
  return { is: "user", id, username };
}

function asGiven(user: User | undefined, username: string): User | undefined {
  return user?.username === username ? user : undefined;
}

/** Of ASCII alone: letters of other scripts that become ASCII by it are others. */
function lowerCase(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
