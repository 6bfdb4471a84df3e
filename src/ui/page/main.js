/** The page: who is signed in, what is followed, which section is shown. */
import { Announcer } from "./announcer.js";
import { Api, wordsOfError } from "./api.js";
import { pause } from "./backoff.js";
import { Credentials, NoRenewal } from "./credentials.js";
import { byId, setText } from "./dom.js";
import { LinkState } from "./link.js";
import { Model } from "./model.js";
import { Nav } from "./nav.js";
import { answerIn, arrive, depart, discover, renew, revoke } from "./oidc.js";
import { Overview } from "./overview.js";
import { SectionPage } from "./section_page.js";
import { isIll } from "./sections.js";
import { Sheet } from "./sheet.js";
import { SignInForm } from "./sign_in.js";
import { oneLine } from "./text.js";
import { tickTimes } from "./times.js";
import { watch } from "./watch.js";

/**
 * @typedef {import("../types.ts").PageConfig} PageConfig
 * @typedef {import("../types.ts").Section} Section
 */

const BASE = new URL("./", location.href).href.replace(/[?#].*$/, "");

// Before anything else, so that no code of a sign-in stays in the address or in the history.
const answer = answerIn(location);
if (answer !== undefined) history.replaceState(null, "", BASE);

/** @type {PageConfig} */
let config = { open: false, token: "a token" };
const credentials = new Credentials(
  storage(),
  (refresh, signal) =>
    config.oidc === undefined
      ? Promise.reject(new NoRenewal("nobody renews tokens here"))
      : renew(refresh, config.oidc, { now: Date.now(), signal }),
);
const api = new Api(credentials, BASE);
const model = new Model();
const nav = new Nav(model);
const sheet = new Sheet(api);
const announcer = new Announcer((text) => setText(byId("announcer"), text));
const early = new EventTarget();
const content = byId("page");
const form = new SignInForm({
  paste: (token, keep) => {
    credentials.use({ tokens: [token] }, keep);
    start();
  },
  oidc: async (keep) => {
    if (config.oidc === undefined) return;
    const issuer = await discover(config.oidc.issuer, AbortSignal.timeout(20_000));
    const how = { redirect: BASE, keep, store: storage(), now: Date.now() };
    location.assign(await depart(issuer, config.oidc, how));
  },
});

/** @type {Overview | SectionPage | undefined} */
let page;
/** @type {Section | "" | undefined} what is shown; undefined: nothing yet */
let shown;
let isPlanned = false;
let following = new AbortController();
const link = new LinkState(() => {
  if (following.signal.aborted) start();
  else early.dispatchEvent(new Event("wake"));
});

/** Begins to follow, as whoever is signed in now. */
function start() {
  following.abort();
  following = new AbortController();
  form.hide();
  const { signal } = following;
  const mine = following;
  watch({
    api,
    signal,
    early,
    apply: (kind, data) => {
      if (signal.aborted) return;
      model.apply(kind, data);
      plan();
    },
    told: (now) => {
      if (signal.aborted) return;
      link.show(now);
      content.classList.toggle("stale", now.kind !== "live");
      if (now.kind === "signedOut" || now.kind === "refused") mine.abort();
      if (now.kind === "signedOut") ask(now.message);
    },
  });
}

/** Asks who it is; what was shown stays, greyed. @param {string} message */
function ask(message) {
  credentials.forget();
  sheet.close();
  form.show(config, message);
}

function signOut() {
  const old = credentials.forget();
  following.abort();
  announcer.clear();
  sheet.close();
  model.clear();
  shown = undefined;
  page = undefined;
  content.replaceChildren();
  byId("nav").hidden = true;
  byId("person").hidden = true;
  link.show(undefined);
  if (old?.refresh !== undefined && config.oidc !== undefined) {
    revoke(old.refresh, config.oidc, { signal: AbortSignal.timeout(10_000) }).catch(() => {});
  }
  ask("");
}

/** Paints with the next frame all that has come until then. */
function plan() {
  if (isPlanned) return;
  isPlanned = true;
  requestAnimationFrame(() => {
    isPlanned = false;
    paint();
  });
}

function paint() {
  const dirt = model.takeDirt();
  const { state } = model;
  if (state.shown.length === 0) return;
  const wanted = sectionOf(location.hash);
  if (dirt.all || wanted !== shown) {
    byId("nav").hidden = false;
    byId("person").hidden = state.user === "" && config.open;
    byId("sign-out").hidden = !credentials.isThere;
    setText(byId("user"), oneLine(state.user, 300));
    const by = state.replica === "" ? "" : `, answered by ${oneLine(state.replica, 200)}`;
    setText(byId("version"), state.version === "" ? "" : `coder-k8s ${oneLine(state.version, 100)}${by}`);
  }
  nav.render(wanted);
  if (wanted !== shown || page === undefined) go(wanted);
  else if (dirt.all) page.render();
  else if (page instanceof Overview && dirt.rows.size > 0) page.render();
  else if (shown !== undefined && shown !== "" && dirt.rows.has(shown)) page.render(dirt.rows.get(shown));
  const open = sheet.shown;
  const changed = open === undefined ? undefined : dirt.rows.get(/** @type {Section} */ (open.section));
  if (open !== undefined && changed?.has(open.id)) {
    sheet.update(open.section, open.id, state.of(/** @type {Section} */ (open.section)).rows.get(open.id));
  }
}

/** @param {string} hash @returns {Section | ""} empty: the overview */
function sectionOf(hash) {
  return model.state.shown.find((section) => `#${section}` === hash) ?? "";
}

/** @param {Section | ""} wanted */
function go(wanted) {
  const isFirst = shown === undefined;
  shown = wanted;
  page = wanted === "" ? new Overview(model, openFromOverview) : sectionPage(wanted);
  content.replaceChildren(page.element);
  if (!isFirst) scrollTo(0, 0);
  page.measure();
  page.render();
  const title = wanted === "" ? "Overview" : model.of(wanted).how.title;
  document.title = `${title} · coder-k8s`;
}

/** @param {Section} section */
function sectionPage(section) {
  const { how } = model.of(section);
  /** @param {import("./state.js").Row} row @param {"diagnosis" | "log"} [begin] */
  const open = (row, begin) => {
    const more = { canDiagnose: model.state.diagnosis, closed: () => page?.focusRow(row.id) };
    sheet.open(section, how, row, { ...more, ...(begin === undefined ? {} : { begin }) });
  };
  /** @type {import("./row.js").RowAction[]} */
  const actions = [];
  if (section === "builds" && model.state.diagnosis) {
    actions.push({
      label: "Log",
      offered: () => true,
      run: (row) => open(row, "log"),
    });
  } else if (model.state.diagnosis && ["controlplanes", "workspaces", "provisioners"].includes(section)) {
    actions.push({
      label: "Diagnose",
      offered: (row) => isIll(how.tone(row)),
      run: (row) => open(row, "diagnosis"),
    });
  }
  return new SectionPage(model.of(section), { open, actions, announcer });
}

/** @param {import("./model.js").SectionModel} section @param {string} id @param {boolean} diagnose */
function openFromOverview({ section, how, state }, id, diagnose) {
  const row = state.rows.get(id);
  if (row === undefined) return;
  const closed = () => page?.focusRow(`${section}/${id}`);
  const more = { canDiagnose: model.state.diagnosis, closed };
  sheet.open(section, how, row, diagnose ? { ...more, begin: "diagnosis" } : more);
}

/** Storage of this tab; where a browser has turned it off, nothing is kept. */
function storage() {
  try {
    return globalThis.sessionStorage;
  } catch {
    const setItem = () => {
      throw new Error("storage is turned off");
    };
    return { getItem: () => null, setItem, removeItem: () => {} };
  }
}

/** What the server says of itself to everybody; asked for until it answers. @returns {Promise<PageConfig>} */
async function readConfig() {
  for (let wait = 1_000;; wait = Math.min(30_000, wait * 2)) {
    try {
      const signal = AbortSignal.timeout(15_000);
      const said = await (await api.get("api/config", { signal })).json();
      const { issuer, clientId, scopes } = said.oidc ?? {};
      const token = typeof said.token === "string" ? said.token : "a token";
      const hasOidc = typeof issuer === "string" && typeof clientId === "string";
      return {
        open: said.open === true,
        token,
        ...(hasOidc
          ? { oidc: { issuer, clientId, scopes: typeof scopes === "string" ? scopes : "openid" } }
          : {}),
      };
    } catch (error) {
      link.show({ kind: "waiting", until: Date.now() + wait, message: wordsOfError(error) });
      await pause(wait, new AbortController().signal, early);
    }
  }
}

async function begin() {
  config = await readConfig();
  if (answer !== undefined && config.oidc !== undefined) {
    try {
      const how = { redirect: BASE, store: storage(), now: Date.now(), signal: AbortSignal.timeout(30_000) };
      const { signIn, keep } = await arrive(answer, config.oidc, how);
      credentials.use(signIn, keep);
      return start();
    } catch (error) {
      link.show(undefined);
      return form.show(config, wordsOfError(error));
    }
  }
  if (credentials.restore() || config.open) return start();
  link.show(undefined);
  form.show(config, "");
}

byId("sign-out").addEventListener("click", signOut);
byId("skip").addEventListener("click", (event) => {
  // The part of the address after # says which section is shown.
  event.preventDefault();
  byId("content").focus();
});
addEventListener("hashchange", plan);
// A network that is back is tried at once.
addEventListener("online", () => early.dispatchEvent(new Event("wake")));
addEventListener("scroll", () => {
  page?.scrolled();
}, { passive: true });
addEventListener("resize", () => page?.measure());
setInterval(() => {
  link.tick();
}, 1_000);
setInterval(tickTimes, 5_000);
begin();
