import assert from "node:assert/strict";
import { withoutWarnings } from "./reads.ts";

Deno.test("warnings beside an answer are no failure, and everything else that kubectl says is", () => {
  assert.equal(withoutWarnings("Warning: Coder of a/b is not ready\n"), "");
  assert.equal(
    withoutWarnings("Warning: old\nError from server (ServiceUnavailable): no\n"),
    "Error from server (ServiceUnavailable): no",
  );
});
