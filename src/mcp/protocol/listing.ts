/** What `tools/list` answers, by protocol: made once. */
import type { Catalog } from "../surface.ts";
import { hasAnnotations, hasStructuredContent } from "./versions.ts";

type Listing = Readonly<Record<string, unknown>>;

const known = new WeakMap<Catalog, Map<string, readonly Listing[]>>();

/** All tools, sorted by name. Clients are told nothing that their protocol does not know. */
export function listTools(catalog: Catalog, version: string): readonly Listing[] {
  let lists = known.get(catalog);
  if (lists === undefined) known.set(catalog, lists = new Map());
  const key = `${hasStructuredContent(version)} ${hasAnnotations(version)}`;
  let list = lists.get(key);
  if (list === undefined) lists.set(key, list = catalog.tools.map(({ listing }) => shown(listing, version)));
  return list;
}

function shown(listing: Listing, version: string): Listing {
  if (hasStructuredContent(version)) return listing;
  const { outputSchema: _, title: __, annotations, ...rest } = listing;
  return hasAnnotations(version) && annotations !== undefined ? { ...rest, annotations } : rest;
}
