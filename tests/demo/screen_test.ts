import { equal, match, ok } from "node:assert/strict";
import { screen } from "./screen.ts";

function capture(colour: boolean): { text: () => string; screen: ReturnType<typeof screen> } {
  let text = "";
  return { text: () => text, screen: screen((part) => text += part, colour) };
}

Deno.test("chapters are numbered, commands look like a prompt, output is indented", () => {
  const { screen, text } = capture(false);
  screen.title("Start");
  screen.say("words");
  screen.say();
  screen.command("kubectl get pods");
  screen.output("NAME\npod-1\n");
  screen.call("list_pods", { namespace: "lab" });
  screen.good("ready");
  screen.title("Next");
  equal(
    text(),
    '\n1. Start\n   words\n\n   $ kubectl get pods\n     NAME\n     pod-1\n   > list_pods {"namespace":"lab"}\n   ✓ ready\n\n2. Next\n',
  );
});

Deno.test("a terminal gets colour, a pipe gets none", () => {
  const plain = capture(false);
  const coloured = capture(true);
  for (const each of [plain, coloured]) each.screen.command("kubectl get pods");
  // deno-lint-ignore no-control-regex -- escape sequences are what is looked for
  match(coloured.text(), /\x1b\[/);
  ok(!plain.text().includes("\x1b"));
});
