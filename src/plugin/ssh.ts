/** Handing over to the Coder CLI: what is started, and why not. Data in, data out. */
import type { CoderWorkspace } from "../api/workspace.ts";
import { coderOf } from "./address.ts";
import { PluginError } from "./world.ts";

export interface SshRequest {
  readonly workspace: CoderWorkspace;
  /** Where Coder is, if not where the workspace says. */
  readonly coderUrl?: string | undefined;
  /** Agent, where there are several. */
  readonly agent?: string | undefined;
  /** What to run there; nothing opens a shell. */
  readonly command: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Path of the Coder CLI; undefined where there is none. */
  readonly program: string | undefined;
  /** Where the CLI is logged in; undefined where that is nowhere. */
  readonly loggedInAt: string | undefined;
}

/** As Coder has names: none begins like an option. */
const NAME = /^[A-Za-z0-9]+(?:-[A-Za-z0-9]+)*$/;

/** A program that gets the terminal. */
export interface Handover {
  readonly program: string;
  readonly args: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

/** @throws {PluginError} where it cannot be */
export function sshHandover(request: SshRequest): Handover {
  const { workspace: { metadata, status }, coderUrl, agent, command, environment, program, loggedInAt } =
    request;
  const name = metadata.name ?? "";
  const [owner, workspace] = name.split(".").slice(-2);
  if (!NAME.test(owner ?? "") || !NAME.test(workspace ?? "")) {
    throw new PluginError(`${JSON.stringify(name)} is no name that the Coder CLI knows a workspace by`);
  }
  const url = coderUrl ?? coderOf(status.accessURL);
  if (url === undefined) {
    throw new PluginError("where its Coder is is not known: give --coder-url");
  }
  if (program === undefined) {
    throw new PluginError(
      `the Coder CLI is not installed, which opens terminals in workspaces: curl -fsSL ${
        typed(`${url}/install.sh`)
      } | sh, then coder login ${typed(url)}. Without it: kubectl coder open ${name} --print`,
    );
  }
  // The CLI sends the token that it has to wherever it is told to: it must be the Coder that the token is of.
  if (coderUrl === undefined && environment["CODER_SESSION_TOKEN"] && !environment["CODER_URL"]) {
    throw new PluginError(
      `CODER_SESSION_TOKEN is set, and not CODER_URL: if the token is of ${
        shown(url)
      }, set CODER_URL to that`,
    );
  }
  const known = environment["CODER_URL"] || loggedInAt;
  if (known !== undefined && !isSame(known, url)) {
    throw new PluginError(
      `the Coder CLI is logged in at ${shown(known)}${
        environment["CODER_URL"] ? " (CODER_URL)" : ""
      }, and this ` +
        `workspace is at ${shown(url)}: coder login ${
          typed(url)
        }, or --coder-url where both are the same Coder`,
    );
  }
  const target = `${owner}/${workspace}${agent === undefined ? "" : `.${agent}`}`;
  return {
    program,
    args: ["ssh", target, ...(command.length === 0 ? [] : ["--", ...command])],
    environment: { ...environment, CODER_URL: url },
  };
}

function isSame(left: string, right: string): boolean {
  const plain = (text: string) => {
    if (!URL.canParse(text)) return text;
    const { origin, pathname } = new URL(text);
    return origin + pathname.replace(/\/+$/, "");
  };
  return plain(left) === plain(right);
}

/** Without user and password. */
function shown(url: string): string {
  return url.trim().replace(/(:\/\/)[^/\s]*@/g, "$1***@");
}

/** As a word of a command line: addresses may have what a shell reads as more. */
function typed(url: string): string {
  const text = shown(url);
  return /^[\w:/.~%@-]+$/.test(text) ? text : `'${text.replaceAll("'", "%27")}'`;
}

/** Where the Coder CLI keeps the address that it is logged in at. */
export function sessionFiles(environment: Readonly<Record<string, string>>, os: string): string[] {
  const file = (directory: string) => `${directory.replace(/\/+$/, "")}/url`;
  const given = environment["CODER_CONFIG_DIR"];
  if (given) return [file(given)];
  const home = environment["HOME"] ?? "";
  if (os === "darwin") return [file(`${home}/Library/Application Support/coderv2`)];
  return [file(`${environment["XDG_CONFIG_HOME"] || `${home}/.config`}/coderv2`)];
}
