/** No answer of any tool, resource or prompt has a secret in it, wherever secrets lie. */
import assert from "node:assert/strict";
import { createBudget, createCoderClient, createTransport } from "../../src/coder/mod.ts";
import { loadKubeConfig } from "../../src/kube/config/kube_config.ts";
import { createRestClient } from "../../src/kube/rest/rest_client.ts";
import { answerRedaction } from "../../src/mcp/answers/redacted.ts";
import { clientCluster } from "../../src/mcp/caller/client_cluster.ts";
import type { CallerCoders } from "../../src/caller/types.ts";
import { ToolError } from "../../src/mcp/errors.ts";
import { makeBundle } from "../../src/bundle/mod.ts";
import { createPromptShelf } from "../../src/mcp/prompts/mod.ts";
import { createResourceShelf } from "../../src/mcp/resources/mod.ts";
import { CALLER, toolRig } from "../../src/mcp/testing.ts";
import type { ToolAnswer } from "../../src/mcp/run.ts";
import { Redactor } from "../../src/telemetry/redactor.ts";
import { startAppRig } from "../aggregated/app_rig.ts";
import { waitFor } from "../cluster/mod.ts";
import { startFakeCoder } from "../fake-coder/mod.ts";
import { ALL_TOOLS } from "./all_tools.ts";
import { FakeKubelet } from "./fake_kubelet.ts";
import { carelessLog, Planted, plantInCluster, plantInCoder } from "./planted_world.ts";
import { inputOf, someValue, type Words } from "./some_arguments.ts";

/** So many arguments are tried with each tool. */
const ROUNDS = 8;
/** The fake Coder has no tasks; those of a real one are in `workspace_tools_test.ts`. */
const WITHOUT_ANSWER = /_tasks?(?:_|$)/;
const WORKSPACE = "coder.admin.dev";
const TEMPLATE = "coder.docker";

Deno.test("no tool, resource or prompt gives a secret away", async (t) => {
  const planted = new Planted();
  const registered = planted.secret("a value that the process knows");
  await using fake = await startFakeCoder();
  const { user, token } = fake.state.addOwner();
  const { versions } = plantInCoder(fake.state, user, planted, registered);
  await using rig = await startAppRig({ coders: { "lab/coder": { url: fake.url, token } } });
  await using kubelet = await FakeKubelet.start(rig.cluster);
  await plantInCluster(rig.cluster, planted, kubelet.node);
  const log = carelessLog(planted, registered, "log of a pod").map((line) => [Date.now(), line] as const);
  kubelet.logs.set("lab/dev/coder", log).set("lab/dev/coder/previous", log);
  for (const kind of ["coderworkspaces", "codertemplates"]) {
    await waitFor(async () => (await rig.names(kind, "lab")).length > 0, { what: `${kind} to be shown` });
  }

  const rest = createRestClient({ connection: loadKubeConfig({ kubeconfig: rig.cluster.kubeconfig }) });
  await using _rest = { [Symbol.asyncDispose]: () => Promise.resolve(rest.close()) };
  const transport = createTransport({ url: fake.url });
  await using _transport = { [Symbol.asyncDispose]: () => Promise.resolve(transport.close()) };
  const budget = createBudget({ perMinute: 1_000_000, burst: 1_000_000 });
  const client = createCoderClient({ transport, token, budget });
  const ref = { id: "lab/coder", namespace: "lab", controlPlane: "coder" };
  const coders: CallerCoders = {
    list: () => Promise.resolve([ref]),
    open: () => Promise.resolve({ ref, client, as: "caller", user: "admin" }),
  };
  const redactor = new Redactor();
  redactor.add(registered);
  const redaction = answerRedaction(redactor);
  const cluster = clientCluster(rest);
  const clean = (about: string, ...texts: string[]) =>
    assert.deepEqual(texts.flatMap((text) => planted.in(text)), [], about);

  const names: Words = (field) => {
    const last = field.split(".").at(-1) ?? "";
    if (last === "namespace") return ["lab"];
    if (/controlPlane/i.test(last)) return ["coder"];
    if (/template$/i.test(last)) return ["docker"];
    if (last === "preset") return [undefined];
    if (/version|^from$|^to$/i.test(last)) return [versions[0], versions[1]];
    if (last === "path") return ["main.tf", "run.sh"];
    if (last === "grep") return ["e|s", "token", "password"];
    if (last === "cursor" || last === "continue") return [undefined];
    return ["coder", "dev", WORKSPACE, TEMPLATE, "prov", "proxy", "admin"];
  };
  /** A name that the tool has something of. */
  const nameFor = (tool: string): string => {
    if (tool === "create_workspace") return "coder.admin.fresh";
    if (/workspace(?!_prox)/.test(tool)) return WORKSPACE;
    if (/template/.test(tool)) return TEMPLATE;
    if (/provisioner/.test(tool)) return "prov";
    if (/proxy/.test(tool)) return "proxy";
    return /pod/.test(tool) && !/control/.test(tool) ? "dev" : "coder";
  };

  await t.step("there is something to give away", async () => {
    const nothing = { text: (text: string) => text, value: <T>(value: T) => value, generation: 0 };
    const open = toolRig({ cluster, coders, redaction: nothing });
    for (
      const [name, args] of [["get_pod_logs", { name: "dev" }], ["get_workspace_build_log", {
        name: WORKSPACE,
      }]] as const
    ) {
      const tool = ALL_TOOLS.find((one) => one.name === name)!;
      const { text } = await open.run(tool, { namespace: "lab", ...args });
      assert.ok(planted.in(text).length >= 5, `${name}: ${planted.in(text)}`);
    }
  });

  for (const tool of ALL_TOOLS) {
    await t.step(tool.name, async () => {
      const answers: ToolAnswer[] = [];
      const refusals: string[] = [];
      const schema = inputOf(tool);
      const few = /^(?:delete|wait)/.test(tool.name);
      const rounds = Array.from({ length: few ? 2 : ROUNDS }, (_, round) => round);
      for (const round of rounds) {
        const given = someValue(schema, names, round) as Record<string, unknown>;
        const args = round < ROUNDS / 2 && "name" in schema.properties
          ? { ...given, name: nameFor(tool.name) }
          : given;
        const caller = toolRig({
          cluster,
          coders,
          redaction,
          signal: AbortSignal.timeout(/^wait/.test(tool.name) ? 10_000 : 60_000),
        });
        const run = async () => {
          const answer = await caller.run(tool, args);
          answers.push(answer);
          const { planToken } = (answer.output["plan"] ?? {}) as { planToken?: string };
          // What is deleted is looked at as a plan alone.
          if (planToken === undefined || /^delete/.test(tool.name)) return;
          answers.push(await caller.run(tool, { ...args, planToken }));
        };
        await run().catch((error) => {
          // An end by the deadline is no answer.
          if (error instanceof ToolError) refusals.push(error.message);
          else if (!(error instanceof DOMException)) throw error;
        });
      }
      clean(tool.name, ...answers.flatMap(({ text, output }) => [text, JSON.stringify(output)]), ...refusals);
      if (!WITHOUT_ANSWER.test(tool.name)) {
        assert.ok(answers.length > 0, `only refusals: ${refusals.join("\n")}`);
      }
    });
  }

  const call = { caller: CALLER, cluster, coders, signal: AbortSignal.timeout(600_000), now: Date.now };
  await t.step("resources", async () => {
    const shelf = createResourceShelf();
    const { resources } = await shelf.list(undefined, call);
    clean("the list of resources", redaction.text(JSON.stringify(resources)));
    const uris = [...resources.map(({ uri }) => uri), ...resources.map(({ uri }) => `${uri}/log`)];
    for (const path of ["main.tf", "run.sh"]) uris.push(`coder://templates/lab/${TEMPLATE}/files/${path}`);
    for (const uri of uris) clean(uri, redaction.text((await shelf.read(uri, call)).text));
    assert.ok(uris.length >= 6, uris.join());
  });
  await t.step("support bundle", async () => {
    const pods = await rig.cluster.request("GET", "/api/v1/namespaces/lab/pods");
    const log = carelessLog(planted, registered, "log of Coder's pod").map((line) =>
      [Date.now(), line] as const
    );
    for (const { metadata } of pods.items) kubelet.logs.set(`lab/${metadata.name}/coder`, log);
    const { signal } = call;
    const raw = async (path: string, options: { maxBytes: number; signal: AbortSignal }) =>
      new TextDecoder().decode((await rest.bytes(path, options)).bytes);
    const { files, gaps } = await makeBundle(
      { cluster, coders, now: Date.now, build: { "coder-k8s": "test" }, redaction, raw },
      { signal, namespace: "lab", operatorNamespace: "lab" },
    );
    for (const { path, text } of files) clean(`support bundle: ${path}`, path, text);
    clean("support bundle: gaps", JSON.stringify(gaps));
    const paths = files.map(({ path }) => path);
    for (
      const part of [
        /^index\.md$/,
        /\/logs\/.*\.log$/,
        /events\.txt$/,
        /\/coder\/coder\.yaml$/,
        /^diagnoses\//,
      ]
    ) assert.ok(paths.some((path) => part.test(path)), `${part}: ${paths.join(", ")}`);
  });
  await t.step("prompts", async () => {
    const shelf = createPromptShelf();
    for (const prompt of shelf.prompts) {
      const args = Object.fromEntries(
        prompt.arguments.filter(({ required }) => required).map((
          { name },
        ) => [name, name === "namespace" ? "lab" : "coder"]),
      );
      const { text } = await shelf.get(prompt.name, args, call).catch(({ message }) => ({
        text: String(message),
      }));
      clean(prompt.name, redaction.text(text));
    }
  });
  assert.ok(planted.places.size > 60, String(planted.places.size));
});
