import assert from "node:assert/strict";
import { parseImage, versionOfImage } from "./image.ts";
import { judge, untested, type Verdict, versionLabel } from "./gate.ts";
import { coder } from "./testing.ts";
import type { UpgradeFacts } from "./upgrade_facts.ts";
import { compareMinor, isSameVersion, parseVersion } from "./version.ts";

function factsOf(given: Partial<UpgradeFacts>): UpgradeFacts {
  const completed = "completed" in given ? given.completed : given.released;
  return {
    wanted: coder("2.30.0"),
    released: coder("2.30.0"),
    completed,
    floor: versionOfImage(given.released),
    hasRun: true,
    releasedRan: given.released === completed,
    othersRan: false,
    moved: false,
    schemaMoved: false,
    migration: undefined,
    settings: {},
    retry: "",
    state: undefined,
    ...given,
  };
}

/** `keep`, `blocked`, `release`, `release+backup` or `cancel`. */
function short(verdict: Verdict): string {
  if (verdict.kind !== "release") return verdict.kind;
  return verdict.cancels ? "cancel" : verdict.backup ? "release+backup" : "release";
}

Deno.test("each pair of images gets its verdict, alone, unchecked, and with downgrades allowed", () => {
  const digest = `ghcr.io/coder/coder@sha256:${"0".repeat(64)}`;
  const both = "release+backup";
  //  from, to, then the verdicts: as it is, with unchecked, with allowDowngrade
  const table: [string, string, string, string, string][] = [
    [coder("2.30.0"), coder("2.30.0"), "keep", "keep", "keep"],
    [coder("2.30.0"), "other:5000/coder:2.30.0", "release", "release", "release"],
    [coder("2.30.0"), `${coder("2.30.0")}@sha256:${"0".repeat(64)}`, "release", "release", "release"],
    [coder("2.30.0"), coder("2.30.1"), both, both, both],
    [coder("2.30.1"), coder("2.30.0"), both, both, both],
    [coder("2.30.0"), coder("2.30.0-acme.3"), both, both, both],
    [coder("2.30.0-acme.3"), "other/coder:v2.30.0-acme.3", "release", "release", "release"],
    [coder("2.30.0"), coder("2.31.0-rc.1"), both, both, both],
    [coder("2.28.0"), coder("2.31.0"), both, both, both],
    [coder("2.30.0"), coder("3.0.0"), both, both, both],
    [coder("2.30"), "other/coder:v2.30", both, both, both],
    [coder("2.30.0"), coder("2.29.9"), "blocked", "blocked", both],
    [coder("2.31.0-rc.1"), coder("2.30.0"), "blocked", "blocked", both],
    [coder("3.0.0"), coder("2.99.0"), "blocked", "blocked", both],
    [coder("2.30.0"), "coder:latest", "blocked", both, "blocked"],
    [coder("2.30.0"), "coder:main", "blocked", both, "blocked"],
    [coder("2.30.0"), "coder", "blocked", both, "blocked"],
    [coder("2.30.0"), digest, "blocked", both, "blocked"],
    ["coder:latest", coder("2.30.0"), both, both, both],
    ["coder:latest", "other/coder:latest", both, both, both],
    ["coder:latest", "coder:main", both, both, both],
    [digest, digest.replace("0", "1"), both, both, both],
  ];
  for (const [released, wanted, ...expected] of table) {
    const verdicts = [{}, { unchecked: true }, { allowDowngrade: true }].map((settings) =>
      short(judge(factsOf({ released, wanted, settings })))
    );
    assert.deepEqual(verdicts, expected, `${released} to ${wanted}`);
  }
});

Deno.test("what Coder itself says counts where tags are silent or behind", () => {
  const floor = parseVersion("v2.31.2");
  const judged = (released: string, wanted: string) => short(judge(factsOf({ released, wanted, floor })));
  assert.equal(judged("coder:latest", coder("2.30.0")), "blocked");
  assert.equal(judged("coder:latest", coder("2.31.2")), "release+backup", "an answer may be of yesterday");
  assert.equal(judged("coder:latest", coder("2.32.0")), "release+backup");
  assert.equal(judged("coder:latest", "other/coder:latest"), "release+backup");
  assert.equal(judged(coder("2.30.0"), "other/coder:v2.30.0"), "blocked", "the tag does not say what runs");
});

Deno.test("before anything has run every image may go to the pods", () => {
  for (const wanted of [coder("2.30.0"), "coder:latest"]) {
    assert.equal(short(judge(factsOf({ released: undefined, wanted }))), "release");
    assert.equal(short(judge(factsOf({ released: coder("2.300.0"), wanted, hasRun: false }))), "release");
  }
});

Deno.test("an upgrade of which no pod became ready can be given up; after that it is a downgrade", () => {
  const given = { completed: coder("2.29.0"), released: coder("2.30.0"), wanted: coder("2.29.0") };
  const backup = { containers: [], volumes: [] };
  const stopped = { ...given, floor: parseVersion("v2.29.0"), settings: { backup } };
  assert.equal(short(judge(factsOf({ ...stopped, moved: false }))), "cancel");
  const ran = { ...given, floor: parseVersion("v2.30.0"), moved: true };
  assert.equal(short(judge(factsOf(ran))), "blocked");
  const unknown = { completed: "coder:latest", released: coder("2.30.0"), wanted: "coder:latest" };
  assert.equal(short(judge(factsOf({ ...unknown, moved: false }))), "cancel");
});

Deno.test("where the database's number is known, it alone decides about giving up", () => {
  const state = { image: coder("2.30.0"), since: "2026-01-01T00:00:00Z", schema: { before: 412, now: 415 } };
  const given = { completed: coder("2.29.0"), released: coder("2.30.0"), wanted: coder("2.29.0") };
  const floor = parseVersion("v2.30.0");
  // A pod was ready, and the schema is the same all the same.
  const same = { ...given, floor, othersRan: true, moved: false, state };
  assert.equal(short(judge(factsOf(same))), "cancel");
  const moved = { ...given, floor, moved: true, schemaMoved: true, state };
  const verdict = judge(factsOf(moved));
  assert.equal(verdict.kind, "blocked");
  const message = verdict.kind === "blocked" ? verdict.message : "";
  assert.match(message, /v2\.29\.0 is not rolled out: the database schema has moved from 412 to 415\./);
  assert.match(
    message,
    /restore a backup of the database \(with migration 412 as its last\).*allowDowngrade/,
  );
  // Neither a patch nor a tag that tells nothing is a way around it; the permission is.
  const patch = { completed: coder("2.30.0"), released: coder("2.30.1"), wanted: coder("2.30.0") };
  assert.equal(short(judge(factsOf({ ...moved, ...patch }))), "blocked");
  const silent = { completed: "coder:latest", released: "coder:main", wanted: "coder:latest" };
  assert.equal(short(judge(factsOf({ ...moved, ...silent, settings: { unchecked: true } }))), "blocked");
  for (const images of [given, patch, silent]) {
    const settings = { allowDowngrade: true };
    assert.equal(short(judge(factsOf({ ...moved, ...images, settings }))), "release+backup");
  }
  // It is about going back to the image before; any other goes by its version.
  assert.equal(short(judge(factsOf({ ...moved, wanted: coder("2.30.1") }))), "release+backup");
  assert.equal(short(judge(factsOf({ ...moved, wanted: coder("2.29.5") }))), "blocked");
});

Deno.test("whatever the images are, a provable way back and an unreadable version never pass by themselves", () => {
  const images = [
    ...["2.28.0", "2.29.1", "2.30.0", "2.30.1-rc.1", "2.30.0-acme.3", "2.31.0", "3.0.0"].flatMap((
      version,
    ) => [
      coder(version),
      `registry:5000/coder:${version}`,
      `${coder(version)}@sha256:${"a".repeat(64)}`,
    ]),
    "coder:latest",
    "coder:main",
    `coder@sha256:${"b".repeat(64)}`,
    "coder",
  ];
  let judged = 0;
  for (const released of images) {
    for (const wanted of images) {
      for (const said of [undefined, "v2.29.0", "v2.31.0"]) {
        const floor = parseVersion(said ?? parseImage(released).tag ?? "");
        const verdict = judge(factsOf({ released, wanted, floor }));
        const to = versionOfImage(wanted);
        const what = `${released} to ${wanted}, ${said}`;
        judged++;
        if (released === wanted) {
          assert.equal(verdict.kind, "keep", what);
          continue;
        }
        const back = to !== undefined && floor !== undefined && compareMinor(to, floor) < 0;
        const silent = to === undefined && versionOfImage(released) !== undefined;
        assert.equal(verdict.kind, back || silent ? "blocked" : "release", what);
        if (verdict.kind !== "release") continue;
        const before = [floor, versionOfImage(released)];
        const same = to !== undefined &&
          before.every((each) => each !== undefined && isSameVersion(to, each));
        assert.equal(verdict.backup, !same, what);
      }
    }
  }
  assert.equal(judged, images.length ** 2 * 3);
});

Deno.test("what is blocked says why, what runs on, and what to do", () => {
  const message = (given: Partial<UpgradeFacts>) => {
    const verdict = judge(factsOf(given));
    assert.equal(verdict.kind, "blocked");
    return verdict.kind === "blocked" ? verdict.message : "";
  };
  const released = coder("2.30.4");
  const back = message({ released, wanted: coder("2.29.0") });
  assert.match(
    back,
    /used with Coder v2\.30\.4, which Coder v2\.29\.0 is too old for.*keep ghcr\.io.*v2\.30\.4/,
  );
  assert.match(
    back,
    /Set spec\.image to v2\.30 or later; or restore a backup.*spec\.upgrade\.allowDowngrade/,
  );
  assert.match(
    message({ released, wanted: "coder:edge" }),
    /its tag "edge" is no version.*spec\.upgrade\.unchecked/,
  );
  assert.match(message({ released, wanted: "coder" }), /it has no tag/);
  assert.match(message({ released, wanted: "coder@sha256:0" }), /a digest alone tells no version/);
});

Deno.test("versions outside the tested range are told, others and unknown ones are not", () => {
  assert.match(untested(coder("2.27.11")) ?? "", /v2\.27\.11 is older than.*v2\.28 to v2\.30/);
  assert.match(untested(coder("2.31.0-rc.1")) ?? "", /is newer than/);
  assert.match(untested(coder("3.0")) ?? "", /v3\.0\.0 is newer/);
  for (const image of [coder("2.28.0"), coder("2.29"), coder("2.30.9"), "coder:latest", "coder"]) {
    assert.equal(untested(image), undefined, image);
  }
});

Deno.test("a version's label is its text, or says that it is unknown", () => {
  assert.equal(versionLabel("coder:2.30.0"), "v2.30.0");
  assert.equal(versionLabel("coder:latest"), "unknown");
  assert.equal(versionLabel(undefined), "unknown");
});
