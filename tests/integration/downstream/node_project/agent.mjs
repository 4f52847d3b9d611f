// Reports each line of its input as a pool that was scrubbed, until that is acknowledged.

import { randomUUID } from "node:crypto";
import http2 from "node:http2";
import { createInterface } from "node:readline";

const { TOGGLE, TOGGLE_JWT } = process.env;
const UNAVAILABLE = "14";

// Protocol Buffers: a varint, a field with bytes or text, a field with a number.
function varint(value) {
  const bytes = [];
  for (let rest = BigInt(value); ; rest >>= 7n) {
    if (rest < 128n) return Buffer.from([...bytes, Number(rest)]);
    bytes.push(Number(rest & 127n) | 128);
  }
}
const field = (number, content) => {
  const bytes = Buffer.from(content);
  return Buffer.concat([varint((number << 3) | 2), varint(bytes.length), bytes]);
};
const int = (number, value) => Buffer.concat([varint(number << 3), varint(value)]);

function batch(pool) {
  const now = Date.now();
  const event = Buffer.concat([
    field(1, randomUUID()), // event_id
    int(2, 1), // level: INFO
    int(3, 2), // category: STORAGE
    field(4, "node-agent"), // source
    int(5, now), // timestamp
    field(6, Buffer.concat([field(1, "action"), field(2, "scrub")])), // metadata
    field(11, field(1, field(1, pool))), // storage_event.pool_event.pool_name
  ]);
  return Buffer.concat([field(1, event), int(2, now), field(3, randomUUID())]);
}

// gRPC: a message has its length before it, and the trailers say what became of the call.
function call(session, method, message) {
  const head = Buffer.alloc(5);
  head.writeUInt32BE(message.length, 1);
  const stream = session.request({
    ":method": "POST",
    ":path": `/rodent.RodentService/${method}`,
    "content-type": "application/grpc",
    te: "trailers",
    authorization: `Bearer ${TOGGLE_JWT}`,
  });
  return new Promise((resolve, reject) => {
    let status;
    const read = (headers) => (status = headers["grpc-status"] ?? status);
    stream.on("response", read).on("trailers", read).on("error", reject);
    stream.on("end", () => resolve(status)).resume();
    stream.end(Buffer.concat([head, message]));
  });
}

const session = http2.connect(`http://${TOGGLE}`);
for await (const pool of createInterface({ input: process.stdin })) {
  const message = batch(pool); // the same one at each try
  let status;
  while ((status = await call(session, "SendEvents", message)) === UNAVAILABLE) {
    console.log("again");
  }
  console.log(status === "0" ? "sent" : `refused: ${status}`);
}
session.close();
