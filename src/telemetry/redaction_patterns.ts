/**
 * What a secret looks like when nobody told us about it. Order matters: more specific shapes first. Every pattern takes
 * time linear in the text, whatever the text: it may come from outside.
 */

/** What stands where a secret stood. */
export const REDACTED = "[redacted]";

interface Pattern {
  readonly match: RegExp;
  /** `$1` keeps what leads up to the secret. */
  readonly replace: string;
}

/** Words whose value, in `word=value` and `"word": "value"`, is a secret. */
const WORDS =
  "(?:token|passw(?:or)?d|passphrase|pwd|secret|authorization|cookie|session|session[-_]?id|credentials?|" +
  "api[-_]?key|private[-_]?key|access[-_]?key|signing[-_]?key)";

export const PATTERNS: readonly Pattern[] = [
  {
    match:
      /-----BEGIN [A-Z0-9 ]{0,64}PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,64}PRIVATE KEY-----|$)/g,
    replace: REDACTED,
  },
  // scheme://user:password@host; a port followed by a path is not a password.
  { match: /(:\/\/[^\s:@/"'<>]{0,256}:)(?!\d{1,5}[/?#])[^\s"'<>]{0,512}@/g, replace: `$1${REDACTED}@` },
  // scheme://token@host: user information as long as a token.
  { match: /(:\/\/)[^\s:@/"'<>]{20,512}@/g, replace: `$1${REDACTED}@` },
  // A header line, whatever its value's form.
  {
    match:
      /\b((?:authorization|cookie|coder-session-token|x-api-key)\\?["']?\s*[:=]\s*\\?["']?)(?:(?:bearer|basic)\s+)?[^\s"'\\,;]+/gi,
    replace: `$1${REDACTED}`,
  },
  { match: /\b(bearer\s+)[A-Za-z0-9._~+/=-]+/gi, replace: `$1${REDACTED}` },
  { match: /\b(basic\s+)(?=\S*[0-9A-Z=+/])[A-Za-z0-9+/_-]{8,}={0,2}/gi, replace: `$1${REDACTED}` },
  // password='with spaces', TOKEN=value, ?session_token=value
  {
    match: new RegExp(String.raw`(${WORDS}\s*=\s*)(?:'[^']*'|"[^"]*"|[^\s"'&,;]+)`, "gi"),
    replace: `$1${REDACTED}`,
  },
  // "token": "value"
  { match: new RegExp(String.raw`(${WORDS}"\s*:\s*")(?:[^"\\]|\\.)+`, "gi"), replace: `$1${REDACTED}` },
  // The same inside a JSON string: its quotes are \" there, and a quote within the value is \\\".
  {
    match: new RegExp(String.raw`(${WORDS}\\"\s*:\s*\\")(?:[^"\\]|\\\\\\"|\\\\|\\[^"\\])+`, "gi"),
    replace: `$1${REDACTED}`,
  },
  { match: /\b((?:password|passwd|passphrase)\s*:\s*)[^\s"',;]+/gi, replace: `$1${REDACTED}` },
  // JSON web tokens, service account tokens among them.
  {
    match: /(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{5,}\.[A-Za-z0-9_-]{5,}(?:\.[A-Za-z0-9_-]*)?/g,
    replace: REDACTED,
  },
  // Coder session tokens and API keys: ten characters, a dash, twenty-two.
  { match: /(?<![0-9A-Za-z])[0-9A-Za-z]{10}-[0-9A-Za-z]{22}(?![0-9A-Za-z])/g, replace: REDACTED },
  // Tokens of Git hosts and AI providers, common in templates and environments.
  {
    match:
      /\b(?:gh[pousr]_[A-Za-z0-9]{20,}|github_pat_\w{20,}|glpat-[\w-]{16,}|sk-[\w-]{20,}|xox[abprs]-[\w-]{10,})/g,
    replace: REDACTED,
  },
];

/** Last words of a field name that say "my value is a secret". */
const SECRET_LAST = new Set(
  ("token tokens password passwords passwd pwd passphrase secret secrets credential credentials apikey privatekey " +
    "bearer jwt dsn cookie cookies authorization psk").split(" "),
);
/** Last two words that say so. */
const SECRET_LAST_TWO = new Set([
  "api key",
  "private key",
  "access key",
  "signing key",
  "provisioner key",
  "encryption key",
  "connection url",
  "connection string",
]);
/** Words that say so wherever they stand. */
const SECRET_ANYWHERE = new Set(["authorization", "cookie", "password", "session", "sessionid"]);

/** True for the id of a sandbox session in a log: who wants in must prove who they are, whatever they know. */
export function isSandboxSession(name: string, value: unknown): boolean {
  return name === "session_id" && typeof value === "string" && /^sess-[a-z0-9]{16}$/.test(value);
}

/**
 * True where a field of this name holds a secret: `sessionToken`, `CODER_SESSION_TOKEN`, `x-api-key`. Names that speak
 * about a secret (`tokenSecretRef`, `secretName`, `tokenCount`) are not.
 */
export function isSecretName(name: string): boolean {
  const words = name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").toLowerCase().split(/[^a-z0-9]+/).filter(Boolean);
  const last = words.at(-1) ?? "";
  if (SECRET_LAST.has(last) || words.some((word) => SECRET_ANYWHERE.has(word))) return true;
  return SECRET_LAST_TWO.has(`${words.at(-2) ?? ""} ${last}`);
}
