/**
 * Signing in at an OpenID Connect issuer: authorization code with PKCE, no secret of the client, no iframe, no popup.
 *
 * @typedef {{ issuer: string, clientId: string, scopes: string }} Client
 * @typedef {import("./credentials.js").SignIn} SignIn
 * @typedef {import("./credentials.js").Store} Store
 *
 * @typedef {object} Issuer what its discovery document says
 * @property {string} issuer
 * @property {string} authorize
 * @property {string} token
 * @property {string | undefined} revoke
 * @property {boolean} canFragment
 * @property {boolean} saysIssuer whether answers name it (RFC 9207)
 *
 * @typedef {object} Journey what must be known when the person comes back; kept in the tab until then
 * @property {string} state
 * @property {string} nonce
 * @property {string} verifier
 * @property {string} issuer
 * @property {number} since
 * @property {boolean} keep whether the sign-in is to be kept until the tab is closed
 */
import { NoRenewal } from "./credentials.js";
import { challengeOf, claimsOf, randomText } from "./pkce.js";
import { oneLine } from "./text.js";

const KEY = "coder-k8s.signing-in";

/** Who comes back later begins anew. */
const JOURNEY_MS = 15 * 60_000;

/** An answer of the issuer takes no longer. */
const DEADLINE_MS = 15_000;

/** Signing in did not work; the message says why, and what to do. */
export class OidcError extends Error {
  /** @override */
  name = "OidcError";
}

/**
 * @param {string} issuer
 * @param {AbortSignal} signal
 * @param {typeof fetch} [request]
 * @returns {Promise<Issuer>}
 * @throws {OidcError}
 */
export async function discover(issuer, signal, request = fetch) {
  const url = `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`;
  const document = await json(url, {}, signal, request, `The sign-in page's own description (${url})`);
  const said = textOf(document, "issuer");
  if (said.replace(/\/$/, "") !== issuer.replace(/\/$/, "")) {
    throw new OidcError(
      `${url} says that it is of another issuer: ${oneLine(said, 200)}. Check the issuer's address.`,
    );
  }
  const methods = document["code_challenge_methods_supported"];
  if (Array.isArray(methods) && !methods.includes("S256")) {
    throw new OidcError(`${issuer} does not support PKCE with S256, without which nobody signs in here.`);
  }
  const modes = document["response_modes_supported"];
  return {
    issuer: said,
    authorize: endpoint(document, "authorization_endpoint", url),
    token: endpoint(document, "token_endpoint", url),
    revoke: isEndpoint(document["revocation_endpoint"]) ? document["revocation_endpoint"] : undefined,
    canFragment: Array.isArray(modes) && modes.includes("fragment"),
    saysIssuer: document["authorization_response_iss_parameter_supported"] === true,
  };
}

/**
 * Where to send the person; what must be known when they come back is kept.
 *
 * @param {Issuer} issuer
 * @param {Client} client
 * @param {{ redirect: string, keep: boolean, store: Store, now: number }} how
 * @returns {Promise<string>}
 */
export async function depart(issuer, client, { redirect, keep, store, now }) {
  if (globalThis.crypto?.subtle === undefined) {
    throw new OidcError(
      "This browser signs people in by an issuer at https:// alone. Open this page there, or paste a token.",
    );
  }
  /** @type {Journey} */
  const journey = {
    state: randomText(),
    nonce: randomText(),
    verifier: randomText(),
    issuer: issuer.issuer,
    since: now,
    keep,
  };
  try {
    store.setItem(KEY, JSON.stringify(journey));
  } catch {
    throw new OidcError(
      "This browser keeps nothing for this page, not even while you sign in. Allow session storage.",
    );
  }
  const url = new URL(issuer.authorize);
  const asked = {
    response_type: "code",
    client_id: client.clientId,
    redirect_uri: redirect,
    scope: client.scopes || "openid",
    state: journey.state,
    nonce: journey.nonce,
    code_challenge: await challengeOf(journey.verifier),
    code_challenge_method: "S256",
    // A fragment is sent to no server, and is in nobody's log.
    ...(issuer.canFragment ? { response_mode: "fragment" } : {}),
  };
  for (const [name, value] of Object.entries(asked)) url.searchParams.set(name, value);
  return url.href;
}

/**
 * What the issuer sent along with the person who comes back; undefined: this is no return.
 *
 * @param {{ search: string, hash: string }} location
 * @returns {URLSearchParams | undefined}
 */
export function answerIn({ search, hash }) {
  for (const text of [hash, search]) {
    const answer = new URLSearchParams(text.slice(1));
    if (answer.has("state") && (answer.has("code") || answer.has("error"))) return answer;
  }
  return undefined;
}

/**
 * Tokens for the code that was brought back.
 *
 * @param {URLSearchParams} answer
 * @param {Client} client
 * @param {{ redirect: string, store: Store, now: number, signal: AbortSignal, request?: typeof fetch }} how
 * @returns {Promise<{ signIn: SignIn, keep: boolean }>}
 * @throws {OidcError}
 */
export async function arrive(answer, client, { redirect, store, now, signal, request = fetch }) {
  const journey = takeJourney(store);
  if (journey === undefined || journey.state !== answer.get("state")) {
    throw new OidcError("This sign-in was not begun in this tab. Sign in anew.");
  }
  if (now - journey.since > JOURNEY_MS) throw new OidcError("Signing in took too long. Sign in anew.");
  const error = answer.get("error");
  if (error !== null) throw new OidcError(refusal(error, answer.get("error_description")));
  const issuer = await discover(client.issuer, signal, request);
  const from = answer.get("iss");
  if (issuer.issuer !== journey.issuer || (from === null ? issuer.saysIssuer : from !== issuer.issuer)) {
    throw new OidcError("The answer is not from the issuer that was asked. Sign in anew.");
  }
  const tokens = await exchange(
    issuer,
    client,
    {
      grant_type: "authorization_code",
      code: answer.get("code") ?? "",
      redirect_uri: redirect,
      code_verifier: journey.verifier,
    },
    signal,
    request,
  );
  const claims = claimsOf(textOf(tokens, "id_token"));
  if (claims !== undefined || /(^|\s)openid(\s|$)/.test(client.scopes || "openid")) {
    checkIdToken(claims, { issuer: issuer.issuer, clientId: client.clientId, nonce: journey.nonce, now });
  }
  return { signIn: signInOf(tokens, now), keep: journey.keep };
}

/**
 * New tokens for a refresh token.
 *
 * @param {string} refresh
 * @param {Client} client
 * @param {{ now: number, signal: AbortSignal, request?: typeof fetch }} how
 * @returns {Promise<SignIn>}
 * @throws {NoRenewal | OidcError}
 */
export async function renew(refresh, client, { now, signal, request = fetch }) {
  const issuer = await discover(client.issuer, signal, request);
  const form = { grant_type: "refresh_token", refresh_token: refresh };
  return signInOf(await exchange(issuer, client, form, signal, request), now);
}

/**
 * Tells the issuer that a refresh token is no longer needed. Whoever signs out does not wait for it.
 *
 * @param {string} refresh
 * @param {Client} client
 * @param {{ signal: AbortSignal, request?: typeof fetch }} how
 */
export async function revoke(refresh, client, { signal, request = fetch }) {
  const issuer = await discover(client.issuer, signal, request);
  if (issuer.revoke === undefined) return;
  const form = { token: refresh, token_type_hint: "refresh_token", client_id: client.clientId };
  const response = await post(issuer.revoke, form, signal, request);
  await response.body?.cancel();
}

/** @param {Store} store @returns {Journey | undefined} */
function takeJourney(store) {
  try {
    const text = store.getItem(KEY);
    store.removeItem(KEY);
    const journey = text === null ? undefined : JSON.parse(text);
    return typeof journey?.state === "string" && typeof journey.verifier === "string" ? journey : undefined;
  } catch {
    return undefined;
  }
}

/**
 * @param {Issuer} issuer
 * @param {Client} client
 * @param {Record<string, string>} form
 * @param {AbortSignal} signal
 * @param {typeof fetch} request
 * @returns {Promise<Record<string, unknown>>}
 */
async function exchange(issuer, client, form, signal, request) {
  const response = await post(issuer.token, { ...form, client_id: client.clientId }, signal, request);
  /** @type {Record<string, unknown>} */
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const error = textOf(answer, "error");
  if (error === "invalid_grant" && form["grant_type"] === "refresh_token") {
    throw new NoRenewal("the sign-in has ended");
  }
  throw new OidcError(
    error === ""
      ? `${issuer.token} answered with status ${response.status}, and gave no token.`
      : refusal(error, textOf(answer, "error_description")),
  );
}

/** @param {string} url @param {Record<string, string>} form @param {AbortSignal} signal @param {typeof fetch} request */
function post(url, form, signal, request) {
  const headers = { accept: "application/json", "content-type": "application/x-www-form-urlencoded" };
  const how = { method: "POST", headers, body: new URLSearchParams(form).toString() };
  return reach(url, how, signal, request, `The issuer's address for tokens (${url})`);
}

/**
 * @param {string} url
 * @param {RequestInit} how
 * @param {AbortSignal} signal
 * @param {typeof fetch} request
 * @param {string} what
 * @returns {Promise<Response>}
 */
async function reach(url, how, signal, request, what) {
  try {
    return await request(url, {
      ...how,
      cache: "no-store",
      credentials: "omit",
      redirect: "error",
      referrerPolicy: "no-referrer",
      signal: AbortSignal.any([signal, AbortSignal.timeout(DEADLINE_MS)]),
    });
  } catch (error) {
    if (signal.aborted) throw error;
    throw new OidcError(
      `${what} was not reached. It may be down; or it does not allow this page (CORS): allow the origin of this page ` +
        "in the client's registration; or it is at another host than the issuer, which this page may not call.",
    );
  }
}

/**
 * @param {string} url
 * @param {RequestInit} how
 * @param {AbortSignal} signal
 * @param {typeof fetch} request
 * @param {string} what
 * @returns {Promise<Record<string, unknown>>}
 */
async function json(url, how, signal, request, what) {
  const response = await reach(url, how, signal, request, what);
  const answer = response.ok ? await response.json().catch(() => undefined) : undefined;
  if (typeof answer === "object" && answer !== null) return answer;
  throw new OidcError(
    `${what} is not what it should be: status ${response.status}. Check the issuer's address.`,
  );
}

/**
 * @param {Record<string, unknown> | undefined} claims
 * @param {{ issuer: string, clientId: string, nonce: string, now: number }} expected
 */
function checkIdToken(claims, { issuer, clientId, nonce, now }) {
  if (claims === undefined) throw new OidcError("The issuer gave no ID token, or none that can be read.");
  const { aud, exp } = claims;
  const audiences = Array.isArray(aud) ? aud : [aud];
  if (claims["iss"] !== issuer || !audiences.includes(clientId)) {
    throw new OidcError("The ID token is of another issuer, or for another client. Sign in anew.");
  }
  if (claims["nonce"] !== nonce) throw new OidcError("The ID token is not of this sign-in. Sign in anew.");
  // A minute is for clocks that differ.
  if (typeof exp !== "number" || exp * 1_000 < now - 60_000) {
    throw new OidcError("The ID token has ended already. Check this computer's clock, and sign in anew.");
  }
}

/**
 * The access token where it is one that a server can verify (a JWT), then the ID token: which of them is for this server
 * is a matter of the issuer's settings.
 *
 * @param {Record<string, unknown>} answer
 * @param {number} now
 * @returns {SignIn}
 */
function signInOf(answer, now) {
  const access = textOf(answer, "access_token");
  const id = textOf(answer, "id_token");
  const tokens = [access, id].filter((token) => claimsOf(token) !== undefined);
  const [first] = tokens;
  if (first === undefined) {
    throw new OidcError("The issuer gave no token that the server could verify: neither is a JWT.");
  }
  const ends = tokens.map((token) => claimsOf(token)?.["exp"]).filter((exp) => typeof exp === "number");
  const lasts = answer["expires_in"];
  const until = Math.min(
    ...ends.map((exp) => exp * 1_000),
    ...(typeof lasts === "number" && lasts > 0 ? [now + lasts * 1_000] : []),
  );
  const refresh = textOf(answer, "refresh_token");
  return {
    tokens: [...new Set(tokens)],
    ...(refresh === "" ? {} : { refresh }),
    ...(Number.isFinite(until) ? { until } : {}),
  };
}

/** @type {Readonly<Record<string, string>>} */
const REFUSALS = {
  access_denied: "You, or the issuer, said no.",
  login_required: "The issuer wants you to sign in there first.",
  invalid_scope: "The issuer does not know the scopes that this server asks for.",
  unauthorized_client:
    "The issuer does not let this client sign people in like this: register it as a public client.",
  invalid_client:
    "The issuer does not know this client, or wants a secret of it: register it as a public client.",
  invalid_grant: "The issuer does not take the code: it is used, or too old. Sign in anew.",
  temporarily_unavailable: "The issuer is not available just now. Try again in a while.",
};

/** @param {string} error @param {string | null} description @returns {string} */
function refusal(error, description) {
  const general = Object.hasOwn(REFUSALS, error) ? REFUSALS[error] : "The issuer did not sign you in.";
  const said = [oneLine(error, 100), oneLine(description ?? "", 300)].filter((text) => text !== "").join(
    ": ",
  );
  return `${general} It says: ${said}`;
}

/** @param {Record<string, unknown>} document @param {string} name @param {string} url @returns {string} */
function endpoint(document, name, url) {
  const value = document[name];
  if (isEndpoint(value)) return value;
  throw new OidcError(`${url} has no usable ${name}.`);
}

/** https, or http on this computer. @param {unknown} value @returns {value is string} */
function isEndpoint(value) {
  if (typeof value !== "string" || !URL.canParse(value)) return false;
  const { protocol, hostname } = new URL(value);
  return protocol === "https:" ||
    (protocol === "http:" && /^(localhost|127\.0\.0\.1|\[::1\])$/.test(hostname));
}

/** @param {Record<string, unknown>} document @param {string} name @returns {string} */
function textOf(document, name) {
  const value = document[name];
  return typeof value === "string" ? value : "";
}
