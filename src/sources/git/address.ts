/** Addresses of Git repositories. */
import { SourceError } from "../errors.ts";

export type GitAddress =
  | { readonly over: "https"; readonly url: string; readonly origin: string }
  | {
    readonly over: "ssh";
    readonly host: string;
    readonly port: number;
    readonly user: string;
    readonly path: string;
  };

/** Reads `https://host/path`, `ssh://user@host:port/path` and `user@host:path`. */
export function gitAddress(text: string): GitAddress {
  const short = /^(?:([\w.+-]+)@)?([\w.-]+|\[[0-9a-fA-F:]+\]):(?!\/\/)(.+)$/.exec(text);
  if (short !== null && !text.includes("://")) {
    const [, user = "git", host = "", path = ""] = short;
    return { over: "ssh", host: bare(host), port: 22, user, path: checked(path) };
  }
  let url: URL;
  try {
    url = new URL(text);
  } catch {
    throw wrong("it is no address: https://host/path, ssh://user@host/path or user@host:path");
  }
  if (url.hash !== "" || url.search !== "") throw wrong("it has more than a host and a path");
  if (url.protocol === "ssh:") {
    if (url.password !== "") throw wrong("a password belongs into the Secret");
    const user = url.username === "" ? "git" : decoded(url.username);
    const port = url.port === "" ? 22 : Number(url.port);
    return { over: "ssh", host: bare(url.hostname), port, user, path: checked(decoded(url.pathname)) };
  }
  if (url.protocol !== "https:") throw wrong(`${url.protocol.slice(0, -1)} is neither https nor ssh`);
  if (url.username !== "" || url.password !== "") throw wrong("credentials belong into the Secret");
  if (url.pathname === "/") throw wrong("it names no repository");
  return { over: "https", url: url.href.replace(/\/+$/, ""), origin: url.origin };
}

function bare(host: string): string {
  return host.replace(/^\[(.*)\]$/, "$1").toLowerCase();
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw wrong("it cannot be decoded");
  }
}

/** It becomes a word of a command on the server. */
function checked(path: string): string {
  // deno-lint-ignore no-control-regex -- they are what is refused
  if (/[\x00-\x1f\x7f]/.test(path) || path === "/" || path.startsWith("-")) throw wrong("its path cannot be");
  return path;
}

function wrong(why: string): SourceError {
  return new SourceError("InvalidSource", `spec.source.git.url: ${why}`);
}
