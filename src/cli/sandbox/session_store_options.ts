/** Options of the store that several coordinators share, and their rules. */
import { parseRedisAddress, RedisAddressError } from "../../app/sandbox/rules.ts";
import type { Mistake } from "../mistake.ts";
import { text, textOf, value } from "../values.ts";
import { certificatePair } from "./coordinator_callers.ts";
import { optional, withDefault } from "./option.ts";

/** Heading of the help. */
export const STORE = "Shared store";
/** Sessions are in the memory of the process. */
export const IN_MEMORY = "memory";

const file = (what: string, help: string, key: string) =>
  optional(text(what), { group: STORE, value: "file", isPath: true, file: `session.${key}`, help });

const PREFIX_DEFAULT = "coder-k8s:sessions:";
const PREFIX = /^[A-Za-z0-9][A-Za-z0-9:._/-]{0,99}$/;

function prefix() {
  return value("1 to 100 letters, digits and : . _ / -, a letter or digit first", (raw) => {
    const given = textOf(raw)?.trim() ?? "";
    return PREFIX.test(given) ? given : undefined;
  });
}

export const sessionStoreOptions = {
  // Read by the rules below: a mistake in it is not shown as it was given, for it may have a password in it.
  sessionStore: withDefault(text("memory, or the URL of a Redis"), {
    group: STORE,
    value: "url",
    fallback: IN_MEMORY,
    file: "session.store",
    help:
      "Where sessions, checkpoints and keys are kept: memory, or a Redis that several coordinators share and that " +
      "outlives them: redis://[user@]host[:port][/database], or rediss:// for TLS.",
  }),
  sessionStorePasswordFile: file(
    "the path of a file with a password",
    "The password at that Redis; read again for each connection.",
    "store_password_file",
  ),
  sessionStoreCaFile: file(
    "the path of a PEM file",
    "Certificates to verify that of the Redis with.",
    "store_ca_file",
  ),
  sessionStoreCertFile: file(
    "the path of a PEM file",
    "Certificate that the coordinator shows there.",
    "store_cert_file",
  ),
  sessionStoreKeyFile: file(
    "the path of a PEM file",
    "The private key of --session-store-cert-file.",
    "store_key_file",
  ),
  sessionStorePrefix: withDefault(prefix(), {
    group: STORE,
    value: "text",
    fallback: PREFIX_DEFAULT,
    file: "session.store_prefix",
    help: "What all its keys begin with: coordinators with the same share everything, others nothing.",
  }),
} as const;

type Keys = keyof typeof sessionStoreOptions;
type StoreValues = { readonly [K in Keys]?: string | undefined };

export interface Given {
  readonly where: (key: Keys) => string;
  readonly isGiven: (key: Keys) => boolean;
}

/** The rules that concern more than one of them, and the address itself. */
export function* sessionStoreChecks(values: StoreValues, { where, isGiven }: Given): Iterable<Mistake> {
  const { sessionStore } = values;
  if (sessionStore === undefined) return;
  const more = Object.keys(sessionStoreOptions).filter((key): key is Keys => key !== "sessionStore");
  if (sessionStore === IN_MEMORY) {
    for (const key of more) {
      if (!isGiven(key)) continue;
      yield { where: where(key), what: `does nothing without ${where("sessionStore")}=redis://HOST` };
    }
    return;
  }
  try {
    const { isTls } = parseRedisAddress(sessionStore);
    for (const key of ["sessionStoreCaFile", "sessionStoreCertFile", "sessionStoreKeyFile"] as const) {
      if (!isTls && isGiven(key)) {
        yield {
          where: where(key),
          what: `does nothing without TLS: give ${where("sessionStore")} as rediss://`,
        };
      }
    }
  } catch (error) {
    if (!(error instanceof RedisAddressError)) throw error;
    yield { where: where("sessionStore"), what: error.message };
  }
  yield* certificatePair(values, where, "sessionStoreCertFile", "sessionStoreKeyFile");
}

/** The configuration's form of them. */
export function sessionStoreConfig({ sessionStore, sessionStorePrefix, ...values }: StoreValues) {
  const { sessionStorePasswordFile, sessionStoreCaFile, sessionStoreCertFile, sessionStoreKeyFile } = values;
  return {
    ...(sessionStore === IN_MEMORY ? {} : { sessionStore }),
    sessionStorePasswordFile,
    sessionStoreCaFile,
    sessionStoreCertFile,
    sessionStoreKeyFile,
    sessionStorePrefix: sessionStorePrefix ?? PREFIX_DEFAULT,
  };
}
