/** Addresses of a workspace and its apps: data in, data out. */
import type { CoderWorkspace } from "../api/workspace.ts";
import { PluginError } from "./world.ts";

/** An app that has an address. */
export interface OpenableApp {
  readonly slug: string;
  readonly agent: string;
  readonly url: string;
}

export function appsOf({ status }: CoderWorkspace): OpenableApp[] {
  return (status.agents ?? []).flatMap(({ name: agent, apps = [] }) =>
    apps.flatMap(({ slug, url }) => url === undefined || url === "" ? [] : [{ slug, agent, url }])
  );
}

/**
 * Its page in Coder, or an app's address: by the app's slug, or `<agent>/<slug>` where several agents have one.
 *
 * @throws {PluginError} with what there is
 */
export function addressOf(workspace: CoderWorkspace, app: string | undefined): string {
  const { status, spec } = workspace;
  if (app === undefined) {
    if (status.accessURL !== undefined && status.accessURL !== "") return status.accessURL;
    throw new PluginError(
      "Coder has no address that is known: spec.url or CODER_ACCESS_URL of its control plane",
    );
  }
  const all = appsOf(workspace);
  const found = all.filter(({ slug, agent }) => slug === app || `${agent}/${slug}` === app);
  const [first, ...more] = found;
  if (first !== undefined && more.length === 0) return first.url;
  const list = all.map(({ slug, agent }) => found.length > 1 ? `${agent}/${slug}` : slug).join(", ");
  if (found.length > 1) throw new PluginError(`several agents have an app ${app}: ${list}`);
  if (all.length > 0) {
    throw new PluginError(`it has no app ${JSON.stringify(app)} with an address; it has ${list}`);
  }
  throw new PluginError(
    spec.running === true
      ? "it has no apps with an address"
      : "it does not run, and has no apps then: kubectl coder start",
  );
}

/** Whether a browser may be sent there without further questions: what templates write may be anything. */
export function isWebAddress(url: string): boolean {
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
}

/** Where Coder itself is, from a workspace's page; undefined where that is none. */
export function coderOf(accessURL: string | undefined): string | undefined {
  if (accessURL === undefined || !isWebAddress(accessURL)) return undefined;
  const url = new URL(accessURL);
  const at = url.pathname.lastIndexOf("/@");
  const base = at === -1 ? "" : url.pathname.slice(0, at);
  return `${url.origin}${base}`;
}
