# A caller on aiortc, a WebRTC stack in Python. It sends and records PCM. ../README.md describes its commands.

import asyncio
import fractions
import os
import sys
import time

import aiortc
import av

sys.path.insert(0, os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
import contract  # noqa: E402


class Microphone(aiortc.MediaStreamTrack):
    kind = "audio"

    def __init__(self):
        super().__init__()
        self.words = contract.Microphone()
        self._started = None
        self._sent = 0

    async def recv(self):
        if self._started is None:
            self._started = time.monotonic()
        await asyncio.sleep(max(0, self._started + self._sent * contract.FRAME / contract.RATE - time.monotonic()))
        frame = av.AudioFrame(format="s16", layout="mono", samples=contract.FRAME)
        frame.planes[0].update(self.words.frame())
        frame.sample_rate = contract.RATE
        frame.pts = self._sent * contract.FRAME
        frame.time_base = fractions.Fraction(1, contract.RATE)
        self._sent += 1
        return frame


class Call:
    def __init__(self, command):
        self.say = contract.speaker(command)
        self.microphone = Microphone()
        self.connection = aiortc.RTCPeerConnection(aiortc.RTCConfiguration(iceServers=[]))
        self.connection.addTrack(self.microphone)
        if command.get("video"):
            self.connection.addTransceiver("video", direction="recvonly")
        self.channel = self.connection.createDataChannel("oai-events")
        self.heard = bytearray()
        self.listening = None

        @self.connection.on("connectionstatechange")
        def on_state():
            self.say("state", state=self.connection.connectionState)

        @self.connection.on("track")
        def on_track(track):
            if track.kind == "audio":
                self.listening = asyncio.ensure_future(self.listen_to(track))

        @self.channel.on("open")
        def on_open():
            self.say("channel", state="open")

        @self.channel.on("close")
        def on_close():
            self.say("channel", state="closed")

        @self.channel.on("message")
        def on_message(text):
            self.say("event", event=contract.json.loads(text))

    async def dial(self, command):
        await self.connection.setLocalDescription(await self.connection.createOffer())
        offer = self.connection.localDescription.sdp
        answer = await asyncio.get_running_loop().run_in_executor(None, contract.post, offer, command, self.say)
        if answer is not None:
            await self.connection.setRemoteDescription(aiortc.RTCSessionDescription(answer, "answer"))

    async def listen_to(self, track):
        try:
            while True:
                frame = await track.recv()
                samples = frame.to_ndarray()
                # Packed samples of all channels in one row. Of several channels, the first.
                self.heard += samples[0, :: len(frame.layout.channels)].tobytes()
        except aiortc.mediastreams.MediaStreamError:
            # The track has ended.
            pass

    async def run(self, command):
        do = command["do"]
        if do == "say":
            self.microphone.words.say(command["wav"], lambda: self.say("said"))
        elif do == "send":
            self.channel.send(command["text"])
        elif do == "listen":
            self.heard.clear()
        elif do == "record":
            contract.write_wav(command["path"], bytes(self.heard))
            self.say("recorded", wav=command["path"])
        elif do == "hangUp":
            await self.connection.close()
        else:
            raise ValueError(do)


async def handle(command, calls):
    try:
        if command["do"] == "call":
            calls[command["id"]] = Call(command)
            await calls[command["id"]].dial(command)
        else:
            await calls[command["id"]].run(command)
    except Exception:
        contract.failed(command)


async def main():
    loop = asyncio.get_running_loop()
    calls = {}
    tasks = set()
    contract.write({"at": "ready", "stack": "aiortc", "version": aiortc.__version__})
    lines = iter(contract.commands())
    while (command := await loop.run_in_executor(None, next, lines, None)) is not None:
        # Not awaited: a call that is being set up must not hold up another.
        task = asyncio.ensure_future(handle(command, calls))
        tasks.add(task)
        task.add_done_callback(tasks.discard)


asyncio.run(main())
