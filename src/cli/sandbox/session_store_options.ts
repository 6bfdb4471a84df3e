/** Options of the store that several coordinators share. */
import {
  IN_MEMORY,
  STORE_FACTS as FACTS,
  STORE_PREFIX,
  storePrefix,
  type StoreValues,
} from "../session_store.ts";
import { text } from "../values.ts";
import { optional, withDefault } from "./option.ts";

/** Heading of the help. */
export const STORE = "Shared store";

type FileKey = Exclude<keyof typeof FACTS, "sessionStore" | "sessionStorePrefix">;
const file = (name: FileKey, key: string) => {
  const { what, value, help } = FACTS[name];
  return optional(text(what), { group: STORE, value, isPath: true, file: `session.${key}`, help });
};

export const sessionStoreOptions = {
  // Read by rules of their own: a mistake in it is not shown as it was given, for it may have a password in it.
  sessionStore: withDefault(text(FACTS.sessionStore.what), {
    group: STORE,
    value: FACTS.sessionStore.value,
    fallback: IN_MEMORY,
    file: "session.store",
    help: FACTS.sessionStore.help,
  }),
  sessionStorePasswordFile: file("sessionStorePasswordFile", "store_password_file"),
  sessionStoreCaFile: file("sessionStoreCaFile", "store_ca_file"),
  sessionStoreCertFile: file("sessionStoreCertFile", "store_cert_file"),
  sessionStoreKeyFile: file("sessionStoreKeyFile", "store_key_file"),
  sessionStorePrefix: withDefault(storePrefix(), {
    group: STORE,
    value: FACTS.sessionStorePrefix.value,
    fallback: STORE_PREFIX,
    file: "session.store_prefix",
    help: FACTS.sessionStorePrefix.help,
  }),
} as const;

/** The configuration's form of them. */
export function sessionStoreConfig({ sessionStore, sessionStorePrefix, ...values }: StoreValues) {
  const { sessionStorePasswordFile, sessionStoreCaFile, sessionStoreCertFile, sessionStoreKeyFile } = values;
  return {
    ...(sessionStore === IN_MEMORY ? {} : { sessionStore }),
    sessionStorePasswordFile,
    sessionStoreCaFile,
    sessionStoreCertFile,
    sessionStoreKeyFile,
    sessionStorePrefix: sessionStorePrefix ?? STORE_PREFIX,
  };
}
