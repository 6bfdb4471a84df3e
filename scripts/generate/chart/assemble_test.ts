import { deepEqual, equal, match, throws } from "node:assert/strict";
import { assemble, type ChartObject } from "./assemble.ts";
import { emit } from "./emit.ts";
import type { Manifest, Render } from "./source.ts";
import type { Json } from "./tree.ts";
import type { Group } from "./variants.ts";

const object = (kind: string, name: string, more: { [key: string]: Json } = {}): Manifest => ({
  apiVersion: "v1",
  kind,
  metadata: { name },
  ...more,
});

const GROUP: Group = {
  shapes: [{ path: "one", when: ".one" }, { path: "two", when: ".two" }],
  components: [
    { path: "volume", when: ".volume", file: "volume" },
    { path: "shipper", when: ".shipper", file: "volume" },
  ],
  last: { two: ["mend"] },
  fileOf: (kind) => kind.toLowerCase(),
};

/** Renders from a table: shape, then components with plus signs. */
function table(rows: Readonly<Record<string, readonly Manifest[]>>): Render {
  return (shape, components = []) => {
    const names = [shape, ...components.filter((name) => name !== "mend" || rows[`${shape}+mend`])].join("+");
    const found = rows[names] ?? rows[shape];
    if (found === undefined) throw new Error(`no row ${names}`);
    return found;
  };
}

const found = (objects: readonly ChartObject[]) =>
  objects.map(({ kind, name, file, when }) => [`${kind}/${name}`, file, when]);

Deno.test("what is alike in both shapes is one object, anything else is of its shape", () => {
  const same = object("Role", "same");
  const objects = assemble(
    table({ one: [same, object("Pod", "one")], two: [same, object("Pod", "two")] }),
    GROUP,
  );
  deepEqual(found(objects).sort(), [
    ["Pod/one", "pod", ".one"],
    ["Pod/two", "pod", ".two"],
    ["Role/same", "role", undefined],
  ]);
});

Deno.test("an object that differs between shapes alone has the difference in it", () => {
  const objects = assemble(
    table({ one: [object("Service", "s", { to: "a" })], two: [object("Service", "s", { to: "b" })] }),
    GROUP,
  );
  deepEqual(found(objects), [["Service/s", "service", undefined]]);
  match(emit(objects[0]!.tree), /\{\{- if \.two \}\}\nto: b\n\{\{- else \}\}\nto: a\n\{\{- end \}\}/);
});

Deno.test("an object that components change otherwise in each shape is one for each", () => {
  const role = (to: string[]) => object("Role", "r", { to });
  const objects = assemble(
    table({
      one: [role(["a"])],
      two: [role(["b"])],
      "one+volume": [role(["a", "c"])],
      "two+volume": [role(["b", "d"])],
    }),
    GROUP,
  );
  deepEqual(found(objects).sort(), [["Role/r", "role", ".one"], ["Role/r", "role", ".two"]]);
});

Deno.test("what a component adds is there under its condition, what two add under either", () => {
  const claim = object("Claim", "audit");
  const rows = { one: [object("Pod", "p")], two: [object("Pod", "p")] };
  const objects = assemble(
    table({
      ...rows,
      "one+volume": [...rows.one, claim],
      "one+shipper": [...rows.one, claim, object("ConfigMap", "shipper")],
      "two+volume": [...rows.two, claim],
      "two+shipper": [...rows.two, claim, object("ConfigMap", "shipper")],
    }),
    GROUP,
  );
  deepEqual(found(objects).sort(), [
    ["Claim/audit", "volume", "or .volume .shipper"],
    ["ConfigMap/shipper", "volume", ".shipper"],
    ["Pod/p", "pod", undefined],
  ]);
});

Deno.test("a group by itself has its condition everywhere", () => {
  const group: Group = { ...GROUP, shapes: [{ path: "one", when: "true" }], when: ".on" };
  const pod = object("Pod", "p");
  const objects = assemble(table({ one: [pod], "one+volume": [pod, object("Claim", "c")] }), group);
  deepEqual(found(objects), [["Pod/p", "pod", ".on"], ["Claim/c", "volume", "and .on .volume"]]);
});

Deno.test("what the chart cannot say is refused", () => {
  const pod = object("Pod", "p");
  const claim = (size: number) => object("Claim", "c", { size });
  const refused = (rows: Readonly<Record<string, readonly Manifest[]>>, said: RegExp) =>
    throws(() => assemble(table({ one: [pod], two: [pod], ...rows }), GROUP), said);
  refused({ "one+volume": [] }, /volume takes Pod\/\/p away/);
  refused(
    { "one+volume": [pod, claim(1)], "one+shipper": [pod, claim(2)] },
    /shipper has another Claim\/\/c/,
  );
  refused({ "two+mend": [object("Pod", "p", { more: 1 })] }, /mend changes two without any component/);
});

Deno.test("no shapes, no objects", () => {
  equal(assemble(table({}), { ...GROUP, shapes: [] }).length, 0);
});
