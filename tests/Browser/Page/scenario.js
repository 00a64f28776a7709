// What a test can do with a call of the unmodified OpenAI Agents SDK. Times are milliseconds of this page's clock (performance.now).

const { RealtimeAgent, RealtimeSession, OpenAIRealtimeWebRTC, tool } = globalThis.OpenAIAgentsRealtime;

const SETUP_LIMIT_MS = 20_000;
// -40 dBFS, to find where a word begins and ends in a WAV.
const SPOKEN = 0.01;

const context = new AudioContext();
const ready = context.audioWorklet.addModule("recorder.js");
const words = new Map();
let call;

/** The remote voice, all of it, on the page's clock. */
class Recording {
  #node = new AudioWorkletNode(context, "recorder", { numberOfInputs: 1, numberOfOutputs: 1, channelCount: 1, channelCountMode: "explicit" });
  #blocks = [];
  #samples = 0;
  #startedAt = Infinity;

  constructor() {
    this.#node.port.onmessage = ({ data }) => {
      this.#blocks.push(data);
      this.#samples += data.length;
      // The block that waited least for this thread tells when the first one began.
      this.#startedAt = Math.min(this.#startedAt, performance.now() - (this.#samples / context.sampleRate) * 1000);
    };
    // Only a node that leads somewhere is run; it puts out silence.
    this.#node.connect(context.destination);
  }

  listenTo(stream) {
    this.source = context.createMediaStreamSource(stream);
    this.source.connect(this.#node);
  }

  close() {
    this.source?.disconnect();
    this.#node.disconnect();
    this.#node.port.onmessage = null;
  }

  read() {
    const bytes = new Uint8Array(this.#samples * 2);
    let at = 0;
    for (const block of this.#blocks) {
      bytes.set(new Uint8Array(block.buffer), at);
      at += block.byteLength;
    }
    let text = "";
    for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
    return { sampleRate: context.sampleRate, startedAt: this.#samples ? this.#startedAt : 0, pcm: btoa(text) };
  }
}

/** What the answers' candidates are freed of before the browser sees them: "udp", "tcp" or nothing. The SDK itself stays as published. */
let withheld;
const { setRemoteDescription } = RTCPeerConnection.prototype;
RTCPeerConnection.prototype.setRemoteDescription = function (description) {
  const isKept = (line) => !(line.startsWith("a=candidate:") && line.split(" ")[2].toLowerCase() === withheld);
  return setRemoteDescription.call(this, { type: description.type, sdp: description.sdp.split("\r\n").filter(isKept).join("\r\n") });
};

class Call {
  events = [];
  statuses = [];
  errors = [];
  timers = [];
  #updated;

  constructor({ callsUrl, turnDetection, isMicrophoneDead }) {
    // The SDK ends the track of a call that it closes, so each has its own.
    this.microphone = new MediaStreamAudioDestinationNode(context, { channelCount: 1, channelCountMode: "explicit" });
    // A microphone hears a room. Without it Chromium sends no packet at all between words, which is worth a test of its own.
    if (!isMicrophoneDead) {
      this.room = new AudioBufferSourceNode(context, { buffer: roomNoise, loop: true });
      this.room.connect(this.microphone);
      this.room.start();
    }
    this.recording = new Recording();
    this.audio = document.querySelector("audio");
    this.transport = new OpenAIRealtimeWebRTC({ baseUrl: callsUrl, audioElement: this.audio, mediaStream: this.microphone.stream });
    const setTimer = tool({
      name: "set_timer",
      description: "Starts a timer.",
      strict: false,
      parameters: { type: "object", properties: { seconds: { type: "number" }, minutes: { type: "number" } }, required: [], additionalProperties: true },
      execute: (given) => {
        this.timers.push(given);
        return "ok";
      },
    });
    this.session = new RealtimeSession(new RealtimeAgent({ name: "agent", instructions: "", tools: [setTimer] }), {
      transport: this.transport,
      ...(turnDetection ? { config: { audio: { input: { turnDetection } } } } : {}),
    });
    // connect() may resolve just before the SDK hands on the event that it waited for.
    this.#updated = new Promise((resolve) => {
      this.session.on("transport_event", (event) => {
        this.events.push({ at: performance.now(), type: event.type, event });
        if (event.type === "session.updated") resolve();
      });
    });
    this.session.on("error", (error) => this.errors.push(JSON.stringify(error?.error ?? String(error))));
    this.transport.on("connection_change", (status) => this.statuses.push({ at: performance.now(), status }));
  }

  async connect(apiKey) {
    const startedAt = performance.now();
    let timer;
    const limit = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(`not connected after ${SETUP_LIMIT_MS} ms; ${this.#situation()}`)), SETUP_LIMIT_MS);
    });
    const connecting = this.session.connect({ apiKey }).then(() => performance.now());
    // Chromium may open the data channel before it hands on the track: both come from threads of its own, in no fixed order.
    const [resolvedAt] = await Promise.race([Promise.all([connecting, this.#updated, this.#stream()]), limit]).finally(() => clearTimeout(timer));
    this.recording.listenTo(this.audio.srcObject);
    return {
      startedAt,
      resolvedMs: resolvedAt - startedAt,
      openMs: this.#since(startedAt, this.statuses.find((s) => s.status === "connected")),
      createdMs: this.#since(startedAt, this.events.find((e) => e.type === "session.created")),
      updatedMs: this.#since(startedAt, this.events.find((e) => e.type === "session.updated")),
      postMs: performance.getEntriesByType("resource").findLast((r) => r.name.includes("/v1/realtime/calls") && r.startTime >= startedAt)?.duration ?? null,
      callId: this.transport.callId ?? null,
    };
  }

  close() {
    this.session.close();
    this.room?.stop();
    this.recording.close();
    this.audio.srcObject = null;
  }

  /** Ends when the SDK has given the agent's stream to the page's audio element; connect()'s limit bounds it. */
  async #stream() {
    const giveUpAt = performance.now() + 2 * SETUP_LIMIT_MS;
    while (!this.audio.srcObject && performance.now() < giveUpAt) await new Promise((resolve) => setTimeout(resolve, 5));
  }

  #since(start, event) {
    return event ? event.at - start : null;
  }

  #situation() {
    const connection = this.transport.connectionState.peerConnection;
    return connection ? `${this.audio.srcObject ? "" : "no stream, "}ice ${connection.iceConnectionState}, connection ${connection.connectionState}, signaling ${connection.signalingState}` : "no peer connection";
  }
}

/** Two seconds of white noise at -66 dBFS. */
const roomNoise = new AudioBuffer({ length: context.sampleRate * 2, sampleRate: context.sampleRate });
roomNoise.getChannelData(0).forEach((_, i, samples) => (samples[i] = (Math.random() * 2 - 1) * 0.0009));

/** 60 ms of white noise at -20 dBFS. */
const burstNoise = new AudioBuffer({ length: context.sampleRate * 0.06, sampleRate: context.sampleRate });
burstNoise.getChannelData(0).forEach((_, i, samples) => (samples[i] = (Math.random() * 2 - 1) * 0.17));

async function load(name) {
  if (!words.has(name)) {
    const response = await fetch(`/wav/${name}.wav`);
    const buffer = await context.decodeAudioData(await response.arrayBuffer());
    const samples = buffer.getChannelData(0);
    const from = samples.findIndex((s) => Math.abs(s) > SPOKEN);
    const to = samples.findLastIndex((s) => Math.abs(s) > SPOKEN);
    words.set(name, { buffer, fromMs: (from / buffer.sampleRate) * 1000, toMs: (to / buffer.sampleRate) * 1000 });
  }
  return words.get(name);
}

globalThis.uncaught = [];
addEventListener("error", (event) => globalThis.uncaught.push(String(event.error?.stack ?? event.message)));
addEventListener("unhandledrejection", (event) => globalThis.uncaught.push(String(event.reason?.stack ?? event.reason)));

globalThis.scenario = {
  async connect({ callsUrl, apiKey, turnDetection, isMicrophoneDead, withheldTransport }) {
    await ready;
    await context.resume();
    withheld = withheldTransport;
    call = new Call({ callsUrl, turnDetection, isMicrophoneDead });
    return await call.connect(apiKey);
  },

  /** Says a WAV into the call. @returns {Promise<{from: number, to: number}>} when the words themselves began and ended */
  async say(name) {
    const { buffer, fromMs, toMs } = await load(name);
    const source = new AudioBufferSourceNode(context, { buffer });
    source.connect(call.microphone);
    const begin = context.currentTime + 0.05;
    const beganAt = performance.now() + (begin - context.currentTime) * 1000;
    const ended = new Promise((resolve) => (source.onended = resolve));
    source.start(begin);
    await ended;
    return { from: beganAt + fromMs, to: beganAt + toMs };
  },

  /** Short bursts of noise. @returns {Promise<number[]>} when each began */
  async burst(count, periodMs) {
    const began = [];
    const begin = context.currentTime + 0.05;
    const beganAt = performance.now() + (begin - context.currentTime) * 1000;
    for (let i = 0; i < count; i++) {
      const source = new AudioBufferSourceNode(context, { buffer: burstNoise });
      source.connect(call.microphone);
      source.start(begin + (i * periodMs) / 1000);
      began.push(beganAt + i * periodMs);
    }
    await new Promise((resolve) => setTimeout(resolve, beganAt + count * periodMs - performance.now()));
    return began;
  },

  /** Noise without a pause, from now to the end of the call: what comes back tells gaps. */
  hum() {
    const source = new AudioBufferSourceNode(context, { buffer: burstNoise, loop: true });
    source.connect(call.microphone);
    source.start();
  },

  load: (name) => load(name).then(() => undefined),

  /** Resolves with the first event of that type after that time. */
  async event(type, after, timeoutMs) {
    const limit = performance.now() + timeoutMs;
    while (performance.now() < limit) {
      const found = call.events.find((e) => e.type === type && e.at >= after);
      if (found) return JSON.parse(JSON.stringify(found));
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`no ${type} within ${timeoutMs} ms; seen: ${call.events.filter((e) => e.at >= after).map((e) => e.type).join(" ")}`);
  },

  async status(wanted, after, timeoutMs) {
    const limit = performance.now() + timeoutMs;
    while (performance.now() < limit) {
      const found = call.statuses.find((s) => s.status === wanted && s.at >= after);
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    throw new Error(`not ${wanted} within ${timeoutMs} ms; seen: ${call.statuses.map((s) => s.status).join(" ")}`);
  },

  statuses: () => call.statuses,
  events: () => call.events.map(({ at, type }) => ({ at, type })),
  recording: () => call.recording.read(),
  timers: () => call.timers,
  errors: () => [...call.errors, ...globalThis.uncaught],
  now: () => performance.now(),
  wait: (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds)),
  async statistics() {
    const reports = [...(await call.transport.connectionState.peerConnection.getStats()).values()];
    const inbound = reports.find((r) => r.type === "inbound-rtp" && r.kind === "audio");
    const pair = reports.find((r) => r.type === "candidate-pair" && r.nominated && r.state === "succeeded");
    return {
      packetsReceived: inbound?.packetsReceived ?? 0,
      packetsLost: inbound?.packetsLost ?? 0,
      jitterBufferMs: inbound?.jitterBufferEmittedCount ? (inbound.jitterBufferDelay / inbound.jitterBufferEmittedCount) * 1000 : null,
      concealedSamples: inbound?.concealedSamples ?? null,
      roundTripMs: pair?.currentRoundTripTime !== undefined ? pair.currentRoundTripTime * 1000 : null,
    };
  },
  /** The transport that carries the call. */
  async carrier() {
    const reports = await call.transport.connectionState.peerConnection.getStats();
    const pairs = [...reports.values()].filter((r) => r.type === "candidate-pair");
    const protocolOf = (pair) => reports.get(pair?.localCandidateId)?.protocol ?? null;
    const transport = [...reports.values()].find((r) => r.type === "transport");
    // Firefox names no selected pair in its transport, but marks it.
    const selected = reports.get(transport?.selectedCandidatePairId) ?? pairs.find((p) => p.selected);
    return protocolOf(selected);
  },
  hangUp() {
    const at = performance.now();
    call.close();
    return at;
  },
};
