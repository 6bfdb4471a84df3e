/**
 * A recorded terminal as one animated picture: frames side by side on a strip that moves. No script, no font, and
 * nothing that is loaded; light and dark as the reader's system is; still for those who want nothing to move.
 */
import type { Cast } from "./cast.ts";
import type { Frame, Run } from "./frames.ts";

const CELL = { width: 8.4, height: 18 };
const MARGIN = 16;
const BAR = 32;
/** How long the end stays before it begins anew, in seconds. */
const HOLD = 6;

/** Each is 4.5:1 or more on its background. */
const LIGHT = { paper: "#ffffff", ink: "#1f2328", edge: "#d0d7de", bar: "#f6f8fa", dim: "#59636e" };
const DARK = { paper: "#0d1117", ink: "#e6edf3", edge: "#3d444d", bar: "#151b23", dim: "#9198a1" };
const LIGHT_COLOURS = [
  "#1f2328",
  "#b3261e",
  "#116329",
  "#7d4e00",
  "#0550ae",
  "#7a2e9d",
  "#0b616e",
  "#59636e",
];
const DARK_COLOURS = ["#9198a1", "#ff9492", "#4ae168", "#e3b341", "#79c0ff", "#dbb7ff", "#56d4dd", "#e6edf3"];

export function escaped(text: string): string {
  const names: Record<string, string> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
  // deno-lint-ignore no-control-regex -- XML has no such letters
  return text.replace(/[\x00-\x08\x0b-\x1f]/g, "").replace(/[&<>"]/g, (letter) => names[letter]!);
}

const short = (value: number) => String(Number(value.toFixed(2)));

function runSvg({ column, text, colour, bold, dim }: Run): string {
  const classes = [colour === undefined ? "" : `c${colour % 8}`, bold ? "b" : "", dim ? "d" : ""].filter(
    Boolean,
  );
  const width = [...text].length * CELL.width;
  return `<text x="${short(column * CELL.width)}"${
    classes.length > 0 ? ` class="${classes.join(" ")}"` : ""
  }` +
    ` textLength="${short(width)}" lengthAdjust="spacingAndGlyphs">${escaped(text)}</text>`;
}

function styles(count: number, times: readonly number[], seconds: number, width: number): string {
  const colours = (values: readonly string[]) =>
    values.map((value, index) => `--c${index}:${value}`).join(";");
  const theme = (theme: Record<string, string>) =>
    Object.entries(theme).map(([name, value]) => `--${name}:${value}`).join(";");
  const steps = times.map((at, index) =>
    `${short(at / seconds * 100)}%{transform:translateX(${short(-index * width)}px)}`
  );
  const end = `transform:translateX(${short(-(count - 1) * width)}px)`;
  return [
    `:root{${theme(LIGHT)};${colours(LIGHT_COLOURS)}}`,
    `@media(prefers-color-scheme:dark){:root{${theme(DARK)};${colours(DARK_COLOURS)}}}`,
    "text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:var(--ink);white-space:pre}",
    ...LIGHT_COLOURS.map((_, index) => `.c${index}{fill:var(--c${index})}`),
    ".b{font-weight:600}.d{fill:var(--dim)}.t{font-family:system-ui,sans-serif;fill:var(--dim);text-anchor:middle}",
    `@keyframes k{${steps.join("")}100%{${end}}}`,
    `#s{animation:k ${short(seconds)}s step-end infinite}`,
    `@media(prefers-reduced-motion:reduce){#s{animation:none;${end}}}`,
  ].join("\n");
}

/** The picture. Its description has the commands, for those who do not see it. */
export function svgOf(cast: Cast, frames: readonly Frame[]): string {
  if (frames.length === 0) throw new Error("nothing was recorded");
  const inner = { width: cast.columns * CELL.width, height: cast.rows * CELL.height };
  const outer = {
    width: Math.ceil(inner.width + 2 * MARGIN),
    height: Math.ceil(inner.height + BAR + 2 * MARGIN),
  };
  const names = new Map<string, string>();
  const nameOf = (svg: string) => names.get(svg) ?? names.set(svg, `r${names.size}`).get(svg)!;
  const film = frames.map(({ rows, cursor }, index) => {
    const uses = rows.map((runs, row) =>
      runs.length === 0 ? "" : `<use href="#${nameOf(runs.map(runSvg).join(""))}" y="${row * CELL.height}"/>`
    );
    const at = `x="${short(cursor.column * CELL.width)}" y="${cursor.row * CELL.height + 3}"`;
    return `<g transform="translate(${short(index * inner.width)})">${
      uses.join("")
    }<use href="#k" ${at}/></g>`;
  });
  const seconds = frames.at(-1)!.at + HOLD;
  // The first frame is there from the beginning.
  const times = frames.map(({ at }, index) => index === 0 ? 0 : at);
  const commands = cast.moments.filter(({ kind }) => kind === "m").map(({ text }) => text);
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${outer.width} ${outer.height}" width="${outer.width}" height="${outer.height}" role="img" aria-labelledby="title desc">`,
    `<title id="title">${escaped(cast.title)}</title>`,
    `<desc id="desc">${escaped(commands.join("\n"))}</desc>`,
    `<style>${styles(frames.length, times, seconds, inner.width)}</style>`,
    `<defs><rect id="k" width="${CELL.width}" height="16" fill="var(--ink)" opacity=".5"/>`,
    ...[...names].map(([svg, name]) => `<g id="${name}" transform="translate(0 14)">${svg}</g>`),
    `</defs>`,
    `<rect x=".5" y=".5" width="${outer.width - 1}" height="${
      outer.height - 1
    }" rx="8" fill="var(--paper)" stroke="var(--edge)"/>`,
    `<path d="M1 ${BAR}V8a7 7 0 0 1 7-7H${outer.width - 8}a7 7 0 0 1 7 7V${BAR}z" fill="var(--bar)"/>`,
    `<text class="t" x="${outer.width / 2}" y="21">${escaped(cast.title)}</text>`,
    `<svg x="${MARGIN}" y="${BAR + MARGIN}" width="${short(inner.width)}" height="${
      short(inner.height)
    }"><g id="s">`,
    ...film,
    `</g></svg></svg>`,
    "",
  ].join("\n");
}
