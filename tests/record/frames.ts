/** What is seen of a recorded terminal, moment by moment. */
import xterm from "npm:@xterm/headless@6.0.0";
import type { Cast } from "./cast.ts";

/** Letters of one look that stand together. */
export interface Run {
  readonly column: number;
  readonly text: string;
  /** 0 to 15; without: the terminal's own. */
  readonly colour?: number;
  readonly bold: boolean;
  readonly dim: boolean;
}

export interface Frame {
  /** Seconds since the beginning. */
  readonly at: number;
  /** From the top; empty ones have no runs. */
  readonly rows: readonly (readonly Run[])[];
  readonly cursor: { readonly column: number; readonly row: number };
}

/** Plays it; what comes within `together` seconds is one frame. */
export async function framesOf(cast: Cast, together = 0.06): Promise<Frame[]> {
  const terminal = new xterm.Terminal({
    cols: cast.columns,
    rows: cast.rows,
    scrollback: 0,
    allowProposedApi: true,
  });
  const frames: Frame[] = [];
  const output = cast.moments.filter(({ kind }) => kind === "o");
  for (const [index, { at, text }] of output.entries()) {
    await new Promise<void>((done) => terminal.write(text, done));
    const next = output[index + 1];
    if (next !== undefined && next.at - at < together) continue;
    const frame = look(terminal, at);
    const last = frames.at(-1);
    if (last === undefined || JSON.stringify({ ...last, at }) !== JSON.stringify(frame)) frames.push(frame);
  }
  terminal.dispose();
  return frames;
}

function look(terminal: InstanceType<typeof xterm.Terminal>, at: number): Frame {
  const { active } = terminal.buffer;
  const rows = Array.from(
    { length: terminal.rows },
    (_, row) => runsOf(active.getLine(active.viewportY + row)),
  );
  return { at, rows, cursor: { column: active.cursorX, row: active.cursorY } };
}

type Line = ReturnType<InstanceType<typeof xterm.Terminal>["buffer"]["active"]["getLine"]>;

/** Two blanks end a run, so that columns stay where they are in any font. */
function runsOf(line: Line): Run[] {
  const runs: Run[] = [];
  let current: { -readonly [Key in keyof Run]: Run[Key] } | undefined;
  const end = () => {
    if (current === undefined) return;
    current.text = current.text.trimEnd();
    if (current.text !== "") runs.push(current);
    current = undefined;
  };
  for (let column = 0; column < (line?.length ?? 0); column++) {
    const cell = line!.getCell(column)!;
    const text = cell.getChars() || " ";
    const colour = cell.isFgPalette() && cell.getFgColor() < 16 ? cell.getFgColor() : undefined;
    const style = { bold: cell.isBold() !== 0, dim: cell.isDim() !== 0 };
    const isSame = current !== undefined && current.colour === colour && current.bold === style.bold &&
      current.dim === style.dim && !(text === " " && current.text.endsWith(" "));
    if (!isSame) {
      end();
      if (text === " ") continue;
      current = { column, text: "", ...(colour === undefined ? {} : { colour }), ...style };
    }
    current!.text += text;
  }
  end();
  return runs;
}
