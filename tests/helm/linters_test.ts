/** What linters find in what the chart renders: nothing that is not explained in `deploy/lint.yaml`. */
import { deepEqual, ok } from "node:assert/strict";
import { parse } from "yaml";
import { judge, lint, readExplanations } from "../deploy/linters.ts";
import { render } from "./helm.ts";
import { productVariants, sessionVariants, together } from "./variants.ts";

Deno.test("linters find nothing in the chart that is not explained", async () => {
  const exposed = parse(await Deno.readTextFile(new URL("values/exposed.yaml", import.meta.url)));
  const sessions = together(sessionVariants().map(({ values }) => values));
  const widest = productVariants().toSorted((one, other) => other.components.length - one.components.length);
  const [split, all] = widest;
  ok(split !== undefined && all !== undefined);
  // Which type the Service has is for who installs to say.
  const inside = together([exposed, { mcp: { service: { type: "ClusterIP" } } }]);
  const cases = { default: {}, [all.name]: all.values, [split.name]: split.values, inside, sessions };
  const rendered = await Promise.all(
    Object.entries(cases).map(async ([name, values]) => ({
      name,
      objects: await render({ ...values, crds: { install: false } }),
    })),
  );
  const { unexplained } = judge(await lint(rendered), await readExplanations());
  const said = unexplained.map(({ of, tool, check, object, text }) =>
    `${of}: ${tool} ${check} ${object}: ${text}`
  );
  deepEqual([...new Set(said)], []);
});
