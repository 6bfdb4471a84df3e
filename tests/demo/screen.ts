/** What the demo writes: explanations and commands, with colour on a terminal and plain when piped. */
import { styleText } from "node:util";

/** Where the demo's text goes. */
export interface Screen {
  /** A numbered headline. */
  title(text: string): void;
  /** A line of explanation. */
  say(text?: string): void;
  /** A command as the user would type it. */
  command(text: string): void;
  /** A call of a tool, as an AI client makes it. */
  call(tool: string, input: unknown): void;
  /** What a command printed, indented. */
  output(text: string): void;
  /** Something checked and found right. */
  good(text: string): void;
}

/** A screen that writes through `write`; `colour` off makes it plain. */
export function screen(write: (text: string) => void, colour: boolean): Screen {
  const paint = (style: Parameters<typeof styleText>[0], text: string) =>
    colour ? styleText(style, text, { validateStream: false }) : text;
  let chapter = 0;
  return {
    title: (text) => write(`\n${paint("bold", `${++chapter}. ${text}`)}\n`),
    say: (text = "") => write(`   ${text}`.trimEnd() + "\n"),
    command: (text) => write(`   ${paint("cyan", `$ ${text}`)}\n`),
    call: (tool, input) => write(`   ${paint("cyan", `> ${tool} ${JSON.stringify(input)}`)}\n`),
    output: (text) => write(text.trimEnd().replace(/^/gm, "     ") + "\n"),
    good: (text) => write(`   ${paint("green", "✓")} ${text}\n`),
  };
}

/** The screen of this process: standard output, coloured on a terminal unless NO_COLOR is set. */
export function terminalScreen(): Screen {
  const encoder = new TextEncoder();
  const colour = Deno.stdout.isTerminal() && (Deno.env.get("NO_COLOR") ?? "") === "";
  return screen((text) => void Deno.stdout.writeSync(encoder.encode(text)), colour);
}
