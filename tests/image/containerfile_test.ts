/** Containerfile as text: what it promises, and what a linter of such files says. */
import assert from "node:assert/strict";
import { ACCOUNTS } from "./jail.ts";
import { debianPackages, readContainerfile, stagesOf } from "./containerfile.ts";
import { hadolint } from "./lint_tools.ts";

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");

Deno.test("stages are read: continued lines, comments between them, last user, all variables", () => {
  const stages = stagesOf(`# first
FROM a:1 AS one
RUN apt-get update \\
  # why
  && apt-get install -y --no-install-recommends \\
    git python3 \\
  && rm -rf /x
ENV A=1 B="two words"
USER 0:0
USER 7:8
EXPOSE 1 2
EXPOSE 3
ENTRYPOINT ["/p"]
FROM b AS two
LABEL x.y="z"
ARG V=3
CMD ["c", "d"]
`);
  const one = stages.get("one")!;
  assert.deepEqual(debianPackages(one), ["git", "python3"]);
  assert.deepEqual([one.env, one.uid, one.gid], [{ A: "1", B: "two words" }, 7, 8]);
  assert.deepEqual([one.ports, one.entrypoint, one.command], [[1, 2, 3], ["/p"], []]);
  const two = stages.get("two")!;
  assert.deepEqual([two.from, two.labels, two.arguments], ["b", { "x.y": "z" }, { V: "3" }]);
  assert.deepEqual([two.uid, two.command], [undefined, ["c", "d"]]);
  assert.throws(() => stagesOf("FROM nameless\n"), /every stage has a name/);
});

Deno.test("both images run as 1000, are labelled, and start the product", async () => {
  const { version } = JSON.parse(await Deno.readTextFile(`${root}/deno.json`));
  const stages = await readContainerfile();
  assert.deepEqual([...stages.keys()], ["build", "worker", "coder-k8s"]);
  for (const name of ["coder-k8s", "worker"]) {
    const stage = stages.get(name)!;
    assert.deepEqual([stage.uid, stage.gid], [1000, 1000], name);
    assert.deepEqual(stage.entrypoint, ["/coder-k8s"]);
    assert.deepEqual(stage.env, { DENO_DIR: "/tmp/deno", HOME: "/tmp" });
    assert.equal(stage.arguments["VERSION"], version);
    const { labels } = stage;
    assert.equal(labels["org.opencontainers.image.version"], "${VERSION}");
    assert.equal(labels["org.opencontainers.image.revision"], "${SOURCE_COMMIT}");
    for (const label of ["title", "description", "source", "url", "licenses"]) {
      assert.ok(labels[`org.opencontainers.image.${label}`], label);
    }
  }
  assert.deepEqual(stages.get("worker")!.command, ["worker"]);
  assert.deepEqual(stages.get("coder-k8s")!.command, []);
});

Deno.test("the product's image runs nothing while it is built, and its accounts are those of the tests", async () => {
  const stages = await readContainerfile();
  const product = stages.get("coder-k8s")!;
  assert.equal(product.from, "gcr.io/distroless/cc-debian12:nonroot");
  assert.deepEqual(product.runs, []);
  const build = stages.get("build")!.runs.join("\n");
  for (const line of [...ACCOUNTS.passwd.trim().split("\n"), ...ACCOUNTS.group.trim().split("\n")]) {
    assert.ok(build.includes(`'${line}'`), line);
  }
});

Deno.test("both images list what is in them", async () => {
  const build = (await readContainerfile()).get("build")!.runs.join("\n");
  assert.match(build, /deno task sbom --out=\/src\/dist\/coder-k8s\.cdx\.json/);
  assert.match(build, /cp LICENSE dist\/coder-k8s\.cdx\.json \/root-of\/usr\/share\/doc\/coder-k8s\//);
  const text = await Deno.readTextFile(`${root}/Containerfile`);
  assert.match(
    text,
    /^COPY --from=build \/root-of\/usr\/share\/doc\/coder-k8s \/usr\/share\/doc\/coder-k8s$/m,
    "worker",
  );
  assert.match(text, /^COPY --from=build \/root-of\/ \/$/m, "coder-k8s");
});

Deno.test("the build takes the Deno that the project pins", async () => {
  const pinned = /deno@([\d.]+)/.exec(await Deno.readTextFile(`${root}/.ci/run`))?.[1];
  assert.equal((await readContainerfile()).get("build")!.arguments["DENO_VERSION"], pinned);
});

Deno.test("only what the executable is made of goes into a build", async () => {
  const lines = (await Deno.readTextFile(`${root}/.dockerignore`)).split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"));
  assert.equal(lines[0], "*");
  for (const name of ["src", "scripts", "main.ts", "deno.json", "deno.lock", "crd", "deploy", "LICENSE"]) {
    assert.ok(lines.includes(`!${name}`), name);
    await Deno.stat(`${root}/${name}`);
  }
  for (const name of ["tests", "docs", ".git"]) assert.ok(!lines.includes(`!${name}`), name);
});

Deno.test("hadolint finds nothing that is not explained beside it", async () => {
  const { code, stdout, stderr } = await new Deno.Command(await hadolint(), {
    args: ["--no-color", "--failure-threshold=style", `${root}/Containerfile`],
  }).output();
  const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assert.deepEqual([code, said.trim()], [0, ""]);
});
