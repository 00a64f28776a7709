// A caller on node-datachannel, which is libdatachannel for Node. It has no codec, so it sends and records frames of Opus.

import nodeDataChannel from "node-datachannel";
import { OpusMicrophone, rtpPacket, RtpRecording, serve, versionOf, when } from "../contract.mjs";
import { post } from "../signalling.mjs";

const PAYLOAD_TYPE = 111;
const SSRC = 0x11223344;

class Call {
  #recording = new RtpRecording();
  #microphone;

  constructor(command, say) {
    this.connection = new nodeDataChannel.PeerConnection("caller", { iceServers: [], enableIceTcp: command.transport === "tcp" });
    const audio = new nodeDataChannel.Audio("0", "SendRecv");
    audio.addOpusCodec(PAYLOAD_TYPE);
    audio.addSSRC(SSRC, "caller", "call", "microphone");
    this.track = this.connection.addTrack(audio);
    this.track.onMessage((packet) => {
      // RTCP arrives here, too: its second byte is 192 to 223 (RFC 5761, section 4).
      if (packet[1] < 192 || packet[1] > 223) this.#recording.add(packet);
    });
    this.track.onOpen(() => {
      this.#microphone = new OpusMicrophone((...frame) => this.track.isOpen() && this.track.sendMessageBinary(rtpPacket(PAYLOAD_TYPE, SSRC, ...frame)));
    });
    if (command.video) {
      const video = new nodeDataChannel.Video("video", "RecvOnly");
      video.addVP8Codec(96);
      this.video = this.connection.addTrack(video);
    }
    this.channel = this.connection.createDataChannel("oai-events");
    this.channel.onOpen(() => say({ at: "channel", state: "open" }));
    this.channel.onClosed(() => say({ at: "channel", state: "closed" }));
    this.channel.onMessage((text) => say({ at: "event", event: JSON.parse(text) }));
    this.connection.onStateChange((state) => say({ at: "state", state }));
  }

  async dial(command, say) {
    if (this.connection.gatheringState() !== "complete")
      await when((resolve) => this.connection.onGatheringStateChange((state) => state === "complete" && resolve()));
    const answer = await post(this.connection.localDescription().sdp, command, say);
    if (answer) this.connection.setRemoteDescription(answer, "answer");
    return this;
  }

  say = ({ opus }) => this.#microphone.say(opus);
  send = (text) => this.channel.sendMessage(text);
  listen = () => this.#recording.clear();
  record = (path) => this.#recording.write(path);

  hangUp() {
    this.#microphone?.close();
    this.connection.close();
  }
}

await serve({
  name: "node-datachannel",
  version: `${versionOf("node-datachannel")} (libdatachannel ${nodeDataChannel.getLibraryVersion()})`,
  dial: (command, say) => new Call(command, say).dial(command, say),
  close: () => nodeDataChannel.cleanup(),
});
