/** The binary's own renderer against the real `kubectl kustomize`, for everything that can be asked for. */
import assert from "node:assert/strict";
import { relative } from "node:path";
import { parse } from "yaml";
import { chosen, componentNames, kustomizationOf, SHAPES } from "../../src/install/render/catalog.ts";
import { identityOf } from "../../src/install/render/kustomize.ts";
import { embeddedManifests, variantOf } from "../../src/install/render/variant.ts";
import { pick, seededRandom } from "../../src/telemetry/testing/random.ts";
import { ensureTools } from "../cluster/mod.ts";
import { runKubectl } from "../cluster/kubectl.ts";

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
const CRD = /^kind: CustomResourceDefinition$/m;

const files = await embeddedManifests();
const components = componentNames(Object.keys(files));

/** Objects by identity; definitions, which are large and patched by nobody, as their names alone. */
async function kustomized(names: readonly string[], withCrds: boolean): Promise<Map<string, unknown>> {
  const directory = await Deno.realPath(await Deno.makeTempDir({ prefix: "kustomize-" }));
  try {
    const { resources = [], components = [] } = kustomizationOf(chosen(names, Object.keys(files)));
    const local = (paths: readonly string[]) => paths.map((path) => relative(directory, `${root}/${path}`));
    await Deno.writeTextFile(
      `${directory}/kustomization.yaml`,
      JSON.stringify({ kind: "Kustomization", resources: local(resources), components: local(components) }),
    );
    const { path } = await ensureTools();
    const { stdout } = await runKubectl(path.kubectl, ["kustomize", directory], {});
    const documents = stdout.split(/^---\n/m).filter((text) => withCrds || !CRD.test(text)).map((text) =>
      parse(text)
    );
    return new Map(documents.map((object) => [identityOf(object), object]));
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

async function same(names: readonly string[], withCrds = false): Promise<void> {
  const { objects } = variantOf(files, {
    overlays: names,
    images: [],
    crds: withCrds ? "both" : "without",
  });
  const expected = await kustomized(names, withCrds);
  const rendered = new Map(objects.map((object) => [identityOf(object), object]));
  assert.deepEqual([...rendered.keys()].sort(), [...expected.keys()].sort(), names.join(" "));
  for (const [identity, object] of rendered) {
    assert.deepEqual(object, expected.get(identity), `${names.join(" ")}: ${identity}`);
  }
}

Deno.test("every shape is as kubectl kustomize renders it, with its CRDs", async () => {
  for (const shape of Object.keys(SHAPES)) await same([shape], shape === "all");
});

/** The volume comes with fluent-bit by itself. */
const clash = (names: readonly string[]) => names.includes("audit-volume") && names.includes("fluent-bit");

Deno.test("every component on every shape that it goes with is as kubectl kustomize renders it, in any company", async () => {
  const random = seededRandom(12);
  for (const [shape, { takes }] of Object.entries(SHAPES)) {
    const open = components.filter(takes).sort(() => random() - 0.5);
    while (open.length > 0) {
      // One alone, as most take it, or several.
      const taken = open.splice(0, pick(random, [1, 3, 5]));
      if (clash(taken)) open.push("fluent-bit");
      await same([shape, ...taken.filter((name) => !(clash(taken) && name === "fluent-bit"))]);
    }
  }
});

Deno.test("the ready overlays are the components of their names on the shape all", async () => {
  const { path } = await ensureTools();
  for await (const { name } of Deno.readDir(`${root}/deploy/overlays`)) {
    if (Object.hasOwn(SHAPES, name)) continue;
    const { stdout } = await runKubectl(path.kubectl, ["kustomize", `${root}/deploy/overlays/${name}`], {});
    const documents = stdout.split(/^---\n/m).filter((text) => !CRD.test(text)).map((text) => parse(text));
    const { objects } = variantOf(files, { overlays: [name], images: [], crds: "without" });
    assert.deepEqual(
      new Map(objects.map((object) => [identityOf(object), object])),
      new Map(documents.map((object) => [identityOf(object), object])),
      name,
    );
  }
});
