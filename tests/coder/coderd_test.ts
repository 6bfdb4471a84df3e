/** Lifecycle of coderd and of the database under it, on deployments of these tests' own. */
import assert from "node:assert/strict";
import { waitFor } from "../cluster/mod.ts";
import { exists } from "../cluster/paths.ts";
import { processesNaming } from "../cluster/processes.ts";
import { lastMigration, programVersion } from "./program_version.ts";
import {
  Coderd,
  plainTemplate,
  sharedCoderd,
  startCoderd,
  startDeployment,
  StartError,
  uniqueName,
} from "./mod.ts";

const ME = "/api/v2/users/me";
/** Beside the shared coderd on its database: it must not take that one's builds. */
const NO_BUILDS = { CODER_PROVISIONER_DAEMONS: "0" };

Deno.test("coderd starts on an empty database, stops, starts, and is gone at the end", async () => {
  let dirs: string[] = [];
  {
    await using deployment = await startDeployment();
    const { coderd, postgres } = deployment;
    dirs = [coderd.dir, postgres.dir];
    assert.equal(await coderd.request("GET", "/healthz"), "OK");
    const { version, dashboard_url } = await coderd.request("GET", "/api/v2/buildinfo");
    assert.equal(version, await programVersion(coderd));
    assert.equal(dashboard_url, coderd.url);
    const schema = `${await lastMigration(coderd)}`;
    assert.deepEqual(await coderd.sql("select version from schema_migrations"), [{ version: schema }]);
    // A request is counted a moment after its answer.
    await waitFor(
      async () => /^coderd_api_requests_processed_total/m.test(await (await fetch(coderd.metricsUrl)).text()),
      { what: "the requests to be counted" },
    );

    await coderd.stop();
    assert.equal(await coderd.pid(), undefined);
    assert.equal(await coderd.exitCode(), 0);
    await assert.rejects(coderd.send("GET", "/healthz"));
    await coderd.start();
    await coderd.kill();
    assert.equal(await coderd.exitCode(), 128 + 9);
    await coderd.restart();
    assert.equal(await coderd.request("GET", "/healthz"), "OK");
  }
  for (const dir of dirs) assert.equal(await exists(dir), false);
});

Deno.test("the first user is made once, owns the deployment, and keeps its token over restarts", async () => {
  const { postgres } = await sharedCoderd();
  await using coderd = await startCoderd({ postgres, database: uniqueName("first-user") });
  assert.equal((await coderd.send("GET", "/api/v2/users/first")).status, 404);
  // Two handles, as two processes would have them.
  const other = await Coderd.open(coderd.statePath);
  const [one, two] = await Promise.all([coderd.firstUser(), other.firstUser()]);
  assert.equal(one.id, two.id);
  assert.equal((await coderd.firstUser()).token, one.token);
  const me = await coderd.request("GET", ME, { token: one.token });
  assert.deepEqual(me.roles.map(({ name }: { name: string }) => name), ["owner"]);
  assert.equal(me.organization_ids[0], one.organizationId);
  assert.equal((await coderd.send("GET", ME)).status, 401);
  await coderd.restart();
  assert.equal((await coderd.request("GET", ME, { token: one.token })).id, one.id);
});

Deno.test("with its database killed coderd answers 401 to a valid token, and 200 again once it is back", async () => {
  await using deployment = await startDeployment();
  const { coderd, postgres } = deployment;
  const { token } = await coderd.firstUser();
  const template = await coderd.createTemplate({ files: plainTemplate() });
  await postgres.kill();
  const { status, body } = await coderd.send("GET", ME, { token });
  assert.equal(status, 401);
  assert.match(body.message, /internal error/i);
  assert.equal(await coderd.request("GET", "/healthz"), "OK");
  await postgres.start();
  await waitFor(async () => (await coderd.send("GET", ME, { token })).status === 200, {
    what: "the token to be good again",
  });
  const workspace = await coderd.createWorkspace({ template });
  assert.equal(workspace.latest_build.status, "running");

  // A build that is being made when coderd is killed goes on without it; it ends with the directory.
  const seconds = 36_000 + Math.floor(Math.random() * 1e6);
  const atWork = () => processesNaming(`sleep ${seconds}`);
  const slow = await coderd.createTemplate({ files: plainTemplate({ seconds }) });
  await coderd.createWorkspace({ template: slow, noWait: true });
  await waitFor(async () => (await atWork()).length > 0, {
    what: "the build to be at work",
  });
  await coderd.kill();
  await coderd.destroy();
  assert.equal(await exists(coderd.dir), false);
  // The shell that notes coderd's end is the last to go.
  await waitFor(
    async () => (await processesNaming(`${coderd.dir}/`)).length === 0 && (await atWork()).length === 0,
    { what: "all processes to go" },
  );
});

Deno.test("with a supervisor, a coderd that ends by itself comes back, and one that is stopped does not", async () => {
  const { postgres } = await sharedCoderd();
  await using coderd = await startCoderd({ postgres, restartAfter: 0, env: NO_BUILDS });
  const before = await coderd.pid();
  await coderd.signal("SIGKILL");
  await waitFor(async () => ![undefined, before].includes(await coderd.pid()), { what: "another process" });
  await coderd.ready();
  assert.equal(await coderd.request("GET", "/healthz"), "OK");
  for (const end of ["kill", "stop"] as const) {
    await coderd[end]();
    assert.equal(await coderd.pid(), undefined);
    await assert.rejects(coderd.ready(), StartError);
    await coderd.start();
    await coderd.ready();
  }
});

Deno.test("two coderds serve one database, as the replicas of a control plane do", async () => {
  const one = await sharedCoderd();
  const env = { ...NO_BUILDS, CODER_ACCESS_URL: one.url };
  await using two = await startCoderd({ postgres: one.postgres, env });
  const { token } = await one.firstUser();
  assert.equal((await two.request("GET", ME, { token })).username, "owner");
  assert.equal((await two.request("GET", "/api/v2/buildinfo")).dashboard_url, one.url);
});

Deno.test("a coderd that cannot start says why, from its log, and leaves nothing", async () => {
  const { postgres } = await sharedCoderd();
  const dir = await Deno.makeTempDir();
  await assert.rejects(
    startCoderd({ postgres, dir, env: { CODER_ACCESS_URL: "no url" } }),
    (error) => error instanceof StartError && /access/i.test(error.logTail),
  );
  assert.equal(await exists(dir), false);
});
