/** What both ends of gRPC are set up with. */
import { type ChannelOptions, logVerbosity, setLogVerbosity } from "@grpc/grpc-js";

/** Of one message, bytes: bodies of 8 MiB, with room. */
export const MAX_MESSAGE_BYTES = 16 * 2 ** 20;

/** Of one connection, at once. */
const MAX_STREAMS = 16;

/** Milliseconds between pings on a connection, and until one without an answer ends it. */
export const KEEPALIVE_MS = 30_000;
const KEEPALIVE_TIMEOUT_MS = 10_000;

export function channelOptions(maxMessageBytes: number, keepaliveMs: number): ChannelOptions {
  // It writes to the console by itself. What goes wrong is told by errors.
  setLogVerbosity(logVerbosity.NONE);
  return {
    "grpc.max_receive_message_length": maxMessageBytes,
    "grpc.max_send_message_length": maxMessageBytes,
    // A worker has one stream and few calls. Messages are read before it is known who sends them.
    "grpc.max_concurrent_streams": MAX_STREAMS,
    "grpc.keepalive_time_ms": keepaliveMs,
    "grpc.keepalive_timeout_ms": Math.min(KEEPALIVE_TIMEOUT_MS, keepaliveMs),
    "grpc.keepalive_permit_without_calls": 1,
    // A distant worker moves more than 64 KiB in one round trip.
    "grpc-node.flow_control_window": 4 * 2 ** 20,
  };
}
