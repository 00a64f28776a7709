// A caller on werift, a WebRTC stack in TypeScript. It has no codec, so it sends and records frames of Opus.

import { MediaStreamTrack, RTCPeerConnection, RTCRtpCodecParameters } from "werift";
import { OpusMicrophone, rtpPacket, RtpRecording, serve, versionOf, when } from "../contract.mjs";
import { post } from "../signalling.mjs";

const OPUS = new RTCRtpCodecParameters({ mimeType: "audio/opus", clockRate: 48000, channels: 2 });
const VP8 = new RTCRtpCodecParameters({ mimeType: "video/VP8", clockRate: 90000 });

class Call {
  #recording = new RtpRecording();
  #track = new MediaStreamTrack({ kind: "audio" });
  #microphone;

  constructor(command, say) {
    // Without TCP unless it is asked for, as werift itself does.
    this.connection = new RTCPeerConnection({ codecs: { audio: [OPUS], video: [VP8] }, iceServers: [], iceUseTcp: command.transport === "tcp" });
    const audio = this.connection.addTransceiver(this.#track, { direction: "sendrecv" });
    audio.onTrack.subscribe((track) => track.onReceiveRtp.subscribe((packet) => this.#recording.add(packet.serialize())));
    if (command.video) this.connection.addTransceiver("video", { direction: "recvonly" });
    this.channel = this.connection.createDataChannel("oai-events");
    this.channel.stateChanged.subscribe((state) => say({ at: "channel", state }));
    this.channel.onMessage.subscribe((data) => say({ at: "event", event: JSON.parse(data.toString()) }));
    this.connection.connectionStateChange.subscribe((state) => {
      say({ at: "state", state });
      if (state === "connected") this.#microphone ??= new OpusMicrophone((...frame) => this.#track.writeRtp(rtpPacket(96, 1, ...frame)));
      if (state === "closed") this.#microphone?.close();
    });
  }

  async dial(command, say) {
    await this.connection.setLocalDescription(await this.connection.createOffer());
    if (this.connection.iceGatheringState !== "complete")
      await when((resolve) => this.connection.iceGatheringStateChange.subscribe((state) => state === "complete" && resolve()));
    const answer = await post(this.connection.localDescription.sdp, command, say);
    if (answer) await this.connection.setRemoteDescription({ type: "answer", sdp: answer });
    return this;
  }

  say = ({ opus }) => this.#microphone.say(opus);
  send = (text) => this.channel.send(text);
  listen = () => this.#recording.clear();
  record = (path) => this.#recording.write(path);

  async hangUp() {
    this.#microphone?.close();
    // werift's connection sends no alert. The end of the channel tells the far side, as in the Agents SDK.
    const closed = when((resolve) => this.channel.stateChanged.subscribe((state) => state === "closed" && resolve()));
    this.channel.close();
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 2000))]);
    await this.connection.close();
  }
}

await serve({ name: "werift", version: versionOf("werift"), dial: (command, say) => new Call(command, say).dial(command, say) });
