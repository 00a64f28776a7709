# What every peer in Python does in the same way: it reads commands as JSON lines on standard input and prints what happens as JSON lines on
# standard output. README.md in this folder describes both.

import json
import sys
import threading
import traceback
import urllib.error
import urllib.request
import wave

RATE = 48_000
# 20 ms.
FRAME = RATE // 50

_printing = threading.Lock()


def write(what):
    with _printing:
        print(json.dumps(what), flush=True)


def speaker(command):
    """A function that prints a line of the command's call."""
    return lambda at, **what: write({"id": command["id"], "at": at, **what})


def post(offer, command, say):
    """Posts an offer and prints the call's id. Returns the answer with the candidates of one transport, or None if it is refused."""
    request = urllib.request.Request(
        f"{command['url']}?agent={command['agent']}",
        offer.encode(),
        {"authorization": "Bearer " + command["key"], "content-type": "application/sdp"},
    )
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            say("answered", call=response.headers["location"].split("/")[-1])
            return candidates_of(command["transport"], response.read().decode())
    except urllib.error.HTTPError as refusal:
        say("refused", status=refusal.code, body=refusal.read().decode())
        return None


def candidates_of(transport, sdp):
    """The lines of an answer without the candidates of the other transport."""
    return "\r\n".join(
        line
        for line in sdp.split("\r\n")
        if not line.startswith("a=candidate:") or line.split(" ")[2].lower() == transport
    )


def commands():
    """The commands, until standard input ends."""
    for line in sys.stdin:
        yield json.loads(line)


def failed(command):
    """Prints the exception that is being handled."""
    speaker(command)("error", message=traceback.format_exc())


class Microphone:
    """Frames of 20 ms, PCM16 mono at 48 kHz: the question, if one is being asked, or silence. Use it from one thread."""

    def __init__(self):
        self._question = b""
        self._said = None

    def say(self, path, said):
        with wave.open(path) as file:
            self._question = file.readframes(file.getnframes())
        self._said = said

    def frame(self):
        frame, self._question = self._question[: FRAME * 2], self._question[FRAME * 2 :]
        if frame and not self._question:
            self._said()
        return frame.ljust(FRAME * 2, b"\0")


def write_wav(path, samples):
    """Writes PCM16 mono at 48 kHz."""
    with wave.open(path, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(samples)
