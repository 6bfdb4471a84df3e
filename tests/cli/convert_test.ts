import assert from "node:assert/strict";
import { parseControlPlane } from "../../src/api/control_plane.ts";
import { convertHelmValues } from "../../src/install/convert/helm.ts";
import { manifestText } from "../../src/install/convert/manifest.ts";
import { installCrds } from "../api/crds.ts";
import { sharedCluster } from "../cluster/mod.ts";
import { CHART_VALUES, CHART_VERSION, type ChartValue, nested, OTHER_VALUES } from "./helm_values.ts";
import { Random, randomValues } from "./random_values.ts";
import { runProgram, source } from "./program.ts";

const EVERY = [...CHART_VALUES, ...OTHER_VALUES];
const page = await Deno.readTextFile(new URL("../../docs/helm-parity.md", import.meta.url));

/** Rows of the page's tables: value, place, remark. */
const rows = page.split("\n").flatMap((line) => {
  const [, value = "", place = ""] = line.split("|").map((cell) => cell.trim());
  return /^`[^`]+`$/.test(value) ? [{ value: value.slice(1, -1), place }] : [];
});

function convert({ path, example, beside = {} }: ChartValue) {
  const values = nested({ "coder.image.tag": "v1.2.3", ...beside, [path]: example });
  return convertHelmValues(values);
}

function at(object: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>(
    (value, key) => (value as Record<string, unknown> | undefined)?.[key],
    object,
  );
}

Deno.test("docs/helm-parity.md has a row for every value of the chart, and no other", () => {
  assert.deepEqual(rows.map(({ value }) => value), EVERY.map(({ path }) => path));
  assert.ok(page.includes(`chart ${CHART_VERSION}`));
});

Deno.test("every value of the chart is mapped to its field, or warned of", () => {
  for (const value of EVERY) {
    const { object, notes } = convert(value);
    const warned = notes.some(({ path, unmapped }) => unmapped && path.startsWith(value.path));
    assert.equal(warned, value.warns ?? value.field === undefined, `${value.path} is warned of`);
    assert.deepEqual(
      notes.filter(({ path, unmapped }) => unmapped && !path.startsWith(value.path)),
      [],
      value.path,
    );
    if (value.field === undefined) continue;
    assert.deepEqual(at(object, value.field[0]), value.field[1], value.path);
  }
});

Deno.test("the page names the fields that values are mapped to, and says of no other that it is mapped", () => {
  for (const { path, field, warns } of EVERY) {
    const place = rows.find(({ value }) => value === path)?.place ?? "";
    const named = /^`([^`]+)`$/.exec(place)?.[1];
    if (field === undefined) assert.equal(named, undefined, path);
    else if (named === undefined) assert.ok(warns, `${path} has a field, but the page names none`);
    else assert.ok(`${field[0]}.`.startsWith(`spec.${named}.`), `${path}: ${field[0]}, not ${named}`);
  }
});

Deno.test("whatever the chart can say becomes a control plane that the schema reads and the API server accepts", async () => {
  const cluster = await sharedCluster();
  await installCrds(cluster);
  const namespace = await cluster.newNamespace();
  const texts = EVERY.map((value) => manifestText(convert(value)));
  for (let seed = 1; seed <= 60; seed++) {
    const conversion = convertHelmValues(randomValues(new Random(seed), EVERY), {
      chartVersion: CHART_VERSION,
    });
    parseControlPlane(conversion.object);
    texts.push(manifestText(conversion));
  }
  // One name each: kubectl sends them all in one run.
  const named = texts.map((text, index) => text.replace(/^ {2}name: coder$/m, `  name: coder-${index}`));
  const { stdout } = await cluster.kubectl(
    ["apply", "--dry-run=server", "--namespace", namespace, "-f", "-"],
    { input: named.join("---\n") },
  );
  assert.equal(stdout.trim().split("\n").length, texts.length);
});

Deno.test("the program converts a file and standard input, and exits 1 where there is nothing to convert", async () => {
  const file = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    await Deno.writeTextFile(file, "coder:\n  replicaCount: 2\n  labels: {a: b}\n");
    const done = await runProgram(source, [
      "convert",
      "helm",
      file,
      "--chart-version=2.30.0",
      "--namespace=team",
    ]);
    assert.equal(done.code, 0);
    assert.match(done.out, /^kind: CoderControlPlane\nmetadata:\n {2}name: coder\n {2}namespace: team$/m);
    assert.match(done.out, /^ {2}image: ghcr\.io\/coder\/coder:v2\.30\.0$/m);
    assert.match(done.err, /^warning: coder\.labels: .*\n$/);
    const empty = await runProgram(source, ["convert", "helm", "-"]);
    assert.deepEqual([empty.code, empty.out.includes("CoderControlPlane")], [0, true]);
    await Deno.writeTextFile(file, "coder: [\n");
    const broken = await runProgram(source, ["convert", "helm", file]);
    assert.deepEqual([broken.code, broken.out], [1, ""]);
    assert.match(broken.err, /^coder-k8s: the values cannot be read: not valid YAML: /);
  } finally {
    await Deno.remove(file);
  }
});
