/** What the package mirror answers to which request. */
import { StoreFull } from "./disk_store.ts";
import type { CachedFile, FileCache } from "./file_cache.ts";
import type { IndexCache, IndexPage } from "./index_cache.ts";
import { isPackageName, NPM_ABBREVIATED, npmDocument, npmPage, npmVersion } from "./npm.ts";
import { projectName, PYPI_HTML, PYPI_JSON, pypiHtml, pypiPage } from "./pypi.ts";
import type { Registries } from "./registries.ts";
import { headerOf, type RequestHead } from "./request_head.ts";
import { UpstreamError } from "./upstream.ts";

export interface Reply {
  readonly kind: "index" | "file" | "metadata" | "other";
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** Instead of a body. */
  readonly file?: CachedFile | undefined;
  /** What is wrong, in one line. */
  readonly problem?: string | undefined;
}

const JSON_TYPE = "application/json; charset=utf-8";

/** There is no such thing here. */
class NotHere extends Error {}

export class MirrorRoutes {
  constructor(readonly registries: Registries, readonly indexes: IndexCache, readonly files: FileCache) {}

  /** Rejects with the reason of `signal` alone. */
  async reply(head: RequestHead, signal: AbortSignal): Promise<Reply> {
    if (head.method !== "GET" && head.method !== "HEAD") {
      return problem("other", 405, "the package mirror is for installing: it takes GET and HEAD");
    }
    const path = decoded(head.target.split("?")[0]!);
    try {
      if (path?.startsWith("/pypi/")) return await this.#pypi(head, path.slice("/pypi/".length), signal);
      if (path?.startsWith("/npm/")) return await this.#npm(head, path.slice("/npm/".length), signal);
      throw new NotHere("the package mirror has /pypi/simple/<project>/ and /npm/<package>");
    } catch (error) {
      signal.throwIfAborted();
      const message = error instanceof Error ? error.message : String(error);
      if (error instanceof NotHere) return problem("other", 404, message);
      if (error instanceof UpstreamError) return problem("other", error.status, message);
      return problem("other", error instanceof StoreFull ? 507 : 500, message);
    }
  }

  async #pypi(head: RequestHead, path: string, signal: AbortSignal): Promise<Reply> {
    const [, section, written, rest] = /^(simple|files)\/([^/]+)(\/[^/]*)?$/.exec(path) ?? [];
    const project = written === undefined ? undefined : projectName(written);
    if (project === undefined) {
      throw new NotHere("the package mirror has pages of projects: /pypi/simple/<project>/");
    }
    if (section === "files") {
      const page = await this.indexes.get(pypiPage(this.registries.pypi, project), signal);
      return await this.#file(page, (rest ?? "").slice(1), project, signal);
    }
    if (rest === undefined) return moved(`${project}/`);
    if (rest !== "/") throw new NotHere(`there is nothing below /pypi/simple/${project}/`);
    const page = await this.indexes.get(pypiPage(this.registries.pypi, project), signal);
    const accept = headerOf(head, "accept") ?? "";
    if (accept.includes(PYPI_JSON)) return found(page.document, PYPI_JSON);
    const type = accept.includes(PYPI_HTML) ? PYPI_HTML : "text/html; charset=utf-8";
    return found(pypiHtml(page.document), type);
  }

  async #npm(head: RequestHead, path: string, signal: AbortSignal): Promise<Reply> {
    if (path === "-/ping") return found("{}", JSON_TYPE);
    const [, name, rest] = /^((?:@[^/]+\/)?[^/@][^/]*)(?:\/(.+))?$/.exec(path) ?? [];
    if (name === undefined || !isPackageName(name) || name === "-") {
      throw new NotHere(
        "the package mirror has /npm/<package>; searching and publishing are not for sessions",
      );
    }
    const isAbbreviated = (headerOf(head, "accept") ?? "").includes(NPM_ABBREVIATED);
    // Of a file, either one tells; the short one is what installing has asked for.
    const isShort = isAbbreviated || rest?.startsWith("-/") === true;
    const page = await this.indexes.get(npmPage(this.registries, name, isShort), signal);
    if (rest?.startsWith("-/")) return await this.#file(page, rest.slice(2), name, signal);
    const document = rest === undefined ? page.document : npmVersion(page.document, rest);
    if (document === undefined) throw new NotHere(`${name} has no version or tag ${rest}`);
    return found(npmDocument(document, here(head)), isAbbreviated ? NPM_ABBREVIATED : JSON_TYPE);
  }

  async #file(page: IndexPage, name: string, of: string, signal: AbortSignal): Promise<Reply> {
    const source = Object.hasOwn(page.files, name) ? page.files[name] : undefined;
    if (source === undefined) throw new NotHere(`the index of ${of} has no file ${name}`);
    const file = await this.files.get(source, signal);
    const headers = {
      "content-type": "application/octet-stream",
      "cache-control": "max-age=31536000, immutable",
    };
    return { kind: name.endsWith(".metadata") ? "metadata" : "file", status: 200, headers, body: "", file };
  }
}

/** `undefined` where it is no text. */
function decoded(path: string): string | undefined {
  try {
    const text = decodeURIComponent(path);
    return /^[^\p{Cc}\\]*$/u.test(text) && !/(^|\/)\.\.?(\/|$)/.test(text) ? text : undefined;
  } catch {
    return undefined;
  }
}

/** Where the session believes us to be: a port of its own loopback. */
function here(head: RequestHead): string {
  const host = headerOf(head, "host") ?? "";
  return `http://${/^(127\.0\.0\.1|localhost|\[::1\])(:\d{1,5})?$/.test(host) ? host : "127.0.0.1"}`;
}

function found(body: string, type: string): Reply {
  return { kind: "index", status: 200, headers: { "content-type": type, "cache-control": "no-cache" }, body };
}

function moved(location: string): Reply {
  return { kind: "index", status: 301, headers: { location }, body: "" };
}

/** npm shows `error` of a JSON body, pip the reason in the status line. */
function problem(kind: Reply["kind"], status: number, message: string): Reply {
  const body = `${JSON.stringify({ error: message })}\n`;
  return { kind, status, headers: { "content-type": JSON_TYPE }, body, problem: message };
}
