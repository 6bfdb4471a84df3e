/**
 * `deno task record`: the session of the README, in `docs/images/terminal.svg`. It types the commands of
 * `scenes.ts` at a real terminal, on a real cluster with a real coderd; `dist/terminal.cast` is the recording.
 * `--from FILE` draws one that is there.
 */
import { parseArgs } from "node:util";
import { readPage } from "../docs/runner/page.ts";
import { PageShell } from "../docs/runner/shell.ts";
import { type Surroundings, surroundings } from "../docs/runner/surroundings.ts";
import { Pty } from "../ui/pty.ts";
import { type Cast, readCast, Recorder, writeCast } from "./cast.ts";
import { framesOf } from "./frames.ts";
import { PREPARED, type Scene, SCENES, TITLE } from "./scenes.ts";
import { svgOf } from "./svg.ts";

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");
const SIZE = { columns: 104, rows: 30 };
/** Tells how a command ended, and that bash waits for another; a terminal shows nothing of it. */
// deno-lint-ignore no-control-regex -- that is how it is told
const READY = /\x1b\]133;D;(\d+)\x07/g;
const SECONDS = { word: 0.12, before: 0.5, read: 2 };
const LONGEST_GAP_MS = 900;

const say = (text: string) => Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));

/** Types commands into a bash, as somebody would. */
class Typist implements AsyncDisposable {
  readonly #pty: Pty;
  readonly #recorder = new Recorder(() => performance.now(), LONGEST_GAP_MS);
  #isSeen = false;

  constructor({ cwd, env, scratch }: Surroundings) {
    // Root's bash takes no prompt out of its environment.
    const settings = `${scratch}/bashrc`;
    const prompt = "\\[\\e]133;D;$?\\a\\]\\[\\e[1;32m\\]$\\[\\e[0m\\] ";
    Deno.writeTextFileSync(settings, `PS1='${prompt}'\nunset HISTFILE\nstty -echoctl\n`);
    this.#pty = new Pty({
      ...SIZE,
      binary: "env",
      args: ["-C", cwd, "bash", "--noprofile", "--init-file", settings],
      env: {
        ...env,
        KUBECONFIG: `${env["HOME"]}/.kube/config`,
        NO_COLOR: "",
      },
      onOutput: (text) => this.#isSeen && this.#recorder.output(text.replaceAll(READY, "")),
    });
  }

  /** Exit codes of all commands until now. */
  #codes(): number[] {
    return [...this.#pty.output.matchAll(READY)].map(([, code]) => Number(code));
  }

  async begin(): Promise<void> {
    await this.#pty.until(() => this.#codes().length > 0, "a prompt");
    this.#isSeen = true;
    this.#recorder.output("\x1b[1;32m$\x1b[0m ");
  }

  async #type(text: string): Promise<void> {
    for (const word of text.split(/(?<= )/)) {
      const before = this.#pty.output.length;
      await this.#pty.type(word);
      await this.#pty.until(({ output }) => output.length > before, `the echo of ${word}`);
      this.#recorder.pause(SECONDS.word);
    }
  }

  /** Resolves with the command's exit code. */
  async #enter(until?: RegExp): Promise<number> {
    const [before, from] = [this.#codes().length, this.#pty.output.length];
    await this.#pty.type("\r");
    if (until !== undefined) {
      await this.#pty.until(({ output }) => until.test(output.slice(from)), String(until));
      this.#recorder.pause(SECONDS.read);
      await this.#pty.type("\x03");
    }
    await this.#pty.until(() => this.#codes().length > before, "the next prompt");
    return this.#codes().at(-1)!;
  }

  /** @throws {Error} where a command ends otherwise than the scene says */
  async play({ say, commands, until, exit = 0 }: Scene): Promise<void> {
    await this.#type(`# ${say}`);
    await this.#enter();
    for (const [index, command] of commands.entries()) {
      this.#recorder.mark(command);
      await this.#type(command);
      this.#recorder.pause(SECONDS.before);
      const interrupt = index === commands.length - 1 ? until : undefined;
      const code = await this.#enter(interrupt);
      if (interrupt === undefined && code !== exit) {
        throw new Error(`${command}: exit code ${code}, not ${exit}:\n${this.#pty.output.slice(-2_000)}`);
      }
      this.#recorder.pause(SECONDS.before);
    }
    this.#recorder.pause(SECONDS.read);
  }

  cast(): Cast {
    return { ...SIZE, title: TITLE, moments: this.#recorder.moments };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pty[Symbol.asyncDispose]();
  }
}

async function record(): Promise<Cast> {
  const page = readPage("recording", "<!-- run: needs coderd played -->\n```sh\ntrue\n```\n");
  await using place = await surroundings(page);
  const signal = AbortSignal.timeout(15 * 60_000);
  await using unseen = new PageShell({ cwd: place.cwd, env: place.env, dir: place.scratch, signal });
  const quietly = (text: string) => unseen.run({ ...page.blocks[0]!, text });
  await quietly(PREPARED);
  await using typist = new Typist(place);
  await typist.begin();
  for (const scene of SCENES) {
    say(scene.say);
    if (scene.unseen !== undefined) await quietly(scene.unseen);
    await typist.play(scene);
  }
  return typist.cast();
}

const { values: { from } } = parseArgs({ args: Deno.args, options: { from: { type: "string" } } });
const cast = from === undefined ? await record() : readCast(await Deno.readTextFile(from));
if (from === undefined) {
  await Deno.mkdir(`${root}/dist`, { recursive: true });
  await Deno.writeTextFile(`${root}/dist/terminal.cast`, writeCast(cast));
}
const svg = svgOf(cast, await framesOf(cast));
await Deno.writeTextFile(`${root}/docs/images/terminal.svg`, svg);
say(`docs/images/terminal.svg, ${Math.round(svg.length / 1_024)} KiB`);
Deno.exit();
