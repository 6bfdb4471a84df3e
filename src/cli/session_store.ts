/** The store of sessions that several processes share: what every command that has one says of it, and its rules. */
import { parseRedisAddress, RedisAddressError } from "../app/store_address.ts";
import { certificatePair } from "./certificate_pair.ts";
import type { Mistake } from "./mistake.ts";
import { textOf, value } from "./values.ts";

/** Sessions are in the memory of the process. */
export const IN_MEMORY = "memory";
/** Of keys, at coordinators. */
export const STORE_PREFIX = "coder-k8s:sessions:";
/** At MCP servers: their callers are others, who may be called the same. */
export const MCP_STORE_PREFIX = "coder-k8s:mcp-sessions:";

const PREFIX = /^[A-Za-z0-9][A-Za-z0-9:._/-]{0,99}$/;

/** What keys of the store may begin with. */
export function storePrefix() {
  return value("1 to 100 letters, digits and : . _ / -, a letter or digit first", (raw) => {
    const given = textOf(raw)?.trim() ?? "";
    return PREFIX.test(given) ? given : undefined;
  });
}

/** What is meant by each, how help writes its value, and what it is for. */
export const STORE_FACTS = {
  sessionStore: {
    what: "memory, or the URL of a Redis",
    value: "url",
    help:
      "Where sessions, checkpoints and keys are kept: memory, or a Redis that several coordinators share and that " +
      "outlives them: redis://[user@]host[:port][/database], or rediss:// for TLS.",
  },
  sessionStorePasswordFile: {
    what: "the path of a file with a password",
    value: "file",
    help: "The password at that Redis; read again for each connection.",
  },
  sessionStoreCaFile: {
    what: "the path of a PEM file",
    value: "file",
    help: "Certificates to verify that of the Redis with.",
  },
  sessionStoreCertFile: {
    what: "the path of a PEM file",
    value: "file",
    help: "Certificate that the coordinator shows there.",
  },
  sessionStoreKeyFile: {
    what: "the path of a PEM file",
    value: "file",
    help: "The private key of --session-store-cert-file.",
  },
  sessionStorePrefix: {
    what: "the beginning of keys",
    value: "text",
    help: "What all its keys begin with: processes with the same share everything, others nothing.",
  },
} as const;

export type StoreKey = keyof typeof STORE_FACTS;
export type StoreValues = { readonly [K in StoreKey]?: string | undefined };

export interface Given {
  readonly where: (key: StoreKey) => string;
  readonly isGiven: (key: StoreKey) => boolean;
}

/** The rules that concern more than one of them, and the address itself. */
export function* sessionStoreChecks(values: StoreValues, { where, isGiven }: Given): Iterable<Mistake> {
  const { sessionStore } = values;
  if (sessionStore === undefined) return;
  const more = Object.keys(STORE_FACTS).filter((key): key is StoreKey => key !== "sessionStore");
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
