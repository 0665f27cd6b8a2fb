# SPDX-License-Identifier: MIT
"""Writes PNG files of every kind, and the pixels that OpenCV reads from them (needs numpy, opencv-python-headless 5)."""
import json, struct, zlib
import cv2, numpy as np

WIDTH, HEIGHT = 13, 11
random = np.random.default_rng(20260101)
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
PASSES = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def chunk(name, body):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def rows(samples, depth):
    out = b""
    for row in samples:
        if depth == 16:
            packed = row.astype(">u2").tobytes()
        elif depth == 8:
            packed = row.astype("u1").tobytes()
        else:
            bits = "".join(format(int(v), f"0{depth}b") for v in row.ravel())
            bits += "0" * (-len(bits) % 8)
            packed = bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))
        out += b"\0" + packed
    return out


def png(color, depth, interlaced, extra=b""):
    samples = random.integers(0, 1 << depth, (HEIGHT, WIDTH, CHANNELS[color]))
    if interlaced:
        data = b"".join(
            rows(part, depth) for x, y, dx, dy in PASSES for part in [samples[y::dy, x::dx]] if part.size
        )
    else:
        data = rows(samples, depth)
    palette = b""
    if color == 3:
        palette = chunk(b"PLTE", random.integers(0, 256, 3 << depth).astype("u1").tobytes())
        palette += chunk(b"tRNS", random.integers(0, 256, 1 << depth).astype("u1").tobytes()) if interlaced else b""
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, depth, color, 0, 0, int(interlaced))
    body = chunk(b"IHDR", header) + extra + palette + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


kinds = [(0, d) for d in (1, 2, 4, 8, 16)] + [(2, 8), (2, 16)] + [(3, d) for d in (1, 2, 4, 8)]
kinds += [(4, 8), (4, 16), (6, 8), (6, 16)]
files = {f"color{c}-{d}bit{'-interlaced' * i}": png(c, d, i) for c, d in kinds for i in (False, True)}
files["gamma"] = png(2, 8, False, chunk(b"gAMA", struct.pack(">I", 100000)))
files["gamma16"] = png(6, 16, False, chunk(b"gAMA", struct.pack(">I", 45455)))
files["gray-transparent"] = png(0, 8, False, chunk(b"tRNS", struct.pack(">H", 7)))
for orientation in range(1, 9):
    exif = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01" + struct.pack(">H", orientation) + b"\0\0\0\0\0\0"
    files[f"exif{orientation}"] = png(2, 8, False, chunk(b"eXIf", exif))

goldens = []
for name, data in files.items():
    pixels = cv2.imdecode(np.frombuffer(data, "u1"), cv2.IMREAD_COLOR)[:, :, ::-1]
    goldens.append(
        {"name": name, "png": data.hex(), "width": pixels.shape[1], "height": pixels.shape[0], "pixels": pixels.tobytes().hex()}
    )
json.dump(goldens, open("png.json", "w"), indent=0)
