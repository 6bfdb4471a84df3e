import { deepEqual } from "node:assert/strict";
import { lineCoverage } from "./lcov.ts";

Deno.test("only the product's own lines count", () => {
  const report = `SF:/p/src/kube/a.ts
DA:1,3
DA:2,0
end_of_record
SF:/p/tests/b.ts
DA:1,1
end_of_record
SF:/p/main.ts
DA:4,1
end_of_record
`;
  deepEqual(lineCoverage(report, "/p"), {
    files: [{ path: "src/kube/a.ts", lines: 2, covered: 1 }, { path: "main.ts", lines: 1, covered: 1 }],
    lines: 3,
    covered: 2,
  });
  deepEqual(lineCoverage("", "/p"), { files: [], lines: 0, covered: 0 });
});
