import assert from "node:assert/strict";
import { join } from "node:path";
import { ToolsError } from "../cluster/go_build.ts";
import { SILENT } from "../cluster/progress.ts";
import { ensurePostgresPrograms, findPostgres } from "./postgres_programs.ts";
import { script, withDir } from "./testing_dir.ts";

async function programsIn(dir: string): Promise<void> {
  for (const name of ["postgres", "initdb", "psql"]) await script(dir, name);
}

Deno.test("PostgreSQL on PATH is taken, through a link too, as its other programs are where the link leads", () =>
  withDir(async (dir) => {
    await programsIn(join(dir, "real"));
    await Deno.mkdir(join(dir, "bin"));
    await Deno.symlink(join(dir, "real", "initdb"), join(dir, "bin", "initdb"));
    const found = await findPostgres({ path: join(dir, "bin"), debian: join(dir, "none") });
    const real = await Deno.realPath(join(dir, "real"));
    assert.deepEqual(found, {
      postgres: join(real, "postgres"),
      initdb: join(real, "initdb"),
      psql: join(real, "psql"),
    });
  }));

Deno.test("of Debian's versions the newest that is complete is taken", () =>
  withDir(async (dir) => {
    await programsIn(join(dir, "9", "bin"));
    await programsIn(join(dir, "15", "bin"));
    await script(join(dir, "17", "bin"), "psql");
    await Deno.mkdir(join(dir, "common"));
    const found = await findPostgres({ path: "", debian: dir });
    assert.equal(found?.postgres, join(dir, "15", "bin", "postgres"));
  }));

Deno.test("as root it is installed with apt-get, without the server that Debian would start", () =>
  withDir(async (dir) => {
    const bin = join(dir, "bin");
    const debian = join(dir, "debian");
    const target = join(debian, "15", "bin");
    await script(
      bin,
      "apt-get",
      `echo "apt-get $* $DEBIAN_FRONTEND" >> ${dir}/calls
for package; do :; done
[ "$package" = postgresql ] || exit 0
/bin/mkdir -p ${target}
for name in postgres initdb psql; do echo > ${target}/$name; /bin/chmod +x ${target}/$name; done`,
    );
    await script(bin, "sed", `echo "sed $*" >> ${dir}/calls`);
    const options = { path: bin, debian, root: true, progress: SILENT };
    const [one, two] = await Promise.all([ensurePostgresPrograms(options), ensurePostgresPrograms(options)]);
    assert.equal(one.initdb, join(target, "initdb"));
    assert.deepEqual(one, two);
    const calls = (await Deno.readTextFile(join(dir, "calls"))).trim().split("\n");
    assert.equal(calls.length, 4, "both installed it");
    assert.match(calls[1] ?? "", /install -y .*postgresql-common noninteractive/);
    assert.match(calls[2] ?? "", /create_main_cluster = false/);
    assert.match(calls[3] ?? "", /install -y .*postgresql noninteractive/);
  }));

Deno.test("where it can neither be found nor installed the error is one line that says how to get it", () =>
  withDir(async (dir) => {
    const oneLine = (error: unknown) =>
      error instanceof ToolsError && !error.message.includes("\n") &&
      /apt-get install postgresql/.test(error.message) && /PATH/.test(error.message);
    const options = { path: dir, debian: dir, root: true, progress: SILENT };
    await assert.rejects(ensurePostgresPrograms(options), oneLine);
    await script(dir, "apt-get", "echo no route to host >&2; exit 100");
    await assert.rejects(ensurePostgresPrograms({ ...options, root: false }), oneLine);
    await assert.rejects(
      ensurePostgresPrograms(options),
      (error) => oneLine(error) && /no route to host/.test(String(error)),
    );
    await script(dir, "apt-get");
    await script(dir, "sed");
    await assert.rejects(
      ensurePostgresPrograms(options),
      (error) => oneLine(error) && /still is not there/.test(String(error)),
    );
  }));
