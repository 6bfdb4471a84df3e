import assert from "node:assert/strict";
import { commandOf, COMMANDS } from "./commands.ts";
import { COMMAND_GROUPS, commandHelp, mainHelp } from "./help.ts";
import { OPTIONS } from "./options.ts";
import { GROUPS } from "./option_meta.ts";
import { plainTerminal, type Terminal } from "./terminal.ts";

const allHelp = (terminal: Terminal) => commandHelp(commandOf("all")!, terminal);
const headings = (page: string) =>
  page.split("\n").filter((line, index, all) => /^[A-Z]/.test(line) && all[index - 1] === "");

Deno.test("the page begins with what the program is and has its headings in order", () => {
  const page = mainHelp(plainTerminal);
  assert.match(page, /^coder-k8s runs Coder on Kubernetes/);
  assert.deepEqual(headings(page), ["Usage", ...COMMAND_GROUPS.map(([heading]) => heading), "Examples"]);
  assert.ok(page.split("\n").length < 70, "it fits a screen or two");
});

Deno.test("each command stands once on the first page", () => {
  const names = COMMAND_GROUPS.flatMap(([, names]) => names);
  assert.deepEqual(names.toSorted(), COMMANDS.map(({ name }) => name).toSorted());
  const page = mainHelp({ ...plainTerminal, width: 400 });
  for (const { summary } of COMMANDS) assert.equal(page.split(`${summary}\n`).length, 2, summary);
});

Deno.test("the page of a mode has its settings by groups, and examples", () => {
  const named = headings(allHelp(plainTerminal)).filter((line) => !line.startsWith("Every flag"));
  assert.deepEqual(named, ["Usage", ...GROUPS, "Examples"]);
});

Deno.test("pages fit the terminal they are shown on", () => {
  for (const width of [60, 80, 120]) {
    for (const help of [mainHelp, allHelp]) {
      const longest = Math.max(...help({ ...plainTerminal, width }).split("\n").map((line) => line.length));
      // Names and commands to copy are never broken.
      assert.ok(longest <= Math.max(width, 80), `${longest} columns on ${width}`);
    }
  }
});

Deno.test("headings and small print are marked for terminals that can show it", () => {
  const page = allHelp({
    ...plainTerminal,
    bold: (text) => `<b>${text}</b>`,
    dim: (text) => `<i>${text}</i>`,
  });
  assert.match(page, /<b>Usage<\/b>/);
  assert.match(page, /<i>default 24; env CODER_K8S_CONCURRENCY<\/i>/);
  assert.match(page, /<i># Against the cluster/);
});

Deno.test("explanations of long names stand below them, of short ones beside them", () => {
  const page = allHelp(plainTerminal);
  assert.match(page, /^ {2}--debug {2,}Log everything/m);
  assert.match(page, /^ {2}--template-build-initial-poll-interval <duration>\n {34}How often/m);
});

Deno.test("a mode's page has its own words and all flags, another command's has no flags of modes", () => {
  for (const command of COMMANDS) {
    const page = commandHelp(command, plainTerminal);
    const own = (command.flags ?? []).map(({ flag }) => flag);
    const shown = OPTIONS.filter(({ flag }) => page.includes(`--${flag} `) && !own.includes(flag));
    assert.equal(shown.length, command.isMode ? OPTIONS.length : 0, command.name);
    for (const { flag, isSwitch, value, help } of command.flags ?? []) {
      assert.ok(page.includes(isSwitch ? `--${flag} ` : `--${flag} <${value}>`), flag);
      assert.ok(page.replace(/\s+/g, " ").includes(help), flag);
    }
    assert.ok(page.startsWith(command.description.slice(0, 20)), command.name);
  }
});

Deno.test("what completion's page tells to type is not broken over lines", () => {
  const command = commandOf("completion");
  assert.ok(command);
  const page = commandHelp(command, { ...plainTerminal, width: 40 });
  assert.match(page, /^ {2}zsh {3}coder-k8s completion zsh > "\$\{fpath\[1\]\}\/_coder-k8s"$/m);
});

Deno.test("the second name of the session token's variable is shown", () => {
  assert.match(
    allHelp({ ...plainTerminal, width: 120 }),
    /CODER_K8S_CODER_SESSION_TOKEN or CODER_SESSION_TOKEN/,
  );
});
