/** `coder-k8s diagnose` and the tools of the same engine, on the whole product: its process, its port, real clients. */
import assert from "node:assert/strict";
import { parse } from "yaml";
import { diagnoseAt, NoDiagnosisError } from "../../src/app/diagnose.ts";
import { NoBundleError, supportBundleAt } from "../../src/app/support_bundle.ts";
import { readTar } from "../../src/archive/mod.ts";
import { lookConfig } from "../../src/cli/one_look.ts";
import { createLogger } from "../../src/telemetry/log.ts";
import { Redactor } from "../../src/telemetry/redactor.ts";
import { startAppRig } from "../aggregated/app_rig.ts";
import { type Outcome, runProgram, source } from "../cli/program.ts";
import { serviceAccountUser, startCluster, waitFor } from "../cluster/mod.ts";
import { untilAllowed } from "../deploy/access.ts";
import {
  addLogLine,
  addTemplate,
  addWorkspace,
  beginBuild,
  endBuild,
  fakeLicense,
  pickUpBuild,
  startFakeCoder,
} from "../fake-coder/mod.ts";
import { allowedReader } from "../mcp/allowed_reader.ts";
import { CLIENT_1, LATEST } from "../mcp/clients.ts";
import { holdLease } from "../mcp/product_rig.ts";
import { Planted } from "../mcp/planted_world.ts";

const FAILED = "coder.admin.failed";
const STOPPED = "coder.admin.stopped";
const RBAC = "rbac.authorization.k8s.io";

/** Files of a bundle by their paths. */
async function unpacked(archive: Uint8Array): Promise<Map<string, string>> {
  const tar = new Blob([new Uint8Array(archive)]).stream().pipeThrough(new DecompressionStream("gzip"));
  const entries = readTar(new Uint8Array(await new Response(tar).arrayBuffer()));
  return new Map([...entries].map(({ path, content }) => [path, new TextDecoder().decode(content)]));
}

Deno.test("why something is not up is told at a terminal, to programs, and to AI clients", async (t) => {
  await using fake = await startFakeCoder();
  const { state } = fake;
  const { user, token } = state.addOwner();
  const planted = new Planted();
  const inLog = planted.token("the log of a build");
  addTemplate(state, "docker");
  const failed = addWorkspace(state, user, "failed");
  beginBuild(state, failed, "start");
  pickUpBuild(state, failed);
  const { id } = failed["latest_build"] as { id: string };
  addLogLine(state, id, "Terraform apply", `Error: the registry refuses the login with ${inLog}`);
  endBuild(state, failed, "terraform apply: exit status 1");
  const stopped = addWorkspace(state, user, "stopped");
  beginBuild(state, stopped, "stop");
  pickUpBuild(state, stopped);
  endBuild(state, stopped);
  state.licenses.push({ id: state.nextLicenseId++, uuid: crypto.randomUUID(), jwt: fakeLicense() } as never);

  await using cluster = await startCluster({ name: "diagnosis" });
  await holdLease(cluster);
  await using rig = await startAppRig({
    cluster,
    coders: { "lab/coder": { url: fake.url, token } },
    mode: "all",
    mcp: true,
    args: ["--coder-poll-interval=1s", "--leader-election-namespace=held"],
  });
  await waitFor(async () => (await rig.names("coderworkspaces", "lab")).length === 2, { what: "workspaces" });
  const endpoint = ["--coder-access=direct", `--control-plane-endpoint=lab/coder=${fake.url}`];
  const admin = (line: string, env: Record<string, string> = {}) =>
    runProgram(source, ["diagnose", ...line.split(" "), `--kubeconfig=${cluster.kubeconfig}`, ...endpoint], {
      env,
    });
  const asJson = ({ out, err }: Outcome) => {
    assert.equal(err, "");
    return JSON.parse(out);
  };
  const secretsIn = (text: string) => [...planted.in(text), ...(text.includes(token) ? ["the token"] : [])];
  const gist = ({ state, causes }: { state: string; causes: { rule: string; cause: string }[] }) => ({
    state,
    causes: causes.map(({ rule, cause }) => [rule, cause]),
  });
  let known: ReturnType<typeof gist>;
  /** Asks until it throws no more: on a busy machine a look may take too long, and is told as not seen. */
  const seen = <T>(look: () => Promise<T>) =>
    waitFor(async () => ({ found: await look() }), { what: "all to be seen in time", timeoutMs: 180_000 })
      .then(({ found }) => found);

  await t.step(
    "text, JSON and YAML say the same, with the operator's access for who may read its token",
    async () => {
      const [text, json, yaml] = await seen(async () => {
        const outcomes = await Promise.all([
          admin(`workspace ${FAILED} -n lab`),
          admin(`coderworkspace/${FAILED} --namespace lab -o json`),
          admin(`cws ${FAILED} -n lab --output=yaml`),
        ]);
        const { calls: _, ...told } = parse(outcomes[2].out);
        const { calls: __, ...rest } = asJson(outcomes[1]);
        assert.deepEqual(told, rest);
        assert.deepEqual(rest.notSeen, []);
        const flat = outcomes[0].out.replace(/\s+/g, " ");
        for (const { cause } of rest.causes) assert.ok(flat.includes(cause.replace(/\s+/g, " ")), cause);
        return outcomes;
      });
      const { calls, ...rest } = asJson(json);
      assert.deepEqual([text.code, json.code, yaml.code], [1, 1, 1], text.err);
      assert.deepEqual(rest.subject, { kind: "workspace", namespace: "lab", name: FAILED });
      assert.ok(calls.kubernetes + calls.coder <= 15 && calls.coder > 0, JSON.stringify(calls));
      assert.ok(text.out.startsWith(`workspace lab/${FAILED}: `), text.out);
      const flat = text.out.replace(/\s+/g, " ");
      assert.ok(rest.causes.length > 0, json.out);
      for (const { cause, evidence } of rest.causes) {
        assert.ok(flat.includes(cause.replace(/\s+/g, " ")), `${cause}\n${text.out}`);
        for (const { source } of evidence) assert.ok(flat.includes(source), `${source}\n${text.out}`);
      }
      assert.ok(!text.out.includes("\x1b"), "a pipe gets no colours");
      assert.match(json.out, /the registry refuses the login with \[redacted\]/);
      for (const { out } of [text, json, yaml]) assert.deepEqual(secretsIn(out), []);
      known = gist(rest);
    },
  );

  await t.step("with a session token Coder is asked as the person, wherever it is", async () => {
    const outcome = await seen(async () => {
      const answer = await runProgram(source, [
        "diagnose",
        "workspace",
        FAILED,
        "-n",
        "lab",
        `--kubeconfig=${cluster.kubeconfig}`,
        "-o=json",
      ], { env: { CODER_URL: fake.url, CODER_SESSION_TOKEN: token } });
      assert.deepEqual(gist(asJson(answer)), known);
      return answer;
    });
    assert.deepEqual(secretsIn(outcome.out + outcome.err), []);
  });

  await t.step("what was stopped on purpose is well, in one line", async () => {
    await seen(async () => {
      const outcome = await admin(`workspace ${STOPPED} -n lab`);
      assert.deepEqual([outcome.code, outcome.err], [0, ""], outcome.out);
      assert.match(outcome.out, /^workspace lab\/coder\.admin\.stopped: Nothing is wrong\. [^\n]+\n$/);
    });
  });

  await t.step("what is not there, or cannot be asked, is a refusal that says why", async () => {
    const missing = await admin("workspace coder.admin.none -n lab");
    assert.deepEqual([missing.code, missing.out], [2, ""]);
    assert.match(missing.err, /^coder-k8s: there is no workspace lab\/coder\.admin\.none: check its name/);
    const nowhere = await runProgram(source, ["diagnose", "coder/coder", "--kubeconfig=/none"]);
    assert.equal(nowhere.code, 2);
    assert.match(nowhere.err, /^coder-k8s: The kubeconfig \/none .* does not exist/);
  });

  await t.step("who may not read what it takes is told what was not seen, and learns no more", async () => {
    const kubeconfig = await allowedReader(rig, { namespace: "lab", name: "reader" });
    const outcome = await runProgram(source, [
      "diagnose",
      "workspace",
      FAILED,
      "--namespace=lab",
      `--kubeconfig=${kubeconfig}`,
      ...endpoint,
      "-o",
      "json",
    ]);
    const { notSeen, calls } = asJson(outcome);
    assert.ok(notSeen.length > 0 && calls.coder === 0, outcome.out);
    assert.match(JSON.stringify(notSeen), /CODER_SESSION_TOKEN/);
    assert.deepEqual(secretsIn(outcome.out), []);
  });

  await t.step("the same in this process: the namespace is that of the context, an end ends it", async () => {
    const { config } = await lookConfig({
      flags: new Map([["kubeconfig", [cluster.kubeconfig]], ["control-plane-endpoint", [
        `lab/coder=${fake.url}`,
      ]]]),
      environment: { CODER_K8S_CODER_ACCESS: "direct" },
      readTextFile: Deno.readTextFile,
    });
    const { signal } = new AbortController();
    const options = {
      signal,
      log: createLogger({ level: "error", format: "text", redactor: new Redactor() }),
      redactor: new Redactor(),
      environment: {},
      drop: () => Promise.resolve({ dropped: [], kept: [] }),
    };
    const subject = { kind: "workspace", name: FAILED } as const;
    await seen(async () => {
      const diagnosis = await diagnoseAt(config!, { ...subject, namespace: "lab" }, options);
      assert.deepEqual(gist(diagnosis as never), known);
    });
    await assert.rejects(
      diagnoseAt(config!, subject, options),
      (error) => error instanceof NoDiagnosisError && /no workspace default\//.test(error.message),
    );
    await assert.rejects(
      diagnoseAt({ ...config!, kubeconfig: "/none" }, subject, options),
      (error) => error instanceof NoDiagnosisError && /\/none/.test(error.message),
    );
    const ended = AbortSignal.abort(new Error("enough"));
    await assert.rejects(diagnoseAt(config!, subject, { ...options, signal: ended }), /enough/);
  });

  await t.step(
    "a support bundle is one file for its owner, with the diagnoses and without secrets",
    async () => {
      const directory = await Deno.makeTempDir();
      await using _directory = { [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }) };
      const asked = ["support-bundle", "-n=lab", `--kubeconfig=${cluster.kubeconfig}`, ...endpoint];
      const { file, files, err } = await seen(async () => {
        const file = `${await Deno.makeTempDir({ dir: directory })}/bundle.tar.gz`;
        const { code, out, err } = await runProgram(source, [...asked, `--file=${file}`]);
        assert.deepEqual([code, out], [0, ""], err);
        const files = await unpacked(await Deno.readFile(file));
        const index = [...files].find(([path]) => path.endsWith("/index.md"))?.[1] ?? "";
        assert.match(index, /^- workspace lab\/coder\.admin\.failed: .*registry refuses the login/m);
        assert.ok([...files.keys()].some((path) => path.endsWith("/coder/coder.yaml")), index);
        return { file, files, err };
      });
      assert.match(
        err,
        /bundle\.tar\.gz: \d+ files, \d+ KiB\. index\.md lists them; look before you send it\.\n$/,
      );
      assert.equal((await Deno.stat(file)).mode! & 0o777, 0o600);
      const named = (end: string) => [...files].find(([path]) => path.endsWith(end))?.[1] ?? "";
      assert.match(named("/versions.yaml"), /gitVersion: v1\./);
      assert.match(named("/coder/coder.yaml"), /version: v2\./);
      assert.deepEqual(secretsIn([...files].flat().join("\n") + err), []);
      const again = await runProgram(source, [...asked, `--file=${file}`]);
      assert.deepEqual([again.code, again.out], [1, ""]);
      assert.match(again.err, /cannot write .*bundle\.tar\.gz: it is there already: name another file\n$/);
    },
  );

  await t.step("the same in this process: to standard output, within its bounds, and ended", async () => {
    const { config } = await lookConfig({
      flags: new Map([["kubeconfig", [cluster.kubeconfig]]]),
      environment: {},
      readTextFile: Deno.readTextFile,
    });
    const written: Uint8Array[] = [];
    const options = {
      signal: new AbortController().signal,
      log: createLogger({ level: "error", format: "text", redactor: new Redactor() }),
      redactor: new Redactor(),
      environment: {},
      drop: () => Promise.resolve({ dropped: [], kept: [] }),
      toStandardOutput: (bytes: Uint8Array) => Promise.resolve(void written.push(bytes)),
      now: () => Date.UTC(2026, 10, 22),
    };
    const { file, bytes, gaps } = await supportBundleAt(config!, {
      namespace: "lab",
      file: "-",
      maxBytes: 210_000,
      workspaces: [STOPPED, `lab/${FAILED}`],
    }, options);
    assert.deepEqual([file, bytes, written.length], ["-", written[0]!.length, 1]);
    assert.ok(gaps.some(({ why }) => /^left out/.test(why)), JSON.stringify(gaps));
    const paths = [...(await unpacked(written[0]!)).keys()];
    assert.ok(paths.every((path) => path.startsWith("coder-k8s-support-20261122-000000/")), paths.join());
    const directory = await Deno.makeTempDir();
    await using _directory = { [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }) };
    const signal = AbortSignal.abort(new Error("enough"));
    const ended = supportBundleAt(config!, { file: `${directory}/x` }, { ...options, signal });
    await assert.rejects(ended, /enough/);
    assert.deepEqual(await Array.fromAsync(Deno.readDir(directory)), [], "no file is left");
    await assert.rejects(
      supportBundleAt(config!, { file: `${directory}/none/x` }, options),
      (error) => error instanceof NoBundleError && /^cannot write .*none\/x: /.test(error.message),
    );
    await assert.rejects(
      supportBundleAt({ ...config!, kubeconfig: "/none" }, {}, options),
      (error) => error instanceof NoBundleError && /\/none/.test(error.message),
    );
  });

  for (const kind of [LATEST, CLIENT_1]) {
    await t.step(`an AI client (${kind.name}) is told the same`, async () => {
      await cluster.apply(
        ["coder-k8s-workspaces-view", "coder-k8s-workspaces-of-others", "cluster-admin"].map((role) => ({
          apiVersion: `${RBAC}/v1`,
          kind: "ClusterRoleBinding",
          metadata: { name: `ann-${role}` },
          roleRef: { apiGroup: RBAC, kind: "ClusterRole", name: role },
          subjects: [{ kind: "ServiceAccount", namespace: "lab", name: "ann" }],
        })),
      );
      await cluster.serviceAccountKubeconfig({ namespace: "lab", name: "ann" });
      const ann = await cluster.serviceAccountToken({ namespace: "lab", name: "ann" });
      await untilAllowed(cluster, serviceAccountUser({ namespace: "lab", name: "ann" }), [
        { verb: "all", group: "aggregation.coder.com", resource: "coderworkspaces/others" },
        { verb: "list", resource: "secrets" },
      ]);
      await using client = await kind.connect({ url: rig.replica.mcpUrl, token: ann });
      const names = (await client.tools()).map(({ name }) => name).filter((name) => /^diagnose_/.test(name));
      assert.deepEqual(names, ["diagnose_control_plane", "diagnose_provisioner", "diagnose_workspace"]);
      const { text, structured } = await seen(async () => {
        const answer = await client.call("diagnose_workspace", { namespace: "lab", name: FAILED });
        assert.equal(answer.isError, false, answer.text);
        if (answer.structured !== undefined) assert.deepEqual(gist(answer.structured as never), known);
        return answer;
      });
      assert.ok(text.includes(known.state), text);
      assert.match(text, /Untrusted data, what is wrong, and the words that prove it, between the two lines/);
      assert.deepEqual(secretsIn(text + JSON.stringify(structured)), []);
      const missing = await client.call("diagnose_control_plane", { namespace: "lab", name: "none" });
      assert.equal(missing.isError, true);
      assert.match(missing.text, /^diagnose controlplane: there is no controlplane lab\/none/);
    });
  }
});
