/** Rules that concern more than one option. */
import { isLoopback } from "../telemetry/loopback.ts";
import { formatDuration } from "./duration.ts";
import type { Mistake } from "./mistake.ts";
import { IN_MEMORY, sessionStoreChecks, type StoreKey } from "./session_store.ts";
import type { SettingKey, Settings } from "./schema.ts";

/**
 * Checks what is there: an option whose own value was a mistake is absent, and rules about it are left for the next
 * try. `where` says under which name a key was given.
 */
export function crossChecks(settings: Partial<Settings>, where: (key: SettingKey) => string): Mistake[] {
  return [
    ...ownPort(settings, where),
    ...staticCoder(settings, where),
    ...certificateFiles(settings, where),
    ...userMapping(settings, where),
    ...buildWaiting(settings, where),
    ...mcpCallers(settings, where),
    ...sessionsOfCallers(settings, where),
  ];
}

/** Sessions are kept where the settings say, in words that `coordinator` has, too. */
function* sessionsOfCallers(
  settings: Partial<Settings>,
  where: (key: SettingKey) => string,
): Iterable<Mistake> {
  const { sessionStore = IN_MEMORY } = settings;
  const isGiven = (key: StoreKey) => key !== "sessionStorePrefix" && settings[key] !== undefined;
  yield* sessionStoreChecks({ ...settings, sessionStore }, { where, isGiven });
}

/** A mode that is one server cannot do without its port. */
function* ownPort(settings: Partial<Settings>, where: (key: SettingKey) => string): Iterable<Mistake> {
  const ports = { "aggregated-apiserver": "aggregatedBindAddress", "mcp-http": "mcpBindAddress" } as const;
  for (const [mode, key] of Object.entries(ports)) {
    if (settings.app === mode && settings[key] === null) {
      yield { where: where(key), what: `cannot be 0 in mode ${mode}: its port is all it has` };
    }
  }
}

/** The one Coder of `--coder-url` is described in full or not at all. */
function* staticCoder(settings: Partial<Settings>, where: (key: SettingKey) => string): Iterable<Mistake> {
  if (settings.coderSessionToken !== undefined && settings.coderSessionTokenFile !== undefined) {
    yield {
      where: where("coderSessionTokenFile"),
      what: `cannot be given together with ${where("coderSessionToken")}; choose one`,
    };
  }
  if (settings.app !== "aggregated-apiserver") return;
  const token = settings.coderSessionToken ?? settings.coderSessionTokenFile;
  const hasUrl = settings.coderUrl !== undefined;
  if (hasUrl && token === undefined) {
    yield { where: where("coderUrl"), what: "also needs a session token (--coder-session-token-file)" };
  }
  if (!hasUrl && token !== undefined) {
    const given = settings.coderSessionToken === undefined ? "coderSessionTokenFile" : "coderSessionToken";
    // The plain variable of Coder's own command line may be set for other reasons.
    if (where(given) !== "CODER_SESSION_TOKEN") yield { where: where(given), what: "also needs --coder-url" };
  }
  if (hasUrl && settings.coderNamespace === undefined) {
    yield { where: where("coderUrl"), what: "also needs --coder-namespace" };
  }
}

/** A certificate is nothing without its key. */
function* certificateFiles(
  settings: Partial<Settings>,
  where: (key: SettingKey) => string,
): Iterable<Mistake> {
  const pairs = [["tlsCertFile", "tlsPrivateKeyFile"], ["mcpTlsCertFile", "mcpTlsPrivateKeyFile"]] as const;
  for (const pair of pairs) {
    for (const [given, other] of [pair, pair.toReversed()] as [SettingKey, SettingKey][]) {
      if (settings[given] === undefined || settings[other] !== undefined) continue;
      yield { where: where(given), what: `also needs ${where(other)}` };
    }
  }
}

/** A prefix says whom a mapping is for. */
function* userMapping(settings: Partial<Settings>, where: (key: SettingKey) => string): Iterable<Mistake> {
  const { coderUserMapping: mapping, coderUserPrefix: prefix } = settings;
  if (mapping === "none" && prefix !== undefined && prefix !== "") {
    yield { where: where("coderUserPrefix"), what: `does nothing without ${where("coderUserMapping")}` };
  }
}

/** The rules of waiting for template builds. */
function* buildWaiting(settings: Partial<Settings>, where: (key: SettingKey) => string): Iterable<Mistake> {
  const { templateBuildWaitTimeout: wait, templateBuildBackoffAfter: backoff } = settings;
  if (wait !== undefined && backoff !== undefined && backoff > wait) {
    const limit = `${where("templateBuildWaitTimeout")} (${formatDuration(wait)})`;
    yield { where: where("templateBuildBackoffAfter"), what: `must not be longer than ${limit}` };
  }
  const { templateBuildInitialPollInterval: initial, templateBuildMaxPollInterval: max } = settings;
  if (initial !== undefined && max !== undefined && max < initial) {
    const limit = `${where("templateBuildInitialPollInterval")} (${formatDuration(initial)})`;
    yield { where: where("templateBuildMaxPollInterval"), what: `must not be shorter than ${limit}` };
  }
}

/** Ways to say who one is need what they are checked by, and nobody may come in unasked from elsewhere. */
function* mcpCallers(settings: Partial<Settings>, where: (key: SettingKey) => string): Iterable<Mistake> {
  if (settings.app !== "all" && settings.app !== "mcp-http") return;
  const { mcpAuth: ways, mcpBindAddress: address } = settings;
  if (ways === undefined || address === undefined || address === null) return;
  if (ways.includes("off") && ways.length > 1) {
    yield { where: where("mcpAuth"), what: "off cannot be combined with other ways" };
  } else if (ways.includes("off") && !isLoopback(address.hostname)) {
    yield {
      where: where("mcpAuth"),
      what:
        `off needs ${
          where("mcpBindAddress")
        } on a loopback address, such as 127.0.0.1:8090: otherwise anybody ` +
        "who reaches the port would have this process' rights",
    };
  }
  const needs: [way: (typeof ways)[number], keys: SettingKey[]][] = [
    ["oidc", ["mcpOidcIssuer", "mcpUrl"]],
    ["proxy", ["mcpProxyCaFile", "mcpTlsCertFile"]],
    ["x509", ["mcpTlsCertFile"]],
  ];
  for (const [way, keys] of needs) {
    for (const key of ways.includes(way) ? keys : []) {
      if (settings[key] === undefined) yield { where: where("mcpAuth"), what: `${way} needs ${where(key)}` };
    }
  }
  const forOidc = (["mcpOidcIssuer", "mcpOidcJwksUrl", "mcpUiOidcClientId"] as const)
    .filter((key) => settings[key] !== undefined);
  for (const key of ways.includes("oidc") ? [] : forOidc) {
    yield { where: where(key), what: `does nothing unless ${where("mcpAuth")} has oidc` };
  }
  for (const claim of settings.mcpOidcRequiredClaims ?? []) {
    if (!/^[^=]+=./.test(claim)) yield { where: where("mcpOidcRequiredClaims"), what: "must be name=value" };
  }
}
