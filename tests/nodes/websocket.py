"""The client side of a websocket (RFC 6455) in the little that talking to ComfyUI and to a browser takes."""

import base64
import os
import socket
import struct
from urllib.parse import urlsplit

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10


class WebSocket:
    """Messages to and from `url` ("ws://host:port/path"). `receive` raises TimeoutError where none comes."""

    def __init__(self, url: str, timeout: float = 10) -> None:
        parts = urlsplit(url)
        self._socket = socket.create_connection((parts.hostname, parts.port), timeout)
        key = base64.b64encode(os.urandom(16)).decode()
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        self._socket.sendall(
            f"GET {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        self._buffer = b""
        while b"\r\n\r\n" not in self._buffer:
            self._fill()
        answer, _, self._buffer = self._buffer.partition(b"\r\n\r\n")
        assert b" 101 " in answer.split(b"\r\n")[0], answer.decode()

    def send(self, text: str) -> None:
        self._send(TEXT, text.encode())

    def receive(self, timeout: float) -> str | bytes:
        """The next message: text as str, binary as bytes."""
        self._socket.settimeout(timeout)
        whole, kind = b"", TEXT
        while True:
            final, code, payload = self._frame()
            if code == PING:
                self._send(PONG, payload)
            elif code == CLOSE:
                raise ConnectionError("the other side closed the websocket")
            elif code != PONG:
                kind = code or kind
                whole += payload
                if final:
                    return whole.decode() if kind == TEXT else whole

    def close(self) -> None:
        self._socket.close()

    def _frame(self) -> tuple[bool, int, bytes]:
        head = self._take(2)
        length = head[1] & 127
        if length == 126:
            (length,) = struct.unpack(">H", self._take(2))
        elif length == 127:
            (length,) = struct.unpack(">Q", self._take(8))
        return bool(head[0] & 128), head[0] & 15, self._take(length)

    def _send(self, code: int, payload: bytes) -> None:
        mask = os.urandom(4)
        size = len(payload)
        head = bytes([128 | code])
        if size < 126:
            head += bytes([128 | size])
        elif size < 65536:
            head += bytes([128 | 126]) + struct.pack(">H", size)
        else:
            head += bytes([128 | 127]) + struct.pack(">Q", size)
        self._socket.sendall(head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload)))

    def _take(self, count: int) -> bytes:
        while len(self._buffer) < count:
            self._fill()
        taken, self._buffer = self._buffer[:count], self._buffer[count:]
        return taken

    def _fill(self) -> None:
        received = self._socket.recv(1 << 16)
        if not received:
            raise ConnectionError("the other side hung up")
        self._buffer += received
