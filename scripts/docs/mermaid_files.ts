/** The library that draws diagrams, as its makers have bundled it: bundling it again takes minutes. */
import { cpSync, createReadStream, existsSync } from "node:fs";
import { join, normalize } from "node:path";

/** Where it is below the site, and its first file. */
export const MERMAID_PATH = "/mermaid/";

/** Whether a file of the library is one that browsers load: no types, no maps, no other bundles. */
export function isNeeded(path: string): boolean {
  return /^mermaid\.esm\.min\.mjs$|^chunks\/mermaid\.esm\.min\/[^/]+\.mjs$/.test(path);
}

/** Copies it beside a built site. @param library its `dist` */
export function copyMermaid(library: string, site: string): void {
  const files = (from: string) => from.slice(library.length).replace(/^\//, "");
  cpSync(library, join(site, MERMAID_PATH), {
    recursive: true,
    filter: (from) => ["", "chunks", "chunks/mermaid.esm.min"].includes(files(from)) || isNeeded(files(from)),
  });
}

/** What is used of Vite's server of files. */
interface Server {
  readonly middlewares: {
    use(handle: (request: Request, response: Response, next: () => void) => void): void;
  };
}
interface Request {
  readonly url?: string;
}
interface Response extends NodeJS.WritableStream {
  setHeader(name: string, value: string): void;
}

/** Serves it while pages are written. */
export function mermaidServer(library: string) {
  return {
    name: "mermaid-as-bundled",
    configureServer({ middlewares }: Server) {
      middlewares.use(({ url = "" }, response, next) => {
        const path = normalize(url.split("?")[0]!.slice(MERMAID_PATH.length));
        const file = join(library, path);
        if (!url.startsWith(MERMAID_PATH) || !isNeeded(path) || !existsSync(file)) return next();
        response.setHeader("content-type", "text/javascript");
        createReadStream(file).pipe(response);
      });
    },
  };
}
