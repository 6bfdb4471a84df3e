/** What people watch at the MCP port: the page `/ui`, with their own rights. */
import { seeAllRequest } from "../../identity/workspace_sight.ts";
import type { AnswerRedaction } from "../../mcp/answers/redacted.ts";
import type { Pages } from "../../mcp/http/pages.ts";
import type { AuditSink } from "../../mcp/surface.ts";
import type { Sessions } from "../../sessions/coordinator/types.ts";
import { systemClock } from "../../telemetry/clock.ts";
import type { Logger } from "../../telemetry/logger.ts";
import type { Metrics } from "../../telemetry/metrics.ts";
import { Boards } from "../../ui/boards.ts";
import { uiPages } from "../../ui/http/ui_pages.ts";
import { pageFiles } from "../../ui/page/mod.ts";
import { calls, LastCalls, teeAudit } from "../../ui/sources/calls.ts";
import { productSources } from "../../ui/sources/product.ts";
import { sessionsAsSeen, sharedLook } from "../../ui/sources/sessions.ts";
import type { Visitor } from "../../ui/sources/source.ts";
import type { PageConfig } from "../../ui/types.ts";
import type { McpConfig } from "../mcp_config.ts";
import { buildInfo } from "../version.ts";

export interface UiOptions {
  readonly config: UiConfig;
  /** Who this process is among its replicas, for people. */
  readonly replica: string;
  readonly redaction: AnswerRedaction;
  readonly metrics: Metrics;
  readonly log: Logger;
}

export type UiConfig = Pick<
  McpConfig,
  "mcpUi" | "mcpUiOidcClientId" | "mcpUiOidcScopes" | "mcpOidcIssuer" | "mcpMaxStreams"
>;

export interface Ui {
  /** Undefined: there is no page here. */
  readonly pages: Pages | undefined;
  /** Records go there, and are shown. */
  audit(sink: AuditSink): AuditSink;
}

const NO_UI: Ui = { pages: undefined, audit: (sink) => sink };

/** For ways to say who one is, in words. */
const TOKENS: Readonly<Record<string, string>> = {
  token: "a Kubernetes token",
  oidc: "a token of your identity provider",
};

/** Of the product: all that callers of its MCP server may see of the cluster and of Coder. */
export function productUi(
  options: UiOptions & {
    readonly auth: McpConfig["mcpAuth"];
    /** Absent: there are none here. */
    readonly sessions?: Pick<Sessions, "list" | "everybody"> | undefined;
  },
): Ui {
  const { config, replica, redaction, metrics, log, auth, sessions } = options;
  if (!config.mcpUi) return NO_UI;
  const last = new LastCalls();
  const look = sessions && sharedLook(sessions, systemClock);
  const pages = uiPages({
    files: pageFiles(),
    config: pageConfig(config, auth, TOKENS),
    boards: new Boards({
      sourcesOf: () =>
        Promise.resolve([
          ...productSources(),
          ...(sessions === undefined || look === undefined ? [] : [sessionsAsSeen(sessions, look, seesAll)]),
          calls({ last, seesAll }),
        ]),
      redact: (value) => redaction.value(value),
      onMistake: (error) => log.error("a source of what people watch has failed", { error }),
    }),
    version: buildInfo().version,
    replica,
    hasCluster: true,
    redaction,
    streamLimits: { all: config.mcpMaxStreams },
    metrics,
    log,
  });
  return { pages, audit: (sink) => teeAudit(sink, last.write) };
}

/** Who sees everybody's workspaces, wherever they are, sees everybody's calls and sessions. */
async function seesAll({ cluster, caller }: Visitor, signal: AbortSignal): Promise<boolean> {
  // Where nobody has to prove anything, whoever reaches the port has started the process.
  if (caller.method === "process") return true;
  return (await cluster.may(seeAllRequest(undefined), { signal, timeoutMs: 10_000 })).allowed;
}

/** What the page has to know before anybody is signed in. */
export function pageConfig(
  { mcpOidcIssuer: issuer, mcpUiOidcClientId: clientId, mcpUiOidcScopes: scopes }: UiConfig,
  auth: readonly string[],
  tokens: Readonly<Record<string, string>>,
): PageConfig {
  const words = auth.flatMap((way) => tokens[way] ?? []);
  return {
    ...(auth.includes("oidc") && issuer !== undefined && clientId !== undefined
      ? { oidc: { issuer, clientId, scopes } }
      : {}),
    // A proxy, or a certificate, may say who somebody is without their doing.
    open: auth.some((way) => tokens[way] === undefined),
    token: words.join(", or "),
  };
}
