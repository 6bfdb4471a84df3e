/** The options of sessions in Coder workspaces at the MCP server, as part of the one schema. */
import { type OptionMeta, optionMeta } from "./option_meta.ts";
import { IN_MEMORY, MCP_STORE_PREFIX, STORE_FACTS, storePrefix } from "./session_store.ts";
import { duration, number, text } from "./values.ts";

const of = (meta: Omit<OptionMeta, "group">): OptionMeta => ({ group: "Sessions in workspaces", ...meta });
const HOUR = 3_600_000;

function file(key: Exclude<keyof typeof STORE_FACTS, "sessionStore" | "sessionStorePrefix">) {
  const { what, value, help } = STORE_FACTS[key];
  return text(what).optional().register(optionMeta, of({ value, file: true, help }));
}

export const sessionOptions = {
  sessionMaxAge: duration({ min: 1_000, max: 30 * 24 * HOUR }).prefault("30m").register(
    optionMeta,
    of({
      value: "duration",
      help: "With --mcp-toolsets=core,sessions: a session ends when it was not used for so long.",
    }),
  ),
  maxSessionsPerOwner: number({ min: 1, max: 100_000 }).prefault("50").register(
    optionMeta,
    of({ value: "number", help: "Open sessions that one caller may have." }),
  ),
  // Never shown as it was given: a mistake in it may have a password in it.
  sessionStore: text(STORE_FACTS.sessionStore.what).prefault(IN_MEMORY)
    .transform((value) => value === IN_MEMORY ? undefined : value)
    .register(
      optionMeta,
      of({
        value: STORE_FACTS.sessionStore.value,
        defaultText: IN_MEMORY,
        help: STORE_FACTS.sessionStore.help,
        secret: true,
      }),
    ),
  sessionStorePasswordFile: file("sessionStorePasswordFile"),
  sessionStoreCaFile: file("sessionStoreCaFile"),
  sessionStoreCertFile: file("sessionStoreCertFile"),
  sessionStoreKeyFile: file("sessionStoreKeyFile"),
  sessionStorePrefix: storePrefix().prefault(MCP_STORE_PREFIX).register(
    optionMeta,
    of({ value: STORE_FACTS.sessionStorePrefix.value, help: STORE_FACTS.sessionStorePrefix.help }),
  ),
} as const;
