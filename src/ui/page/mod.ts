/** The page `/ui`: plain files that the browser gets as they are, carried by this program. */
import html from "./index.html" with { type: "text" };
import main from "./main.js" with { type: "text" };
import style from "./style.css" with { type: "text" };

/** A file of the page. */
export interface PageFile {
  /** Its `Content-Type`. */
  readonly type: string;
  readonly text: string;
}

const JS = "text/javascript; charset=utf-8";
const CSS = "text/css; charset=utf-8";

const FILES: ReadonlyMap<string, PageFile> = new Map([
  ["index.html", { type: "text/html; charset=utf-8", text: html }],
  ["main.js", { type: JS, text: main }],
  ["style.css", { type: CSS, text: style }],
]);

/** Its files by their path below `/ui/`; `/ui/` itself is `index.html`. Nothing in them is of anybody. */
export function pageFiles(): ReadonlyMap<string, PageFile> {
  return FILES;
}
