/** What browsers are told with everything that is served for them. */

/** Nobody else's page may show, embed or read what is served; where this one leads, it does not say where from. */
const ALWAYS = {
  "x-content-type-options": "nosniff",
  "referrer-policy": "no-referrer",
  "x-frame-options": "DENY",
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-resource-policy": "same-origin",
} as const;

/** Of data: no cache keeps it. */
export const DATA_HEADERS = {
  ...ALWAYS,
  "cache-control": "no-store",
  "content-security-policy": "default-src 'none'; frame-ancestors 'none'",
} as const;

export const JSON_HEADERS = { ...DATA_HEADERS, "content-type": "application/json" } as const;
export const STREAM_HEADERS = { ...DATA_HEADERS, "cache-control": "no-store, no-transform" } as const;

/** Of files of the page. @param issuer where tokens are had from; absent: nowhere */
export function pageHeadersFor(issuer: string | undefined): Readonly<Record<string, string>> {
  const origin = issuer === undefined ? undefined : URL.parse(issuer)?.origin;
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self' data:",
    `connect-src 'self'${origin === undefined ? "" : ` ${origin}`}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    "require-trusted-types-for 'script'",
    "trusted-types 'none'",
  ];
  return {
    ...ALWAYS,
    "content-security-policy": policy.join("; "),
    "permissions-policy": "camera=(), microphone=(), geolocation=(), usb=(), payment=()",
    // They change with the program: asked for each time, sent where they are others.
    "cache-control": "no-cache",
  };
}
