import assert from "node:assert/strict";
import { convert } from "./convert.ts";

/** Runs `convert` on the file `values.yaml`, or on standard input. */
async function run(
  words: readonly string[],
  flags: Record<string, string> = {},
  text = "coder: {labels: {a: b}}\n",
) {
  let out = "";
  let err = "";
  const call = {
    words,
    flags: new Map(Object.entries(flags).map(([flag, value]) => [flag, [value]])),
    mistakes: [],
  };
  const code = await convert(call, {
    out: (more) => void (out += more),
    err: (more) => void (err += more),
    readTextFile: (path) =>
      path === "values.yaml" ? Promise.resolve(text) : Promise.reject(new Error(`No such file: ${path}`)),
    readStandardInput: () => Promise.resolve(text),
  });
  return { code, out, err };
}

const version = { "chart-version": "2.30.0" };

Deno.test("a file and standard input lead to the same", async () => {
  const file = await run(["helm", "values.yaml"], version);
  assert.equal(file.code, 0);
  assert.match(file.out, /^kind: CoderControlPlane$/m);
  assert.match(file.err, /^warning: coder\.labels: [^\n]+\n$/);
  assert.deepEqual(await run(["helm", "-"], version), file);
});

Deno.test("flags name the control plane, its namespace and the chart", async () => {
  const { out } = await run(["helm", "-"], {
    name: "dev",
    namespace: "team",
    "chart-version": "coder-2.31.0-rc.1",
  });
  assert.match(out, /^metadata:\n {2}name: dev\n {2}namespace: team$/m);
  assert.match(out, /^ {2}image: ghcr\.io\/coder\/coder:v2\.31\.0-rc\.1$/m);
  assert.match((await run(["helm", "-"], { "chart-version": "v2.30.0" })).out, /:v2\.30\.0$/m);
});

Deno.test("values that cannot be read or converted exit 1, with the reason alone", async () => {
  const cases: readonly [Promise<{ code: number; out: string; err: string }>, RegExp][] = [
    [
      run(["helm", "missing.yaml"]),
      /^coder-k8s: the values cannot be read: missing\.yaml: No such file: missing\.yaml\n$/,
    ],
    [run(["helm", "-"], {}, "a: ["), /^coder-k8s: the values cannot be read: not valid YAML/],
    [run(["helm", "-"], {}, "- a"), /they must be a map/],
    [run(["helm", "-"], {}, "coder: {workspaceProxy: true}"), /write a CoderWorkspaceProxy/],
  ];
  for (const [result, message] of cases) {
    const { code, out, err } = await result;
    assert.deepEqual([code, out], [1, ""], err);
    assert.match(err, message);
  }
});

Deno.test("a command line that is not understood exits 2 and lists every mistake", async () => {
  const cases: readonly [string[], Record<string, string>, RegExp][] = [
    [[], {}, /convert: needs what to convert from: helm/],
    [["compose"], {}, /compose: cannot be converted from; write helm/],
    [["helm"], {}, /convert helm: needs a file with values, or - for standard input/],
    [["helm", "-", "more"], {}, /more: stray argument after convert/],
    [["helm", "-"], { name: "Dev" }, /--name: must be at most 63 lower-case letters/],
    [["helm", "-"], { name: "" }, /--name: must be/],
    [["helm", "-"], { namespace: "a,b" }, /--namespace: must be one namespace name/],
    [["helm", "-"], { "chart-version": "latest" }, /--chart-version: must be a version such as 2\.30\.0/],
  ];
  for (const [words, flags, message] of cases) {
    const { code, out, err } = await run(words, flags);
    assert.deepEqual([code, out], [2, ""], err);
    assert.match(err, message);
    assert.match(err, /Run "coder-k8s help convert"/);
  }
  const { err } = await run(["compose", "x", "y"], { name: "Dev", namespace: "B" });
  assert.match(err, /^coder-k8s: 4 mistakes\n/);
});

Deno.test("what is no mistake of the user is not hidden", async () => {
  const call = { words: ["helm", "-"], flags: new Map(), mistakes: [] };
  const around = {
    out: () => {},
    err: () => {},
    readTextFile: () => Promise.resolve(""),
    readStandardInput: () => Promise.reject(new TypeError("broken")),
  };
  await assert.rejects(convert(call, around), TypeError);
});
