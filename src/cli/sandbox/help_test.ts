import assert from "node:assert/strict";
import { completionScript } from "../completion.ts";
import { plainTerminal } from "../terminal.ts";
import { ownOptionsHelp } from "./help.ts";
import { COMMAND_OPTIONS } from "./sets.ts";

Deno.test("headings come in their order, and each has options", () => {
  for (const [name, { groups }] of Object.entries(COMMAND_OPTIONS)) {
    const page = ownOptionsHelp(name, plainTerminal);
    const found = page.split("\n").filter((line, index, all) => /^[A-Z]/.test(line) && all[index - 1] === "");
    assert.deepEqual(found.filter((line) => !line.startsWith("A flag counts")), groups);
    for (const group of groups) assert.match(page, new RegExp(`^${group}\n  `, "m"));
  }
});

Deno.test("pages fit the terminal, names that are copied excepted", () => {
  for (const width of [60, 80, 120]) {
    for (const name of Object.keys(COMMAND_OPTIONS)) {
      for (const line of ownOptionsHelp(name, { ...plainTerminal, width }).split("\n")) {
        assert.ok(line.length <= Math.max(width, 98), `${line.length} columns on ${width}: ${line}`);
      }
    }
  }
});

Deno.test("small print is marked for terminals that can show it", () => {
  const page = ownOptionsHelp("sessions", { ...plainTerminal, width: 200, dim: (text) => `<i>${text}</i>` });
  assert.match(page, /-o, --output <format>.*How it is shown\. One of table, json, yaml\./);
  assert.match(page, /<i>default table; env CODER_K8S_SESSIONS_OUTPUT<\/i>/);
});

Deno.test("of a command without options of its own there is nothing", () => {
  assert.equal(ownOptionsHelp("version", plainTerminal), "");
});

Deno.test("every shell's script knows every flag and every choice of these commands", () => {
  for (const shell of ["bash", "zsh", "fish"] as const) {
    const script = completionScript(shell);
    for (const { set } of Object.values(COMMAND_OPTIONS)) {
      for (const { flag, choices = [], fileOnly } of set.options) {
        const written = shell === "fish" ? `-l ${flag} ` : `--${flag}`;
        if (fileOnly !== true) assert.ok(script.includes(written), `${shell}: ${flag}`);
        if (fileOnly !== true && choices.length > 0) {
          assert.ok(script.includes(choices.join(" ")), `${shell}: ${flag}`);
        }
      }
    }
  }
});
