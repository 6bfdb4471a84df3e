/** The random parts of an authorization code flow: RFC 7636 with S256, `state` and `nonce`. */

/** @param {Uint8Array} bytes @returns {string} base64url without padding */
export function base64url(bytes) {
  return btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

/** 256 bits that nobody guesses. @returns {string} */
export function randomText() {
  return base64url(crypto.getRandomValues(new Uint8Array(32)));
}

/** What the verifier looks like where others can see it. @param {string} verifier @returns {Promise<string>} */
export async function challengeOf(verifier) {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  return base64url(new Uint8Array(digest));
}

/**
 * The claims of a JWT. Nothing is verified: what comes straight from the token endpoint over TLS needs no more (OpenID
 * Connect Core 3.1.3.7), and the server verifies what it is shown.
 *
 * @param {string} token
 * @returns {Record<string, unknown> | undefined} undefined: it is no JWT
 */
export function claimsOf(token) {
  const parts = token.split(".");
  const body = parts[1];
  if (parts.length !== 3 || body === undefined) return undefined;
  try {
    const text = atob(body.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(text, (character) => character.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
    return typeof claims === "object" && claims !== null && !Array.isArray(claims) ? claims : undefined;
  } catch {
    return undefined;
  }
}
