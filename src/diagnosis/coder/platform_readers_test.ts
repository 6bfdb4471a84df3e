import assert from "node:assert/strict";
import { readBuildInfo, readProxies } from "./mod.ts";
import { readerOf } from "./testing.ts";

Deno.test("Coder's version is read without what its builders add", async () => {
  const version = async (answer: unknown) =>
    await readBuildInfo(await readerOf({ "/api/v2/buildinfo": answer }));
  assert.deepEqual(await version({ version: "v2.30.0+43e67d1", of: "more" }), { version: "v2.30.0" });
  await assert.rejects(version({ version: "" }));
  await assert.rejects(version("<html>"));
  await assert.rejects(
    version({ version: "v2.30.0", workspace_proxy: true }),
    /a workspace proxy answers there/,
  );
});

Deno.test("proxies are read with their health; what is of another shape is left out or empty", async () => {
  const coder = await readerOf({
    "/api/v2/workspaceproxies": {
      regions: [
        {
          name: "paris",
          path_app_url: "https://paris",
          wildcard_hostname: "*.paris",
          version: "v2.30.0",
          status: {
            status: "unreachable",
            report: { errors: ["EOF", 7], warnings: null },
            checked_at: "2026-11-22T07:59:00Z",
          },
        },
        { name: "bare", status: null },
        { name: 7 },
        null,
      ],
    },
  });
  assert.deepEqual(await readProxies(coder), [
    {
      name: "paris",
      status: "unreachable",
      pathAppUrl: "https://paris",
      wildcardHostname: "*.paris",
      version: "v2.30.0",
      errors: ["EOF"],
      warnings: [],
      checkedAt: "2026-11-22T07:59:00Z",
    },
    {
      name: "bare",
      status: "",
      pathAppUrl: "",
      wildcardHostname: "",
      version: "",
      errors: [],
      warnings: [],
      checkedAt: undefined,
    },
  ]);
});
