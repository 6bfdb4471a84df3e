/** `pkg.install` with the real pip and npm and the registries of this machine, and the test frameworks that npm has. */
import assert from "node:assert/strict";
import { openTestHost } from "../../src/sessions/sandbox/testing.ts";
import { type ExecutorRig, executorRig } from "../../src/sessions/worker/testing/executor_rig.ts";

const waitMs = 290_000;
/** What this machine has set for its registries; sessions have nothing of it by themselves. */
const REGISTRIES =
  /^(PIP_INDEX_URL|PIP_EXTRA_INDEX_URL|PIP_CERT|PIP_TRUSTED_HOST|npm_config_registry|NPM_CONFIG_REGISTRY|HTTPS?_PROXY|https?_proxy|NO_PROXY|no_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_FILE)$/;

async function withWorker(work: (rig: ExecutorRig) => Promise<void>): Promise<void> {
  const environment = Object.fromEntries(
    Object.entries(Deno.env.toObject()).filter(([name]) => REGISTRIES.test(name)),
  );
  await using test = await openTestHost({ network: "host" });
  await using rig = executorRig(test.host, {
    directory: test.directory,
    packages: { environment: { ...environment, npm_config_fetch_retries: "5" } },
  });
  await rig.open();
  await work(rig);
}

const names = (output: Record<string, unknown>) =>
  (output["installed"] as { name: string; version: string }[]).map(({ name, version }) =>
    `${name} ${version}`
  );

Deno.test("pip installs for the session alone, what is named and what a file names", () =>
  withWorker(async (rig) => {
    const named = await rig.ok("pkg.install", { packages: ["six==1.16.0"], waitMs });
    assert.deepEqual([named["exitCode"], names(named)], [0, ["six 1.16.0"]], JSON.stringify(named));
    const used = await rig.ok("run.python", {
      code: "import six\nprint(six.__version__, six.__file__)",
      waitMs,
    });
    assert.match(String(used["stdout"]), /^1\.16\.0 \/home\/session\/\.local\//);
    const again = await rig.ok("pkg.install", { packages: ["six==1.16.0"], waitMs });
    assert.deepEqual([again["exitCode"], names(again)], [0, []]);
    assert.match(String(again["stdout"]), /already satisfied/);
    await rig.write("sub/needs.txt", "six==1.15.0\n");
    const other = await rig.ok("pkg.install", { from: "sub/needs.txt", waitMs });
    assert.deepEqual(names(other), ["six 1.15.0"]);
    const none = await rig.ok("pkg.install", { packages: ["six==0.0.0.1"], waitMs });
    assert.deepEqual([none["exitCode"], names(none)], [1, []]);
    assert.match(String(none["stderr"]), /No matching distribution found for six==0\.0\.0\.1/);
    await rig.open("sess-b");
    const elsewhere = await rig.ok("run.python", {
      code:
        "import importlib.util\nprint(importlib.util.find_spec('six') and '.local' in importlib.util.find_spec('six').origin)",
      waitMs,
    }, { session: "sess-b" });
    assert.notEqual(elsewhere["stdout"], "True\n");
    assert.equal((await rig.ok("run.command", { command: "ls /tmp", waitMs }))["stdout"], "");
  }));

Deno.test("npm installs into the session's directory, or into one below it", () =>
  withWorker(async (rig) => {
    const named = await rig.ok("pkg.install", { manager: "npm", packages: ["left-pad@1.3.0"], waitMs });
    assert.deepEqual([named["exitCode"], names(named)], [0, ["left-pad 1.3.0"]], JSON.stringify(named));
    const used = await rig.ok("run.command", {
      command: ["node", "-p", "require('left-pad')('x', 3)"],
      waitMs,
    });
    assert.equal(used["stdout"], "  x\n");
    await rig.write("web/package.json", '{"dependencies": {"left-pad": "1.2.0"}}');
    const from = await rig.ok("pkg.install", { manager: "npm", from: "web", waitMs });
    assert.deepEqual(names(from), ["left-pad 1.2.0"]);
    const again = await rig.ok("pkg.install", { manager: "npm", from: "web", waitMs });
    assert.deepEqual([again["exitCode"], names(again)], [0, []]);
    const none = await rig.ok("pkg.install", { manager: "npm", packages: ["left-pad@99.0.0"], waitMs });
    assert.equal(none["exitCode"], 1);
    assert.match(String(none["stderr"]), /No matching version found for left-pad@99\.0\.0/);
    await rig.fails("not_found", "pkg.install", { manager: "npm", from: "nowhere", waitMs });
  }));

const group = (head: string) =>
  `${head}
describe("group", () => {
  it("passes", () => { expect(1).toBe(1); });
  it("fails", () => {
    expect(1).toBe(2);
  });
  it.skip("is left", () => {});
});
`;

interface Failed {
  readonly name: string;
  readonly file: string;
  readonly line?: number;
  readonly message: string;
}

for (
  const { framework, version, head, broken } of [
    { framework: "jest", version: "30.5.2", head: "", broken: "require('./nothing');\n" },
    {
      framework: "vitest",
      version: "3.2.7",
      head: 'import { describe, expect, it } from "vitest";',
      broken: "import './nothing.js';\n",
    },
  ]
) {
  Deno.test(`${framework}, as npm has it: found by its package, run from below it`, () =>
    withWorker(async (rig) => {
      const packages = [`${framework}@${version}`];
      const installed = await rig.ok("pkg.install", { manager: "npm", packages, waitMs });
      assert.equal(installed["exitCode"], 0, JSON.stringify(installed).slice(0, 2_000));
      assert.ok(names(installed).some((name) => name === `${framework} ${version}`));
      await rig.write("sub/x.test.js", group(head));
      await rig.write("sub/y.test.js", broken);
      const output = await rig.ok("test.run", { path: "sub", waitMs });
      assert.deepEqual([output["framework"], output["counts"]], [
        framework,
        { passed: 1, failed: 1, skipped: 1, errors: 1 },
      ]);
      const failures = (output["failures"] as Failed[]).toSorted((a, b) => a.file < b.file ? -1 : 1);
      const [failed, missing] = failures;
      assert.deepEqual([failed?.name, failed?.file, failed?.line], ["group fails", "sub/x.test.js", 5]);
      assert.equal(missing?.file, "sub/y.test.js");
      assert.match(missing!.message, /Cannot find module|Failed to (load|resolve)/);
      const one = await rig.ok("test.run", { path: "sub/x.test.js", args: ["-t", "passes"], waitMs });
      assert.deepEqual([(one["counts"] as { passed: number; failed: number }).passed, one["failures"]], [
        1,
        [],
      ]);
    }));
}

Deno.test("mocha, as npm has it", () =>
  withWorker(async (rig) => {
    await rig.write("mo/package.json", "{}");
    const installed = await rig.ok("pkg.install", {
      manager: "npm",
      packages: ["mocha@11.8.0"],
      from: "mo",
      waitMs,
    });
    assert.equal(installed["exitCode"], 0, JSON.stringify(installed).slice(0, 2_000));
    await rig.write(
      "mo/test/x.js",
      `const assert = require("node:assert");
describe("group", () => {
  it("passes", () => {});
  it("fails", () => {
    assert.equal(1, 2);
  });
  it("later");
});
describe("hooked", () => {
  before(() => { throw new Error("hook"); });
  it("never", () => {});
});
`,
    );
    const output = await rig.ok("test.run", { path: "mo", waitMs });
    assert.deepEqual([output["framework"], output["counts"]], ["mocha", {
      passed: 1,
      failed: 1,
      skipped: 1,
      errors: 1,
    }]);
    assert.deepEqual((output["failures"] as Failed[]).map(({ name, file, line }) => [name, file, line]), [
      ["group fails", "mo/test/x.js", 5],
      ['hooked "before all" hook for "never"', "mo/test/x.js", 10],
    ]);
  }));
