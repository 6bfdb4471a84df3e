import { RedisSightings } from "../../src/sessions/store/redis/sightings.ts";
import { testSightings } from "../../src/sessions/store/sightings_suite.ts";
import { connectionTo, PREFIX, withRedis } from "./rig.ts";

testSightings({
  name: "sightings in Redis",
  use: (run) =>
    withRedis(async (redis, connection) => {
      const other = connectionTo(redis.access);
      try {
        await run(
          new RedisSightings({ connection, prefix: PREFIX }),
          new RedisSightings({ connection: other, prefix: PREFIX }),
        );
      } finally {
        await other.close();
      }
    }),
});
