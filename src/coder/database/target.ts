/** What a database address means: where to connect, as whom, and how. */
import { X509Certificate } from "node:crypto";
import { invalidAddress } from "./errors.ts";
import { keywordSettings } from "./keyword_settings.ts";
import type { DatabaseAddress } from "./mod.ts";
import { type TlsPlan, tlsPlan } from "./tls_plan.ts";
import { isPostgresUrl, urlSettings } from "./url_settings.ts";

/** A database server and how to talk to it. */
export interface Target {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Empty where there is none. */
  readonly password: string;
  readonly database: string;
  /** Undefined: no TLS. */
  readonly tls: TlsPlan | undefined;
  /** Settings of the session, as PostgreSQL takes them in `options`; empty where there are none. */
  readonly options: string;
  /** From the address; never longer than the operator waits anyway. */
  readonly connectTimeoutMs: number | undefined;
  readonly searchDomains: readonly string[];
}

/** What the driver of Coder keeps to itself, and what is set here whatever the address says. */
const NOT_SENT = new Set([
  ...[
    "host",
    "port",
    "user",
    "password",
    "dbname",
    "sslmode",
    "sslcert",
    "sslkey",
    "sslrootcert",
    "sslinline",
  ],
  ...["sslsni", "connect_timeout", "fallback_application_name", "application_name", "options"],
  ...["disable_prepared_binary_result", "binary_parameters", "krbsrvname", "krbspn", "client_encoding"],
  ...["datestyle", "extra_float_digits", "statement_timeout", "lock_timeout"],
  "idle_in_transaction_session_timeout",
]);

/** Reads an address. @throws {DatabaseError} `invalidAddress`, which never holds a part of it that may be secret */
export function readTarget({ url, ca, searchDomains = [] }: DatabaseAddress): Target {
  const text = url.trim();
  if (text === "") throw invalidAddress("it is empty");
  const settings = isPostgresUrl(text) ? urlSettings(text) : keywordSettings(text);
  const value = (key: string) => settings.get(key) ?? "";
  const user = value("user");
  if (user === "") {
    throw invalidAddress(
      "it names no user; Coder takes its operating system's then, the operator cannot know it",
    );
  }
  return {
    host: hostOf(value("host")),
    port: portOf(value("port")),
    user,
    password: value("password"),
    database: value("dbname") || user,
    tls: tlsPlan(settings, checkedAuthority(ca)),
    options: sessionOptions(settings),
    connectTimeoutMs: timeoutOf(value("connect_timeout")),
    searchDomains,
  };
}

function hostOf(host: string): string {
  if (host === "") return "localhost";
  if (host.startsWith("/")) {
    throw invalidAddress(
      "it names a Unix socket, which is in Coder's pod alone; name a host that the operator reaches",
    );
  }
  if (host.includes(",")) {
    throw invalidAddress("it names several hosts, which Coder does not support; name one");
  }
  return host;
}

function portOf(text: string): number {
  if (text === "") return 5432;
  const port = /^\d{1,5}$/.test(text) ? Number(text) : 0;
  if (port < 1 || port > 65_535) throw invalidAddress("its port is no number from 1 to 65535");
  return port;
}

function timeoutOf(text: string): number | undefined {
  if (text === "" || text === "0") return undefined;
  if (!/^\d{1,9}$/.test(text)) throw invalidAddress("its connect_timeout is no number of seconds");
  return Number(text) * 1000;
}

/** Everything that is no business of the driver is a setting of the session, such as `search_path`. */
function sessionOptions(settings: ReadonlyMap<string, string>): string {
  const given = settings.get("options") ?? "";
  const others = [...settings].filter(([key]) => !NOT_SENT.has(key)).map(([key, value]) => {
    if (!/^[A-Za-z_][A-Za-z0-9_.]*$/.test(key)) {
      throw invalidAddress("a setting has a name that PostgreSQL does not take");
    }
    return `-c ${key}=${value.replaceAll(/[\\\s]/g, (character) => `\\${character}`)}`;
  });
  return [given, ...others].filter((each) => each !== "").join(" ");
}

function checkedAuthority(ca: string | undefined): string | undefined {
  if (ca === undefined) return undefined;
  try {
    for (const [certificate] of ca.matchAll(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g)) {
      new X509Certificate(certificate);
    }
  } catch {
    throw invalidAddress("the CA certificates for it cannot be read: PEM is wanted");
  }
  if (!ca.includes("-----BEGIN CERTIFICATE-----")) {
    throw invalidAddress("the CA certificates for it are not PEM");
  }
  return ca;
}
