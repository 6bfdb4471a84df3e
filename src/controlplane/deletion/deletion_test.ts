/** The whole end: visits and passes in turn, on a fake Coder. */
import assert from "node:assert/strict";
import { EndRig, SECRET } from "../../../tests/controlplane/end_rig.ts";
import { refuse } from "../../../tests/fake-coder/mod.ts";

const DELETE = { "coder.com/deletion-policy": "Delete" };

/** Lets every build that is active end. */
function endBuilds(rig: EndRig, failure?: string): void {
  for (const { id } of rig.coder.state.workspaces as { id: string }[]) rig.coder.end(id, failure);
}

function filled(annotations: Record<string, string> = DELETE, workspaces = ["dev", "web"]): EndRig {
  const rig = new EndRig(annotations);
  for (const name of workspaces) rig.coder.addWorkspace(name);
  return rig;
}

const reasons = (rig: EndRig) => rig.events.map((event) => event.split(":", 1)[0]);

Deno.test("without the policy nothing in Coder is touched, and nothing is said of it", async () => {
  for (
    const annotations of [{}, { "coder.com/deletion-policy": "Orphan" }, {
      "coder.com/deletion-policy": "delete",
    }]
  ) {
    const rig = filled(annotations as Record<string, string>);
    await rig.run(60);
    assert.deepEqual([rig.isHeld, rig.revoked, rig.condition, rig.writes], [false, 1, "absent", 0]);
    assert.deepEqual(rig.contents, ["dev", "web", "docker"]);
    assert.deepEqual([rig.coder.writes, rig.events], [[], []]);
  }
});

Deno.test("workspaces go by one delete build each, then templates, then the operator's access, then the control plane", async () => {
  const rig = filled();
  rig.template("aws");
  rig.coder.state.templates[1]!["deprecated"] = true;
  await rig.pass();
  assert.equal(rig.condition, "True/Deleting");
  await rig.visit();
  assert.deepEqual(rig.coder.built.map(({ transition }) => transition), ["delete", "delete"]);
  await rig.pass();
  assert.match(
    rig.message,
    /^Left in Coder: 2 workspaces \(admin\/dev, admin\/web\), 2 templates \(docker, aws\)\. 2 workspaces are being deleted$/,
  );
  await rig.run(30);
  assert.deepEqual(
    [rig.coder.built.length, rig.isHeld, rig.revoked],
    [2, true, 0],
    "no second build while one is active",
  );
  await rig.run(60, () => endBuilds(rig));
  assert.deepEqual([rig.contents, rig.isHeld, rig.revoked, rig.condition], [[], false, 1, "False/Deleted"]);
  assert.equal(rig.coder.built.length, 2);
  assert.deepEqual(reasons(rig), ["Normal DeletingContents", "Normal ContentsDeleted"]);
  assert.deepEqual(rig.coder.violations, []);
});

Deno.test("a Coder with nothing in it holds nothing up", async () => {
  const rig = new EndRig(DELETE);
  rig.coder.state.templates.length = 0;
  await rig.run(30);
  assert.deepEqual([rig.isHeld, rig.revoked, rig.condition], [false, 1, "False/Deleted"]);
});

Deno.test("ten builds are under way at a time, and no more", async () => {
  const names = Array.from({ length: 25 }, (_, i) => `w${i}`);
  const rig = filled(DELETE, names);
  const active: number[] = [];
  await rig.run(120, () => {
    active.push(
      rig.coder.state.workspaces.filter((one) =>
        one["deleted"] !== true && rig.coder.shown(String(one["id"])) === "delete pending"
      ).length,
    );
    if (active.length % 2 === 0) endBuilds(rig);
  });
  assert.equal(Math.max(...active), 10);
  assert.deepEqual([rig.contents, rig.isHeld], [[], false]);
  assert.equal(rig.coder.built.length, 25);
});

Deno.test("a workspace that is being built is deleted when that is over", async () => {
  const rig = filled(DELETE, ["dev"]);
  const [id = ""] = rig.coder.state.workspaces.map((one) => String(one["id"]));
  await rig.coder.client.workspaceChanges.build(id, { transition: "stop" });
  await rig.run(30);
  assert.deepEqual(rig.coder.builds(id), ["stop"]);
  endBuilds(rig);
  await rig.run(60, () => endBuilds(rig));
  assert.deepEqual([rig.coder.builds(id), rig.contents, rig.isHeld], [["stop", "delete"], [], false]);
});

Deno.test("a build that fails is told once, tried again after ever longer times, and what fails says how to get out", async () => {
  const rig = filled(DELETE, ["dev", "web"]);
  const [dev = "", web = ""] = rig.coder.state.workspaces.map((one) => String(one["id"]));
  await rig.run(120, () => {
    rig.coder.end(dev, `no rights in the cloud, ${SECRET}`);
    rig.coder.end(web);
  });
  assert.deepEqual(rig.contents, ["dev", "docker"]);
  const failed = rig.coder.builds(dev).length;
  assert.ok(failed >= 3 && failed <= 5, `${failed} tries in two minutes`);
  assert.equal(rig.condition, "True/DeletionFails");
  assert.match(rig.message, /^Left in Coder: 1 workspace \(admin\/dev\), 1 template \(docker\)\./);
  assert.match(
    rig.message,
    /The delete build of workspace admin\/dev failed: no rights in the cloud, … \(\d times\)/,
  );
  assert.match(
    rig.message,
    /kubectl annotate codercontrolplane coder --namespace a --overwrite coder.com\/deletion-policy=Orphan$/,
  );
  const warnings = rig.events.filter((event) => event.startsWith("Warning ContentsDeletionFailed"));
  assert.equal(warnings.length, failed - (rig.coder.shown(dev) === "delete pending" ? 1 : 0));
  await rig.run(600, () => endBuilds(rig));
  assert.deepEqual([rig.contents, rig.isHeld, rig.condition], [[], false, "False/Deleted"]);
});

Deno.test("when the time is over the control plane goes, and what is left is named", async () => {
  const rig = filled({ ...DELETE, "coder.com/deletion-timeout": "5m" }, ["dev"]);
  await rig.run(297, () => endBuilds(rig, "no rights"));
  assert.equal(rig.isHeld, true);
  await rig.run(30, () => endBuilds(rig, "no rights"));
  assert.deepEqual([rig.isHeld, rig.revoked, rig.condition], [false, 1, "False/TimedOut"]);
  const left = rig.events.find((event) => event.startsWith("Warning ContentsLeft")) ?? "";
  assert.match(
    left,
    /Left in Coder: 1 workspace \(admin\/dev\), 1 template \(docker\)\. The control plane goes all the same: the time for it is over/,
  );
  assert.match(left, /failed: no rights/);
  assert.doesNotMatch(left, /kubectl/);
});

Deno.test("the time begins when the operator does, not when it was away", async () => {
  const rig = filled();
  rig.coder.now += 3_600_000;
  assert.equal(await rig.pass(), 1_800);
  rig.coder.now += 1_790_000;
  await rig.run(9);
  assert.equal(rig.isHeld, true);
  await rig.run(9);
  assert.deepEqual([rig.isHeld, rig.condition], [false, "False/TimedOut"]);
});

Deno.test("who changes the policy to Orphan has the rest left, at once", async () => {
  const rig = filled();
  await rig.run(30);
  rig.annotate({ "coder.com/deletion-policy": "Orphan" });
  await rig.run(9);
  assert.deepEqual([rig.isHeld, rig.revoked, rig.condition], [false, 1, "False/PolicyChanged"]);
  assert.match(
    rig.events.at(-1) ?? "",
    /^Warning ContentsLeft: Left in Coder: 2 workspaces \(admin\/dev, admin\/web\)/,
  );
  assert.equal(rig.coder.built.length, 2);
});

Deno.test("a Coder that is away is waited for as long as its Deployment is there", async () => {
  const rig = filled();
  await rig.run(6);
  rig.coder.fault = () => "refused";
  await rig.run(300);
  assert.deepEqual([rig.isHeld, rig.condition], [true, "True/CoderAway"]);
  assert.match(
    rig.message,
    /^Left in Coder: 2 workspaces \(admin\/dev, admin\/web\), 1 template \(docker\)\./,
  );
  rig.coder.fault = () => undefined;
  await rig.run(60, () => endBuilds(rig));
  assert.deepEqual([rig.isHeld, rig.contents, rig.condition], [false, [], "False/Deleted"]);
});

Deno.test("a Coder whose pods are gone for good is not waited for, and a restart forgets no name", async () => {
  const rig = filled();
  await rig.run(6);
  rig.coder.fault = () => "refused";
  rig.restart();
  await rig.run(6);
  assert.equal(rig.isHeld, true);
  rig.deployment!.metadata.deletionTimestamp = "2026-01-01T00:00:00Z";
  await rig.run(9);
  assert.deepEqual([rig.isHeld, rig.condition], [false, "False/CoderGone"]);
  assert.match(
    rig.events.at(-1) ?? "",
    /^Warning ContentsLeft: Left in Coder: 2 workspaces \(admin\/dev, admin\/web\), 1 template/,
  );
});

Deno.test("a Coder that still answers while its Deployment goes is emptied as far as possible", async () => {
  const rig = filled();
  rig.deployment = undefined;
  await rig.run(60, () => endBuilds(rig));
  assert.deepEqual([rig.isHeld, rig.contents, rig.condition], [false, [], "False/Deleted"]);
});

Deno.test("without a token nothing is known, which is told", async () => {
  const rig = filled();
  rig.token = undefined;
  await rig.run(60);
  assert.deepEqual([rig.isHeld, rig.condition], [true, "True/NoAccess"]);
  assert.match(rig.message, /^Left in Coder: unknown\. The operator has no token for Coder\. To leave it:/);
  rig.deployment = undefined;
  await rig.run(9);
  assert.deepEqual([rig.isHeld, rig.condition], [false, "False/CoderGone"]);
  assert.match(rig.message, /^Left in Coder: unknown/);
});

Deno.test("a token that Coder refuses is no Coder that is away", async () => {
  const rig = filled();
  rig.coder.fault = () => refuse(401, "API key is invalid.");
  await rig.run(9);
  assert.equal(rig.condition, "True/NoAccess");
});

Deno.test("what another process goes on with is not begun again", async () => {
  const rig = filled(DELETE, ["dev", "web", "api"]);
  for (let i = 0; i < 5; i++) {
    await rig.run(3);
    rig.restart();
  }
  assert.equal(rig.coder.built.length, 3);
  let turns = 0;
  await rig.run(120, () => {
    if (++turns % 3 === 0) endBuilds(rig);
    if (turns % 2 === 0) rig.restart();
  });
  assert.deepEqual([rig.isHeld, rig.contents, rig.coder.built.length], [false, [], 3]);
});

Deno.test("a lost answer makes no second build", async () => {
  const rig = filled(DELETE, ["dev"]);
  let lost = 0;
  rig.coder.fault = (method) => method === "POST" && lost++ === 0 ? "lost" : undefined;
  await rig.run(30);
  assert.equal(rig.coder.built.length, 1);
  await rig.run(60, () => endBuilds(rig));
  assert.deepEqual([rig.isHeld, rig.contents, rig.coder.built.length], [false, [], 1]);
});

Deno.test("a template that Coder does not let go is told and tried again", async () => {
  const rig = new EndRig(DELETE);
  rig.template("aws");
  let refusals = 0;
  rig.coder.fault = (method, path) =>
    method === "DELETE" && path.endsWith(String(rig.coder.state.templates[0]?.["id"])) && refusals++ < 2
      ? refuse(400, "Not now.")
      : undefined;
  await rig.run(9);
  assert.equal(rig.condition, "True/DeletionFails");
  assert.match(
    rig.message,
    /^Left in Coder: 1 template \(docker\)\. Template docker could not be deleted: .*Not now/,
  );
  await rig.run(60);
  assert.deepEqual([rig.isHeld, rig.contents, rig.condition], [false, [], "False/Deleted"]);
});

Deno.test("a Coder that fails at one workspace for a while is no news, and holds up no other", async () => {
  const rig = filled(DELETE, ["dev", "web"]);
  const [dev = ""] = rig.coder.state.workspaces.map((one) => String(one["id"]));
  rig.coder.fault = (method, path) =>
    method === "POST" && path.includes(dev) ? refuse(500, "Internal error.") : undefined;
  await rig.run(30, () => endBuilds(rig));
  assert.deepEqual(rig.contents, ["dev", "docker"]);
  assert.equal(rig.condition, "True/DeletionFails");
  assert.deepEqual(reasons(rig).filter((reason) => reason?.startsWith("Warning")), []);
  rig.coder.fault = () => undefined;
  await rig.run(120, () => endBuilds(rig));
  assert.equal(rig.isHeld, false);
});

Deno.test("a status is written where something has changed alone", async () => {
  const rig = filled();
  await rig.run(15);
  const { writes } = rig;
  await rig.run(60);
  assert.equal(rig.writes, writes);
});

Deno.test("what cannot be read is told, and holds the control plane until its time is over", async () => {
  const rig = filled({ ...DELETE, "coder.com/deletion-timeout": "90s" }, ["dev"]);
  rig.coder.state.workspaces[0]!["latest_build"] = { id: "none" };
  await rig.run(60);
  assert.deepEqual([rig.isHeld, rig.condition], [true, "True/DeletionFails"]);
  assert.match(
    rig.message,
    /^Left in Coder: 1 template \(docker\), 1 that cannot be read\. What cannot be read cannot be deleted\. To leave it/,
  );
  await rig.run(60);
  assert.deepEqual([rig.isHeld, rig.condition, rig.contents], [false, "False/TimedOut", ["dev", "docker"]]);
});

Deno.test("of many failures some are told, the others counted", async () => {
  const rig = filled(DELETE, Array.from({ length: 8 }, (_, i) => `w${i}`));
  await rig.run(30, () => endBuilds(rig, "no"));
  assert.match(rig.message, /workspace admin\/w4 failed: no.*\. 3 more cannot be deleted now\. To leave it/);
});

Deno.test("what goes while it is being deleted is no failure", async () => {
  const rig = new EndRig(DELETE);
  rig.coder.fault = (method) => method === "DELETE" ? refuse(404, "Resource not found.") : undefined;
  await rig.run(9);
  assert.deepEqual([rig.condition, rig.events.length], ["True/Deleting", 1]);
});

/** Numbers in [0, 1), the same for the same seed. */
function dice(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 2 ** 32;
    return state / 2 ** 32;
  };
}

Deno.test("random ends: whatever fails, restarts and takes turns, each workspace gets one delete build, and one more for each that failed", async () => {
  for (let seed = 1; seed <= 40; seed++) {
    const random = dice(seed);
    const chance = (share: number) => random() < share;
    const rig = filled(
      { ...DELETE, "coder.com/deletion-timeout": "5h" },
      Array.from({ length: 14 }, (_, i) => `w${i}`),
    );
    const rows = [...rig.coder.state.workspaces];
    const ids = rows.map((row) => String(row["id"]));
    const failed = new Map<string, number>();
    let isQuiet = false;
    rig.coder.fault = (method) => {
      if (isQuiet || chance(0.9)) return undefined;
      const faults = [
        "refused",
        "dropped",
        refuse(500, "Internal error."),
        ...(method === "GET" ? [] : ["lost"]),
      ];
      return faults[Math.floor(random() * faults.length)] as ReturnType<typeof rig.coder.fault>;
    };
    const between = () => {
      const active = ids.filter((id) => rig.coder.shown(id) === "delete pending").length;
      assert.ok(active <= 20, `${active} builds at a time, seed ${seed}`);
      for (const id of ids) {
        if (rig.coder.shown(id) !== "delete pending" || chance(0.5)) continue;
        const fails = !isQuiet && chance(0.3);
        if (fails) failed.set(id, (failed.get(id) ?? 0) + 1);
        rig.coder.end(id, fails ? "no" : undefined);
      }
      if (!isQuiet && chance(0.1)) rig.restart();
      if (!isQuiet && chance(0.1)) rig.swap();
    };
    await rig.run(240, between);
    isQuiet = true;
    await rig.run(1_800, between);
    assert.deepEqual([rig.isHeld, rig.contents, rig.condition], [false, [], "False/Deleted"], `seed ${seed}`);
    for (const id of ids) {
      assert.equal(rig.coder.builds(id).length, 1 + (failed.get(id) ?? 0), `seed ${seed}, builds of ${id}`);
    }
    assert.deepEqual(rig.coder.violations, []);
  }
});
