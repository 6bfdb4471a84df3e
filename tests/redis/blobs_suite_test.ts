import { testBlobStore } from "../../src/sessions/store/blob_suite.ts";
import { RedisBlobStore } from "../../src/sessions/store/redis/blobs.ts";
import { silentLogger } from "../../src/telemetry/logger.ts";
import { PREFIX, withRedis } from "./rig.ts";

testBlobStore({
  name: "blobs in Redis",
  use: ({ limits, now }, run) =>
    withRedis((_redis, connection) =>
      run(new RedisBlobStore({ connection, prefix: PREFIX, limits, log: silentLogger, now }))
    ),
});
