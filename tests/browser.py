"""A headless Chromium and just enough of its DevTools protocol to open a page, ask it, press keys and print it."""

import base64
import json
import os
import shutil
import socket
import struct
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Self
from urllib.request import urlopen

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--disable-extensions",
    "--disable-dev-shm-usage", "--remote-debugging-port=0", "--window-size=1280,1000",
)  # fmt: skip
PATIENCE = 30.0  # seconds


def found() -> str | None:
    """The browser's program, None where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), None)


class Browser:
    """One page of a browser that is ended with its context. ``console`` : what the page has complained of."""

    def __init__(self) -> None:
        self.folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        quiet = subprocess.DEVNULL
        command = [found() or "", *OPTIONS, f"--user-data-dir={self.folder.name}", "about:blank"]
        self.process = subprocess.Popen(command, stdout=quiet, stderr=quiet)
        self.console: list[str] = []
        self.requests: list[str] = []
        self._count = 0
        port = self._port()
        with urlopen(f"http://127.0.0.1:{port}/json", timeout=PATIENCE) as answer:
            place = next(page["webSocketDebuggerUrl"] for page in json.load(answer) if page["type"] == "page")
        self._socket = _Socket(port, "/" + place.split("/", 3)[3])
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._socket.close()
        self.process.terminate()
        self.process.wait(PATIENCE)
        self.folder.cleanup()

    def _port(self) -> int:
        place, end = Path(self.folder.name, "DevToolsActivePort"), time.monotonic() + PATIENCE
        while time.monotonic() < end:
            lines = place.read_text().split("\n") if place.exists() else []
            if len(lines) > 1:
                return int(lines[0])
            time.sleep(0.05)
        raise TimeoutError("the browser did not open its port")

    def call(self, method: str, **params: Any) -> Any:
        """The result of a command of the protocol."""
        self._count += 1
        self._socket.send(json.dumps({"id": self._count, "method": method, "params": params}))
        while True:
            message = json.loads(self._socket.receive())
            self._hear(message)
            if message.get("id") == self._count:
                if "error" in message:
                    raise RuntimeError(f"{method}: {message['error']}")
                return message["result"]

    def _hear(self, message: dict[str, Any]) -> None:
        kind, params = message.get("method"), message.get("params", {})
        if kind == "Runtime.exceptionThrown":
            self.console.append(params["exceptionDetails"]["text"])
        elif kind == "Log.entryAdded" or (kind == "Runtime.consoleAPICalled" and params["type"] in ("error", "warning")):
            self.console.append(str(params.get("entry", params.get("args"))))
        elif kind == "Network.requestWillBeSent":
            self.requests.append(params["request"]["url"])

    def open(self, path: Path, *, width: int = 1280, height: int = 1000, dark: bool = False) -> float:
        """Open a file; the seconds until it was loaded."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=False)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", media="", features=scheme)
        self.call("Page.navigate", url="about:blank")
        self.requests.clear()
        began = time.monotonic()
        self.call("Page.navigate", url=path.resolve().as_uri())
        while self.ask("document.readyState + location.protocol") != "completefile:":
            if time.monotonic() > began + PATIENCE:
                raise TimeoutError(f"{path} does not load")
            time.sleep(0.01)
        return time.monotonic() - began

    def ask(self, expression: str) -> Any:
        """The value of a JavaScript expression; RuntimeError where it throws."""
        found = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in found:
            raise RuntimeError(found["exceptionDetails"]["exception"]["description"])
        return found["result"].get("value")

    def press(self, key: str, code: int, text: str = "") -> None:
        """Press and release a key."""
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, text=text)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def type(self, text: str) -> None:
        """Type into what has the focus."""
        self.call("Input.insertText", text=text)

    def screenshot(self, path: Path, *, whole: bool = False) -> None:
        """Write what is seen, or the whole page, as a PNG."""
        found = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(found["data"]))

    def pdf(self) -> bytes:
        """The page as it is printed."""
        return base64.b64decode(self.call("Page.printToPDF", printBackground=False)["data"])


class _Socket:
    """The client's side of a WebSocket (RFC 6455), for text alone."""

    def __init__(self, port: int, place: str) -> None:
        self._stream = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self._file = self._stream.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        head = (
            f"GET {place} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Upgrade: websocket", "Connection: Upgrade",
            f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13", "", "",
        )  # fmt: skip
        self._stream.sendall("\r\n".join(head).encode())
        if b"101" not in self._file.readline():
            raise ConnectionError("no WebSocket")
        while self._file.readline().strip():
            pass

    def send(self, text: str) -> None:
        data, mask = text.encode(), os.urandom(4)
        length = bytes([128 | len(data)]) if len(data) < 126 else struct.pack(">BH", 254, len(data))
        if len(data) > 65535:
            length = struct.pack(">BQ", 255, len(data))
        self._stream.sendall(b"\x81" + length + mask + bytes(byte ^ mask[i % 4] for i, byte in enumerate(data)))

    def receive(self) -> str:
        """The next message, of one frame or of several."""
        text = b""
        while True:
            first, second = self._file.read(2)
            size = second & 127
            if size > 125:
                size = int.from_bytes(self._file.read(2 if size == 126 else 8), "big")
            data = self._file.read(size)
            if first & 15 in (0, 1):
                text += data
                if first & 128:
                    return text.decode()

    def close(self) -> None:
        self._file.close()
        self._stream.close()
