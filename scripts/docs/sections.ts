/** The order of the documents: a section by what its reader wants (Diátaxis), and the pages of each. */

/** A part of the sidebar. */
export interface Section {
  readonly title: string;
  /** Folders of `docs/` whose pages belong to it. Those that `pages` does not name follow by title. */
  readonly folders: readonly string[];
  /** Pages that come first, in this order. Those of `docs/` itself have to be named. */
  readonly pages: readonly string[];
}

export const SECTIONS: readonly Section[] = [
  { title: "Tutorial", folders: ["tutorial"], pages: [] },
  {
    title: "How-to guides",
    folders: ["how-to"],
    pages: [
      ...["install", "helm", "helm-chart-users", "take-over-from-the-go-operator"],
      ...["upgrade", "backup", "uninstall", "air-gapped"],
      ...["hardening", "monitoring", "multi-tenant-rights", "cert-manager", "gateway"],
      ...["cloudnativepg", "several-control-planes", "external-provisioners", "templates-from-git"],
      ...["argo-cd", "flux", "kubectl-plugin", "mcp-clients", "sessions", "troubleshoot"],
    ].map((name) => `how-to/${name}`),
  },
  {
    title: "Features in detail",
    folders: [],
    pages: [
      "features",
      ...["takeover", "upgrades", "exposure", "licences", "operator-access", "workload", "workspace-rbac"],
      ...["deletion", "provisioners", "workspace-proxies"],
      ...["aggregated-api", "changing-workspaces", "templates-from-git"],
      ...["mcp", "mcp-transcript", "sessions", "ui", "metrics", "support-bundle", "helm-parity"],
    ],
  },
  { title: "Reference", folders: ["reference"], pages: ["mcp-tools"] },
  {
    title: "Explanation",
    folders: ["explanation"],
    pages: ["explanation/what-it-is", "architecture", "explanation/security-model", "upstream-differences"],
  },
  { title: "Troubleshooting", folders: ["troubleshooting"], pages: ["troubleshooting"] },
  {
    title: "Working on it",
    folders: ["contributing"],
    pages: ["development", "releasing", "dependencies", "benchmarks", "evaluations"],
  },
];

/** Pages that are in no section: the site's front page, and those that lists of a folder are. */
const ALONE = /^(index|README|.*\/(index|README))$/;

/** A page of `docs/`. */
export interface DocPage {
  /** From `docs/`, without `.md`. */
  readonly name: string;
  /** Its first heading. */
  readonly title: string;
}

export interface SidebarItem {
  readonly text: string;
  readonly link?: string;
  readonly items?: SidebarItem[];
}

/**
 * The sidebar of all pages.
 *
 * @throws {Error} naming pages that belong nowhere, and those of a section that are not there
 */
export function sidebarOf(pages: readonly DocPage[], sections: readonly Section[] = SECTIONS): SidebarItem[] {
  const byName = new Map(pages.map((page) => [page.name, page]));
  const placed = new Set<string>();
  const item = ({ name, title }: DocPage): SidebarItem => {
    placed.add(name);
    return { text: title, link: `/${name}` };
  };
  const sidebar = sections.flatMap((section) => {
    const named = section.pages.map((name) => {
      const page = byName.get(name);
      if (page === undefined) throw new Error(`docs/${name}.md, a page of ${section.title}, is not there`);
      return item(page);
    });
    const found = section.folders.flatMap((folder) => pagesBelow(folder, pages))
      .filter(({ name }) => !section.pages.includes(name)).map(item);
    const items = [...named, ...found];
    return items.length === 0 ? [] : [{ text: section.title, items }];
  });
  const lost = pages.filter(({ name }) => !placed.has(name) && !ALONE.test(name));
  if (lost.length > 0) {
    throw new Error(
      `${lost.map(({ name }) => `docs/${name}.md`).join(", ")}: in no section of scripts/docs/sections.ts`,
    );
  }
  return sidebar;
}

/** Pages of a folder: in the order of their numbers, where their names begin with one, else by title. */
function pagesBelow(folder: string, pages: readonly DocPage[]): DocPage[] {
  const own = pages.filter(({ name }) => name.startsWith(`${folder}/`) && !ALONE.test(name));
  return own.sort((a, b) =>
    numberOf(a.name) - numberOf(b.name) || (a.title < b.title ? -1 : a.title > b.title ? 1 : 0)
  );
}

function numberOf(name: string): number {
  const [, digits] = /\/(\d+)[^/]*$/.exec(name) ?? [];
  return digits === undefined ? Infinity : Number(digits);
}
