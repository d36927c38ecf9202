# Part of Tillbridge. See LICENSE.
"""The plug-in's journal files, read from the documented layout alone (docs/wire.md)."""

import hashlib
import os
import re
import struct

KINDS = {1: "START", 2: "INTENT", 4: "PAID", 5: "ACKED", 6: "DECLINED", 7: "UNSENT", 8: "REVOKE", 9: "DUTY",
         10: "RELEASED", 11: "FINAL", 12: "CLOSED", 13: "CHECKPOINT", 14: "REFUND"}
HEADER = struct.Struct("<IIQqBBHI16s")
LIMIT = 48 + 1024


def _table():
    table = []
    for byte in range(256):
        for _ in range(8):
            byte = byte >> 1 ^ (0x82F63B78 if byte & 1 else 0)
        table.append(byte)
    return table


_CRC = _table()


def crc32c(data):
    value = 0xFFFFFFFF
    for byte in data:
        value = _CRC[(value ^ byte) & 0xFF] ^ value >> 8
    return value ^ 0xFFFFFFFF


class Record:
    __slots__ = ("index", "time", "kind", "flags", "fields")

    def __init__(self, index, time, kind, flags, payload):
        self.index = index
        self.time = time
        self.kind = kind
        self.flags = flags
        self.fields = payload.decode("utf-8", "replace").split("\n")


def read(folder, thorough=True):
    """All good records, oldest first, and what is wrong with the files.

    A last record that was cut short is no complaint: it was never synced, so nothing was built on it."""
    records, complaints = [], []
    previous = None
    names = sorted(name for name in os.listdir(folder) if re.fullmatch(r"journal\.\d{6}", name))
    if not names:
        return records, [f"{folder} holds no journal"]
    for name in names:
        with open(f"{folder}/{name}", "rb") as file:
            content = file.read()
        offset = 0
        while offset + 48 <= len(content) and content[offset:offset + 4] != b"\0\0\0\0":
            length, crc, index, time, kind, flags, size, _, chain = HEADER.unpack_from(content, offset)
            record = content[offset:offset + length]
            padded = (48 + size + 7) // 8 * 8
            good = 48 <= length <= LIMIT and length == padded and len(record) == length and kind in KINDS
            if good and thorough:
                good = crc32c(record[8:]) == crc
            payload = record[48:48 + size]
            if good and previous is not None:
                digest = hashlib.sha256(previous[1] + record[8:32] + payload).digest()[:16]
                if index != previous[0] + 1:
                    complaints.append(f"{name}: record {index} follows {previous[0]}")
                elif digest != chain:
                    good = False
            if not good:
                if _is_tail(content, offset):
                    break
                complaints.append(f"{name}: bad record at byte {offset}")
                break
            previous = (index, chain)
            records.append(Record(index, time, KINDS[kind], flags, payload))
            offset += length
    return records, complaints


def _is_tail(content, offset):
    """Whether nothing that looks like a whole record follows a bad one."""
    for start in range(offset + 8, len(content) - 48, 8):
        length, crc, _, _, kind, _, size, _, _ = HEADER.unpack_from(content, start)
        if kind in KINDS and 48 <= length <= LIMIT and length == (48 + size + 7) // 8 * 8:
            if crc32c(content[start + 8:start + length]) == crc:
                return False
    return True
