// The calls of a browser, with its own WebRTC and no SDK. emit() hands a line to the program that started the browser.

import { post } from "/shared/signalling.mjs";
import { wavFile } from "/shared/wav.mjs";

const context = new AudioContext();
await context.audioWorklet.addModule("/recorder/recorder.js");
const calls = new Map();

// Two seconds of noise at -66 dBFS: the room of a person who says nothing.
const room = new AudioBuffer({ length: context.sampleRate * 2, sampleRate: context.sampleRate });
room.getChannelData(0).forEach((_, i, samples) => (samples[i] = (Math.random() * 2 - 1) * 0.0009));

class Call {
  #blocks = [];
  #audio = document.createElement("audio");
  #room = new AudioBufferSourceNode(context, { buffer: room, loop: true });
  #recorder = new AudioWorkletNode(context, "recorder", { numberOfInputs: 1, numberOfOutputs: 1, channelCount: 1, channelCountMode: "explicit" });

  constructor(command, say) {
    this.microphone = new MediaStreamAudioDestinationNode(context, { channelCount: 1, channelCountMode: "explicit" });
    this.#room.connect(this.microphone);
    this.#room.start();
    this.#recorder.port.onmessage = ({ data }) => this.#blocks.push(data);
    // Only a node that leads somewhere is run. This one puts out silence.
    this.#recorder.connect(context.destination);
    this.connection = new RTCPeerConnection();
    for (const track of this.microphone.stream.getTracks()) this.connection.addTrack(track, this.microphone.stream);
    if (command.video) this.connection.addTransceiver("video", { direction: "recvonly" });
    this.connection.ontrack = ({ streams: [stream], track }) => {
      if (track.kind !== "audio") return;
      // Chromium gives samples to a graph only while an element plays the stream, too.
      this.#audio.autoplay = true;
      this.#audio.srcObject = stream;
      context.createMediaStreamSource(stream).connect(this.#recorder);
    };
    this.channel = this.connection.createDataChannel("oai-events");
    this.channel.onopen = () => say({ at: "channel", state: "open" });
    this.channel.onclose = () => say({ at: "channel", state: "closed" });
    this.channel.onmessage = ({ data }) => say({ at: "event", event: JSON.parse(data) });
    this.connection.onconnectionstatechange = () => say({ at: "state", state: this.connection.connectionState });
  }

  async dial(command, say) {
    await this.connection.setLocalDescription();
    // The server is ICE-lite and needs no candidates of ours.
    const answer = await post(this.connection.localDescription.sdp, command, say);
    if (answer) await this.connection.setRemoteDescription({ type: "answer", sdp: answer });
  }

  async say(wav) {
    const response = await fetch(`/wav/${wav}`);
    const source = new AudioBufferSourceNode(context, { buffer: await context.decodeAudioData(await response.arrayBuffer()) });
    source.connect(this.microphone);
    await new Promise((resolve) => {
      source.onended = resolve;
      source.start();
    });
  }

  send = (text) => this.channel.send(text);
  listen = () => (this.#blocks = []);

  record() {
    const samples = new Int16Array(this.#blocks.reduce((sum, block) => sum + block.length, 0));
    let at = 0;
    for (const block of this.#blocks) {
      samples.set(block, at);
      at += block.length;
    }
    const bytes = wavFile(samples, context.sampleRate);
    let text = "";
    for (let i = 0; i < bytes.length; i += 0x8000) text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
    return btoa(text);
  }

  hangUp() {
    this.#room.stop();
    this.#recorder.disconnect();
    this.connection.close();
  }
}

globalThis.peer = {
  async dial(command) {
    await context.resume();
    const say = (what) => globalThis.emit(command.id, what);
    const call = new Call(command, say);
    calls.set(command.id, call);
    await call.dial(command, say);
  },
  say: (id, wav) => calls.get(id).say(wav),
  send: (id, text) => calls.get(id).send(text),
  listen: (id) => void calls.get(id).listen(),
  record: (id) => calls.get(id).record(),
  hangUp: (id) => calls.get(id).hangUp(),
};
