/** npm registries: packuments, whole and abbreviated. */
import { z } from "zod";
import type { FileHash, FileSource } from "./download.ts";
import type { IndexPage, PageSource } from "./index_cache.ts";
import type { Registry } from "./upstream.ts";

export const NPM_ABBREVIATED = "application/vnd.npm.install-v1+json";

const packumentSchema = z.looseObject({
  versions: z.record(
    z.string(),
    z.looseObject({
      dist: z.looseObject({
        tarball: z.string(),
        integrity: z.string().optional(),
        shasum: z.string().optional(),
      }),
    }),
  ).default({}),
});

/** Stands for the mirror's own address in kept documents: which one that is, each session says. */
const HERE = "http://mirror.invalid";
const NAME = /^(?:@[a-z0-9~_-][a-z0-9._~-]{0,100}\/)?[a-z0-9~_-][a-z0-9._~-]{0,213}$/i;
const ALGORITHMS = ["sha512", "sha384", "sha256", "sha1"] as const;

export function isPackageName(text: string): boolean {
  return NAME.test(text);
}

/** `scoped` are registries by scope (`@scope`). */
export function npmPage(
  registries: { readonly npm: Registry; readonly scoped: ReadonlyMap<string, Registry> },
  name: string,
  isAbbreviated: boolean,
): PageSource {
  const scope = name.startsWith("@") ? name.slice(0, name.indexOf("/")) : "";
  const registry = registries.scoped.get(scope) ?? registries.npm;
  return {
    key: `npm ${registry.url} ${name}${isAbbreviated ? "" : " whole"}`,
    url: `${registry.url}/${name.replace("/", "%2f")}`,
    accept: isAbbreviated ? `${NPM_ABBREVIATED}; q=1.0, application/json; q=0.8` : "application/json",
    read: (text, _contentType, url) => readPackument(name, text, url),
  };
}

/** A document as it is served at `here`, such as `http://127.0.0.1:3129`. */
export function npmDocument(document: string, here: string): string {
  return document.replaceAll(HERE, here);
}

/** One version of it, or what a tag stands for; `undefined` where there is none. */
export function npmVersion(document: string, versionOrTag: string): string | undefined {
  const packument = JSON.parse(document) as {
    readonly versions?: Readonly<Record<string, unknown>>;
    readonly "dist-tags"?: Readonly<Record<string, string>>;
  };
  const tagged = own(packument["dist-tags"], versionOrTag);
  const version = own(packument.versions, typeof tagged === "string" ? tagged : versionOrTag);
  return version === undefined ? undefined : JSON.stringify(version);
}

function own(object: Readonly<Record<string, unknown>> | undefined, key: string): unknown {
  return object !== undefined && Object.hasOwn(object, key) ? object[key] : undefined;
}

function readPackument(name: string, text: string, url: URL): IndexPage {
  const packument = packumentSchema.parse(JSON.parse(text));
  const files: Record<string, FileSource> = {};
  const short = name.slice(name.indexOf("/") + 1);
  for (const [version, { dist }] of Object.entries(packument.versions)) {
    if (!URL.canParse(dist.tarball, url.href)) continue;
    const tarball = new URL(dist.tarball, url);
    // Registries behind a proxy tell of http where they are asked by https.
    if (url.protocol === "https:" && tarball.protocol === "http:" && tarball.hostname === url.hostname) {
      tarball.protocol = "https:";
    }
    if (tarball.protocol !== "https:" && tarball.protocol !== url.protocol) continue;
    const file = `${short}-${version}.tgz`;
    files[file] = { url: tarball.href, ...hashOf(dist.integrity, dist.shasum) };
    dist.tarball = `${HERE}/npm/${name}/-/${encodeURIComponent(file)}`;
  }
  return { document: JSON.stringify(packument), files: files as IndexPage["files"] };
}

/** The strongest one: `sha512-<base64>`, several apart by spaces; old packages have a SHA-1 alone. */
function hashOf(integrity: string | undefined, shasum: string | undefined): { readonly hash?: FileHash } {
  const all = (integrity ?? "").split(/\s+/);
  for (const algorithm of ALGORITHMS) {
    const found = all.find((one) => one.startsWith(`${algorithm}-`));
    const hex = found === undefined ? undefined : hexOf(found.slice(algorithm.length + 1).split("?")[0]!);
    if (hex !== undefined) return { hash: { algorithm, hex } };
  }
  return shasum !== undefined && /^[0-9a-f]{40}$/i.test(shasum)
    ? { hash: { algorithm: "sha1", hex: shasum.toLowerCase() } }
    : {};
}

function hexOf(base64: string): string | undefined {
  return /^[A-Za-z0-9+/]+={0,2}$/.test(base64)
    ? new Uint8Array(Buffer.from(base64, "base64")).toHex()
    : undefined;
}
