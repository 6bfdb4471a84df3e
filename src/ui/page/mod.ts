/** The page `/ui`: plain files that the browser gets as they are, carried by this program. */
import announcerJs from "./announcer.js" with { type: "text" };
import apiJs from "./api.js" with { type: "text" };
import backoffJs from "./backoff.js" with { type: "text" };
import baseCss from "./base.css" with { type: "text" };
import credentialsJs from "./credentials.js" with { type: "text" };
import diagnosisJs from "./diagnosis.js" with { type: "text" };
import domJs from "./dom.js" with { type: "text" };
import facetsJs from "./facets.js" with { type: "text" };
import iconSvg from "./icon.svg" with { type: "text" };
import indexHtml from "./index.html" with { type: "text" };
import layoutCss from "./layout.css" with { type: "text" };
import linkJs from "./link.js" with { type: "text" };
import logJs from "./log.js" with { type: "text" };
import mainJs from "./main.js" with { type: "text" };
import modelJs from "./model.js" with { type: "text" };
import navJs from "./nav.js" with { type: "text" };
import oidcJs from "./oidc.js" with { type: "text" };
import overviewJs from "./overview.js" with { type: "text" };
import pkceJs from "./pkce.js" with { type: "text" };
import rowJs from "./row.js" with { type: "text" };
import sectionPageJs from "./section_page.js" with { type: "text" };
import sectionsJs from "./sections.js" with { type: "text" };
import sheetCss from "./sheet.css" with { type: "text" };
import sheetJs from "./sheet.js" with { type: "text" };
import signInJs from "./sign_in.js" with { type: "text" };
import sseJs from "./sse.js" with { type: "text" };
import stateJs from "./state.js" with { type: "text" };
import tableCss from "./table.css" with { type: "text" };
import tableJs from "./table.js" with { type: "text" };
import textJs from "./text.js" with { type: "text" };
import timeJs from "./time.js" with { type: "text" };
import timesJs from "./times.js" with { type: "text" };
import tonesJs from "./tones.js" with { type: "text" };
import viewJs from "./view.js" with { type: "text" };
import watchJs from "./watch.js" with { type: "text" };

/** A file of the page. */
export interface PageFile {
  /** Its `Content-Type`. */
  readonly type: string;
  readonly text: string;
}

const JS = "text/javascript; charset=utf-8";
const CSS = "text/css; charset=utf-8";

const FILES: ReadonlyMap<string, PageFile> = new Map(
  [
    ["announcer.js", { type: JS, text: announcerJs }],
    ["api.js", { type: JS, text: apiJs }],
    ["backoff.js", { type: JS, text: backoffJs }],
    ["base.css", { type: CSS, text: baseCss }],
    ["credentials.js", { type: JS, text: credentialsJs }],
    ["diagnosis.js", { type: JS, text: diagnosisJs }],
    ["dom.js", { type: JS, text: domJs }],
    ["facets.js", { type: JS, text: facetsJs }],
    ["icon.svg", { type: "image/svg+xml; charset=utf-8", text: iconSvg }],
    ["index.html", { type: "text/html; charset=utf-8", text: indexHtml }],
    ["layout.css", { type: CSS, text: layoutCss }],
    ["link.js", { type: JS, text: linkJs }],
    ["log.js", { type: JS, text: logJs }],
    ["main.js", { type: JS, text: mainJs }],
    ["model.js", { type: JS, text: modelJs }],
    ["nav.js", { type: JS, text: navJs }],
    ["oidc.js", { type: JS, text: oidcJs }],
    ["overview.js", { type: JS, text: overviewJs }],
    ["pkce.js", { type: JS, text: pkceJs }],
    ["row.js", { type: JS, text: rowJs }],
    ["section_page.js", { type: JS, text: sectionPageJs }],
    ["sections.js", { type: JS, text: sectionsJs }],
    ["sheet.css", { type: CSS, text: sheetCss }],
    ["sheet.js", { type: JS, text: sheetJs }],
    ["sign_in.js", { type: JS, text: signInJs }],
    ["sse.js", { type: JS, text: sseJs }],
    ["state.js", { type: JS, text: stateJs }],
    ["table.css", { type: CSS, text: tableCss }],
    ["table.js", { type: JS, text: tableJs }],
    ["text.js", { type: JS, text: textJs }],
    ["time.js", { type: JS, text: timeJs }],
    ["times.js", { type: JS, text: timesJs }],
    ["tones.js", { type: JS, text: tonesJs }],
    ["view.js", { type: JS, text: viewJs }],
    ["watch.js", { type: JS, text: watchJs }],
  ] as const,
);

/** Its files by their path below `/ui/`; `/ui/` itself is `index.html`. Nothing in them is of anybody. */
export function pageFiles(): ReadonlyMap<string, PageFile> {
  return FILES;
}
