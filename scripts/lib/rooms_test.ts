import { deepEqual, equal, ok } from "node:assert/strict";
import { filesBelow, read } from "./files.ts";
import { importsOf, readRooms, roomOf, wrongDoors } from "./rooms.ts";

const table = `
| Path | What | May import |
| --- | --- | --- |
| \`main.ts\` | starts | cli |
| \`src/api/\` | types | – |
| \`src/kube/\` | client | api, telemetry |
| \`src/a/\`, \`src/b/\` | twins | kube |
| \`src/app/\` | root | all |
`;

Deno.test("the room table is read from Markdown", () => {
  const rooms = readRooms(table);
  deepEqual([...rooms.keys()], ["main", "api", "kube", "a", "b", "app"]);
  deepEqual([...(rooms.get("kube") ?? [])], ["api", "telemetry"]);
  equal(rooms.get("api")?.size, 0);
});

Deno.test("static, dynamic, side-effect and re-exported imports are all seen", () => {
  const source = `import { a } from "./a.ts";
import type {
  B,
} from "../b/b.ts";
export * from "./c.ts";
import "./d.ts";
const e = await import("../e/e.ts");`;
  deepEqual(importsOf(source).sort(), ["../b/b.ts", "../e/e.ts", "./a.ts", "./c.ts", "./d.ts"]);
});

Deno.test("a door that is not in the table is refused, by name", () => {
  const rooms = readRooms(table);
  deepEqual(wrongDoors("src/api/x.ts", `import { y } from "../kube/y.ts";`, rooms), [
    "src/api/x.ts: api may not import kube (src/kube/y.ts)",
  ]);
  deepEqual(wrongDoors("src/kube/x.ts", `import { y } from "../api/y.ts";`, rooms), []);
  deepEqual(wrongDoors("src/app/x.ts", `const y = await import("../b/y.ts");`, rooms), []);
  equal(wrongDoors("main.ts", `import { y } from "./src/kube/y.ts";`, rooms).length, 1);
});

Deno.test("imports from elsewhere than npm, and from no room, are refused", () => {
  const rooms = readRooms(table);
  equal(wrongDoors("tests/x.ts", `import { y } from "jsr:@std/x";`, rooms).length, 1);
  equal(wrongDoors("src/kube/x.ts", `import { y } from "../y.ts";`, rooms).length, 1);
  equal(wrongDoors("src/unknown/x.ts", `import { y } from "../api/y.ts";`, rooms).length, 1);
  equal(roomOf("tests/cluster/mod.ts"), undefined);
});

Deno.test("every import of the project goes through a door of the table in docs/architecture.md", async () => {
  const rooms = readRooms(read("docs/architecture.md"));
  ok(rooms.size > 15, "the table lists the rooms");
  const files = ["main.ts", ...await filesBelow("src", [".ts"]), ...await filesBelow("tests", [".ts"])];
  ok(files.length > 40, "the project's files are found");
  deepEqual(files.flatMap((file) => wrongDoors(file, read(file), rooms)), []);
});
