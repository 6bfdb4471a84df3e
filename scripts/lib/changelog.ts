/** CHANGELOG.md: a section a version, newest first, what is to come under "Unreleased". */

const UNRELEASED = "## Unreleased";

/** The text of a version's section without its heading; undefined where it has none. */
export function sectionOf(changelog: string, version: string): string | undefined {
  const heading = version === "Unreleased" ? UNRELEASED : `## ${version} - `;
  const start = `\n${changelog}`.indexOf(`\n${heading}`);
  if (start < 0) return undefined;
  const rest = changelog.slice(changelog.indexOf("\n", start + 1) + 1);
  const end = rest.search(/^## /m);
  return (end < 0 ? rest : rest.slice(0, end)).trim();
}

/** Whether a version has its section. */
export function isReleased(changelog: string, version: string): boolean {
  return sectionOf(changelog, version) !== undefined;
}

/** What is under "Unreleased" becomes the section of a version; "Unreleased" stays, empty. */
export function release(changelog: string, version: string, day: string): string {
  if (!changelog.includes(`${UNRELEASED}\n`)) throw new Error(`CHANGELOG.md has no section "${UNRELEASED}"`);
  return changelog.replace(`${UNRELEASED}\n`, `${UNRELEASED}\n\n## ${version} - ${day}\n`);
}

/** Why a changelog cannot be released as it is; empty when all is well. */
export function changelogProblems(changelog: string, version: string): string[] {
  const section = sectionOf(changelog, version);
  if (section === undefined) {
    return [`CHANGELOG.md has no section "## ${version} - YYYY-MM-DD": run "deno task version ${version}"`];
  }
  const problems: string[] = [];
  if (!new RegExp(`^## ${RegExp.escape(version)} - \\d{4}-\\d\\d-\\d\\d$`, "m").test(changelog)) {
    problems.push(`CHANGELOG.md: the section of ${version} has no date: write "## ${version} - YYYY-MM-DD"`);
  }
  if (!section.includes("- ")) problems.push(`CHANGELOG.md: the section of ${version} says nothing`);
  return problems;
}
