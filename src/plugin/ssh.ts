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
  readonly login: Login;
}

/** What the CLI's own files say of its login; nothing of it: it is logged in nowhere. */
export interface Login {
  /** Of the Coder that the session is of. */
  readonly url?: string;
  /** The file of a session of which nothing says whose it is. */
  readonly unknown?: string;
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
  const { workspace: { metadata, status }, coderUrl, agent, command, environment, program, login } = request;
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
  const known = environment["CODER_URL"] || login.url;
  if (coderUrl === undefined && known === undefined && login.unknown !== undefined) {
    throw new PluginError(
      `the Coder CLI has a session in ${login.unknown}, and does not say of which Coder it is: coder login ${
        typed(url)
      }, or --coder-url=${typed(url)} if it is of that`,
    );
  }
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

/** The files in which the Coder CLI keeps its login. */
export interface SessionPlace {
  readonly url: string;
  readonly session: string;
}

export function sessionPlace(environment: Readonly<Record<string, string>>, os: string): SessionPlace {
  const directory = configDirectory(environment, os).replace(/\/+$/, "");
  return { url: `${directory}/url`, session: `${directory}/session` };
}

function configDirectory(environment: Readonly<Record<string, string>>, os: string): string {
  const { CODER_CONFIG_DIR: given, HOME: home = "", XDG_CONFIG_HOME: config } = environment;
  if (given) return given;
  if (os === "darwin") return `${home}/Library/Application Support/coderv2`;
  return `${config || `${home}/.config`}/coderv2`;
}

/** A session that cannot be read is one, too: it may be that the CLI can. */
export async function readLogin(
  { url, session }: SessionPlace,
  readTextFile: (path: string) => Promise<string>,
): Promise<Login> {
  const known = await readTextFile(url).then((text) => text.trim(), () => "");
  if (known !== "") return { url: known };
  const isThere = await readTextFile(session).then((text) => text.trim() !== "", isSomething);
  return isThere ? { unknown: session } : {};
}

function isSomething(error: unknown): boolean {
  return !(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory);
}
