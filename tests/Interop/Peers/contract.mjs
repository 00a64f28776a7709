// What every peer that runs in Node does in the same way: it reads commands as JSON lines on standard input and prints what happens as JSON
// lines on standard output. README.md in this folder describes both.

import { createInterface } from "node:readline";
import { readFileSync, writeFileSync } from "node:fs";

const print = (line) => process.stdout.write(JSON.stringify(line) + "\n");

/** The version of an npm package. Not every package lets its package.json be imported. */
export function versionOf(name) {
  return JSON.parse(readFileSync(new URL(`node_modules/${name}/package.json`, import.meta.url), "utf8")).version;
}

/**
 * Runs the commands until standard input ends.
 * @param stack {name, version, dial(command, say), close?()}: dial returns a call with say(), send(), listen(), record() and hangUp()
 */
export async function serve(stack) {
  const calls = new Map();
  const handlers = {
    call: (command, say) => calls.set(command.id, stack.dial(command, say)).get(command.id),
    say: (command, say, call) => call.say(command).then(() => say({ at: "said" })),
    send: (command, say, call) => call.send(command.text),
    listen: (command, say, call) => call.listen(),
    record: async (command, say, call) => say({ at: "recorded", ...(await call.record(command.path)) }),
    hangUp: (command, say, call) => call.hangUp(),
  };
  print({ at: "ready", stack: stack.name, version: stack.version });
  for await (const line of createInterface({ input: process.stdin })) {
    const command = JSON.parse(line);
    const say = (what) => print({ id: command.id, ...what });
    // Not awaited: a question that is being asked must not hold up another call.
    Promise.resolve()
      .then(async () => handlers[command.do](command, say, await calls.get(command.id)))
      .catch((error) => say({ at: "error", message: String(error?.stack ?? error) }));
  }
  await stack.close?.();
  process.exit(0);
}

/** A promise that a state of the stack fulfils. */
export function when(subscribe) {
  return new Promise((resolve) => subscribe(resolve));
}

const FRAME_MS = 20;
const FRAME_TICKS = 960;
// One frame of 20 ms of digital silence.
const SILENCE = Buffer.from([0xf8, 0xff, 0xfe]);

/** The microphone of a stack without a codec: it sends a frame of Opus every 20 ms, and silence between the questions. */
export class OpusMicrophone {
  #frames = [];
  #sent = 0;
  #startedAt = performance.now();
  #ended = () => {};
  #timer;

  /** @param send gets the payload and the RTP sequence number and timestamp, both counted from zero */
  constructor(send) {
    this.#timer = setInterval(() => {
      // A timer that was late catches up.
      while (this.#startedAt + this.#sent * FRAME_MS <= performance.now()) {
        const frame = this.#frames.shift();
        if (frame && this.#frames.length === 0) this.#ended();
        send(frame ?? SILENCE, this.#sent & 0xffff, (this.#sent * FRAME_TICKS) >>> 0);
        this.#sent++;
      }
    }, FRAME_MS / 2);
  }

  /** Says the frames of a file. Each one has its length in front, in two bytes. */
  say(path) {
    const file = readFileSync(path);
    for (let at = 0; at < file.length; at += 2 + file.readUInt16BE(at)) this.#frames.push(file.subarray(at + 2, at + 2 + file.readUInt16BE(at)));
    return new Promise((resolve) => (this.#ended = resolve));
  }

  close() {
    clearInterval(this.#timer);
  }
}

/** An RTP packet without extensions. */
export function rtpPacket(payloadType, ssrc, payload, sequence, timestamp) {
  const header = Buffer.alloc(12);
  header[0] = 0x80;
  header[1] = payloadType;
  header.writeUInt16BE(sequence, 2);
  header.writeUInt32BE(timestamp, 4);
  header.writeUInt32BE(ssrc, 8);
  return Buffer.concat([header, payload]);
}

/** What a stack without a codec has received: RTP packets, each with its length in front, in two bytes (RFC 4571). */
export class RtpRecording {
  #packets = [];

  add(packet) {
    this.#packets.push(Buffer.from(packet));
  }

  clear() {
    this.#packets = [];
  }

  write(path) {
    const parts = this.#packets.flatMap((packet) => [Buffer.from([packet.length >> 8, packet.length & 0xff]), packet]);
    writeFileSync(path, Buffer.concat(parts));
    return { rtp: path, packets: this.#packets.length };
  }
}
