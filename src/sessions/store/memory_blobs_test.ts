import { testBlobStore } from "./blob_suite.ts";
import { MemoryBlobStore } from "./memory_blobs.ts";

testBlobStore({
  name: "blobs in memory",
  use: ({ limits, now }, run) => run(new MemoryBlobStore(limits, { now })),
});
