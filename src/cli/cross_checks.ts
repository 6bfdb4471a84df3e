/** Rules that concern more than one option. */
import { formatDuration } from "./duration.ts";
import type { Mistake } from "./mistake.ts";
import type { SettingKey, Settings } from "./schema.ts";

/**
 * Checks what is there: an option whose own value was a mistake is absent, and rules about it are left for the next
 * try. `where` says under which name a key was given.
 */
export function crossChecks(settings: Partial<Settings>, where: (key: SettingKey) => string): Mistake[] {
  return [...ownPort(settings, where), ...staticCoder(settings, where), ...buildWaiting(settings, where)];
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
