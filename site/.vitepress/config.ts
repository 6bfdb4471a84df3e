/** The site of the documents: `deno task docs`. Its source is `docs/`; nothing is loaded from elsewhere. */
import { existsSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { defineConfig } from "vitepress";
import { REPOSITORY, siteLink } from "../../scripts/docs/site_links.ts";
import { diagrams } from "../../scripts/docs/mermaid.ts";
import { copyMermaid, mermaidServer } from "../../scripts/docs/mermaid_files.ts";
import { readPages } from "../../scripts/docs/pages.ts";
import { sidebarOf } from "../../scripts/docs/sections.ts";
import { slug } from "../../scripts/docs/slug.ts";

const project = join(import.meta.dirname, "../..");
const { version } = JSON.parse(readFileSync(join(project, "deno.json"), "utf8")) as { version: string };
const docs = join(project, "docs/");
const mermaid = join(import.meta.dirname, "../node_modules/mermaid/dist");
const isFolder = (path: string) =>
  existsSync(join(project, path)) && statSync(join(project, path)).isDirectory();
/** A cube, as text. */
const ICON = "data:image/svg+xml," + encodeURIComponent(
  '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path fill="#3451b2" d="M8 0l7 4v8l-7 4-7-4V4z"/>' +
    '<path fill="#fff" d="M8 8.5L2.5 5.3v5.9L7.5 14V8.5zm.5.5v5l5-2.8V5.3z" opacity=".85"/></svg>',
);

export default defineConfig({
  title: "coder-k8s",
  description: "Coder, native to Kubernetes: operator, aggregated API, MCP server and sandbox sessions.",
  lang: "en",
  srcDir: "../docs",
  outDir: "../dist/site",
  cacheDir: "../dist/site-cache",
  // Addresses that lead to folders of GitHub Pages and to any other server of files.
  cleanUrls: false,
  lastUpdated: false,
  // Addresses of the reader's own machine are no pages.
  ignoreDeadLinks: "localhostLinks",
  head: [
    ["meta", { name: "theme-color", content: "#3451b2" }],
    // Without one, browsers ask for a file that is not there.
    ["link", { rel: "icon", href: ICON }],
  ],
  markdown: {
    anchor: { slugify: slug },
    toc: { level: [2, 3] },
    config: (markdown) => {
      diagrams(markdown);
      const linkOpen = markdown.renderer.rules["link_open"];
      markdown.renderer.rules["link_open"] = (tokens, index, options, env, self) => {
        const token = tokens[index]!;
        const href = token.attrGet("href");
        if (href !== null) token.attrSet("href", siteLink(href, env.relativePath, isFolder));
        return linkOpen?.(tokens, index, options, env, self) ?? self.renderToken(tokens, index, options);
      };
    },
  },
  vite: {
    plugins: [{
      // Pages lie outside of this folder, and with it outside of what has its packages.
      name: "packages-of-the-site",
      enforce: "pre",
      resolveId(source, importer) {
        if (!/^vue(\/|$)/.test(source) || importer?.startsWith(docs) !== true) return null;
        return this.resolve(source, import.meta.filename, { skipSelf: true });
      },
    }, mermaidServer(mermaid)],
  },
  transformPageData(page) {
    // Wide tables need the room of the outline.
    if (page.relativePath.startsWith("reference/")) {
      Object.assign(page.frontmatter, { aside: false, pageClass: "wide" });
    }
  },
  buildEnd: ({ outDir }) => copyMermaid(mermaid, outDir),
  themeConfig: {
    search: { provider: "local" },
    sidebar: sidebarOf(readPages(docs)),
    outline: { level: [2, 3] },
    nav: [{ text: version, link: `${REPOSITORY}/blob/main/CHANGELOG.md` }],
    socialLinks: [{ icon: "github", link: REPOSITORY, ariaLabel: "The source on GitHub" }],
    editLink: { pattern: `${REPOSITORY}/edit/main/docs/:path` },
  },
});
