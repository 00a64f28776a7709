// A caller on @roamhq/wrtc, which is Google's WebRTC library for Node. It sends and records PCM.

import { readFileSync, writeFileSync } from "node:fs";
import wrtc from "@roamhq/wrtc";
import { serve, versionOf, when } from "../contract.mjs";
import { post } from "../signalling.mjs";
import { wavFile, wavSamples } from "../wav.mjs";

const { RTCPeerConnection } = wrtc;
const { RTCAudioSource, RTCAudioSink } = wrtc.nonstandard;
const RATE = 48_000;
// The source takes blocks of 10 ms.
const BLOCK_MS = 10;
const BLOCK = RATE / 100;

class Call {
  #source = new RTCAudioSource();
  #track = this.#source.createTrack();
  #question = new Int16Array(0);
  #saidAll = () => {};
  #blocks = [];
  #rate = RATE;
  #sent = 0;
  #startedAt = performance.now();
  #timer;

  constructor(command, say) {
    this.connection = new RTCPeerConnection({ bundlePolicy: "max-bundle" });
    this.connection.addTrack(this.#track);
    if (command.video) this.connection.addTransceiver("video", { direction: "recvonly" });
    this.connection.ontrack = ({ track }) => {
      this.sink = new RTCAudioSink(track);
      this.sink.ondata = ({ samples, sampleRate, channelCount }) => {
        this.#rate = sampleRate;
        // Of several channels, the first.
        this.#blocks.push(samples.filter((_, i) => i % channelCount === 0));
      };
    };
    this.channel = this.connection.createDataChannel("oai-events");
    this.channel.onopen = () => say({ at: "channel", state: "open" });
    this.channel.onclose = () => say({ at: "channel", state: "closed" });
    this.channel.onmessage = ({ data }) => say({ at: "event", event: JSON.parse(data) });
    this.connection.onconnectionstatechange = () => say({ at: "state", state: this.connection.connectionState });
    this.#timer = setInterval(() => this.#speak(), BLOCK_MS / 2);
  }

  async dial(command, say) {
    await this.connection.setLocalDescription(await this.connection.createOffer());
    if (this.connection.iceGatheringState !== "complete")
      await when((resolve) => (this.connection.onicegatheringstatechange = () => this.connection.iceGatheringState === "complete" && resolve()));
    const answer = await post(this.connection.localDescription.sdp, command, say);
    if (answer) await this.connection.setRemoteDescription({ type: "answer", sdp: answer });
    return this;
  }

  say({ wav }) {
    this.#question = wavSamples(readFileSync(wav));
    return new Promise((resolve) => (this.#saidAll = resolve));
  }

  send = (text) => this.channel.send(text);
  listen = () => (this.#blocks = []);

  record(path) {
    const samples = new Int16Array(this.#blocks.reduce((sum, block) => sum + block.length, 0));
    let at = 0;
    for (const block of this.#blocks) {
      samples.set(block, at);
      at += block.length;
    }
    writeFileSync(path, wavFile(samples, this.#rate));
    return { wav: path };
  }

  hangUp() {
    clearInterval(this.#timer);
    this.sink?.stop();
    this.#track.stop();
    this.connection.close();
  }

  #speak() {
    for (; this.#startedAt + this.#sent * BLOCK_MS <= performance.now(); this.#sent++) {
      const samples = new Int16Array(BLOCK);
      if (this.#question.length > 0) {
        samples.set(this.#question.subarray(0, BLOCK));
        this.#question = this.#question.subarray(BLOCK);
        if (this.#question.length === 0) this.#saidAll();
      }
      this.#source.onData({ samples, sampleRate: RATE, bitsPerSample: 16, channelCount: 1, numberOfFrames: BLOCK });
    }
  }
}

await serve({ name: "@roamhq/wrtc", version: versionOf("@roamhq/wrtc"), dial: (command, say) => new Call(command, say).dial(command, say) });
