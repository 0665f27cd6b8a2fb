# SPDX-License-Identifier: MIT
"""Writes files whose EXIF data are odd or damaged, and what OpenCV's imread makes of each.

Needs numpy and opencv-python-headless 5. Files are edits of two small pictures: bytes put in, or put in another's place.
"""
import hashlib, json, os, random, struct, tempfile, zlib
import cv2, numpy as np

chance = random.Random(20261201)
WIDTH, HEIGHT = 19, 13


def picture():
    x, y = np.meshgrid(np.arange(WIDTH), np.arange(HEIGHT))
    return np.dstack([x * 12, y * 18, (x * y) % 256]).astype("u1")


def tiff(entries, order="MM", magic=42, offset=8, count=None, after=b"", marks=None):
    """A TIFF structure of one directory, whose entries are (tag, type, count, value as four bytes or a short)."""
    end = ">" if order == "MM" else "<"
    out = (marks or order.encode()) + struct.pack(end + "HI", magic, offset)
    out += b"\0" * (max(0, offset - 8) if offset < 64 else 0)
    out += struct.pack(end + "H", len(entries) if count is None else count)
    for tag, kind, number, value in entries:
        value = value if isinstance(value, bytes) else struct.pack(end + "HH", value, 0)
        out += struct.pack(end + "HHI", tag, kind, number) + value
    return out + struct.pack(end + "I", 0) + after


def turned(value, order="MM", **more):
    return tiff([(0x0112, 3, 1, value)], order, **more)


def segment(body, marker=0xE1, length=None):
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2 if length is None else length) + body


def exif(body, name=b"Exif\0\0"):
    return segment(name + body)


def chunk(name, body, broken=False):
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body) ^ broken)


def bodies():
    """TIFF structures by name: the same go into both kinds of files."""
    for order in ("MM", "II"):
        end = ">" if order == "MM" else "<"
        word = lambda value: struct.pack(end + "I", value)
        for value in (0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 255, 256, 0x0600, 0xFFFF):
            yield f"{order}-value-{value}", turned(value, order)
        for kind, value in ((1, b"\6\0\0\0"), (2, b"\6\0\0\0"), (4, word(6)), (9, word(6)), (5, word(26)), (0, 6), (99, 6)):
            yield f"{order}-type-{kind}", tiff([(0x0112, kind, 1, value)], order, after=word(6) * 4)
        for count in (0, 2, 3, 1 << 16, 0xFFFFFFFF):
            yield f"{order}-count-{count}", tiff([(0x0112, 3, count, 6)], order, after=word(3) * 4)
        for magic in (0, 43, 0x2A00):
            yield f"{order}-magic-{magic}", turned(6, order, magic=magic)
        for offset in (0, 1, 7, 9, 10, 16, 26, 27, 1000, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFE, 0xFFFFFFFF):
            yield f"{order}-directory-at-{offset}", turned(6, order, offset=offset)
        for count in (0, 2, 3, 100, 0xFFFF):
            yield f"{order}-entries-{count}", turned(6, order, count=count)
        for first, second in ((6, 3), (1, 6), (0, 6), (9, 6), (6, 0)):
            yield f"{order}-twice-{first}-{second}", tiff([(0x0112, 3, 1, first), (0x0112, 3, 1, second)], order)
        yield f"{order}-second-directory", tiff([(0x0100, 3, 1, 6)], order)[:-4] + word(26) + tiff(
            [(0x0112, 3, 1, 6)], order)[8:]
        yield f"{order}-exif-directory", tiff([(0x8769, 4, 1, word(26))], order) + tiff([(0x0112, 3, 1, 6)], order)[8:]
        known = (0x010E, 0x010F, 0x0110, 0x011A, 0x011B, 0x0128, 0x0131, 0x0132, 0x013E, 0x013F, 0x0211, 0x0213, 0x0214,
                 0x8298, 0x8769, 0x8825, 0x0100, 0x9286, 0, 0xFFFF)
        for tag in known:
            for what, count, value in (("beyond", 20, word(5000)), ("near-the-end", 20, word(40)), ("small", 3, b"abc\0"),
                                       ("huge", 0xFFFFFFFF, word(8)), ("wild", 8, word(0xFFFFFFF8))):
                entry = (tag, 2, count, value)
                yield f"{order}-{tag:04x}-{what}-before", tiff([entry, (0x0112, 3, 1, 6)], order, after=b"A" * 30)
        yield f"{order}-broken-after", tiff([(0x0112, 3, 1, 6), (0x010F, 2, 20, word(5000))], order)
        # Exactly to the end, and one byte too far; what is read of resolutions and colours.
        for tag, size in ((0x010F, 20), (0x011A, 8), (0x013E, 16), (0x013F, 48), (0x0211, 24), (0x0214, 48)):
            for short in (0, 1):
                body = tiff([(tag, 2, 20, word(38)), (0x0112, 3, 1, 6)], order, after=b"B" * (size - short))
                yield f"{order}-{tag:04x}-{'short' if short else 'whole'}", body
        whole = turned(6, order)
        for cut in (0, 1, 2, 3, 4, 7, 8, 9, 10, 11, 18, 19, 20, 21, 22):
            yield f"{order}-cut-{cut}", whole[:cut]
    for marks in (b"IM", b"MI", b"XX", b"mm", b"ii", b"\0\0"):
        for order in ("MM", "II"):
            yield f"marks-{marks.hex()}-{order}", turned(6, order, marks=marks)
    yield "header-twice", b"Exif\0\0" + turned(6)
    rich = tiff([(0x010F, 2, 6, struct.pack(">I", 62)), (0x0112, 3, 1, 6), (0x011A, 5, 1, struct.pack(">I", 68)),
                 (0x8769, 4, 1, struct.pack(">I", 76))], after=b"Camera" + b"\0\0\0\1\0\0\0\1" + b"\0\0\0\0\0\0")
    yield "rich", rich
    for number in range(60):
        body = bytearray(rich)
        for _ in range(chance.choice((1, 1, 2, 4))):
            body[chance.randrange(62)] = chance.choice((chance.randrange(256), 0, 1, 3, 6, 255))
        yield f"random-{number}", bytes(body)


def jpeg_cases(base):
    start, frame, scan = 2, base.index(b"\xff\xc0"), base.index(b"\xff\xda")
    end = len(base) - 2
    tables, codes = base.index(b"\xff\xdb"), base.index(b"\xff\xc4")
    first_header = start + 2 + struct.unpack(">H", base[start + 2:start + 4])[0]
    for name, body in bodies():
        yield name, [(first_header, 0, exif(body))]
    six, three, none = exif(turned(6)), exif(turned(3)), exif(tiff([(0x0100, 3, 1, 6)]))
    places = {"first": start, "after-jfif": first_header, "before-tables": tables, "before-frame": frame,
              "before-codes": codes, "before-scan": scan, "before-end": end, "after-end": len(base)}
    for name, place in places.items():
        yield f"at-{name}", [(place, 0, six)]
        yield f"garbage-at-{name}", [(place, 0, b"garbage" + six)]
        yield f"filled-at-{name}", [(place, 0, b"\xff\xff\xff" + six)]
    names = (b"Exif\0\0", b"Exif\0\1", b"Exif\0\xff", b"Exif\1\0", b"Exif", b"Exif\0", b"EXIF\0\0", b"exif\0\0", b"Exif\0\0\0",
             b"http://ns.adobe.com/xap/1.0/\0", b"", b"\0\0\0\0\0\0", b"abcdef", b"XXif\0\0")
    for name in names:
        other = exif(turned(6), name)
        yield f"called-{name.hex()}", [(first_header, 0, other)]
        yield f"called-{name.hex()}-then-exif", [(first_header, 0, other + three)]
        yield f"exif-then-called-{name.hex()}", [(first_header, 0, three + other)]
    firsts = {"none": none, "one": exif(turned(1)), "zero": exif(turned(0)), "nine": exif(turned(9)), "empty": segment(b""),
              "name-only": segment(b"Exif\0\0"), "name-and-a-byte": segment(b"Exif\0\0M"), "short": exif(turned(6)[:12]),
              "wrong-marks": exif(turned(6, marks=b"XX")), "wrong-magic": exif(turned(6, magic=1)), "three": three,
              "no-entries": exif(turned(6, count=0)), "too-many-entries": exif(turned(6, count=90)),
              "make-beyond": exif(tiff([(0x010F, 2, 20, struct.pack(">I", 5000)), (0x0112, 3, 1, 3)]))}
    for name, first in firsts.items():
        yield f"{name}-then-six", [(first_header, 0, first + six)]
        yield f"{name}-then-none-then-six", [(first_header, 0, first + none + six)]
        yield f"{name}-then-six-after-frame", [(scan, 0, six), (first_header, 0, first)]
    for marker in (0xE0, 0xE2, 0xED, 0xEE, 0xFE, 0xEF, 0x01, 0xD0, 0xF0):
        yield f"marker-{marker:02x}", [(first_header, 0, segment(b"Exif\0\0" + turned(6), marker))]
    for length in (0, 1, 2, 8, 20, 33, 35, 36, 200, 0xFFFF):
        yield f"length-{length}", [(first_header, 0, segment(b"Exif\0\0" + turned(6), length=length))]


def png_cases(base):
    data, end = base.index(b"IDAT") - 4, base.index(b"IEND") - 4
    middle = data + 12 + struct.unpack(">I", base[data:data + 4])[0]
    for name, body in bodies():
        if name.startswith("MM-") and "-before" not in name or name.startswith(("marks", "header", "rich", "random")):
            yield name, [(data, 0, chunk(b"eXIf", body))]
    six = turned(6)
    for name, place in {"header": 8, "data": data, "second-data": middle, "end": end, "nothing": len(base)}.items():
        yield f"before-{name}", [(place, 0, chunk(b"eXIf", six))]
        yield f"wrong-sum-before-{name}", [(place, 0, chunk(b"eXIf", six, broken=True))]
    yield "two-before-data", [(data, 0, chunk(b"eXIf", six) + chunk(b"eXIf", turned(3)))]
    yield "wrong-sum-then-three", [(data, 0, chunk(b"eXIf", six, broken=True) + chunk(b"eXIf", turned(3)))]
    yield "before-data-and-before-end", [(end, 0, chunk(b"eXIf", turned(3))), (data, 0, chunk(b"eXIf", six))]
    yield "none-before-data-six-before-end", [(end, 0, chunk(b"eXIf", six)), (data, 0, chunk(b"eXIf", tiff([(256, 3, 1, 6)])))]
    yield "wrong-sum-before-data-six-before-end", [
        (end, 0, chunk(b"eXIf", six)), (data, 0, chunk(b"eXIf", turned(3), broken=True))]
    yield "other-case", [(data, 0, chunk(b"exIf", six))]
    yield "called-exif", [(data, 0, chunk(b"eXIf", b"Exif\0\0" + six))]
    with_name = b"Exif\0\0" + six
    raw = b"\nexif\n%8d\n%s\n" % (len(with_name), with_name.hex().encode())
    for key in (b"Raw profile type exif", b"Raw profile type APP1", b"Raw profile type APP12"):
        for place, where in ((data, "data"), (end, "end")):
            yield f"text-{key[17:].decode()}-before-{where}", [(place, 0, chunk(b"tEXt", key + b"\0" + raw))]
            yield f"packed-{key[17:].decode()}-before-{where}", [
                (place, 0, chunk(b"zTXt", key + b"\0\0" + zlib.compress(raw)))]


def edited(base, edits):
    for position, removed, inserted in edits:
        base = base[:position] + inserted + base[position + removed:]
    return base


def read(folder, kind, data):
    path = os.path.join(folder, "x." + kind)
    with open(path, "wb") as file:
        file.write(data)
    image = cv2.imread(path)
    if image is None:
        return None
    rgb = np.ascontiguousarray(image[:, :, ::-1])
    return {"width": rgb.shape[1], "height": rgb.shape[0], "sha256": hashlib.sha256(rgb.tobytes()).hexdigest()}


def png(pixels):
    rows = b"".join(b"\0" + row.tobytes() for row in pixels)
    packed = zlib.compress(rows)
    header = struct.pack(">IIBBBBB", WIDTH, HEIGHT, 8, 2, 0, 0, 0)
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", packed[:100]) + chunk(b"IDAT", packed[100:])
            + chunk(b"IEND", b""))


def main():
    bases = {"jpg": cv2.imencode(".jpg", picture()[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes(),
             "png": png(picture())}
    # Pictures by digest, so that each stands in the file once.
    pictures, cases = {}, []
    with tempfile.TemporaryDirectory() as folder:
        for kind, make in (("jpg", jpeg_cases), ("png", png_cases)):
            for name, edits in make(bases[kind]):
                result = read(folder, kind, edited(bases[kind], edits))
                label = None if result is None else f"{result['width']}x{result['height']} {result['sha256']}"
                cases.append({"name": f"{kind}-{name}", "kind": kind, "picture": label and pictures.setdefault(label, len(pictures)),
                              "edits": [[position, removed, inserted.hex()] for position, removed, inserted in edits]})
    document = {"bases": {kind: data.hex() for kind, data in bases.items()}, "pictures": list(pictures),
                "cases": cases}
    text = json.dumps(document, separators=(",", ":")).replace('{"name"', '\n{"name"')
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "orientations.json"), "w") as file:
        file.write(text + "\n")


main()
