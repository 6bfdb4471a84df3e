import { RedisSessionStore } from "../../src/sessions/store/redis/sessions.ts";
import { testSessionStore } from "../../src/sessions/store/suite.ts";
import { silentLogger } from "../../src/telemetry/logger.ts";
import { connectionTo, PREFIX } from "./rig.ts";
import { startRedis } from "./server.ts";

testSessionStore({
  name: "sessions in Redis",
  open: async () => {
    const redis = await startRedis();
    const connection = connectionTo(redis.access);
    const store = new RedisSessionStore({ connection, prefix: PREFIX, log: silentLogger });
    const close = store.close.bind(store);
    store.close = async () => {
      await close();
      await connection.close();
      await redis[Symbol.asyncDispose]();
    };
    return store;
  },
});
