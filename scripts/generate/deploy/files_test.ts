import assert from "node:assert/strict";
import { embeddedFiles } from "./files.ts";

const repository = new URL("../../../", import.meta.url).pathname.replace(/\/$/, "");

/** What a generated module has, by path. */
async function filesOf(content: string): Promise<Record<string, unknown[]>> {
  const { FILES } = await import(`data:application/typescript,${encodeURIComponent(content)}`);
  return Object.fromEntries(
    Object.entries(FILES as Record<string, string>).map(([path, text]) => [path, JSON.parse(text)]),
  );
}

async function embedded(given: Record<string, string>): Promise<Record<string, unknown[]>> {
  const root = await Deno.makeTempDir();
  try {
    await Deno.mkdir(`${root}/src/api`, { recursive: true });
    await Deno.symlink(`${repository}/src/api/kubernetes`, `${root}/src/api/kubernetes`);
    for (const [path, text] of Object.entries(given)) {
      await Deno.mkdir(`${root}/${path}`.replace(/\/[^/]+$/, ""), { recursive: true });
      await Deno.writeTextFile(`${root}/${path}`, text);
    }
    const [deploy] = await embeddedFiles(root);
    return await filesOf(deploy!.content);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}

Deno.test("each YAML file of deploy is there by its path, with all of its documents", async () => {
  assert.deepEqual(
    await embedded({
      "deploy/b.yaml": "a: 1\n---\n# nothing\n---\nb: [x]\n",
      "deploy/a/kustomization.yaml": "kind: Kustomization\n",
      "deploy/readme.md": "not: this\n",
      "deploy/samples/x.yaml": "not: this\n",
      "deploy/compose/compose.yaml": "not: this\n",
      "deploy/lint.yaml": "not: this\n",
    }),
    { "deploy/a/kustomization.yaml": [{ kind: "Kustomization" }], "deploy/b.yaml": [{ a: 1 }, { b: ["x"] }] },
  );
});

Deno.test("inline patches are read once, here", async () => {
  const { "deploy/k.yaml": documents } = await embedded({
    "deploy/k.yaml":
      "kind: Component\npatches:\n  - patch: |\n      - op: remove\n        path: /x\n    target: {}\n",
  });
  assert.deepEqual(documents, [{
    kind: "Component",
    patches: [{ patch: '[{"op":"remove","path":"/x"}]', target: {} }],
  }]);
});

Deno.test("what is no YAML is an error that names the file", async () => {
  await assert.rejects(embedded({ "deploy/x.yaml": "a: [\n" }), /deploy\/x\.yaml is not YAML/);
});

Deno.test("the CRDs are those that their generator makes", async () => {
  const [, crds] = await embeddedFiles(repository);
  const files = await filesOf(crds!.content);
  assert.deepEqual(Object.keys(files).filter((path) => path !== "crd/kustomization.yaml"), [
    "crd/coder.com_codercontrolplanes.yaml",
    "crd/coder.com_coderprovisioners.yaml",
    "crd/coder.com_coderworkspaceproxies.yaml",
  ]);
  assert.deepEqual(Object.values(files).map((documents) => documents.length), [1, 1, 1, 1]);
});
