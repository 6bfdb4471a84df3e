import assert from "node:assert/strict";
import type { Config } from "../app/config.ts";
import type { BundleRequest } from "../app/support_bundle.ts";
import type { Bundled } from "./support_bundle.ts";
import { runMain } from "./testing.ts";

const WRITTEN = { file: "a.tar.gz", bytes: 2_500_000, files: 12, gaps: [] };

async function run(line: string, bundled: Bundled = { written: WRITTEN }) {
  const asked: { config: Config; request: BundleRequest }[] = [];
  const ran = await runMain(["support-bundle", ...line.split(" ").filter((word) => word !== "")], {
    supportBundle: (config, request) => {
      asked.push({ config, request });
      return Promise.resolve(bundled);
    },
  });
  return { ...ran, asked };
}

Deno.test("what is asked for goes on as it was written", async () => {
  const { asked, code } = await run(
    "-n lab --operator-namespace=ops --file=x.tgz --since=2h --max-size=3 --workspace=a.b.c --workspace=o/d.e.f " +
      "--kubeconfig=/k",
  );
  assert.equal(code, 0);
  assert.deepEqual(asked[0]?.request, {
    namespace: "lab",
    operatorNamespace: "ops",
    file: "x.tgz",
    sinceMs: 7_200_000,
    maxBytes: 3_145_728,
    workspaces: ["a.b.c", "o/d.e.f"],
  });
  assert.equal(asked[0]?.config.kubeconfig, "/k");
});

Deno.test("without flags everything is asked for, as it is by default", async () => {
  const [asked] = (await run("")).asked;
  assert.deepEqual(Object.values(asked!.request), Array(6).fill(undefined));
});

Deno.test("what was written is told on standard error, and standard output stays empty", async () => {
  const { out, err } = await run("");
  assert.equal(out, "");
  assert.equal(
    err,
    "Everything was read.\n\na.tar.gz: 12 files, 2.4 MiB. index.md lists them; look before you send it.\n",
  );
  const small = await run("--file=-", { written: { ...WRITTEN, file: "-", bytes: 1_500 } });
  assert.match(small.err, /^standard output: 12 files, 2 KiB\./m);
});

Deno.test("what is not in it is told, the first ten of it", async () => {
  const gaps = Array.from({ length: 12 }, (_, at) => ({ what: `thing ${at}`, why: "forbidden" }));
  const { err, code } = await run("", { written: { ...WRITTEN, gaps } });
  assert.match(err, /^Not in it:\n {2}thing 0: forbidden\n[^]* {2}thing 9: forbidden\n {2}and 2 more\n/);
  assert.equal(code, 0);
});

Deno.test("what cannot be written is said, and the exit code is 1", async () => {
  const { code, err } = await run("", { refusal: "cannot write a.tar.gz: it is there already" });
  assert.deepEqual([code, err], [1, "coder-k8s: cannot write a.tar.gz: it is there already\n"]);
});

Deno.test("what is not understood is named, and nothing is read", async () => {
  for (
    const [line, mistake] of [
      ["lab", "lab: stray argument after support-bundle"],
      ["--since=yesterday", "--since: must be a duration"],
      ["--max-size=0", "--max-size: must be a whole number from 1 to 1024"],
      ["--namespace=a,b", "--namespace: must be one namespace name"],
      ["--operator-namespace=", "--operator-namespace: must be one namespace name"],
      ["--output=json", "--output: is not a flag of support-bundle"],
    ] as const
  ) {
    const { code, err, asked } = await run(line);
    assert.deepEqual([code, asked], [2, []], line);
    assert.ok(err.includes(mistake), `${line}: ${err}`);
  }
});
