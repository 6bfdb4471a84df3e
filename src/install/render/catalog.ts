/** What can be installed, by name: shapes, and components that change a shape. */
import type { Kustomization } from "./kustomize.ts";

/** A shape: what runs where. */
interface Shape {
  readonly resources: readonly string[];
  readonly components: readonly string[];
  /** Where it runs; `--namespace` puts another in its place. */
  readonly namespace: string;
  /** What it works together with, which is installed apart: another shape, and where that is unless somebody says. */
  readonly other?: OtherSide;
  /** Which components go with it. */
  readonly takes: (component: string) => boolean;
  readonly help: string;
}

/** The other one of coordinator and workers. */
export interface OtherSide {
  readonly shape: string;
  readonly namespace: string;
}

/** Those that give the product's own Deployments rights or change them. */
const PRODUCT = (component: string) => component !== SPLIT_ACCOUNTS;
const SIZES = (component: string) => component.startsWith("size-");
const NONE = () => false;

/** Gives each part of the split shape what components grant to all. */
const SPLIT_ACCOUNTS = "split-accounts";

/** In the order of the help. */
export const SHAPES: Readonly<Record<string, Shape>> = {
  all: {
    resources: ["deploy/overlays/all"],
    components: [],
    namespace: "coder-system",
    takes: PRODUCT,
    help: "everything in one Deployment (the default)",
  },
  split: {
    resources: ["deploy/overlays/split"],
    components: [],
    namespace: "coder-system",
    takes: () => true,
    help: "controllers, aggregated API server and MCP server in Deployments of their own",
  },
  coordinator: {
    resources: ["deploy/coordinator"],
    components: [],
    namespace: "coder-sessions",
    other: { shape: "workers", namespace: "coder-sandboxes" },
    takes: SIZES,
    help: "the coordinator of sandbox sessions",
  },
  "coordinator/replicas": {
    resources: ["deploy/coordinator"],
    components: ["deploy/coordinator/replicas"],
    namespace: "coder-sessions",
    other: { shape: "workers/replicas", namespace: "coder-sandboxes" },
    takes: SIZES,
    help: "two coordinators that share a Redis",
  },
  workers: {
    resources: ["deploy/coordinator/workers"],
    components: [],
    namespace: "coder-sandboxes",
    other: { shape: "coordinator", namespace: "coder-sessions" },
    takes: NONE,
    help: "workers of one coordinator",
  },
  "workers/replicas": {
    resources: ["deploy/coordinator/workers"],
    components: ["deploy/coordinator/replicas/workers"],
    namespace: "coder-sandboxes",
    other: { shape: "coordinator/replicas", namespace: "coder-sessions" },
    takes: NONE,
    help: "workers of coordinators that share a Redis",
  },
};

/** What was asked for, understood. */
export interface Choice {
  readonly shape: string;
  readonly components: readonly string[];
  /** Its namespace where nobody says another. */
  readonly namespace: string;
  readonly other?: OtherSide;
}

/** Names that go together in no way. The message says what does. */
export class OverlayError extends Error {
  override readonly name = "OverlayError";
}

/** The components that there are, by the folders of `deploy/components/`. @param paths of all files */
export function componentNames(paths: readonly string[]): string[] {
  return paths.flatMap((path) => /^deploy\/components\/([^/]+)\/kustomization\.yaml$/.exec(path)?.[1] ?? [])
    .sort();
}

/**
 * Understands names of shapes and components in any order: one shape at most, `all` where there is none.
 *
 * @throws {OverlayError}
 */
export function chosen(names: readonly string[], paths: readonly string[]): Choice {
  const known = componentNames(paths);
  const unknown = names.find((name) => !Object.hasOwn(SHAPES, name) && !known.includes(name));
  if (unknown !== undefined) {
    throw new OverlayError(
      `there is no overlay ${unknown}: shapes are ${Object.keys(SHAPES).join(", ")}; components are ${
        known.join(", ")
      }`,
    );
  }
  const shapes = [...new Set(names.filter((name) => Object.hasOwn(SHAPES, name)))];
  if (shapes.length > 1) {
    throw new OverlayError(
      `${shapes.join(" and ")} are shapes, of which one alone can be installed at a time`,
    );
  }
  const [name = "all"] = shapes;
  const shape = SHAPES[name]!;
  const wanted = [...new Set(names.filter((one) => known.includes(one)))];
  const misfit = wanted.find((component) => !shape.takes(component));
  if (misfit !== undefined) throw new OverlayError(`${misfit} does not go with ${name}`);
  // It looks at what the others have made, and comes last, whether it is named or not.
  const others = wanted.filter((one) => one !== SPLIT_ACCOUNTS);
  const last = name === "split" && known.includes(SPLIT_ACCOUNTS) && wanted.length > 0
    ? [SPLIT_ACCOUNTS]
    : [];
  const other = shape.other === undefined ? {} : { other: shape.other };
  return { shape: name, components: [...others, ...last], namespace: shape.namespace, ...other };
}

/** The kustomization of it; paths are from the root. */
export function kustomizationOf({ shape, components }: Choice): Kustomization {
  const { resources, components: own } = SHAPES[shape]!;
  return { resources, components: [...own, ...components.map((name) => `deploy/components/${name}`)] };
}
