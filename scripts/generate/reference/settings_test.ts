import { deepEqual, equal, match, ok } from "node:assert/strict";
import { COMMANDS } from "../../../src/cli/commands.ts";
import { OPTIONS } from "../../../src/cli/options.ts";
import { COORDINATOR } from "../../../src/cli/sandbox/coordinator_options.ts";
import { SESSIONS, WORKER_TOKEN } from "../../../src/cli/sandbox/small_options.ts";
import { WORKER } from "../../../src/cli/sandbox/worker_options.ts";
import { descriptionText, settingFiles } from "./settings.ts";

const [commands = "", settings = ""] = (await settingFiles()).map(({ content }) => content);

/** A row as its readers see it. */
const plain = (row = "") =>
  row.replaceAll(/\\(?=[_*[\]|])/g, "").replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll(
    "&amp;",
    "&",
  );

Deno.test("every setting is there under its three names, once, with its default", () => {
  for (const { flag, env, key, shownDefault } of OPTIONS) {
    const rows = settings.split("\n").filter((line) => new RegExp(`^\\| \`--${flag}[=\`]`).test(line));
    equal(rows.length, 1, flag);
    ok(rows[0]?.includes(`\`${env}\``) && rows[0].includes(`\`${key}\``), flag);
    ok(plain(rows[0]).includes(shownDefault), `${flag}: ${shownDefault} is not in ${rows[0]}`);
  }
  ok(OPTIONS.length > 80, String(OPTIONS.length));
});

Deno.test("defaults are told as help tells them", () => {
  match(settings, /`--shutdown-timeout=duration`.*\| `30s` \|/);
  match(settings, /`--shutdown-delay=duration`.*\| 5s in a cluster, 0s outside of one \|/);
});

Deno.test("every command is there, with its flags, and its own options under their four names", () => {
  for (const { name, flags = [] } of COMMANDS) {
    const [, own = ""] = commands.split(`## coder-k8s ${name}\n`);
    ok(own !== "", name);
    for (const { flag } of flags) ok(own.includes(`\`--${flag}`), `${name} --${flag}`);
  }
  for (const { command, options } of [COORDINATOR, WORKER, WORKER_TOKEN, SESSIONS]) {
    const [, own = ""] = commands.split(`## coder-k8s ${command}\n`);
    const table = own.split("\n## ")[0] ?? "";
    for (const { flag, env, variables = [], yaml, fileOnly, fallback = "", defaultText } of options) {
      const name = fileOnly === true ? `| \`${yaml}\` |` : `| \`--${flag}`;
      const row = table.split("\n").find((line) =>
        line.includes(name) && (fileOnly === true || /[`=,]/.test(line.charAt(name.length)))
      );
      ok(row !== undefined, `${command}: ${fileOnly === true ? yaml : `--${flag}`}`);
      const names = fileOnly === true ? [] : [env, ...variables].map((variable) => `\`${variable}\``);
      const said = [...names, `\`${yaml}\``, defaultText ?? (fallback === "" ? "" : `\`${fallback}\``)];
      for (const one of said) {
        ok(
          plain(row).includes(one),
          `${command} --${flag}: ${one} is not in ${row}`,
        );
      }
    }
  }
});

Deno.test("pages have no text between headings and tables that nobody has written", () => {
  for (const text of [commands, settings]) {
    for (const [, line = ""] of text.matchAll(/^#+ .*\n\n(?!\||`|<|[A-Z])(.*)$/gm)) ok(false, line);
  }
});

Deno.test("exit codes of commands that name them are theirs", () => {
  match(commands, /Exit codes: 0 done; 1 not, or not all of it; 2 not understood; 130 interrupted/);
  match(commands, /Where a command names no exit codes/);
});

Deno.test("examples of help become code, in one block where they stand together", () => {
  deepEqual(descriptionText("Does it.\n  a <b>\n  c\nMore <of> it."), [
    "Does it.",
    "```text\na <b>\nc\n```",
    "More &lt;of&gt; it.",
  ]);
});

Deno.test("no two headings are the same: links could not tell them apart", () => {
  for (const text of [commands, settings]) {
    const headings = text.split("\n").filter((line) => line.startsWith("#"));
    equal(new Set(headings).size, headings.length);
  }
});
