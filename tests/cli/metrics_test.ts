/** The figures that running processes tell are those of the reference, no more and no fewer. */
import assert from "node:assert/strict";
import { type Metric, metricsOf } from "../../scripts/generate/reference/metrics.ts";
import { startAppRig } from "../aggregated/app_rig.ts";
import { waitFor } from "../cluster/mod.ts";
import { startFakeCoder } from "../fake-coder/mod.ts";
import { installOperator } from "../operator/install.ts";
import { freePort, startOperator } from "../operator/process.ts";
import { startRedis } from "../redis/server.ts";
import { startRig } from "../sessions/rig.ts";

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");

/** What a scrape has, with all labels of its samples. */
function figuresOf(text: string): Map<string, { readonly type: string; readonly labels: Set<string> }> {
  const figures = new Map<string, { readonly type: string; readonly labels: Set<string> }>();
  for (const [, name = "", type = ""] of text.matchAll(/^# TYPE (\S+) (\S+)$/gm)) {
    figures.set(name, { type, labels: new Set() });
  }
  for (const [, sample = "", list = ""] of text.matchAll(/^([a-z][a-z0-9_]*)\{(.*)\} \S+$/gm)) {
    const figure = figures.get(sample) ?? figures.get(sample.replace(/_(bucket|sum|count)$/, ""));
    assert.ok(figure !== undefined, `${sample} has no type`);
    for (const [, label = ""] of list.matchAll(/([a-z_]+)="(?:[^"\\]|\\.)*"/g)) {
      if (label !== "le" || figure.type !== "histogram") figure.labels.add(label);
    }
  }
  return figures;
}

/** By process: the text of its `/metrics` once it has all that it may have. */
async function scrapes(): Promise<Map<string, string>> {
  const texts = new Map<string, string>();
  await using fake = await startFakeCoder();
  const { token } = fake.state.addOwner();
  const coders = { "figures/coder": { url: fake.url, token } };
  await using rig = await startAppRig({ mode: "all", mcp: true, coders });
  await waitFor(
    async () => {
      texts.set("all", await rig.replica.process.metrics());
      return /^coder_k8s_coder_requests_total\{/m.test(texts.get("all")!);
    },
    { what: "a request to Coder to be counted", timeoutMs: 120_000 },
  );
  const kubeconfig = await installOperator(rig.cluster);
  for (const mode of ["controller", "aggregated-apiserver", "mcp-http"]) {
    const address = async (flag: string) => `--${flag}-bind-address=127.0.0.1:${await freePort()}`;
    const args = mode === "controller"
      ? ["--leader-elect=false"]
      : [await address(mode === "mcp-http" ? "mcp" : "aggregated")];
    await using operator = await startOperator({ kubeconfig, mode, args });
    await operator.ready(120_000);
    texts.set(mode, await operator.metrics());
  }
  await using redis = await startRedis();
  // Nobody listens there; that spans are to go there is enough.
  const env = { OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await freePort()}` };
  await using sessions = await startRig({
    env,
    args: [`--session-store=${redis.url}`, `--coder-url=${fake.url}`, "--auth=coder,token"],
    workerArgs: ["--egress=example.com"],
  });
  texts.set("coordinator", await sessions.metrics());
  const worker = await sessions.worker("w1").address("metrics");
  texts.set("worker", await (await fetch(`http://${worker}/metrics`)).text());
  return texts;
}

Deno.test("what every mode tells is in the reference, with its labels, and what the reference has is told", async () => {
  const known = new Map((await metricsOf(root)).map((metric) => [metric.name, metric] as const));
  const told = new Set<string>();
  for (const [process, text] of await scrapes()) {
    const figures = figuresOf(text);
    assert.ok(figures.has("process_cpu_seconds_total"), `${process}: ${text.slice(0, 2_000)}`);
    for (const [name, { type, labels }] of figures) {
      const metric: Metric | undefined = known.get(name);
      assert.ok(metric !== undefined, `${process} tells ${name}, which is not in docs/reference/metrics.md`);
      assert.equal(type, metric.type, `${process}: ${name}`);
      const others = [...labels].filter((label) => !metric.labels.includes(label));
      assert.deepEqual(others, [], `${process}: labels of ${name}`);
      told.add(name);
    }
  }
  const missing = [...known.keys()].filter((name) => !told.has(name));
  assert.deepEqual(missing, [], "of the reference, told by nobody");
});
