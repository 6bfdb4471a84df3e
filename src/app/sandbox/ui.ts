/** What people watch at a coordinator: sessions, their workers, and the last calls. */
import { systemClock } from "../../telemetry/clock.ts";
import { Boards } from "../../ui/boards.ts";
import { uiPages } from "../../ui/http/ui_pages.ts";
import { pageFiles } from "../../ui/page/mod.ts";
import { calls, LastCalls, teeAudit } from "../../ui/sources/calls.ts";
import { everybodysSessions, ownSessions, sharedLook } from "../../ui/sources/sessions.ts";
import type { Visitor } from "../../ui/sources/source.ts";
import type { Sessions } from "../../sessions/coordinator/types.ts";
import { pageConfig, type Ui, type UiConfig, type UiOptions } from "../mcp/ui.ts";
import { buildInfo } from "../version.ts";
import { isAdmin } from "./admins.ts";
import type { CoordinatorConfig } from "./config.ts";

const TOKENS: Readonly<Record<string, string>> = {
  token: "a token of this coordinator",
  coder: "a Coder session token",
  oidc: "a token of your identity provider",
};

/** Everybody sees their own sessions and calls; `--admins` see everybody's, and the workers. */
export function coordinatorUi(
  sessions: Pick<Sessions, "everybody" | "list">,
  { config, replica, redaction, metrics, log }: Omit<UiOptions, "config"> & {
    readonly config: UiConfig & Pick<CoordinatorConfig, "auth" | "admins">;
  },
): Ui {
  if (!config.mcpUi) return { pages: undefined, audit: (sink) => sink };
  const last = new LastCalls();
  const look = sharedLook(sessions, systemClock);
  const admin = ({ caller }: Visitor) => isAdmin(config, caller);
  const pages = uiPages({
    files: pageFiles(),
    config: pageConfig(config, config.auth, TOKENS),
    boards: new Boards({
      sourcesOf: (visitor) =>
        Promise.resolve([
          admin(visitor) ? everybodysSessions(look) : ownSessions(sessions),
          calls({ last, seesAll: (visitor) => Promise.resolve(admin(visitor)) }),
        ]),
      redact: (value) => redaction.value(value),
      onMistake: (error) => log.error("a source of what people watch has failed", { error }),
    }),
    version: buildInfo().version,
    replica,
    hasCluster: false,
    redaction,
    streamLimits: { all: config.mcpMaxStreams },
    metrics,
    log,
  });
  return { pages, audit: (sink) => teeAudit(sink, last.write) };
}
