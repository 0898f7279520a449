"""A headless Chromium, driven by its DevTools protocol over a pipe."""

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# Descriptors 3 and 4 are where Chromium reads commands and writes answers.
START = 'exec "$@" 3<&0 4>&1 </dev/null >/dev/null 2>&1'
FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe")


class Page:
    """The one tab of a browser. `problems` are its console's errors and warnings, and exceptions."""

    def __init__(self, commands: int, answers: int) -> None:
        self._commands, self._answers = commands, answers
        self._numbers, self._unread, self._session = count(1), b"", ""
        self.problems: list[str] = []
        target = self._command("Target.createTarget", url="about:blank")["targetId"]
        attached = self._command("Target.attachToTarget", targetId=target, flatten=True)
        self._session = attached["sessionId"]
        for domain in ("Page", "Runtime", "Log"):
            self._command(f"{domain}.enable")

    def open(self, path: Path, fragment: str = "") -> None:
        """Open a file, at a fragment with its #, and wait until it is loaded."""
        self._command("Page.navigate", url=path.resolve().as_uri() + fragment)
        loaded = "document.readyState === 'complete' ? done() : addEventListener('load', done)"
        self.evaluate(f"new Promise(done => {loaded})")

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, or of what it promises."""
        found = self._command(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True, userGesture=True
        )
        assert "exceptionDetails" not in found, found["exceptionDetails"]
        return found["result"].get("value")

    def resize(self, width: int, height: int) -> None:
        """Give the page another size, in CSS pixels."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
        self._command("Emulation.setDeviceMetricsOverride", **size)

    def press(self, key: str, text: str = "") -> None:
        """Press and release a key, such as Tab, ArrowLeft or, with its text, a space."""
        codes = {
            "Tab": 9,
            "Enter": 13,
            " ": 32,
            "Escape": 27,
            "End": 35,
            "Home": 36,
            "ArrowLeft": 37,
            "+": 187,
            "0": 48,
        }
        for kind in ("keyDown", "keyUp"):
            typed = {"text": text} if text and kind == "keyDown" else {}
            self._command(
                "Input.dispatchKeyEvent", type=kind, key=key, windowsVirtualKeyCode=codes[key], **typed
            )

    def move(self, x: float, y: float) -> None:
        """Move the pointer there, in CSS pixels of the window."""
        self._command("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def turn_wheel(self, x: float, y: float, amount: float, *, with_ctrl: bool = False) -> None:
        """Turn the pointer's wheel there, by CSS pixels downwards."""
        keys = {"modifiers": 2} if with_ctrl else {}
        self._command(
            "Input.dispatchMouseEvent", type="mouseWheel", x=x, y=y, deltaX=0, deltaY=amount, **keys
        )

    def tap(self, x: float, y: float) -> None:
        """Touch the window there, and let go."""
        self._command("Emulation.setTouchEmulationEnabled", enabled=True)
        self._command("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
        self._command("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
        self._command("Emulation.setTouchEmulationEnabled", enabled=False)

    def drag(self, start: tuple[float, float], end: tuple[float, float]) -> None:
        """Press the pointer's button at one point, move to another, and release it there."""
        for kind, (x, y) in (("mousePressed", start), ("mouseMoved", end), ("mouseReleased", end)):
            self._command("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", buttons=1)

    def click(self, selector: str) -> None:
        """Click with the pointer on the first element of a CSS selector."""
        x, y = self.middle(selector)
        for kind in ("mousePressed", "mouseReleased"):
            self._command("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def middle(self, selector: str) -> tuple[float, float]:
        """Where the middle of the first element of a CSS selector is, once it is scrolled into the window."""
        x, y = self.evaluate(
            f"(() => {{ const found = document.querySelector({json.dumps(selector)});"
            " found.scrollIntoView({block: 'center', behavior: 'instant'});"
            " const box = found.getBoundingClientRect();"
            " return [box.x + box.width / 2, box.y + box.height / 2] })()"
        )
        return x, y

    def screenshot(self, *, whole: bool = False) -> bytes:
        """The window as PNG, or the whole page."""
        found = self._command("Page.captureScreenshot", captureBeyondViewport=whole)
        return base64.b64decode(found["data"])

    def save_into(self, folder: Path) -> None:
        """Put what the page saves into a folder."""
        self._command("Page.setDownloadBehavior", behavior="allow", downloadPath=str(folder))

    def show_as(self, medium: str, **features: str) -> None:
        """Show the page as on a medium, screen or print, with features such as forced_colors="active"."""
        named = [{"name": name.replace("_", "-"), "value": value} for name, value in features.items()]
        self._command("Emulation.setEmulatedMedia", media=medium, features=named)

    def _command(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Give a command and wait for its answer; keep what the page complains of meanwhile."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._message()
            if answer.get("id") == number:
                assert "error" not in answer, (method, answer["error"])
                return answer["result"]
            self._note(answer)

    def _message(self) -> dict[str, Any]:
        while b"\0" not in self._unread:
            part = os.read(self._answers, 1 << 20)
            assert part, "Chromium has ended"
            self._unread += part
        message, _, self._unread = self._unread.partition(b"\0")
        return json.loads(message)

    def _note(self, event: dict[str, Any]) -> None:
        told = event.get("params", {})
        match event.get("method"):
            case "Runtime.exceptionThrown":
                self.problems.append(json.dumps(told["exceptionDetails"]))
            case "Runtime.consoleAPICalled" if told["type"] in ("error", "warning", "assert"):
                self.problems.append(json.dumps(told["args"]))
            case "Log.entryAdded" if told["entry"]["level"] in ("error", "warning"):
                self.problems.append(json.dumps(told["entry"]))


@contextmanager
def browser(profile: Path) -> Iterator[Page]:
    """A page of a Chromium that is started for it, and ended after it.

    profile: an empty folder.
    """
    assert CHROMIUM is not None
    command = ["sh", "-c", START, "sh", CHROMIUM, *FLAGS, f"--user-data-dir={profile}"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            yield Page(process.stdin.fileno(), process.stdout.fileno())
        finally:
            process.kill()
