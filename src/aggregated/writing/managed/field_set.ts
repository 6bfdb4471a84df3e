/** Sets of fields: which paths of an object somebody owns. Values of which nothing ever changes. */
import { compareElements, fieldPath, type Path, type PathElement } from "./path.ts";

/** An element of a set: whether it is in the set itself, and what of the fields below it is. */
export interface FieldNode {
  readonly element: PathElement;
  readonly isMember: boolean;
  readonly below: FieldSet;
}

/**
 * A set of paths. A path is in it or not whatever is above and below it: owning `.spec` is not owning `.spec.size`.
 */
export class FieldSet {
  static readonly empty = new FieldSet(new Map());

  /** @param nodes by id; each is a member or has something below */
  private constructor(readonly nodes: ReadonlyMap<string, FieldNode>) {}

  /** Nodes that say nothing are left out, those of one element become one. */
  static ofNodes(nodes: Iterable<FieldNode>): FieldSet {
    const kept = new Map<string, FieldNode>();
    for (const node of nodes) {
      if (!node.isMember && node.below.isEmpty) continue;
      const other = kept.get(node.element.id);
      kept.set(node.element.id, other === undefined ? node : joined(other, node));
    }
    return kept.size === 0 ? FieldSet.empty : new FieldSet(kept);
  }

  static ofPaths(paths: Iterable<Path>): FieldSet {
    const draft = new FieldSetDraft();
    for (const path of paths) draft.add(path);
    return draft.toSet();
  }

  /** Of paths of names alone: `FieldSet.ofNames(["spec", "size"], ["status"])`. */
  static ofNames(...paths: readonly (readonly string[])[]): FieldSet {
    return FieldSet.ofPaths(paths.map((names) => fieldPath(...names)));
  }

  get isEmpty(): boolean {
    return this.nodes.size === 0;
  }

  has(path: Path): boolean {
    const [first, ...rest] = path;
    const node = first === undefined ? undefined : this.nodes.get(first.id);
    return node !== undefined && (rest.length === 0 ? node.isMember : node.below.has(rest));
  }

  hasMember(element: PathElement): boolean {
    return this.nodes.get(element.id)?.isMember === true;
  }

  /** What is in the set below an element, as paths from there. */
  below(element: PathElement): FieldSet {
    return this.nodes.get(element.id)?.below ?? FieldSet.empty;
  }

  union(other: FieldSet): FieldSet {
    if (this.isEmpty || this === other) return other;
    if (other.isEmpty) return this;
    return FieldSet.ofNodes([...this.nodes.values(), ...other.nodes.values()]);
  }

  intersection(other: FieldSet): FieldSet {
    return this.#combine((node) => {
      const theirs = other.nodes.get(node.element.id);
      if (theirs === undefined) return undefined;
      return {
        ...node,
        isMember: node.isMember && theirs.isMember,
        below: node.below.intersection(theirs.below),
      };
    });
  }

  /** Without the paths of the other set. What is below those stays. */
  difference(other: FieldSet): FieldSet {
    return this.#combine((node) => {
      const theirs = other.nodes.get(node.element.id);
      if (theirs === undefined) return node;
      return {
        ...node,
        isMember: node.isMember && !theirs.isMember,
        below: node.below.difference(theirs.below),
      };
    });
  }

  /** Without the paths of the other set and everything below them. */
  without(other: FieldSet): FieldSet {
    return this.#combine((node) => {
      const theirs = other.nodes.get(node.element.id);
      if (theirs === undefined) return node;
      return theirs.isMember ? undefined : { ...node, below: node.below.without(theirs.below) };
    });
  }

  equals(other: FieldSet): boolean {
    if (this === other) return true;
    if (this.nodes.size !== other.nodes.size) return false;
    for (const [id, node] of this.nodes) {
      const theirs = other.nodes.get(id);
      if (theirs === undefined || node.isMember !== theirs.isMember || !node.below.equals(theirs.below)) {
        return false;
      }
    }
    return true;
  }

  /** In the order in which they are written. */
  sortedNodes(): FieldNode[] {
    return [...this.nodes.values()].sort((left, right) => compareElements(left.element, right.element));
  }

  /** Every path, in the order in which conflicts are told: what lies at one level before what lies deeper. */
  paths(): Path[] {
    const nodes = this.sortedNodes();
    const here = nodes.filter(({ isMember }) => isMember).map(({ element }) => [element]);
    return [
      ...here,
      ...nodes.flatMap(({ element, below }) => below.paths().map((path) => [element, ...path])),
    ];
  }

  #combine(change: (node: FieldNode) => FieldNode | undefined): FieldSet {
    const nodes: FieldNode[] = [];
    for (const node of this.nodes.values()) {
      const changed = change(node);
      if (changed !== undefined) nodes.push(changed);
    }
    return FieldSet.ofNodes(nodes);
  }
}

function joined(left: FieldNode, right: FieldNode): FieldNode {
  return {
    element: left.element,
    isMember: left.isMember || right.isMember,
    below: left.below.union(right.below),
  };
}

/** A set in the making. */
export class FieldSetDraft {
  readonly #nodes = new Map<string, { element: PathElement; isMember: boolean; below: FieldSetDraft }>();

  /** The empty path is no field, and is not added. */
  add(path: Path): void {
    const [first, ...rest] = path;
    if (first === undefined) return;
    let node = this.#nodes.get(first.id);
    if (node === undefined) {
      node = { element: first, isMember: false, below: new FieldSetDraft() };
      this.#nodes.set(first.id, node);
    }
    if (rest.length === 0) node.isMember = true;
    else node.below.add(rest);
  }

  toSet(): FieldSet {
    return FieldSet.ofNodes(
      [...this.#nodes.values()].map(({ element, isMember, below }) => ({
        element,
        isMember,
        below: below.toSet(),
      })),
    );
  }
}
