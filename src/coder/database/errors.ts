/** Failures of the database, sorted by what helps. Texts of the server are foreign: shortened, and without the password. */
import { DatabaseError, type DatabaseErrorKind } from "./mod.ts";

/** An address that cannot be used. `problem` begins with "it" or "its" and holds no part of the address. */
export function invalidAddress(problem: string): DatabaseError {
  return new DatabaseError(`the database URL cannot be used: ${problem}`, "invalidAddress");
}

/** What errors name of where it happened, and what they must not name. */
export interface Place {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly database: string;
  /** Taken out of every text; empty where there is none. */
  readonly password: string;
}

/** What was going on when something failed: the same code means different things. */
export type Phase = "connecting" | "working";

/** SQLSTATEs and their classes (the first two characters); the longest match counts. */
const SQL_STATES: Readonly<Record<string, DatabaseErrorKind>> = {
  "08": "unreachable",
  "22": "schema",
  "23": "schema",
  "23505": "conflict",
  "25P03": "timeout",
  "25P04": "timeout",
  "28": "refused",
  "3D000": "refused",
  "3F000": "schema",
  "40001": "conflict",
  "40P01": "conflict",
  "42": "schema",
  "42501": "forbidden",
  "53300": "unreachable",
  "55P03": "conflict",
  "57014": "timeout",
  "57P": "unreachable",
  "P0001": "schema",
};

const ADVICE: Readonly<Record<string, string>> = {
  "25006": "it is a read-only replica: name the primary",
  "28000": "check pg_hba.conf, and whether the server wants TLS (sslmode)",
  "28P01": "check the password in the URL",
  "3D000": "check the database's name in the URL; Coder does not create it",
  "42501": "grant the operator's database user what docs/operator-access.md lists",
  "53300": "it has no connection left",
  "55P03": "another session holds a lock, perhaps a migration",
};

const UNREACHABLE = /^(E(CONN\w+|HOST\w+|NET\w+|PIPE|TIMEDOUT|ADDRNOTAVAIL|AI_\w+)|ENOTFOUND)$/;
const TLS =
  /^(ERR_(TLS|SSL|OSSL)\w*|\w*CERT\w*|UNABLE_TO_\w+|CRL_\w+|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE)$/;
const TLS_TEXT = /certificate|\bTLS\b|\bSSL\b|handshake|\balert\b/i;

/** Makes a `DatabaseError` of whatever was thrown. */
export function classify(error: unknown, target: Place, phase: Phase): DatabaseError {
  if (error instanceof DatabaseError) return error;
  const { code, message } = parts(error);
  const said = foreign(message, target);
  const fail = (kind: DatabaseErrorKind, text: string, advice?: string) =>
    failure(target, kind, text, advice);
  if (isSqlState(code, error)) {
    const kind = phase === "connecting" && code.startsWith("42") && code !== "42501"
      ? "invalidAddress"
      : kindOf(code);
    return fail(kind, `${said} (SQLSTATE ${code})`, ADVICE[code]);
  }
  if (/^The server does not support SSL/.test(message)) {
    return fail("tls", "the server does not speak TLS", "turn it on there, or set sslmode=disable");
  }
  if (TLS.test(code) || (phase === "connecting" && TLS_TEXT.test(message))) {
    return fail("tls", said, "check sslmode, the host's name and the CA certificates (databaseCASecretRef)");
  }
  if (/password must be/.test(message)) return fail("refused", "it wants a password", "the URL has none");
  if (/^SASL|authentication/i.test(message)) return fail("refused", said);
  if (code === "ENOTFOUND") return fail("unreachable", "no such host", "check the host's name in the URL");
  if (UNREACHABLE.test(code)) return fail("unreachable", said, loopbackAdvice(target));
  if (/^Connection terminated/i.test(message)) {
    return fail(
      "unreachable",
      `the connection broke while ${phase}`,
      "the server may be starting or stopping",
    );
  }
  return fail("failed", said);
}

/** One failure, with the server in its message. */
export function failure(
  { host, port, database, user }: Place,
  kind: DatabaseErrorKind,
  problem: string,
  advice?: string,
): DatabaseError {
  const place = `PostgreSQL at ${
    host.includes(":") ? `[${host}]` : host
  }:${port} (database ${database}, user ${user})`;
  return new DatabaseError(
    `${printable(place)}: ${problem}${advice === undefined ? "" : `; ${advice}`}`,
    kind,
  );
}

function kindOf(code: string): DatabaseErrorKind {
  for (let length = code.length; length >= 2; length--) {
    const kind = SQL_STATES[code.slice(0, length)];
    if (kind !== undefined) return kind;
  }
  return "failed";
}

/** Errors of the server have a severity; those of the runtime, whose codes may look alike (EPIPE), have none. */
function isSqlState(code: string, error: unknown): boolean {
  return /^[0-9A-Z]{5}$/.test(code) && typeof error === "object" && error !== null && "severity" in error;
}

function parts(error: unknown): { code: string; message: string } {
  if (!(error instanceof Error)) return { code: "", message: String(error) };
  // Several addresses were tried: the first failure stands for all.
  if (error instanceof AggregateError && error.errors.length > 0) return parts(error.errors[0]);
  const code: unknown = "code" in error ? error.code : undefined;
  return { code: typeof code === "string" ? code : "", message: error.message };
}

/** A server that got the password could send it back. */
function foreign(text: string, { password }: Place): string {
  const withoutPassword = password === "" ? text : text.replaceAll(password, "***");
  return printable(withoutPassword).slice(0, 300);
}

function printable(text: string): string {
  // deno-lint-ignore no-control-regex -- control characters are what it takes out
  return text.replaceAll(/[\u0000-\u001f\u007f-\u009f]+/g, " ");
}

function loopbackAdvice({ host }: Place): string | undefined {
  return /^(localhost|127\..*|::1)$/i.test(host)
    ? "that is the operator's own pod, not Coder's: give the operator a URL of its own (databaseURLSecretRef)"
    : undefined;
}
