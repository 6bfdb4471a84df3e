/** Writes that nobody thought of: of the right form, mostly, with whatever in them. */
import type { Write } from "./twin_writers.ts";
import { owner } from "./object_cases.ts";

/** @param random from 0 to below 1 */
export class RandomWrites {
  constructor(readonly random: () => number) {}

  /** Of a gadget whose spec is free. */
  jsonPatch(name: string): Write {
    const operations = Array.from({ length: 1 + this.#below(4) }, () => {
      const op = this.#one(["add", "remove", "replace", "move", "copy", "test", "add", "replace"]);
      return {
        op,
        path: this.#pointer(),
        ...(op === "move" || op === "copy" ? { from: this.#pointer() } : {}),
        ...(["add", "replace", "test"].includes(op) ? { value: this.#value() } : {}),
      };
    });
    return { ask: `PATCH ${name}`, type: "application/json-patch+json", body: operations };
  }

  mergePatch(name: string): Write {
    const labels = this.#map();
    const body = {
      ...(this.#chance(0.5) ? { metadata: { labels, finalizers: this.#list(["x/a", "x/b", "x/c"]) } } : {}),
      ...(this.#chance(0.7)
        ? { spec: { parts: this.#map(), tags: this.#list(["a", "b", "c", "d"]), size: this.#size() } }
        : {}),
    };
    return { ask: `PATCH ${name}`, type: "application/merge-patch+json", body };
  }

  /** Of a config map. */
  strategicPatch(name: string): Write {
    const names = ["x/a", "x/b", "x/c", "x/d", "x/e"];
    const finalizers = this.#distinct(names);
    const references = this.#distinct(["1", "2", "3", "4"]).map((uid) => this.#reference(uid));
    const adds = this.#chance(0.5);
    // An order of nothing is an error of kube-apiserver's own.
    const orders = this.#chance(0.4) && (!adds || finalizers.length > 0);
    const metadata = {
      ...(adds ? { finalizers } : {}),
      // What is both added and deleted is one or the other, as it happens.
      ...(this.#chance(0.4)
        ? {
          "$deleteFromPrimitiveList/finalizers": this.#distinct(names).filter((one) =>
            !finalizers.includes(one)
          ),
        }
        : {}),
      ...(orders ? { "$setElementOrder/finalizers": this.#withAll(finalizers, this.#distinct(names)) } : {}),
      ...(this.#chance(0.6) && references.length > 0 ? { ownerReferences: references } : {}),
      ...(this.#chance(0.4)
        ? {
          "$setElementOrder/ownerReferences": this.#withAll(
            references.filter((one) => !("$patch" in one)).map(({ uid }) => uid),
            this.#distinct(["1", "2", "3", "4"]),
          ).map((uid) => ({ uid })),
        }
        : {}),
      ...(this.#chance(0.3) ? { labels: this.#map() } : {}),
    };
    const data = this.#chance(0.4) ? { data: this.#directed(this.#map()) } : {};
    return {
      ask: `PATCH ${name}`,
      type: "application/strategic-merge-patch+json",
      body: { metadata, ...data },
    };
  }

  /** Conditions by their type, with whatever in their other fields. */
  conditions(): Record<string, unknown> {
    const types = this.#distinct(["A", "B", "C", "D"]);
    const conditions = types.map((type) => ({
      type,
      ...(this.#chance(0.2) ? { $patch: "delete" } : {
        status: this.#one(["True", "False"]),
        ...(this.#chance(0.5) ? { reason: this.#one(["R", "S"]) } : {}),
        ...(this.#chance(0.3) ? { message: this.#one(["m", null]) } : {}),
      }),
    }));
    const kept = conditions.filter((one) => !("$patch" in one)).map(({ type }) => type);
    const order = this.#withAll(kept, this.#distinct(["A", "B", "C", "D"])).map((type) => ({ type }));
    return {
      ...(this.#chance(0.8) && conditions.length > 0 ? { conditions } : {}),
      ...(this.#chance(0.4) ? { "$setElementOrder/conditions": order } : {}),
    };
  }

  #reference(uid: string): { uid: string } {
    if (this.#chance(0.2)) return { $patch: "delete", uid } as { uid: string };
    const reference = { ...owner, uid, name: this.#one(["m", "n"]) };
    return reference;
  }

  #directed(map: Record<string, unknown>): Record<string, unknown> {
    // Null in a map of texts is the empty text for kinds that are built in, and nothing for all others.
    if (this.#chance(0.1)) {
      const texts = Object.entries(map).filter(([, value]) => value !== null);
      return { ...Object.fromEntries(texts), $patch: "replace" };
    }
    if (this.#chance(0.2)) return { ...map, $retainKeys: [...Object.keys(map), "a"] };
    return map;
  }

  /** All of `items` in their order, with others between them. */
  #withAll(items: readonly string[], others: readonly string[]): string[] {
    const result = [...items];
    for (const other of others) {
      if (!result.includes(other)) result.splice(this.#below(result.length + 1), 0, other);
    }
    return result;
  }

  #pointer(): string {
    return this.#one([
      "/spec/size",
      "/spec/parts",
      "/spec/tags",
      "/metadata/labels",
      `/spec/parts/${this.#key()}`,
      `/spec/tags/${this.#one(["0", "1", "2", "-", "-1", "9"])}`,
      `/metadata/labels/${this.#key()}`,
      `/spec/${this.#key()}/${this.#key()}`,
    ]);
  }

  #value(): unknown {
    return this.#one([this.#key(), this.#map(), this.#list(["a", "b"]), 1, null, this.#key(), this.#key()]);
  }

  #map(): Record<string, unknown> {
    return Object.fromEntries(
      this.#distinct(["a", "b", "c", "d"]).map((key) => [key, this.#one(["x", "y", null])]),
    );
  }

  #size(): unknown {
    return this.#one([0, 1, null, -1]);
  }

  #key(): string {
    return this.#one(["a", "b", "c", "d"]);
  }

  #list<T>(from: readonly T[]): T[] {
    return Array.from({ length: this.#below(4) }, () => this.#one(from));
  }

  #distinct<T>(from: readonly T[]): T[] {
    const left = [...from];
    return Array.from(
      { length: this.#below(from.length) },
      () => left.splice(this.#below(left.length), 1)[0]!,
    );
  }

  #chance(probability: number): boolean {
    return this.random() < probability;
  }

  #below(limit: number): number {
    return Math.floor(this.random() * limit);
  }

  #one<T>(from: readonly T[]): T {
    return from[this.#below(from.length)]!;
  }
}
