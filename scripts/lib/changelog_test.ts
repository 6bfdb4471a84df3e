import assert from "node:assert/strict";
import { changelogProblems, isReleased, release, sectionOf } from "./changelog.ts";

const CHANGELOG = `# Changelog

## Unreleased

### Added

- Something new.

## 1.1.0 - 2026-03-01

### Fixed

- A bug.

## 1.0.0 - 2026-01-01

- The first.
`;

Deno.test("a section is what stands below its heading, up to the next", () => {
  assert.equal(sectionOf(CHANGELOG, "Unreleased"), "### Added\n\n- Something new.");
  assert.equal(sectionOf(CHANGELOG, "1.1.0"), "### Fixed\n\n- A bug.");
  assert.equal(sectionOf(CHANGELOG, "1.0.0"), "- The first.");
  assert.equal(sectionOf(CHANGELOG, "1.1"), undefined);
  assert.deepEqual([isReleased(CHANGELOG, "1.0.0"), isReleased(CHANGELOG, "2.0.0")], [true, false]);
});

Deno.test("a release moves what was to come into its section", () => {
  const after = release(CHANGELOG, "1.2.0", "2026-04-01");
  assert.equal(sectionOf(after, "Unreleased"), "");
  assert.equal(sectionOf(after, "1.2.0"), "### Added\n\n- Something new.");
  assert.deepEqual(changelogProblems(after, "1.2.0"), []);
  assert.throws(() => release("# Changelog\n", "1.2.0", "2026-04-01"), /no section "## Unreleased"/);
});

Deno.test("what cannot be released is told", () => {
  assert.match(
    changelogProblems(CHANGELOG, "2.0.0")[0]!,
    /no section "## 2\.0\.0 .*deno task version 2\.0\.0/,
  );
  assert.match(changelogProblems("## 2.0.0 - soon\n\n- x\n", "2.0.0")[0]!, /has no date/);
  assert.match(changelogProblems("## 2.0.0 - 2026-01-01\n\n", "2.0.0")[0]!, /says nothing/);
});
