# A caller on GStreamer's webrtcbin, which uses libnice. It sends and records PCM. ../README.md describes its commands.

import json
import os
import sys
import threading

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstSdp", "1.0")
gi.require_version("GstWebRTC", "1.0")
from gi.repository import Gst, GstSdp, GstWebRTC  # noqa: E402

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import contract  # noqa: E402

OPUS = 96
MICROPHONE = f"""
    webrtcbin name=connection bundle-policy=max-bundle
    appsrc name=microphone is-live=true do-timestamp=true format=time
      caps=audio/x-raw,format=S16LE,rate={contract.RATE},channels=1,layout=interleaved
    ! audioconvert ! opusenc ! rtpopuspay pt={OPUS}
    ! application/x-rtp,media=audio,encoding-name=OPUS,clock-rate={contract.RATE},payload={OPUS} ! connection.
"""
SPEAKER = f"""
    queue ! rtpopusdepay ! opusdec plc=true ! audioconvert ! audioresample
    ! audio/x-raw,format=S16LE,rate={contract.RATE},channels=1 ! appsink name=speaker emit-signals=true sync=false
"""


class Call:
    def __init__(self, command):
        self.command = command
        self.say = contract.speaker(command)
        self.words = contract.Microphone()
        self.lock = threading.Lock()
        self.heard = bytearray()
        self.gathered = threading.Event()
        self.pipeline = Gst.parse_launch(MICROPHONE)
        self.connection = self.pipeline.get_by_name("connection")
        self.microphone = self.pipeline.get_by_name("microphone")
        self.connection.connect("notify::ice-gathering-state", self.on_gathering)
        self.connection.connect("notify::connection-state", self.on_state)
        self.connection.connect("pad-added", self.on_pad)
        if command.get("video"):
            caps = Gst.Caps.from_string("application/x-rtp,media=video,encoding-name=VP8,clock-rate=90000,payload=97")
            self.connection.emit("add-transceiver", GstWebRTC.WebRTCRTPTransceiverDirection.RECVONLY, caps)
        # webrtcbin makes channels and offers from the state READY on.
        self.pipeline.set_state(Gst.State.READY)
        self.channel = self.connection.emit("create-data-channel", "oai-events", None)
        self.channel.connect("on-open", lambda _: self.say("channel", state="open"))
        self.channel_closed = threading.Event()
        self.channel.connect("on-close", self.on_channel_close)
        self.channel.connect("on-message-string", lambda _, text: self.say("event", event=json.loads(text)))
        self.pipeline.set_state(Gst.State.PLAYING)
        self.ended = threading.Event()
        threading.Thread(target=self.speak, daemon=True).start()

    def dial(self):
        # Python does not know that a member belongs to its structure, so each structure has a name and lives as long.
        reply = self.ask("create-offer", None)
        offer = reply.get_value("offer")
        self.ask("set-local-description", offer)
        self.gathered.wait(10)
        local = self.connection.get_property("local-description")
        answer = contract.post(local.sdp.as_text(), self.command, self.say)
        if answer is None:
            return
        _, message = GstSdp.SDPMessage.new_from_text(answer)
        self.ask("set-remote-description", GstWebRTC.WebRTCSessionDescription.new(GstWebRTC.WebRTCSDPType.ANSWER, message))

    def ask(self, signal, argument):
        """Emits a signal that takes a promise, and waits for the reply."""
        promise = Gst.Promise.new()
        self.connection.emit(signal, argument, promise)
        promise.wait()
        reply = promise.get_reply()
        if reply is not None and reply.has_field("error"):
            raise RuntimeError(f"{signal}: {reply.to_string()}")
        return reply

    def speak(self):
        # The clock of the pipeline gives the pace: each frame is pushed when the one before it is due.
        clock = Gst.SystemClock.obtain()
        at = clock.get_time()
        while not self.ended.is_set():
            self.microphone.emit("push-buffer", Gst.Buffer.new_wrapped(self.words.frame()))
            at += Gst.SECOND * contract.FRAME // contract.RATE
            clock.id_wait(clock.new_single_shot_id(at))

    def on_channel_close(self, _):
        self.say("channel", state="closed")
        self.channel_closed.set()

    def on_gathering(self, connection, _):
        if connection.get_property("ice-gathering-state") == GstWebRTC.WebRTCICEGatheringState.COMPLETE:
            self.gathered.set()

    def on_state(self, connection, _):
        self.say("state", state=connection.get_property("connection-state").value_nick)

    def on_pad(self, _, pad):
        if pad.get_direction() != Gst.PadDirection.SRC:
            return
        speaker = Gst.parse_bin_from_description(SPEAKER, True)
        speaker.get_by_name("speaker").connect("new-sample", self.on_sample)
        self.pipeline.add(speaker)
        speaker.sync_state_with_parent()
        pad.link(speaker.get_static_pad("sink"))

    def on_sample(self, sink):
        buffer = sink.emit("pull-sample").get_buffer()
        with self.lock:
            self.heard += buffer.extract_dup(0, buffer.get_size())
        return Gst.FlowReturn.OK

    def run(self, command):
        do = command["do"]
        if do == "say":
            self.words.say(command["wav"], lambda: self.say("said"))
        elif do == "send":
            self.channel.emit("send-string", command["text"])
        elif do == "listen":
            with self.lock:
                self.heard.clear()
        elif do == "record":
            with self.lock:
                contract.write_wav(command["path"], bytes(self.heard))
            self.say("recorded", wav=command["path"])
        elif do == "hangUp":
            # A pipeline that stops says nothing to the far side. The end of the channel does, as in the Agents SDK.
            self.channel.emit("close")
            self.channel_closed.wait(2)
            self.ended.set()
            self.pipeline.set_state(Gst.State.NULL)
        else:
            raise ValueError(do)


def handle(command, calls):
    try:
        if command["do"] == "call":
            calls[command["id"]] = Call(command)
            calls[command["id"]].dial()
        else:
            calls[command["id"]].run(command)
    except Exception:
        contract.failed(command)


Gst.init(None)
contract.write({"at": "ready", "stack": "GStreamer", "version": Gst.version_string().removeprefix("GStreamer ")})
made = {}
for line in contract.commands():
    # A call that is being set up must not hold up another.
    threading.Thread(target=handle, args=(line, made), daemon=True).start()
