import assert from "node:assert/strict";
import { copyRig, differences, START } from "../testing/copy_rig.ts";
import { connectionRefused, refusal } from "../testing/model_coder.ts";

const MINUTE = 60_000;

Deno.test("a copy has everything after its first lists, and says so once for each kind", async () => {
  await using rig = copyRig();
  rig.coder.add("dev");
  rig.coder.addTemplate("docker");
  rig.coder.addTemplate("old", { deprecated: true });
  await rig.start();
  assert.deepEqual(differences(rig.copy, rig.coder), []);
  assert.deepEqual(rig.heard, [
    "addresses https://coder.example.com *.apps.example.com",
    "told docker list",
    "told old list",
    "complete templates first",
    "told dev running list",
    "complete workspaces first",
  ]);
  assert.deepEqual(rig.copy.addresses, { access: "https://coder.example.com", apps: "*.apps.example.com" });
  assert.deepEqual(rig.copy.state("workspaces"), { completeAt: START + 80 });
});

Deno.test("while nothing is built a small Coder gets four requests in any minute, whoever reads", async () => {
  await using rig = copyRig();
  rig.coder.add("dev");
  rig.coder.addTemplate("docker");
  await rig.start();
  await rig.clock.advance(2 * MINUTE);
  const since = rig.clock.now();
  for (let minute = 0; minute < 30; minute++) {
    await rig.clock.advance(MINUTE);
    for (let read = 0; read < 100; read++) {
      const name = { organization: "acme", owner: "alice", workspace: "dev" };
      assert.equal((await rig.copy.findWorkspace(name, rig.signal)).kind, "found");
    }
  }
  const times = rig.coder.log.filter(({ at }) => at >= since).map(({ at }) => at);
  for (const start of times) {
    const within = times.filter((at) => at >= start && at < start + MINUTE).length;
    assert.ok(within <= 4, `${within} requests within a minute from ${start}`);
  }
  assert.ok(times.length >= 100);
  assert.equal(rig.coder.count("jobs"), 0);
});

Deno.test("no two intervals have more than four requests to a small Coder, its addresses included", async () => {
  await using rig = copyRig({ pollMs: 10 * MINUTE });
  rig.coder.add("dev");
  rig.coder.addTemplate("docker");
  await rig.start();
  await rig.clock.advance(2 * MINUTE);
  const since = rig.clock.now();
  await rig.clock.advance(7 * 60 * MINUTE);
  const times = rig.coder.log.filter(({ at }) => at >= since).map(({ at }) => at);
  for (const [index, at] of times.entries()) {
    assert.ok((times[index + 4] ?? Infinity) >= at + 20 * MINUTE, `at ${at}`);
  }
  assert.equal(rig.coder.count("other", since), 2, "both addresses");
});

Deno.test("any change of content is seen with the next list, and what stays is not told again", async () => {
  await using rig = copyRig();
  const { id } = rig.coder.add("dev");
  rig.coder.add("other");
  await rig.start();
  rig.heard.length = 0;
  rig.coder.change(id, { ttl_ms: 5 });
  await rig.clock.advance(31_000);
  assert.deepEqual(rig.heard.filter((line) => line.startsWith("told")), ["told dev running list"]);
  assert.equal(rig.copy.workspace(id)?.ttl_ms, 5);
});

Deno.test("a build is followed second by second until it is over", async () => {
  await using rig = copyRig();
  const { id } = rig.coder.add("dev");
  await rig.start();
  await rig.clock.advance(40_000);
  rig.coder.begin(id, "stop");
  await rig.clock.advance(31_000);
  assert.deepEqual(rig.shown(), ["dev pending"]);
  rig.coder.proceed(id);
  await rig.clock.advance(1_500);
  assert.deepEqual(rig.shown(), ["dev stopping"]);
  rig.coder.proceed(id);
  await rig.clock.advance(1_500);
  assert.deepEqual(rig.shown(), ["dev stopped"]);
  const before = rig.coder.count("workspace");
  await rig.clock.advance(10_000);
  assert.equal(rig.coder.count("workspace"), before);
});

Deno.test("while something is built lists come three times as often", async () => {
  await using rig = copyRig();
  const { id } = rig.coder.add("dev");
  await rig.start();
  await rig.clock.advance(40_000);
  rig.coder.begin(id, "stop");
  await rig.clock.advance(40_000);
  const before = rig.coder.count("page");
  await rig.clock.advance(30_000);
  assert.equal(rig.coder.count("page") - before, 3);
});

Deno.test("a build that waits for ever is left to the lists after ten minutes", async () => {
  await using rig = copyRig();
  const { id } = rig.coder.add("dev");
  await rig.start();
  rig.coder.begin(id, "stop");
  await rig.clock.advance(15 * MINUTE);
  const since = rig.clock.now();
  await rig.clock.advance(10 * MINUTE);
  assert.equal(rig.coder.count("workspace", since), 0);
  assert.ok(rig.coder.count(undefined, since) <= 40);
  rig.coder.proceed(id);
  await rig.clock.advance(31_000);
  assert.deepEqual(rig.shown(), ["dev stopping"]);
  assert.ok(rig.coder.count("workspace", since) > 0);
});

Deno.test("what is missing in a list is gone only if Coder says so by its id", async () => {
  await using rig = copyRig();
  const [kept, gone] = [rig.coder.add("kept"), rig.coder.add("gone")];
  await rig.start();
  const hidden = rig.coder.workspaces.get(kept.id)!;
  const list = rig.coder.client.workspaces.page;
  assert.ok(list);
  // The list leaves one out that is there all the same.
  rig.coder.failure = (request) => {
    if (request === "page") rig.coder.workspaces.delete(kept.id);
    else rig.coder.workspaces.set(kept.id, hidden);
    return undefined;
  };
  rig.coder.workspaces.delete(gone.id);
  await rig.clock.advance(31_000);
  assert.deepEqual(rig.shown(), ["kept running"]);
  assert.ok(rig.heard.includes("gone gone running look"));
});

Deno.test("a thousand that disappear at once are all confirmed, some with each list", async () => {
  await using rig = copyRig();
  for (let index = 0; index < 450; index++) rig.coder.add(`w${index}`);
  await rig.start();
  const complete = () => rig.heard.filter((line) => line === "complete workspaces").length;
  await rig.clock.advance(3_000);
  const before = complete();
  rig.coder.workspaces.clear();
  await rig.clock.advance(35_000);
  assert.ok(rig.shown().length > 0);
  assert.equal(complete(), before);
  await rig.clock.advance(3 * MINUTE);
  assert.deepEqual(rig.shown(), []);
  assert.ok(complete() > before);
});

Deno.test("a Coder that is down loses nothing, and is asked less and less", async () => {
  await using rig = copyRig();
  rig.coder.add("dev");
  rig.coder.addTemplate("docker");
  await rig.start();
  rig.coder.failure = () => connectionRefused();
  await rig.clock.advance(10 * MINUTE);
  assert.deepEqual(rig.shown(), ["dev running"]);
  const { trouble, completeAt } = rig.copy.state("workspaces");
  assert.ok(completeAt !== undefined && completeAt < START + 40_000);
  assert.ok((trouble?.failures ?? 0) >= 5);
  assert.ok((trouble?.since ?? 0) < START + 40_000);
  assert.notEqual(rig.copy.state("templates").trouble, undefined);
  const since = rig.clock.now();
  await rig.clock.advance(10 * MINUTE);
  assert.ok(rig.coder.count("page", since) <= 11);
  rig.coder.failure = undefined;
  await rig.clock.advance(2 * MINUTE);
  assert.equal(rig.copy.state("workspaces").trouble, undefined);
  assert.equal(rig.copy.state("templates").trouble, undefined);
});

Deno.test("a page that fails in the middle of a list removes nothing", async () => {
  await using rig = copyRig({ page: 10 });
  for (let index = 0; index < 25; index++) rig.coder.add(`w${index}`);
  await rig.start();
  let pages = 0;
  rig.coder.failure = (request) => request === "page" && ++pages % 2 === 0 ? connectionRefused() : undefined;
  await rig.clock.advance(MINUTE);
  assert.equal(rig.shown().length, 25);
  assert.equal(rig.coder.count("workspace"), 0);
});

Deno.test("many workspaces come page by page, and jobs tell of builds", async () => {
  await using rig = copyRig({ page: 100 });
  rig.coder.addTemplate("docker");
  rig.coder.latencyMs = (request) => request === "page" ? 500 : 20;
  const some = Array.from({ length: 950 }, (_, index) => rig.coder.add(`w${index}`));
  await rig.start();
  await rig.clock.advance(10_000);
  assert.equal(rig.shown().length, 950);
  assert.deepEqual(
    rig.coder.log.filter(({ request }) => request === "page").slice(0, 10).map(({ detail }) => detail),
    ["0", "100", "200", "300", "400", "500", "600", "700", "800", "900"],
  );
  // Ten pages of half a second are 3 % of nearly three minutes.
  const since = rig.clock.now();
  await rig.clock.advance(10 * MINUTE);
  assert.ok(rig.coder.count("page", since) <= 50, String(rig.coder.count("page", since)));
  rig.coder.begin(some[7]!.id, "stop");
  await rig.clock.advance(31_000);
  assert.equal(rig.copy.workspace(some[7]!.id)?.latest_build.status, "pending");
  rig.coder.proceed(some[7]!.id);
  rig.coder.proceed(some[7]!.id);
  await rig.clock.advance(2_000);
  assert.equal(rig.copy.workspace(some[7]!.id)?.latest_build.status, "stopped");
});

Deno.test("where jobs may not be seen they are not asked for again and again", async () => {
  await using rig = copyRig({ page: 10 });
  rig.coder.addTemplate("docker");
  for (let index = 0; index < 25; index++) rig.coder.add(`w${index}`);
  rig.coder.failure = (request) => request === "jobs" ? refusal("notFound", 404) : undefined;
  await rig.start();
  await rig.clock.advance(30 * MINUTE);
  assert.equal(rig.coder.count("jobs"), 1);
});

Deno.test("jobs that do not name their workspace hasten the next list", async () => {
  await using rig = copyRig({ page: 10, pollMs: 10 * MINUTE });
  rig.coder.addTemplate("docker");
  const some = Array.from({ length: 25 }, (_, index) => rig.coder.add(`w${index}`));
  await rig.start();
  // A moment before the jobs are due, and three moments before the list is.
  await rig.clock.advance(598_000);
  rig.coder.begin(some[3]!.id, "stop");
  rig.coder.jobs.set(some[3]!.id, { ...rig.coder.jobs.get(some[3]!.id)!, metadata: null });
  const before = rig.coder.count("page");
  await rig.clock.advance(1_500);
  assert.ok(rig.coder.count("page") > before);
  assert.notEqual(rig.copy.workspace(some[3]!.id)?.latest_build.status, "running");
});

Deno.test("our own writes are known at once, and no list that was under way takes them back", async () => {
  await using rig = copyRig();
  const known = rig.coder.add("dev");
  await rig.start();
  rig.coder.latencyMs = (request) => request === "page" ? 4_000 : 20;
  const [next] = [rig.coder.count("page")];
  await rig.clock.advance(1_500);
  while (rig.coder.count("page") === next) await rig.clock.advance(100);
  // The list is under way and has read its state; then we write.
  await rig.clock.advance(2_500);
  rig.coder.begin(known.id, "stop");
  rig.copy.observeBuild(known.id, rig.coder.workspaces.get(known.id)!.latest_build);
  assert.deepEqual(rig.shown(), ["dev pending"]);
  rig.heard.length = 0;
  await rig.clock.advance(3_000);
  assert.ok(!rig.heard.some((line) => line.includes("running")), rig.heard.join("\n"));
  assert.deepEqual(rig.shown(), ["dev pending"]);
});

Deno.test("what we created and deleted is known at once", async () => {
  await using rig = copyRig();
  await rig.start();
  const made = rig.coder.add("new");
  rig.copy.observeWorkspace(made);
  const template = rig.coder.addTemplate("docker");
  rig.copy.observeTemplate(template);
  assert.deepEqual(rig.heard.slice(-2), ["told new running write", "told docker write"]);
  rig.coder.workspaces.delete(made.id);
  rig.coder.templates.delete(template.id);
  rig.copy.observeGone("workspaces", made.id);
  rig.copy.observeGone("templates", template.id);
  assert.deepEqual([rig.shown(), [...rig.copy.templates()]], [[], []]);
  rig.copy.observeBuild(made.id, made.latest_build);
  assert.deepEqual(rig.shown(), []);
});

Deno.test("an answer to an older question does not undo what was told since", async () => {
  await using rig = copyRig();
  await rig.start();
  const template = rig.coder.addTemplate("docker");
  const askedAt = rig.copy.moment();
  await rig.clock.advance(10);
  rig.copy.observeTemplate({ ...template, description: "new" });
  rig.copy.observeTemplate(template, askedAt);
  assert.deepEqual([...rig.copy.templates()].map(({ description }) => description), ["new"]);
});

Deno.test("a name that is not known is asked for once, however many ask", async () => {
  await using rig = copyRig();
  await rig.start();
  rig.coder.add("new");
  const name = { organization: "acme", owner: "alice", workspace: "new" };
  const answers = Promise.all(Array.from({ length: 50 }, () => rig.copy.findWorkspace(name, rig.signal)));
  await rig.clock.advance(100);
  assert.deepEqual([...new Set((await answers).map(({ kind }) => kind))], ["found"]);
  assert.equal(rig.coder.count("find"), 1);
  assert.ok(rig.heard.includes("told new running ask"));
});

Deno.test("a name of another organization is not the one that was asked for", async () => {
  await using rig = copyRig();
  await rig.start();
  rig.coder.add("new", { organization_name: "other" });
  const name = { organization: "acme", owner: "alice", workspace: "new" };
  const answer = rig.copy.findWorkspace(name, rig.signal);
  await rig.clock.advance(100);
  assert.deepEqual(await answer, { kind: "absent" });
});

Deno.test("a no is believed for a moment, and a flood of names does not reach Coder", async () => {
  await using rig = copyRig();
  await rig.start();
  const ask = async (template: string) => {
    const answer = rig.copy.findTemplate({ organization: "acme", template }, rig.signal);
    await rig.clock.advance(50);
    return (await answer).kind;
  };
  assert.equal(await ask("nothing"), "absent");
  assert.equal(await ask("nothing"), "absent");
  assert.equal(rig.coder.count("find"), 1);
  await rig.clock.advance(6_000);
  await ask("nothing");
  assert.equal(rig.coder.count("find"), 2);
  for (let index = 0; index < 200; index++) assert.equal(await ask(`t${index}`), "absent");
  assert.ok(rig.coder.count("find") < 40, String(rig.coder.count("find")));
});

Deno.test("a Coder that is down is not asked for names, and it is said that nobody knows", async () => {
  await using rig = copyRig();
  await rig.start();
  rig.coder.failure = () => connectionRefused();
  const name = { organization: "acme", owner: "alice", workspace: "new" };
  const first = rig.copy.findWorkspace(name, rig.signal);
  await rig.clock.advance(100);
  assert.equal((await first).kind, "unknown");
  await rig.clock.advance(MINUTE);
  const before = rig.coder.count("find");
  assert.equal((await rig.copy.findWorkspace({ ...name, workspace: "else" }, rig.signal)).kind, "unknown");
  assert.equal(rig.coder.count("find"), before);
});

Deno.test("who gives up waiting ends neither the question nor the wait of others", async () => {
  await using rig = copyRig();
  await rig.start();
  rig.coder.add("new");
  const name = { organization: "acme", owner: "alice", workspace: "new" };
  const impatient = new AbortController();
  const [left, stays] = [
    rig.copy.findWorkspace(name, impatient.signal),
    rig.copy.findWorkspace(name, rig.signal),
  ];
  impatient.abort(new Error("enough"));
  await assert.rejects(left, /enough/);
  await rig.clock.advance(100);
  assert.equal((await stays).kind, "found");
});

Deno.test("a refused token is told to whoever gives tokens", async () => {
  await using rig = copyRig();
  rig.coder.failure = () => refusal("unauthorized", 401);
  await rig.start();
  assert.ok(rig.coder.refusals > 0);
  assert.equal(rig.copy.state("workspaces").completeAt, undefined);
});

Deno.test("records that cannot be read are said once, and hide nothing", async () => {
  const warnings: unknown[] = [];
  const log = {
    debug() {},
    info() {},
    warn: (_: string, fields?: unknown) => void warnings.push(fields),
    error() {},
    child: () => log,
  };
  await using rig = copyRig({ log });
  rig.coder.add("dev");
  rig.coder.problems = ["[1].name: expected string"];
  await rig.start();
  await rig.clock.advance(5 * MINUTE);
  assert.deepEqual(rig.shown(), ["dev running"]);
  assert.deepEqual(warnings, [{ count: 1, problems: ["[1].name: expected string"] }]);
});

Deno.test("a refresh comes as soon as Coder may be asked again", async () => {
  await using rig = copyRig();
  const { id } = rig.coder.add("dev");
  rig.coder.addTemplate("docker");
  await rig.start();
  await rig.clock.advance(20_000);
  rig.coder.change(id, { outdated: true });
  rig.coder.addTemplate("new");
  rig.copy.refresh("workspaces");
  rig.copy.refresh("templates");
  await rig.clock.advance(200);
  assert.deepEqual(differences(rig.copy, rig.coder), []);
});

Deno.test("a template that is deprecated is no template that is gone", async () => {
  await using rig = copyRig();
  const template = rig.coder.addTemplate("docker");
  const other = rig.coder.addTemplate("podman");
  await rig.start();
  rig.coder.templates.set(template.id, { ...template, deprecated: true });
  rig.coder.templates.delete(other.id);
  await rig.clock.advance(2 * MINUTE);
  assert.equal(rig.copy.template(template.id)?.deprecated, true);
  assert.deepEqual([...rig.copy.templates()].map(({ name }) => name), ["docker"]);
  assert.deepEqual(rig.heard.filter((line) => line.startsWith("gone")), ["gone podman look"]);
});

Deno.test("a copy that is ended asks no more, and keeps what it has", async () => {
  const rig = copyRig();
  rig.coder.add("dev");
  await rig.start();
  await rig[Symbol.asyncDispose]();
  const before = rig.coder.count();
  await rig.clock.advance(10 * MINUTE);
  assert.equal(rig.coder.count(), before);
  assert.deepEqual(rig.shown(), ["dev running"]);
});

Deno.test("a workspace of a template, or of a version, that is not known makes templates listed at once, and once", async () => {
  await using rig = copyRig();
  const docker = rig.coder.addTemplate("docker");
  const { id } = rig.coder.add("dev", {
    template_id: docker.id,
    template_active_version_id: docker.active_version_id,
  });
  await rig.start();
  await rig.clock.advance(2_000);
  const kind = rig.coder.addTemplate("kind");
  rig.coder.add("new", { template_id: kind.id, template_active_version_id: kind.active_version_id });
  const before = rig.clock.now();
  rig.copy.refresh("workspaces");
  await rig.clock.advance(5_000);
  assert.equal(rig.copy.template(kind.id)?.name, "kind");
  assert.equal(rig.coder.count("templates", before), 1);
  // A version that no list ever shows is not looked for again and again.
  for (let minute = 0; minute < 3; minute++) {
    rig.coder.change(id, {
      template_active_version_id: "00000000-0000-4000-8000-0000000000ff",
      ttl_ms: minute,
    });
    await rig.clock.advance(MINUTE);
  }
  assert.ok(rig.coder.count("templates", before) <= 1 + 1 + 3 + 1);
});

Deno.test("forty builds at once are each known within two seconds, for a few requests a second", async () => {
  await using rig = copyRig();
  const ids = Array.from({ length: 40 }, (_, index) => rig.coder.add(`w${index}`).id);
  await rig.start();
  await rig.clock.advance(40_000);
  for (const id of ids) rig.coder.begin(id, "stop");
  await rig.clock.advance(35_000);
  const since = rig.clock.now();
  for (const id of ids.slice(-5)) {
    rig.coder.proceed(id);
    await rig.clock.advance(1_500);
    assert.equal(rig.copy.workspace(id)?.latest_build.status, "stopping");
    rig.coder.proceed(id);
    await rig.clock.advance(1_500);
    assert.equal(rig.copy.workspace(id)?.latest_build.status, "stopped");
  }
  const seconds = (rig.clock.now() - since) / 1_000;
  const requests = rig.coder.log.filter(({ at }) => at >= since).length;
  assert.ok(requests <= 5 * seconds, `${requests} requests in ${seconds} s`);
});
