/** Circles of imports, those of types included: files that can only be understood together. */
import { importsOf } from "./rooms.ts";

/** Every circle, in words: its files, each with those of them that it imports. `sources`: the text of each file. */
export function importCircles(sources: ReadonlyMap<string, string>): string[] {
  const imports = new Map(
    [...sources].map(([file, source]) => [file, targets(file, source).filter((each) => sources.has(each))]),
  );
  return components(imports).map((circle) =>
    circle.sort().map((file) => {
      const others = (imports.get(file) ?? []).filter((each) => circle.includes(each)).sort();
      return `${file} imports ${others.join(", ")}`;
    }).join("; ")
  );
}

function targets(file: string, source: string): string[] {
  const local = importsOf(source).filter((specifier) => specifier.startsWith("."));
  return [...new Set(local.map((specifier) => new URL(specifier, `file:///${file}`).pathname.slice(1)))];
}

/** The strongly connected components of more than one file, or of one that imports itself (Tarjan's algorithm). */
function components(graph: ReadonlyMap<string, readonly string[]>): string[][] {
  const order = new Map<string, number>();
  const path: string[] = [];
  const found: string[][] = [];
  const visit = (node: string): number => {
    order.set(node, order.size);
    let low = order.get(node) ?? 0;
    path.push(node);
    for (const next of graph.get(node) ?? []) {
      if (!order.has(next)) low = Math.min(low, visit(next));
      else if (path.includes(next)) low = Math.min(low, order.get(next) ?? 0);
    }
    if (low === order.get(node)) {
      const component = path.splice(path.indexOf(node));
      if (component.length > 1 || graph.get(node)?.includes(node)) found.push(component);
    }
    return low;
  };
  for (const node of graph.keys()) if (!order.has(node)) visit(node);
  return found;
}
