/** Links of the documents, which lead to files of the project: what is no page of the site is on GitHub. */
import { posix } from "node:path";

/** Where files of the project are that are no pages. */
export const REPOSITORY = "https://github.com/coder/coder-k8s";

/**
 * The address of a link of a page, as the site has it: links out of `docs/` lead to the repository.
 *
 * @param page from `docs/`, such as `how-to/upgrade.md`
 * @param isFolder whether a path from the project's root is a folder
 */
export function siteLink(href: string, page: string, isFolder: (path: string) => boolean): string {
  if (/^([a-z][a-z0-9+.-]*:|\/|#)/i.test(href)) return href;
  const [path = "", hash] = href.split("#", 2);
  const target = posix.normalize(posix.join("docs", posix.dirname(page), path));
  const isPage = target.startsWith("docs/") && (/\.(md|png|svg|webp|gif|jpe?g)$/.test(target));
  if (isPage) return href;
  const kind = isFolder(target) ? "tree" : "blob";
  return `${REPOSITORY}/${kind}/main/${target}${hash === undefined ? "" : `#${hash}`}`;
}
