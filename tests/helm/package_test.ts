/** The chart as it is published, and the small parts that its tests are made of. */
import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { join } from "node:path";
import { parse } from "yaml";
import { CHART, helm, nameOf, objectsOf, render } from "./helm.ts";
import { NEW_FIELD, olderChart, withoutField } from "./older_chart.ts";
import { productVariants, together } from "./variants.ts";

const root = new URL("../../", import.meta.url).pathname;

Deno.test("the chart is packaged whole, under the version of deno.json, and renders the same from there", async () => {
  const { version } = JSON.parse(await Deno.readTextFile(`${root}deno.json`)) as { version: string };
  const dir = await Deno.makeTempDir({ prefix: "coder-k8s-helm-" });
  try {
    await helm(["package", CHART, "--destination", dir]);
    const file = join(dir, `coder-k8s-${version}.tgz`);
    const { size } = await Deno.stat(file);
    ok(size < 300_000, `${size} bytes`);
    const [packaged, folder] = await Promise.all([render({}, { chart: file }), render()]);
    deepEqual(packaged, folder);
    const { stdout } = await helm(["show", "readme", file]);
    ok(stdout.includes("| `mode` |"));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("the chart is for the versions of Kubernetes that the README names", async () => {
  const chart = parse(await Deno.readTextFile(`${CHART}/Chart.yaml`));
  const named = /Kubernetes (1\.\d+) or later/.exec(await Deno.readTextFile(`${root}README.md`))?.[1];
  equal(chart.kubeVersion, `>=${named}.0-0`);
  const { stdout } = await helm(["show", "chart", CHART]);
  equal(parse(stdout).appVersion, chart.version);
});

Deno.test("images are of the version, also those that the manifests have beside the chart's own", async () => {
  const { version } = JSON.parse(await Deno.readTextFile(`${root}deno.json`)) as { version: string };
  const objects = await render({ mode: "split", workers: { enabled: true }, coordinator: { enabled: true } });
  const images = objects.flatMap(({ spec }) => spec?.template?.spec?.containers ?? []).map(({ image }) =>
    image
  );
  deepEqual([...new Set(images)].sort(), [
    `ghcr.io/coder/coder-k8s-worker:${version}`,
    `ghcr.io/coder/coder-k8s:${version}`,
  ]);
});

Deno.test("an older chart has a CRD without the newer field, and is otherwise the same", async () => {
  const dir = await Deno.makeTempDir({ prefix: "coder-k8s-helm-" });
  try {
    const older = await render({}, { chart: await olderChart(dir) });
    const newer = await render();
    deepEqual(older.map(nameOf), newer.map(nameOf));
    const fields = (objects: typeof older) => {
      const crd = objects.find(({ metadata }) => metadata.name === "codercontrolplanes.coder.com");
      return Object.keys(crd.spec.versions[0].schema.openAPIV3Schema.properties.spec.properties);
    };
    deepEqual(fields(newer).filter((field) => !fields(older).includes(field)), [NEW_FIELD]);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("a field is taken out with all that is below it", () => {
  const text = "a:\n  b:\n    c: 1\n\n    d: 2\n  e: 3\n";
  equal(withoutField(text, "b"), "a:\n  e: 3\n");
  throws(() => withoutField(text, "x"), /there is no field x/);
});

Deno.test("values are laid over one another, and every variant has its own", () => {
  deepEqual(together([{ a: { b: 1, c: [1] } }, { a: { c: [2] }, d: 3 }]), { a: { b: 1, c: [2] }, d: 3 });
  const names = productVariants().map(({ name }) => name);
  equal(new Set(names).size, names.length);
});

Deno.test("what is no YAML is said to be none, and empty documents are none", () => {
  throws(() => objectsOf("a: [1"), /what Helm rendered is no YAML/);
  deepEqual(objectsOf("---\n# nothing\n---\nkind: A\nmetadata: { name: b, namespace: c }\n").map(nameOf), [
    "c/A/b",
  ]);
});
