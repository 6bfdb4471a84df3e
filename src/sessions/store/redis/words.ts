/** What goes wrong with a Redis, in words that say what to do. */
import { RedisRefusal } from "./wire.ts";

export interface Trouble {
  /** For `the session store … ${text}`; says what to do where that is known. */
  readonly text: string;
  /** It stays so until somebody changes a setting: waiting does not help. */
  readonly isSetting: boolean;
}

/** It answers, or might, and cannot be used as it is set. Its text goes on after `the session store`. */
export class RedisUnfit extends Error {
  override readonly name = "RedisUnfit";
}

/** Refused; the first words of the reply decide. */
const REFUSALS: readonly (readonly [RegExp, string, boolean])[] = [
  [
    /^NOAUTH|^ERR .*without any password configured/,
    "wants another sign-in: see --session-store-password-file",
    true,
  ],
  [
    /^WRONGPASS|^ERR invalid password/,
    "does not take the password or the user: see --session-store-password-file and the user in --session-store",
    true,
  ],
  [/^NOPERM/, "does not allow its user what is needed: see the ACL in docs/sessions.md", true],
  [/^ERR DB index/, "does not have the database of that number", true],
  [/^DENIED/, "takes loopback connections alone (protected mode): give it a password", true],
  [/^READONLY/, "is a read-only replica: give the address of the primary", false],
  [/^OOM/, "is full (maxmemory): give it more memory", false],
  [/^MISCONF/, "cannot write to its own disk (MISCONF): look at its log", false],
  [/^NOREPLICAS/, "has too few replicas to take writes (min-replicas-to-write)", false],
  [/^MASTERDOWN/, "is a replica that has lost its primary: give the address of the primary", false],
  [/^LOADING/, "is reading its data after a start: it will be there soon", false],
  [/^BUSY/, "is busy with a script of somebody else's", false],
  [
    /^(MOVED|ASK|CROSSSLOT|CLUSTERDOWN)/,
    "is a Redis Cluster, which is not supported: give a Redis without cluster mode",
    true,
  ],
  [
    /^ERR unknown command|^ERR This instance/,
    "does not have what is needed: Redis 6.2 or later, or what is like it",
    true,
  ],
  [/^ERR max number of clients/, "has too many connections (maxclients)", false],
];

const CERTIFICATE =
  /certificate|CERT_|SELF_SIGNED|UNABLE_TO_|altname|ERR_TLS|unknown ca|UnknownIssuer|NotValidForName/i;

/** Why a Redis could not be used. */
export function troubleOf(error: unknown): Trouble {
  const text = messageOf(error);
  if (error instanceof RedisUnfit) return { text, isSetting: true };
  if (error instanceof RedisRefusal) {
    for (const [pattern, words, isSetting] of REFUSALS) {
      if (pattern.test(text)) return { text: words, isSetting };
    }
    return { text: `said: ${text}`, isSetting: false };
  }
  const code = codeOf(error);
  if (code === "ECONNREFUSED") {
    return { text: "refuses connections: is it running, and is its port right?", isSetting: false };
  }
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
    return { text: "has a host name that is not known", isSetting: false };
  }
  if (CERTIFICATE.test(`${text} ${code}`)) {
    return {
      text: `cannot be trusted by TLS (${text}): see --session-store-ca-file, and its host name`,
      isSetting: true,
    };
  }
  return { text: `does not answer (${text})`, isSetting: false };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Of it, or of what it was caused by. */
function codeOf(error: unknown): string {
  for (let one = error; one instanceof Error; one = one.cause) {
    const { code } = one as { readonly code?: unknown };
    if (typeof code === "string") return code;
  }
  return "";
}
