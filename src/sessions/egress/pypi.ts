/** Python package indexes: the simple repository API, as HTML (PEP 503) and as JSON (PEP 691). */
import { z } from "zod";
import type { FileHash, FileSource } from "./download.ts";
import type { IndexPage, PageSource } from "./index_cache.ts";
import type { Registry } from "./upstream.ts";

export const PYPI_JSON = "application/vnd.pypi.simple.v1+json";
export const PYPI_HTML = "application/vnd.pypi.simple.v1+html";

const hashes = z.record(z.string(), z.string());
const fileSchema = z.object({
  filename: z.string(),
  url: z.string(),
  hashes: hashes.default({}),
  "requires-python": z.string().nullish(),
  "core-metadata": z.union([z.boolean(), hashes]).nullish(),
  /** As `core-metadata` was called before. */
  "dist-info-metadata": z.union([z.boolean(), hashes]).nullish(),
  yanked: z.union([z.boolean(), z.string()]).nullish(),
  size: z.number().nullish(),
  "upload-time": z.string().nullish(),
});
type File = z.output<typeof fileSchema>;
const projectSchema = z.object({
  name: z.string(),
  versions: z.array(z.string()).optional(),
  files: z.array(fileSchema),
});
type Project = z.output<typeof projectSchema>;

const FILE_NAME = /^[A-Za-z0-9][A-Za-z0-9._+!-]{0,250}$/;
/** Characters of a base in HTML: each address of a page may be as long as it. */
const MAX_BASE = 2_000;
const ALGORITHMS = ["sha512", "sha384", "sha256", "sha1", "md5"] as const;

/** As indexes write names of projects; `undefined` for what no project is called. */
export function projectName(text: string): string | undefined {
  return /^[A-Za-z0-9]([A-Za-z0-9._-]{0,126}[A-Za-z0-9])?$/.test(text)
    ? text.toLowerCase().replaceAll(/[-_.]+/g, "-")
    : undefined;
}

/** @param project as `projectName` makes it */
export function pypiPage(registry: Registry, project: string): PageSource {
  return {
    key: `pypi ${registry.url} ${project}`,
    url: `${registry.url}/${project}/`,
    accept: `${PYPI_JSON}, ${PYPI_HTML};q=0.2, text/html;q=0.1`,
    read: (text, contentType, url) => readProject(project, text, contentType, url),
  };
}

/** The same page in HTML. */
export function pypiHtml(document: string): string {
  const project = projectSchema.parse(JSON.parse(document));
  const anchors = project.files.map((file) => {
    const attributes = [`href="${escaped(file.url + fragmentOf(file))}"`];
    const metadata = file["core-metadata"];
    if (typeof file["requires-python"] === "string") {
      attributes.push(`data-requires-python="${escaped(file["requires-python"])}"`);
    }
    if (file.yanked !== false && typeof file.yanked !== "undefined" && file.yanked !== null) {
      attributes.push(`data-yanked="${escaped(file.yanked === true ? "" : file.yanked)}"`);
    }
    if (metadata) {
      const [first] = metadata === true ? [] : Object.entries(metadata);
      const value = first === undefined ? "true" : first.join("=");
      attributes.push(`data-core-metadata="${escaped(value)}" data-dist-info-metadata="${escaped(value)}"`);
    }
    return `    <a ${attributes.join(" ")}>${escaped(file.filename)}</a><br/>\n`;
  });
  const name = escaped(project.name);
  return `<!DOCTYPE html>\n<html>\n  <head>\n    <meta name="pypi:repository-version" content="1.0"/>\n` +
    `    <title>Links for ${name}</title>\n  </head>\n  <body>\n    <h1>Links for ${name}</h1>\n` +
    `${anchors.join("")}  </body>\n</html>\n`;
}

function readProject(name: string, text: string, contentType: string, url: URL): IndexPage {
  const project = /[/+]json\b/.test(contentType)
    ? projectSchema.parse(JSON.parse(text))
    : parseHtml(name, text, url);
  const files: Record<string, FileSource> = {};
  const served: File[] = [];
  for (const file of project.files) {
    const source = sourceOf(file, url);
    if (!FILE_NAME.test(file.filename) || source === undefined) continue;
    files[file.filename] = source;
    const metadata = file["core-metadata"] ?? file["dist-info-metadata"];
    if (metadata) {
      files[`${file.filename}.metadata`] = {
        url: `${source.url}.metadata`,
        ...(metadata === true ? {} : hashOf(metadata)),
      };
    }
    const { "dist-info-metadata": _, ...rest } = file;
    served.push({
      ...rest,
      url: `../../files/${name}/${encodeURIComponent(file.filename)}`,
      ...(metadata ? { "core-metadata": metadata, "dist-info-metadata": metadata } : {}),
    });
  }
  const document = JSON.stringify({ meta: { "api-version": "1.0" }, ...project, name, files: served });
  return { document, files: files as IndexPage["files"] };
}

/** Its address without the fragment. `undefined` where that is none, or not one to be fetched from. */
function sourceOf(file: File, page: URL): FileSource | undefined {
  if (!URL.canParse(file.url, page.href)) return undefined;
  const url = new URL(file.url, page);
  url.hash = "";
  if (url.protocol !== "https:" && url.protocol !== page.protocol) return undefined;
  return { url: url.href, ...hashOf(file.hashes) };
}

/** The strongest that is there. */
function hashOf(all: Readonly<Record<string, string>>): { readonly hash?: FileHash } {
  for (const algorithm of ALGORITHMS) {
    const hex = all[algorithm]?.toLowerCase();
    if (hex !== undefined && /^[0-9a-f]{32,128}$/.test(hex)) return { hash: { algorithm, hex } };
  }
  return {};
}

function fragmentOf(file: File): string {
  const { hash } = hashOf(file.hashes);
  return hash === undefined ? "" : `#${hash.algorithm}=${hash.hex}`;
}

function parseHtml(name: string, text: string, page: URL): Project {
  const from = baseOf(text, page);
  const files: File[] = [];
  const closing = /<\/a\s*>/iy;
  for (const { tag, end } of tagsOf(text, /<a\s/gi)) {
    closing.lastIndex = text.indexOf("<", end);
    if (closing.lastIndex < end) break;
    const label = text.slice(end, closing.lastIndex);
    if (!closing.test(text)) continue;
    const attributes = attributesOf(tag);
    const href = attributes.get("href");
    if (href === undefined || !URL.canParse(href, from.href)) continue;
    const url = new URL(href, from);
    const hash = pair(url.hash.slice(1));
    const metadata = attributes.get("data-core-metadata") ?? attributes.get("data-dist-info-metadata");
    files.push({
      filename: unescaped(label).trim(),
      url: url.href,
      hashes: hash,
      "requires-python": attributes.get("data-requires-python"),
      yanked: attributes.get("data-yanked") || attributes.has("data-yanked"),
      ...(metadata === undefined ? {} : { "core-metadata": metadata === "true" ? true : pair(metadata) }),
    });
  }
  return { name, files };
}

function baseOf(text: string, page: URL): URL {
  for (const { tag } of tagsOf(text, /<base\s/gi)) {
    const href = attributesOf(tag).get("href");
    if (href === undefined) continue;
    return href.length <= MAX_BASE && URL.canParse(href, page.href) ? new URL(href, page) : page;
  }
  return page;
}

/**
 * What is between the beginning of a tag and the next `>`, and where the text goes on after that. Nothing is looked at
 * twice: a page of many beginnings without an end takes no longer than another one.
 */
function* tagsOf(text: string, beginning: RegExp): Generator<{ readonly tag: string; readonly end: number }> {
  while (beginning.test(text)) {
    const start = beginning.lastIndex;
    const close = text.indexOf(">", start);
    if (close < 0) return;
    beginning.lastIndex = close + 1;
    yield { tag: text.slice(start, close), end: close + 1 };
  }
}

function pair(text: string): Record<string, string> {
  const [, algorithm, hex] = /^([a-z0-9]+)=([0-9a-fA-F]+)$/.exec(text) ?? [];
  return algorithm === undefined ? {} : { [algorithm]: hex! };
}

function attributesOf(tag: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [, name, double, single] of tag.matchAll(/([a-z-]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'))?/gi)) {
    found.set(name!.toLowerCase(), unescaped(double ?? single ?? ""));
  }
  return found;
}

const ENTITIES: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };

function unescaped(text: string): string {
  return text.replaceAll(/&(?:#(\d{1,6})|#x([0-9a-f]{1,5})|([a-z]+));/gi, (all, decimal, hex, name) => {
    if (name !== undefined) return ENTITIES[name.toLowerCase()] ?? all;
    return String.fromCodePoint(
      Math.min(0x10ffff, Number.parseInt(decimal ?? hex, decimal === undefined ? 16 : 10)),
    );
  });
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll(
    '"',
    "&quot;",
  );
}
