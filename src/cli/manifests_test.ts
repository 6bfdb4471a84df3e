import assert from "node:assert/strict";
import { parseAllDocuments } from "yaml";
import { runMain } from "./testing.ts";

const run = (line: string) => runMain(["manifests", ...line.split(" ").filter((word) => word !== "")]);

interface Printed {
  kind: string;
  metadata: { name: string; namespace?: string };
}

async function objects(line: string): Promise<Printed[]> {
  const { code, out } = await run(line);
  assert.equal(code, 0);
  return parseAllDocuments(out).map((document) => document.toJS());
}

Deno.test("manifests are documents that can be applied, in the order in which they are", async () => {
  const printed = await objects("");
  assert.equal(printed[0]?.kind, "CustomResourceDefinition");
  assert.equal(printed.at(-1)?.kind, "APIService");
  assert.ok(
    printed.some(({ kind, metadata }) => kind === "Deployment" && metadata.namespace === "coder-system"),
  );
});

Deno.test("json is one list of the same objects", async () => {
  const { out } = await run("--without-crds -o json");
  const list = JSON.parse(out);
  assert.deepEqual([list.apiVersion, list.kind], ["v1", "List"]);
  assert.deepEqual(list.items, await objects("--without-crds"));
});

Deno.test("CRDs are printed alone, or not at all, and not both", async () => {
  assert.deepEqual(
    (await objects("--crds-only")).map(({ kind }) => kind),
    Array(3).fill("CustomResourceDefinition"),
  );
  const { code, err } = await run("--crds-only --without-crds");
  assert.equal(code, 2);
  assert.match(err, /--crds-only: contradicts --without-crds/);
});

Deno.test("the slot of the network policy is filled in, or told", async () => {
  const open = await run("--without-crds --overlay=network-policy");
  assert.match(open.out, /cidr: 192\.0\.2\.0\/24/);
  assert.match(
    open.err,
    /lets nobody to the aggregated API yet: give --api-server-cidr, or replace 192\.0\.2\.0\/24/,
  );
  const filled = await run("--without-crds --overlay=network-policy --api-server-cidr=10.1.0.0/28");
  assert.equal(filled.err, "");
  assert.match(filled.out, /cidr: 10\.1\.0\.0\/28/);
  assert.ok(!filled.out.includes("192.0.2.0"));
});

Deno.test("coordinator and workers in namespaces of one's own fit, and what the other one needs is told", async () => {
  const workers = await run("--overlay=workers -n boxes --coordinator-namespace=talks");
  assert.equal(workers.code, 0);
  assert.match(workers.out, /--coordinator=https:\/\/coordinator\.talks\.svc:50050/);
  assert.match(
    workers.err,
    /^coder-k8s: .* must let in those of boxes: coder-k8s install --overlay=coordinator --namespace=talks --workers-namespace=boxes\n$/,
  );
  const coordinator = await run("--overlay=coordinator --namespace=talks --workers-namespace=boxes");
  assert.match(coordinator.out, /kubernetes\.io\/metadata\.name: boxes/);
  assert.match(
    coordinator.err,
    /must dial it in talks: coder-k8s install --overlay=workers --namespace=boxes /,
  );
  assert.equal((await run("--overlay=workers")).err, "");
});

Deno.test("mistakes are said, and nothing is printed", async () => {
  const wrong = ["stray", "-o xml", "--overlay=x", "--replicas=-1", "--wait", "--workers-namespace=x"];
  for (const line of [...wrong, "--overlay=workers -n coder-sessions"]) {
    const { code, out, err } = await run(line);
    assert.deepEqual([code, out], [2, ""], line);
    assert.match(err, /coder-k8s help manifests/);
  }
});
