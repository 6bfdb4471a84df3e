/** The hosted workflows: what they are allowed, what they pin, and that they are what GitHub understands. */
import assert from "node:assert/strict";
import { join } from "node:path";
import { parse } from "yaml";
import { TARGETS } from "../../scripts/lib/build.ts";
import { archiveName, platformOf } from "../../scripts/release/platforms.ts";
import { ensureGoProgram } from "../cluster/go_program.ts";

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
const FOLDER = `${root}/.github/workflows`;
const NAMES = ["ci.yaml", "release.yaml"];

interface Step {
  uses?: string;
  run?: string;
  with?: Record<string, unknown>;
}
interface Job {
  permissions?: Record<string, string>;
  "timeout-minutes"?: number;
  needs?: string;
  strategy?: { matrix: { include?: Record<string, string>[] } };
  steps: Step[];
}
interface Workflow {
  permissions: Record<string, string>;
  jobs: Record<string, Job>;
}

const workflow = async (name: string): Promise<Workflow> =>
  parse(await Deno.readTextFile(`${FOLDER}/${name}`));
const commands = (job: Job) => job.steps.map(({ run }) => run ?? "").join("\n");

Deno.test("actionlint finds nothing", async () => {
  const actionlint = await ensureGoProgram({
    name: "actionlint",
    title: "actionlint",
    moduleDir: join(import.meta.dirname ?? ".", "actionlint"),
  });
  const args = ["-no-color", "-shellcheck=", "-pyflakes=", ...NAMES.map((name) => `${FOLDER}/${name}`)];
  const { code, stdout, stderr } = await new Deno.Command(actionlint, { args }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  assert.deepEqual([code, text(stdout), text(stderr)], [0, "", ""]);
});

Deno.test("workflows read only, unless a job says what it writes; every job ends", async () => {
  for (const name of NAMES) {
    const { permissions, jobs } = await workflow(name);
    assert.deepEqual(permissions, { contents: "read" }, name);
    for (const [job, { "timeout-minutes": minutes }] of Object.entries(jobs)) {
      assert.ok((minutes ?? Infinity) <= 120, `${name}: ${job} has no deadline`);
    }
  }
  const { jobs } = await workflow("release.yaml");
  const writes = Object.entries(jobs).map(([name, { permissions = {} }]) =>
    `${name}: ${
      Object.entries(permissions).filter(([, right]) => right === "write").map(([what]) => what).join(" ")
    }`
  );
  assert.deepEqual(writes, [
    "files: id-token attestations",
    "tried: ",
    "images: packages id-token attestations",
    "publish: contents packages",
  ]);
});

Deno.test("actions are named by their commits, and beside them is the version that people read", async () => {
  for (const name of NAMES) {
    const lines = (await Deno.readTextFile(`${FOLDER}/${name}`)).split("\n").filter((line) =>
      /\buses:/.test(line)
    );
    assert.ok(lines.length > 0);
    for (const line of lines) {
      assert.match(line, /uses: [\w-]+\/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/, `${name}: ${line}`);
    }
  }
});

Deno.test("what a checkout runs finds no token of the workflow's in it, and no text of others in a script", async () => {
  for (const name of NAMES) {
    const { jobs } = await workflow(name);
    for (const { uses, with: given, run } of Object.values(jobs).flatMap(({ steps }) => steps)) {
      if (uses?.startsWith("actions/checkout@")) assert.equal(given?.["persist-credentials"], false, name);
      assert.doesNotMatch(run ?? "", /\$\{\{/, `${name}: values reach scripts by their environment`);
    }
  }
});

Deno.test("the hosted tests are .ci/run itself", async () => {
  const { jobs } = await workflow("ci.yaml");
  assert.ok(jobs["linux"]!.steps.some(({ run }) => run === ".ci/run"));
});

Deno.test("a release is made for every target, tried on each, and published only then", async () => {
  const { jobs } = await workflow("release.yaml");
  for (const target of TARGETS) assert.ok(commands(jobs["files"]!).includes(`--target=${target}`), target);
  const tried = jobs["tried"]!.strategy!.matrix.include!.map(({ platform }) =>
    `coder-k8s_1_${platform}.tar.gz`
  );
  assert.deepEqual(
    tried.sort(),
    TARGETS.map((target) => archiveName("coder-k8s", "1", platformOf(target))).sort(),
  );
  assert.deepEqual([jobs["tried"]!.needs, jobs["images"]!.needs, jobs["publish"]!.needs], [
    "files",
    "tried",
    "images",
  ]);
  assert.match(commands(jobs["files"]!), /task --quiet version\)" = "\$GITHUB_REF_NAME"/);
});

Deno.test("both images are built of Containerfile's stages for both architectures, with their parts and provenance", async () => {
  const { jobs } = await workflow("release.yaml");
  const images = jobs["images"]!;
  const text = await Deno.readTextFile(`${root}/Containerfile`);
  for (const { target } of images.strategy!.matrix.include!) {
    assert.match(text, new RegExp(`^FROM \\S+ AS ${target}$`, "m"));
  }
  const settings = images.steps.find(({ uses }) => uses?.startsWith("docker/build-push-action"))!.with!;
  assert.equal(settings["platforms"], "linux/amd64,linux/arm64");
  assert.deepEqual([settings["sbom"], settings["provenance"]], [true, "mode=max"]);
  const given = String(settings["build-args"]).trim().split("\n").map((line) => line.split("=")[0]!);
  for (const name of given) assert.match(text, new RegExp(`^ARG ${name}=`, "m"), name);
});
