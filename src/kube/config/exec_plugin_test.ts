import assert from "node:assert/strict";
import path from "node:path";
import { KubeConfigError } from "./connection.ts";
import { createExecPlugin } from "./exec_plugin.ts";

/** A directory for plugins: shell scripts. */
async function plugins() {
  const root = await Deno.makeTempDir({ prefix: "exec-plugin-" });
  return {
    root,
    async script(body: string): Promise<string> {
      const file = path.join(root, `plugin-${crypto.randomUUID()}`);
      await Deno.writeTextFile(file, `#!/bin/sh\n${body}\n`, { mode: 0o755 });
      return file;
    },
    [Symbol.asyncDispose]: () => Deno.remove(root, { recursive: true }),
  };
}

function plugin(exec: Record<string, unknown>, raw: Record<string, unknown> = {}) {
  const cluster = {
    name: "c",
    server: "https://k:6443",
    caData: "Q0E=",
    skipTLSVerify: false,
    tlsServerName: "kube",
    raw,
  };
  const full = { apiVersion: "client.authentication.k8s.io/v1", ...exec };
  return createExecPlugin({ name: "u", exec: full }, cluster, 'user "u" of file');
}

async function ask(one: ReturnType<typeof plugin>) {
  const options: { headers: Record<string, string>; cert?: string; key?: string } = { headers: {} };
  await one.authenticate(options);
  return options;
}

const answer = (status: object) => JSON.stringify({ kind: "ExecCredential", status });
const inFuture = () => new Date(Date.now() + 3_600_000).toISOString();

Deno.test("the token of the plugin is used and kept until it expires", async () => {
  await using dir = await plugins();
  const count = path.join(dir.root, "count");
  const kept = plugin({
    command: await dir.script(
      `echo x >> ${count}; echo '${answer({ token: "t1", expirationTimestamp: inFuture() })}'`,
    ),
  });
  assert.deepEqual((await ask(kept)).headers, { Authorization: "Bearer t1" });
  await ask(kept);
  assert.equal(await Deno.readTextFile(count), "x\n");

  const expired = new Date(Date.now() - 1_000).toISOString();
  const renewed = plugin({
    command: await dir.script(
      `echo y >> ${count}; echo '${answer({ token: "t2", expirationTimestamp: expired })}'`,
    ),
  });
  await ask(renewed);
  await ask(renewed);
  assert.equal(await Deno.readTextFile(count), "x\ny\ny\n");
});

Deno.test("after forget() the plugin runs again", async () => {
  await using dir = await plugins();
  const count = path.join(dir.root, "count");
  const one = plugin({ command: await dir.script(`echo x >> ${count}; echo '${answer({ token: "t" })}'`) });
  await ask(one);
  one.forget();
  await ask(one);
  assert.equal(await Deno.readTextFile(count), "x\nx\n");
});

Deno.test("many calls at once run the plugin once", async () => {
  await using dir = await plugins();
  const count = path.join(dir.root, "count");
  const one = plugin({
    command: await dir.script(`echo x >> ${count}; sleep 0.1; echo '${answer({ token: "t" })}'`),
  });
  const all = await Promise.all(Array.from({ length: 10 }, () => ask(one)));
  assert.ok(all.every((options) => options.headers["Authorization"] === "Bearer t"));
  assert.equal(await Deno.readTextFile(count), "x\n");
});

/** A plugin that says its process id, and nothing else for a long time. */
async function hanging(dir: Awaited<ReturnType<typeof plugins>>) {
  const pids = path.join(dir.root, "pids");
  await Deno.writeTextFile(pids, "");
  const one = plugin({ command: await dir.script(`echo $$ >> ${pids}; exec sleep 600`) });
  const known = async () => (await Deno.readTextFile(pids)).trim().split("\n").filter(Boolean).map(Number);
  const started = async (count: number) => {
    for (;;) {
      const all = await known();
      if (all.length >= count) return all[count - 1]!;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  return { one, started };
}

async function untilGone(pid: number): Promise<void> {
  const isThere = () => Deno.stat(`/proc/${pid}`).then(() => true, () => false);
  while (await isThere()) await new Promise((resolve) => setTimeout(resolve, 5));
}

Deno.test("a plugin that hangs is ended when nobody waits for it any more, and not before", async () => {
  await using dir = await plugins();
  const { one, started } = await hanging(dir);
  const [first, second] = [new AbortController(), new AbortController()];
  const asked = [first, second].map(({ signal }) => one.authenticate({ headers: {} }, signal));
  const pid = await started(1);
  first.abort();
  await assert.rejects(asked[0]!, { name: "AbortError" });
  assert.ok((await Deno.stat(`/proc/${pid}`)).isDirectory, "somebody waits");
  second.abort();
  await assert.rejects(asked[1]!, { name: "AbortError" });
  await untilGone(pid);

  // Who comes at that moment gets a run of their own.
  const third = new AbortController();
  const again = one.authenticate({ headers: {} }, third.signal);
  const next = await started(2);
  assert.notEqual(next, pid);
  third.abort(new Error("had enough"));
  const anew = one.authenticate({ headers: {} }, AbortSignal.abort(new Error("too late")));
  await assert.rejects(again, /had enough/);
  await assert.rejects(anew, /too late/);
  await untilGone(next);
});

Deno.test("a plugin for which somebody waits without a signal is not ended by others", async () => {
  await using dir = await plugins();
  const go = path.join(dir.root, "go");
  const one = plugin({
    command: await dir.script(`until [ -e ${go} ]; do sleep 0.02; done; echo '${answer({ token: "t" })}'`),
  });
  const stop = new AbortController();
  const [patient, other] = [ask(one), one.authenticate({ headers: {} }, stop.signal)];
  stop.abort();
  await assert.rejects(other);
  await Deno.writeTextFile(go, "");
  assert.equal((await patient).headers["Authorization"], "Bearer t");
});

Deno.test("a client certificate of the plugin is used", async () => {
  await using dir = await plugins();
  const status = answer({ clientCertificateData: "CERT", clientKeyData: "KEY" });
  const { headers, cert, key } = await ask(plugin({ command: await dir.script(`echo '${status}'`) }));
  assert.deepEqual([headers, cert, key], [{}, "CERT", "KEY"]);
});

Deno.test("the plugin gets its arguments, its environment and what client-go tells it", async () => {
  await using dir = await plugins();
  const seen = path.join(dir.root, "seen");
  const one = plugin({
    command: await dir.script(
      `printf '%s\\n' "$1" "$2" "$COLOUR" "$KUBERNETES_EXEC_INFO" > ${seen}; echo '${
        answer({ token: "t" })
      }'`,
    ),
    args: ["get token", "--now"],
    env: [{ name: "COLOUR", value: "blue" }],
    provideClusterInfo: true,
  }, { extensions: [{ name: "client.authentication.k8s.io/exec", extension: { audience: "a" } }] });
  await ask(one);
  const [first, second, colour, info] = (await Deno.readTextFile(seen)).split("\n");
  assert.deepEqual([first, second, colour], ["get token", "--now", "blue"]);
  assert.deepEqual(JSON.parse(info ?? ""), {
    apiVersion: "client.authentication.k8s.io/v1",
    kind: "ExecCredential",
    spec: {
      interactive: false,
      cluster: {
        server: "https://k:6443",
        "tls-server-name": "kube",
        "insecure-skip-tls-verify": false,
        "certificate-authority-data": "Q0E=",
        config: { audience: "a" },
      },
    },
  });
});

Deno.test("the cluster is kept from a plugin that does not ask for it", async () => {
  await using dir = await plugins();
  const seen = path.join(dir.root, "seen");
  const script = `printf '%s' "$KUBERNETES_EXEC_INFO" > ${seen}; echo '${answer({ token: "t" })}'`;
  await ask(plugin({ command: await dir.script(script) }));
  assert.deepEqual(JSON.parse(await Deno.readTextFile(seen)).spec, { interactive: false });
});

Deno.test("the plugin has no terminal to wait for", async () => {
  await using dir = await plugins();
  const one = plugin({ command: await dir.script(`read line; echo '${answer({ token: "t" })}'`) });
  assert.equal((await ask(one)).headers["Authorization"], "Bearer t");
});

Deno.test("a plugin that fails is named, with its words and the hint of the kubeconfig", async () => {
  await using dir = await plugins();
  const command = await dir.script("echo 'please log in' >&2; exit 3");
  await assert.rejects(ask(plugin({ command, installHint: "See https://help." })), (error) => {
    assert.ok(error instanceof KubeConfigError);
    assert.match(
      error.message,
      /plugin-.*" of user "u" of file gave no credentials: please log in\. See https:\/\/help\./,
    );
    return true;
  });
});

Deno.test("a plugin that is not there, says nothing or answers nonsense is an error, and the next call tries again", async () => {
  await using dir = await plugins();
  await assert.rejects(ask(plugin({ command: path.join(dir.root, "none") })), /gave no credentials/);
  await assert.rejects(ask(plugin({ command: await dir.script("exit 1") })), /failed without a word/);
  await assert.rejects(ask(plugin({ command: await dir.script("echo hello") })), /gave no credentials/);
  await assert.rejects(ask(plugin({ command: await dir.script("echo '{}'") })), /gave no credentials/);
  const flaky = path.join(dir.root, "flaky");
  const one = plugin({
    command: await dir.script(
      `[ -e ${flaky} ] || { touch ${flaky}; exit 1; }; echo '${answer({ token: "t" })}'`,
    ),
  });
  await assert.rejects(ask(one), KubeConfigError);
  assert.equal((await ask(one)).headers["Authorization"], "Bearer t");
});

Deno.test("an answer without token and certificate is refused", async () => {
  await using dir = await plugins();
  const one = plugin({ command: await dir.script(`echo '${answer({})}'`) });
  await assert.rejects(ask(one), /neither token nor certificate/);
});

Deno.test("a plugin without a command is refused when the kubeconfig is read", () => {
  assert.throws(() => plugin({}), /exec plugin of user "u" of file has no command/);
});
