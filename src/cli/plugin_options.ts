/** What was typed behind a command of `kubectl coder`, read. */
import type { PluginConnectionRequest } from "../app/plugin.ts";
import { type CommandCall, flagReader } from "./command_call.ts";
import type { Mistake } from "./mistake.ts";
import { LIST_FORMATS } from "./plugin_commands.ts";
import { choice, duration, httpUrl, number, text, value } from "./values.ts";

export interface PluginOptions {
  readonly connection: Omit<PluginConnectionRequest, "environment" | "warn" | "program" | "goesOn">;
  readonly namespace: string | undefined;
  readonly allNamespaces: boolean;
  readonly mine: boolean;
  readonly owner: string | undefined;
  readonly selector: string | undefined;
  readonly format: (typeof LIST_FORMATS)[number] | undefined;
  readonly headers: boolean;
  readonly wait: boolean;
  readonly follow: boolean;
  readonly timeoutMs: number;
  readonly build: number | undefined;
  readonly tail: number | undefined;
  readonly sinceSeconds: number | undefined;
  readonly timestamps: boolean;
  readonly print: boolean;
  readonly agent: string | undefined;
  readonly coderUrl: string | undefined;
  readonly mistakes: readonly Mistake[];
}

const MOST_MS = 24 * 3_600_000;
const OWNER = /^[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*$/;

/** Flags that the command does not have are not looked at by anybody. */
export function readPluginOptions(flags: CommandCall["flags"], command: string): PluginOptions {
  const { mistakes, read, last, namespace } = flagReader(flags);
  const wrong: Mistake[] = [];
  const isOn = (flag: string) => flags.has(flag) && last(flag) !== "false";
  const chosen = namespace("namespace");
  const allNamespaces = isOn("all-namespaces");
  if (allNamespaces && flags.has("namespace")) {
    wrong.push({ where: "--all-namespaces", what: "contradicts --namespace; give one of them" });
  }
  if (isOn("mine") && flags.has("owner")) {
    wrong.push({ where: "--mine", what: "contradicts --owner; give one of them" });
  }
  const as = read("as", text("the name of a user"));
  if (as === undefined && (flags.has("as-group") || flags.has("as-uid"))) {
    wrong.push({
      where: flags.has("as-group") ? "--as-group" : "--as-uid",
      what: "does nothing without --as",
    });
  }
  const follow = isOn("follow");
  const since = read("since", duration({ min: 1_000, max: 365 * MOST_MS }));
  return {
    connection: {
      kubeconfig: read("kubeconfig", text("the path of a kubeconfig")),
      context: read("context", text("the name of a context")),
      as,
      asGroups: flags.get("as-group") ?? [],
      asUid: read("as-uid", text("a UID")),
      requestTimeoutMs: read("request-timeout", requestTimeout()) ?? 30_000,
    },
    namespace: chosen,
    allNamespaces,
    mine: isOn("mine"),
    owner: read(
      "owner",
      value(
        "the name of a Coder user",
        (raw) => typeof raw === "string" && OWNER.test(raw) ? raw : undefined,
      ),
    ),
    selector: read("selector", text("labels, such as team=web")),
    format: command === "list" ? read("output", choice(LIST_FORMATS)) : undefined,
    headers: !isOn("no-headers"),
    wait: follow || isOn("wait"),
    follow,
    timeoutMs: read("timeout", duration({ min: 1_000, max: MOST_MS })) ?? 600_000,
    build: read("build", number({ min: 1, max: 1e9 })),
    tail: read("tail", number({ min: 0, max: 1e9 })),
    sinceSeconds: since === undefined ? undefined : Math.ceil(since / 1_000),
    timestamps: isOn("timestamps"),
    print: isOn("print"),
    agent: read(
      "agent",
      value("the name of an agent", (raw) => typeof raw === "string" && OWNER.test(raw) ? raw : undefined),
    ),
    coderUrl: read("coder-url", httpUrl()),
    mistakes: [...mistakes, ...wrong],
  };
}

/** As kubectl has it: a duration, whole seconds, or 0 for no limit. */
function requestTimeout() {
  const limits = duration({ min: 1, max: MOST_MS });
  return value("a duration such as 10s, or seconds; 0 is no limit", (raw) => {
    const given = typeof raw === "string" ? raw.trim() : "";
    if (/^0[a-z]*$/.test(given)) return MOST_MS;
    const { data } = limits.safeParse(/^\d+$/.test(given) ? `${given}s` : given);
    return data;
  });
}
