// One call: microphone, key, the SDK's session, and what happens to it in the page's words.

import { WatchedAnswer } from "./answer.js";
import { Dialect } from "./dialect.js";
import { connectionLost, ending } from "./endings.js";
import { Path } from "./path.js";
import { Problem, answerTimeoutProblem, connectProblem, mediaTimeoutProblem, microphoneProblem, refusalProblem } from "./problems.js";
import { sdk } from "./sdk.js";
import { readStatistics } from "./statistics.js";

const SETUP_LIMIT_MS = 15_000;
const STATISTICS_PERIOD_MS = 1000;
const TURN_DETECTION = {
  type: "server_vad", silenceDurationMs: 500, prefixPaddingMs: 300, interruptResponse: true, createResponse: true,
};

/**
 * Events (CustomEvent, see `detail`): `connected` {setupMs, callId}, `agentstream` {stream}, `trouble` {}, `mended` {ms},
 * `statistics` {rttMs, protocol, lossPercent}, `ended` {callId, why: Promise<Ending> | undefined}, and those of dialect.js. `why` is
 * undefined if the person hung up.
 */
export class Call extends EventTarget {
  #session;
  #microphone;
  #statistics;
  #path;
  #key;
  #callId;
  #hasEnded = false;
  #isUp = false;
  #dialect = new Dialect((type, detail) => this.#emit(type, detail));

  /**
   * @param {{api: import("./api.js").Api, agent: string, getKey: () => Promise<string>, audio: HTMLAudioElement,
   * setTimer: (seconds: number, label: string) => string}} options
   */
  constructor(options) {
    super();
    this.options = options;
  }

  /** Resolves when both sides can talk. Throws a Problem. @param {(stream: MediaStream) => void} onMicrophone */
  async start(onMicrophone) {
    const { api, agent, getKey, audio } = this.options;
    let answer;
    try {
      this.#microphone = await this.#openMicrophone();
      if (this.#hasEnded) return this.#release();
      onMicrophone(this.#microphone);
      // Only now: a person may take longer to allow the microphone than a key is good for.
      this.#key = await getKey();
      const { RealtimeAgent, RealtimeSession, OpenAIRealtimeWebRTC, tool } = await sdk;
      if (this.#hasEnded) return this.#release();

      const started = performance.now();
      const transport = new OpenAIRealtimeWebRTC({ baseUrl: api.callsUrl(agent), audioElement: audio, mediaStream: this.#microphone });
      this.#session = new RealtimeSession(new RealtimeAgent({ name: agent || "agent", instructions: "", tools: [this.#timerTool(tool)] }), {
        transport,
        tracingDisabled: true,
        config: { audio: { input: { turnDetection: TURN_DETECTION } } },
      });
      this.#session.on("transport_event", (event) => this.#dialect.take(event));
      // While it connects, the SDK says "disconnected" before connect() rejects, and only the rejection knows the reason.
      transport.on("connection_change", (status) => status === "disconnected" && this.#isUp && this.#serverEnded());
      // The SDK reports what it did not like; the call goes on.
      this.#session.on("error", () => {});
      answer = new WatchedAnswer(api.callsUrl(agent));
      await this.#withLimit(this.#session.connect({ apiKey: this.#key }), answer);
      if (this.#hasEnded) return;
      this.#callId = answer.callId;
      this.#follow(transport);
      this.#emit("connected", { setupMs: Math.round(performance.now() - started), callId: this.#callId });
      if (audio.srcObject) this.#emit("agentstream", { stream: audio.srcObject });
    } catch (error) {
      this.#release();
      if (this.#hasEnded) return;
      this.#hasEnded = true;
      throw await this.#problem(error, answer);
    } finally {
      answer?.stop();
    }
  }

  get isMuted() {
    return this.#session?.muted ?? false;
  }

  mute(muted) {
    this.#session?.mute(muted);
  }

  /** Makes the agent stop talking. */
  interrupt() {
    this.#session?.interrupt();
  }

  /** Says something in writing. The agent answers by voice. */
  say(text) {
    this.#session?.sendMessage(text);
  }

  hangUp() {
    this.#end();
  }

  async #openMicrophone() {
    try {
      const audio = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };
      return await navigator.mediaDevices.getUserMedia({ audio });
    } catch (error) {
      throw microphoneProblem(error);
    }
  }

  #follow(transport) {
    this.#isUp = true;
    const { peerConnection, dataChannel } = transport.connectionState;
    if (!peerConnection || dataChannel?.readyState !== "open") return this.#serverEnded();
    // A server that hangs up closes the channel at once; the connection itself may look alive for seconds.
    dataChannel.addEventListener("close", () => this.#serverEnded());
    this.#path = new Path(peerConnection, (sdp, signal) => this.options.api.restartIce(this.#callId, this.#key, sdp, signal), {
      trouble: () => this.#emit("trouble", {}),
      mended: (ms) => this.#emit("mended", { ms }),
      lost: () => this.#end(() => this.#findOut(connectionLost)),
    });
    this.#statistics = setInterval(async () => this.#emit("statistics", await readStatistics(peerConnection)), STATISTICS_PERIOD_MS);
  }

  /** The SDK waits for ever for a media path that does not come about. */
  #withLimit(connecting, answer) {
    return new Promise((resolve, reject) => {
      const problem = () => answer.callId ? mediaTimeoutProblem(answer.callId) : answerTimeoutProblem(SETUP_LIMIT_MS);
      const timer = setTimeout(() => reject(problem()), SETUP_LIMIT_MS);
      connecting.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }

  /** @param {WatchedAnswer} [answer] */
  async #problem(error, answer) {
    if (error instanceof Problem) return error;
    if (answer?.refusal) return refusalProblem(answer.refusal, this.options.api.server);
    if (!answer?.callId) return connectProblem(error, this.options.api.server);
    // The server took the call, and ended it before it was up.
    this.#callId = answer.callId;
    const { title, text } = await this.#findOut(ending);
    return new Problem(title, text, { callId: answer.callId });
  }

  #timerTool(tool) {
    return tool({
      name: "set_timer",
      description: "Starts a timer that the person sees.",
      strict: false,
      parameters: {
        type: "object",
        properties: { seconds: { type: "number" }, minutes: { type: "number" }, label: { type: "string" } },
        required: [],
        additionalProperties: true,
      },
      execute: ({ seconds, minutes, label }) => this.options.setTimer((seconds ?? 0) + (minutes ?? 0) * 60, label ?? ""),
    });
  }

  #serverEnded() {
    this.#end(() => this.#findOut(ending));
  }

  /** The server says it before it goes. Where that did not arrive, the call's record knows. */
  async #findOut(otherwise) {
    const said = this.#dialect.sessionEnded;
    if (said) return ending(said);
    if (!this.#callId) return otherwise({});
    const known = await this.options.api.endOf(this.#callId, this.#key);
    return known.word ? ending(known) : otherwise(known);
  }

  /** @param {() => Promise<import("./endings.js").Ending>} [findOut] absent if the person hung up */
  #end(findOut) {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#release();
    this.#emit("ended", { callId: this.#callId, why: findOut?.() });
  }

  #release() {
    clearInterval(this.#statistics);
    this.#path?.close();
    const session = this.#session;
    this.#session = undefined;
    try {
      session?.close();
    } catch {
      // Half-open connections complain when they are closed; they are closed all the same.
    }
    this.#microphone?.getTracks().forEach((track) => track.stop());
    this.#microphone = undefined;
    this.options.audio.srcObject = null;
  }

  #emit(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
