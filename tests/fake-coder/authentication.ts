/** Who sends a request, by coderd's rules and in its words. */
import { databaseAway401, type Reply, unauthorized } from "./reply.ts";
import type { FakeCoderSettings } from "./settings.ts";
import type { FakeKey, FakeState, FakeUser } from "./state.ts";

const HOUR_MS = 3_600_000;

/** The caller, or the 401. */
export function authenticate(
  token: string | undefined,
  state: FakeState,
  settings: FakeCoderSettings,
): { user: FakeUser; key: FakeKey } | { refusal: Reply } {
  if (token === undefined || token === "") {
    return { refusal: unauthorized(`Cookie "coder_session_token" or query parameter must be provided.`) };
  }
  const [id = "", secret = "", ...rest] = token.split("-");
  if (rest.length > 0 || id.length !== 10 || secret.length !== 22) {
    return { refusal: unauthorized(`Invalid API key format: incorrect amount of API key parts, expected 2`) };
  }
  // Before anything is known of the token: a good one gets the same answer.
  if (settings.databaseAway) return { refusal: databaseAway401() };
  const key = state.keys.get(id);
  if (key === undefined) return { refusal: unauthorized("API key is invalid.") };
  if (key.secret !== secret) return { refusal: unauthorized("API key secret is invalid.") };
  const now = state.now();
  if (key.expires < now) {
    return { refusal: unauthorized(`API key expired at "${new Date(key.expires).toISOString()}"`) };
  }
  const user = state.users.get(key.user_id);
  if (user === undefined || user.deleted) return { refusal: unauthorized("API key is invalid.") };
  if (user.status === "suspended") {
    const message =
      `User is not active (status = "${user.status}"). Contact an admin to reactivate your account.`;
    return { refusal: unauthorized("", message) };
  }
  if (user.status === "dormant") user.status = "active";
  key.last_used = user.last_seen_at = state.time();
  const lifetimeMs = key.lifetime_seconds * 1_000;
  if (!settings.fixedExpiry && key.expires - now <= lifetimeMs - HOUR_MS) key.expires = now + lifetimeMs;
  return { user, key };
}
