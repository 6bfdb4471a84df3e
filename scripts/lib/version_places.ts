/** The version has one place, deno.json; where other files have to name it, they are held to it here. */

/** Where a version stands in a text. The first group is the version. */
const PLACES: readonly { readonly files: RegExp; readonly pattern: RegExp; readonly what: string }[] = [
  {
    files: /./,
    pattern: /ghcr\.io\/coder\/coder-k8s(?:-worker)?:(\d+\.\d+\.\d+[\w.-]*\w|\d+\.\d+\.\d+|latest)/g,
    what: "the image",
  },
  { files: /(^|\/)Containerfile$/, pattern: /^ARG VERSION=(\S+)$/gm, what: "ARG VERSION" },
  {
    files: /^charts\/[^/]+\/Chart\.yaml$/,
    pattern: /^(?:version|appVersion): "?([^\s"]+)"?$/gm,
    what: "the chart",
  },
  { files: /./, pattern: /\bcoder-k8s_(\d+\.\d+\.\d+(?:-[\w.]+)?)_/g, what: "an archive" },
  {
    files: /./,
    pattern: /github\.com\/coder\/coder-k8s\/releases\/download\/v([^/\s"']+)\//g,
    what: "a download",
  },
  {
    files: /./,
    pattern: /oci:\/\/ghcr\.io\/coder\/charts\/coder-k8s\s+--version[ =](\S+)/g,
    what: "the published chart",
  },
  {
    files: /./,
    pattern: /charts\n\s+chart: coder-k8s\n\s+targetRevision: ~(\S+)/g,
    what: "the chart of an application",
  },
];

/** `1.2.3`, or `1.2.3-rc.1`. */
export const VERSION = /^\d+\.\d+\.\d+(-[0-9A-Za-z]+(\.[0-9A-Za-z]+)*)?$/;

/** Files that may name the version of the product, relative to the root. */
export function mayNameVersion(path: string): boolean {
  if (/^(dist|coverage|tests|src|crd)\/|(^|\/)(CHANGELOG\.md|deno\.lock|package-lock\.json)$/.test(path)) {
    return false;
  }
  return /(^|\/)(Containerfile|Containerfile\.\w+)$|\.(md|ya?ml|json|txt|tf|sh)$/.test(path);
}

/** What says another version than deno.json. A version that is filled in later (`<version>`, `$VERSION`) is none. */
export function versionProblems(path: string, text: string, version: string): string[] {
  return PLACES.filter(({ files }) => files.test(path)).flatMap(({ pattern, what }) =>
    [...text.matchAll(pattern)].filter(([, found = ""]) => isVersion(found) && found !== version).map(
      (match) => {
        const line = text.slice(0, match.index).split("\n").length;
        return `${path}:${line}: ${what} is of version ${
          match[1]
        }, deno.json says ${version}: run "deno task version ${version}"`;
      },
    )
  );
}

/** The text with another version in every place. */
export function withVersion(path: string, text: string, version: string): string {
  return PLACES.filter(({ files }) => files.test(path)).reduce(
    (rest, { pattern }) =>
      rest.replaceAll(
        pattern,
        (whole, found: string) => isVersion(found) ? whole.replace(found, version) : whole,
      ),
    text,
  );
}

/** Tools whose versions stand in several files, too: the Deno that everything runs on. */
export function denoProblems(path: string, text: string, deno: string): string[] {
  return [...text.matchAll(/\b(?:deno@|DENO_VERSION=|deno-version: v?)(\d+\.\d+\.\d+)/g)]
    .filter(([, found]) => found !== deno)
    .map(([, found]) => `${path} names Deno ${found}; the project runs on ${deno}`);
}

function isVersion(text: string): boolean {
  return text === "latest" || /^\d+\.\d+\.\d+/.test(text);
}
