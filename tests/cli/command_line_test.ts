import assert from "node:assert/strict";
import { runProgram, source } from "./program.ts";

const run = (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
  runProgram(source, args, { env });

/** Two test runs at a time must not meet at the default ports. */
const noPorts = ["--health-bind-address=0", "--metrics-bind-address=0"];

Deno.test("--help is a page on standard output, and exits 0", async () => {
  const { code, out, err } = await run(["--help"]);
  assert.equal(code, 0);
  assert.equal(err, "");
  for (const part of ["Usage", "Set it up", "coder-k8s install", "Sandbox sessions", "Examples"]) {
    assert.ok(out.includes(part), part);
  }
  assert.ok(!out.includes("\x1b"), "a pipe gets no colours");
});

Deno.test("version as JSON is for programs", async () => {
  const { code, out } = await run(["version", "--output=json"]);
  assert.equal(code, 0);
  const facts = JSON.parse(out);
  assert.equal(facts.version, "dev");
  assert.match(facts.commit, /^[0-9a-f]{40}$|^unknown$/);
  assert.match(facts.deno, /^2\.9\.4 /);
});

Deno.test("mistakes of flags, environment and config file are listed together, and the exit code is 2", async () => {
  const file = await Deno.makeTempFile({ suffix: ".yaml" });
  try {
    await Deno.writeTextFile(file, "# settings\nlogLevel: loud\nnamespcae: a\n");
    const { code, out, err } = await run(["controller", "--concurrency=none", "--nonsense"], {
      CODER_K8S_CONFIG: file,
      CODER_K8S_SHUTDOWN_TIMEOUT: "soon",
    });
    assert.equal(code, 2);
    assert.equal(out, "");
    assert.equal(
      err,
      `coder-k8s: 5 mistakes
  - --nonsense: unknown flag
  - namespcae (${file}, line 3): unknown option; did you mean namespace?
  - CODER_K8S_SHUTDOWN_TIMEOUT: must be a duration such as "30s", "1m30s" or "250ms", not negative and at most 10m (it is "soon")
  - --concurrency: must be a whole number from 1 to 256 (it is "none")
  - logLevel (${file}, line 2): must be debug, info, warn or error (it is "loud")
Run "coder-k8s help controller" to see what is possible.
`,
    );
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("a misspelt flag gets a suggestion, a stray argument is refused", async () => {
  const { code, err } = await run(["controller", "--leader-elct=false", "now"]);
  assert.equal(code, 2);
  assert.match(err, /--leader-elct: unknown flag; did you mean --leader-elect\?/);
  assert.match(err, /now: stray argument after controller/);
});

Deno.test("a command and --app that contradict each other are refused", async () => {
  const { code, err } = await run(["controller", "-app=all"]);
  assert.equal(code, 2);
  assert.match(err, /--app=all: contradicts the command controller/);
});

Deno.test("a kubeconfig that cannot be used ends the process with 1 and a line that says which", async () => {
  const { code, err } = await run([
    "controller",
    "--kubeconfig=/does/not/exist",
    "--log-format=json",
    ...noPorts,
  ]);
  assert.equal(code, 1);
  const last = JSON.parse(err.trim().split("\n").at(-1) ?? "");
  assert.equal(last.level, "error");
  assert.match(last.msg, /\/does\/not\/exist/);
});

Deno.test("a port that is taken ends the process with 1 and a line that names the address", async () => {
  const taken = Deno.listen({ port: 0 });
  try {
    const address = `:${(taken.addr as Deno.NetAddr).port}`;
    const { code, err } = await run([
      "controller",
      `--health-bind-address=${address}`,
      "--metrics-bind-address=0",
    ]);
    assert.equal(code, 1);
    assert.match(err, /Cannot listen on .* for health probes/);
  } finally {
    taken.close();
  }
});

Deno.test("the variables of a Service named coder-k8s change nothing, a misspelt twin is mentioned", async () => {
  const { code, err } = await run([
    "controller",
    "--kubeconfig=/does/not/exist",
    "--log-format=text",
    ...noPorts,
  ], {
    CODER_K8S_PORT: "tcp://10.0.0.7:8090",
    CODER_K8S_PORT_8090_TCP_ADDR: "10.0.0.7",
    CODER_K8S_SERVICE_HOST: "10.0.0.7",
    CODER_K8S_SERVICE_PORT_MCP: "8090",
    CODER_K8S_LOGLEVEL: "debug",
  });
  assert.equal(code, 1, "only the kubeconfig is wrong");
  assert.doesNotMatch(err, /CODER_K8S_(PORT|SERVICE)/);
  assert.match(err, /unknown environment variable .*CODER_K8S_LOGLEVEL.*CODER_K8S_LOG_LEVEL/);
});

Deno.test("a session token on the command line warns, and is nowhere in the log", async () => {
  const token = "s3cret-Tok3n-value";
  const args = [
    "controller",
    "--kubeconfig=/does/not/exist",
    "--debug",
    `--coder-session-token=${token}`,
    ...noPorts,
  ];
  const { err } = await run(args);
  assert.match(err, /--coder-session-token puts a secret where every process list shows it/);
  assert.ok(!err.includes(token));
});

Deno.test("a reader that goes away is no failure", async () => {
  const [program = "", ...prefix] = source.command;
  const line = [program, ...prefix, "--help"].map((word) => `'${word}'`).join(" ");
  const { code, stderr } = await new Deno.Command("bash", { args: ["-c", `set -o pipefail; ${line} | true`] })
    .output();
  assert.equal(new TextDecoder().decode(stderr), "");
  assert.equal(code, 0);
});
