/** Options of a coordinator that has to do with Coder, and the rules that concern them. */
import type { CoordinatorConfig } from "../../app/sandbox/config.ts";
import { isLoopback } from "../../telemetry/loopback.ts";
import type { Mistake } from "../mistake.ts";
import { httpUrl, text } from "../values.ts";
import { optional, type Values } from "./option.ts";

export const CODER = "Coder";

export const coderOptions = {
  coderUrl: optional(httpUrl(), {
    group: CODER,
    value: "url",
    file: "server",
    help:
      "Coder: callers come with their session tokens (--auth=coder) and have sessions in their workspaces; workers in " +
      "workspaces get their tokens. With auth off, $CODER_URL.",
  }),
  coderCaFile: optional(text("the path of a file with PEM certificates"), {
    group: CODER,
    value: "file",
    isPath: true,
    defaultText: "the system's authorities",
    file: "server",
    help: "Certificates to verify Coder's with.",
  }),
  coderSessionToken: optional(text("a Coder session token"), {
    group: CODER,
    value: "token",
    isSecret: true,
    variables: ["CODER_SESSION_TOKEN"],
    file: "server",
    help:
      "With --stdio or auth off: your own session token, for sessions in your workspaces. As a flag it can be read in the " +
      "process list (and warns).",
  }),
  coderSessionTokenFile: optional(text("the path of a file that holds a session token"), {
    group: CODER,
    value: "file",
    isPath: true,
    file: "server",
    help: "A file with that token.",
  }),
} as const;

type CoderValues = Partial<Values<typeof coderOptions>>;

/** Nobody has to prove who they are: one person alone is at the process. */
function isPersonal(stdio: boolean | undefined, auth: CoordinatorConfig["auth"]): boolean {
  return stdio === true || auth.includes("off");
}

/** As Coder's own programs have it: for a person who has given their session token. */
export function coderUrlOf(
  values: CoderValues & { readonly stdio?: boolean },
  auth: CoordinatorConfig["auth"],
  environment: Readonly<Record<string, string>>,
): { readonly url?: string | undefined; readonly mistakes: readonly Mistake[] } {
  if (values.coderUrl !== undefined) return { url: values.coderUrl, mistakes: [] };
  const hasToken = values.coderSessionToken !== undefined || values.coderSessionTokenFile !== undefined;
  const given = environment["CODER_URL"] ?? "";
  if (!hasToken || given === "" || !isPersonal(values.stdio, auth)) return { mistakes: [] };
  const { data, error } = httpUrl().safeParse(given);
  const what = error?.issues.map(({ message }) => message).join("; ");
  return { url: data, mistakes: what === undefined ? [] : [{ where: "CODER_URL", what }] };
}

/** Who sees the way to Coder sees session tokens. */
export function* coderWarnings(url: string | undefined, where: string): Iterable<string> {
  if (url === undefined || !url.startsWith("http:") || isLoopback(new URL(url).hostname)) return;
  yield `${where}: session tokens go to ${url} in plain text: write https:// unless a mesh or a private network protects them`;
}

export function* coderChecks(
  values: CoderValues & { readonly stdio?: boolean },
  auth: CoordinatorConfig["auth"],
  { where, isGiven }: {
    readonly where: (key: keyof typeof coderOptions | "auth") => string;
    readonly isGiven: (key: keyof typeof coderOptions) => boolean;
  },
  environment: Readonly<Record<string, string>>,
): Iterable<Mistake> {
  const { url, mistakes } = coderUrlOf(values, auth, environment);
  yield* mistakes;
  if (auth.includes("coder") && values.stdio !== true && url === undefined) {
    yield { where: where("auth"), what: `coder needs ${where("coderUrl")}` };
  }
  if (isGiven("coderCaFile") && url === undefined) {
    yield { where: where("coderCaFile"), what: `does nothing without ${where("coderUrl")}` };
  }
  if (values.coderSessionToken !== undefined && values.coderSessionTokenFile !== undefined) {
    const other = where("coderSessionToken");
    yield {
      where: where("coderSessionTokenFile"),
      what: `cannot be given together with ${other}; choose one`,
    };
  }
  for (const key of ["coderSessionToken", "coderSessionTokenFile"] as const) {
    // Variables are there for whatever runs beside them.
    if (values[key] === undefined || where(key) === "CODER_SESSION_TOKEN") continue;
    if (!isPersonal(values.stdio, auth)) {
      yield {
        where: where(key),
        what: "does nothing where callers prove who they are: they come with session tokens of their own",
      };
    } else if (url === undefined && mistakes.length === 0) {
      yield { where: where(key), what: `also needs ${where("coderUrl")} (or CODER_URL)` };
    }
  }
}
