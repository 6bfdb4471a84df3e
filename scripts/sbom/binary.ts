/** What is in the executable: the modules of its bundle, and the runtime that it is put on. */
import { isAbsolute, join, normalize } from "node:path";
import { writeEntry } from "../lib/build.ts";
import { bundle } from "../lib/executable.ts";
import { root } from "../lib/run.ts";
import type { Stamp } from "../lib/stamp.ts";
import { type Component, cycloneDx, npmPurl } from "./cyclonedx.ts";
import { licenceOf, TOLD } from "./licences.ts";
import { readLock } from "./lock.ts";
import { type Found, packagesOf } from "./packages.ts";

/** The document for one build. Bundles once more, with source maps, in a folder of its own. */
export async function binarySbom(stamp: Stamp): Promise<Record<string, unknown>> {
  const packages = packagesOf(await bundledSources(stamp), root);
  const lock = readLock(await Deno.readTextFile(join(root, "deno.lock")));
  const inside = new Set(packages.map(({ name, version }) => npmPurl(name, version)));
  const only = (needs: readonly string[]) => needs.filter((purl) => inside.has(purl));
  const npm: Component[] = await Promise.all(packages.map(async (one) => {
    const locked = one.vendored ? undefined : lock.packages.get(`${one.name}@${one.version}`);
    return {
      type: "library",
      name: one.name,
      version: one.version,
      purl: npmPurl(one.name, one.version),
      licence: await licence(one),
      integrity: locked?.integrity,
      vendored: one.vendored,
      needs: only(locked?.needs ?? []),
    };
  }));
  const deno = `pkg:github/denoland/deno@v${Deno.version.deno}`;
  const v8 = `pkg:generic/v8@${Deno.version.v8}`;
  const runtime: Component[] = [
    {
      type: "platform",
      name: "deno",
      version: Deno.version.deno,
      purl: deno,
      licence: TOLD["deno"],
      needs: [v8],
    },
    { type: "library", name: "v8", version: Deno.version.v8, purl: v8, licence: TOLD["v8"] },
  ];
  return cycloneDx({
    type: "application",
    name: "coder-k8s",
    version: stamp.version,
    description:
      "npm packages whose code is in the executable, by the source maps of its bundle; Deno's runtime as one part",
    built: stamp.built,
    needs: [deno, ...only(lock.direct)],
  }, [...runtime, ...npm]);
}

async function licence({ name, version, folder }: Found): Promise<string> {
  const told = folder === undefined
    ? undefined
    : licenceOf(JSON.parse(await Deno.readTextFile(join(folder, "package.json"))));
  const known = told ?? TOLD[name];
  if (known !== undefined) return known;
  throw new Error(
    `${name}@${
      version ?? "?"
    } is in the bundle and tells no licence: read it in its sources, and add it to scripts/sbom/licences.ts`,
  );
}

/** Every source that has left something in the bundle. */
async function bundledSources(stamp: Stamp): Promise<Set<string>> {
  const work = await Deno.makeTempDir({ prefix: "coder-k8s-sbom-" });
  try {
    await bundle(await writeEntry(work, stamp), join(work, "bundle"), ["--sourcemap=external"]);
    const sources = new Set<string>();
    for await (const { name } of Deno.readDir(join(work, "bundle"))) {
      if (!name.endsWith(".map")) continue;
      const map = JSON.parse(await Deno.readTextFile(join(work, "bundle", name))) as { sources: string[] };
      for (const source of map.sources) {
        const path = isAbsolute(source) ? normalize(source) : join(work, "bundle", source);
        if (path !== join(work, "coder-k8s.ts")) sources.add(path);
      }
    }
    if (sources.size === 0) throw new Error("the bundle's source maps name no sources");
    return sources;
  } finally {
    await Deno.remove(work, { recursive: true });
  }
}
