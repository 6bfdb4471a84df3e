/**
 * What Krew and its index ask of a plugin's manifest: what `validate-krew-manifest` refuses, what it warns of, and what
 * the developer guide says besides (https://krew.sigs.k8s.io/docs/developer-guide/).
 */
import { z } from "zod";
import { VERSION } from "../lib/version_places.ts";

/** Platforms that Krew installs on. */
const PLATFORMS = [
  "windows/386",
  "windows/amd64",
  "windows/arm64",
  "linux/386",
  "linux/amd64",
  "linux/arm",
  "linux/arm64",
  "darwin/386",
  "darwin/amd64",
  "darwin/arm64",
];
/** Names that no file can have on Windows. */
const RESERVED = /^(con|prn|aux|nul|(com|lpt)[1-9])$/i;
/** Characters of a line; longer ones are cut off in lists, or folded in ugly ways. */
const LINE = 80;
const SHORT = 50;

const lines = z.string().min(1).refine(
  (text) => text.split("\n").every((line) => line.length <= LINE || !line.trim().includes(" ")),
  `no line may be longer than ${LINE} characters`,
);
/** In the archive, and in a folder of the plugin's own: never beside it. */
const inside = z.string().min(1).refine(
  (path) => !path.startsWith("/") && !path.split("/").includes(".."),
  "must lie in the plugin's folder",
);
const platform = z.strictObject({
  selector: z.strictObject({
    matchLabels: z.strictObject({ os: z.string().min(1), arch: z.string().min(1) }).refine(
      ({ os, arch }) => PLATFORMS.includes(`${os}/${arch}`),
      "Krew knows no such platform",
    ),
  }),
  uri: z.url({ protocol: /^https$/ }).regex(/\.(tar\.gz|zip)$/, "must be a .tar.gz or .zip"),
  sha256: z.string().regex(/^[a-f0-9]{64}$/, "must be 64 hexadecimal digits in lower case"),
  files: z.array(z.strictObject({ from: inside, to: inside })).min(1).optional(),
  bin: inside,
});

const manifest = z.strictObject({
  apiVersion: z.literal("krew.googlecontainertools.github.com/v1alpha2"),
  kind: z.literal("Plugin"),
  metadata: z.strictObject({
    name: z.string().regex(/^[a-z0-9][a-z0-9-]*$/, "must be lower case words with hyphens")
      .refine((name) => !/^(kubectl|kube)/.test(name), "must not begin as all of them would")
      .refine((name) => !RESERVED.test(name), "is a name that Windows keeps"),
  }),
  spec: z.strictObject({
    version: z.string().startsWith("v").refine(
      (version) => VERSION.test(version.slice(1)),
      "must be a semantic version behind a v",
    ),
    homepage: z.url({ protocol: /^https$/ }),
    shortDescription: z.string().min(1).max(SHORT).regex(
      /^[^\r\n]*[^\r\n.]$/,
      "must be one line without a full stop",
    ),
    description: lines,
    caveats: lines.optional(),
    platforms: z.array(platform).min(1).refine(
      (all) => new Set(all.map(({ selector }) => JSON.stringify(selector))).size === all.length,
      "of two for one platform Krew takes any",
    ),
  }),
});

/** Which rules it breaks, in words; empty where it breaks none. @param file what it is called */
export function krewProblems(value: unknown, file: string): string[] {
  const read = manifest.safeParse(value);
  if (!read.success) {
    return read.error.issues.map(({ path, message }) => `${path.join(".") || "the manifest"}: ${message}`);
  }
  const { name } = read.data.metadata;
  return file === `${name}.yaml` ? [] : [`the file must be called ${name}.yaml, not ${file}`];
}
