"""Every reader of bytes that come from outside, as a function to be fed anything.

Decides what is fuzzed and where its first inputs come from (tests/vectors and the examples of the frames). What counts
as a finding stands in `oracle`.

Rules
- A target reads bytes as far as the product does before anything is stored, and returns nothing.
- A reader that sits behind a signature is fed what stands behind it, so that the signature does not keep us out.
"""

import json
import tempfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache, partial
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import Any, Final
from zipfile import ZIP_STORED, ZipFile

from openpyxl import Workbook

from carnet_hub.adapters.compression import inflate as inflate_at_hub
from carnet_node.adapters.compression import inflate as inflate_at_node
from carnet_node.adapters.csv_files import open_csv
from carnet_node.adapters.workbook_files import open_workbook
from carnet_node.core.commands.check_in import read_marks
from carnet_node.core.exchange.import_columns import ImportKind, guess_kind, lay_out
from carnet_node.core.exchange.importing import read_row
from carnet_node.core.heads import Head, Heads, heads_from_text
from carnet_node.core.name_keys import name_keys, typed_key
from carnet_protocol import bundle, cbor, hello, limits, messages
from carnet_protocol.changeset import Header, read_set
from carnet_protocol.enrolment import parse_code
from carnet_protocol.envelope import Envelope, read_envelope
from carnet_protocol.errors import Refused
from carnet_protocol.ids import HubId, op_id
from carnet_protocol.kinds import REGISTRY
from carnet_protocol.opened import nothing_erased, open_set
from carnet_protocol.ops import check_op, decode_ops
from carnet_protocol.recall_lists import decode_step
from carnet_protocol.resolvers import show
from carnet_protocol.seals import parse_opening
from carnet_protocol.segments import decode_segment
from carnet_protocol.state import entries_from_wire, pack_entries
from carnet_protocol.vin import VinPolicy, assess_vin, model_year_candidates, parse_vin
from support.frames import EXAMPLES, example_bundle
from support.protocol import HUB, nonce, sealed_set, signer

ROOT: Final = Path(__file__).resolve().parents[2]
VECTORS: Final = ROOT / "tests" / "vectors"
_ROWS_READ_MAX: Final = 200
_NAME_CHARS_READ: Final = 200


@dataclass(frozen=True, slots=True)
class Target:
    """One reader.

    Attributes:
        read: takes anything; may raise a refusal and nothing else.
        seeds: valid inputs and known refused ones, to begin with.
    """

    read: Callable[[bytes], object]
    seeds: Callable[[], list[bytes]]


def _read_set(data: bytes) -> None:
    """An envelope, its change set and the opening beside it."""
    envelope = read_envelope(data)
    hub = HubId(cbor.decode_frame(envelope.payload, Header).hub_id)
    found = read_set(envelope, envelope.payload, hub)
    open_set(found, b"", REGISTRY, nothing_erased)


def _read_payload(data: bytes) -> None:
    """A header with its ops, behind a good signature."""
    found = read_set(Envelope(b"", bytes(16), data, bytes(64)), data, HUB)
    for op in found.ops:
        check_op(op, REGISTRY)
    open_set(found, sealed_set().opening, REGISTRY, nothing_erased)


def _read_ops(data: bytes) -> None:
    for op in decode_ops(data):
        check_op(op, REGISTRY)


def _read_page(data: bytes) -> None:
    """A page of the feed, as far as the tables and the screen."""
    for row in cbor.decode_frame(data, messages.Page).rows:
        entries = entries_from_wire(row.entries)
        pack_entries(entries)
        if row.kind in REGISTRY.by_number:
            show(REGISTRY.by_number[row.kind], entries)


def _read_bundle(data: bytes) -> None:
    bundle.bundle_key_id(data)
    bundle.unpack_bundle(data, signer().public_key, HUB, HUB)


def _read_import(data: bytes) -> None:
    """A file of a former system, cell by cell, as every kind of row."""
    path = _scratch()
    path.write_bytes(data)
    table = open_csv(path)
    rows = list(islice(table.rows(), _ROWS_READ_MAX))
    kinds: Iterable[ImportKind] = ImportKind
    guess_kind(table.headers)
    for kind in kinds:
        try:
            layout = lay_out(kind, table.headers)
        except Refused:
            continue
        for _, cells in rows:
            _only_refused(partial(read_row, layout, cells, utc_offset_minutes=480))


def _read_vin(data: bytes) -> None:
    text = data.decode("utf-8", errors="surrogateescape")
    for policy in VinPolicy:
        assess_vin(text, policy)
    model_year_candidates(parse_vin(text, VinPolicy.LENIENT))


def _read_frames(data: bytes) -> None:
    """Every frame of the hello and of enrolment."""
    for frame in (hello.HelloRequest, hello.HelloAnswer, messages.HubCard, messages.EnrolRequest):
        _only_refused(partial(cbor.decode_frame, data, frame))


def _read_batch(data: bytes) -> None:
    """A push as the hub takes it, inflated or not, and the answers as a node takes them."""
    for inflate in (inflate_at_hub, inflate_at_node):
        _only_refused(partial(inflate, data, bytes_max=limits.MESSAGE_BYTES_MAX))
    _only_refused(partial(messages.decode_answers, data))
    for message, _ in messages.decode_batch(data):
        _only_refused(partial(read_envelope, message))


def _read_typed(data: bytes) -> None:
    """What people and programs hand back as text: codes, damage marks, names, heads of a view."""
    text = data.decode("utf-8", errors="surrogateescape")
    _only_refused(partial(parse_code, text))
    read_marks(text)
    typed_key(text)
    name_keys(text[:_NAME_CHARS_READ])
    heads_from_text(text)


def _only_refused(work: Callable[[], Any]) -> None:
    """One of several readers of the same bytes: its refusal does not end the target."""
    try:
        work()
    except Refused:
        return


def _read_workbook(data: bytes) -> None:
    """A workbook of a former system, cell by cell."""
    path = _scratch().with_suffix(".xlsx")
    path.write_bytes(data)
    for table in open_workbook(path):
        for row in islice(table.rows(), _ROWS_READ_MAX):
            list(row.cells)


def _workbooks() -> list[bytes]:
    """One sheet with a cell of every type, unpacked as little as possible so that mutations reach its parts."""
    book, content = Workbook(), BytesIO()
    sheet = book.active
    assert sheet is not None
    sheet.append(["编号", "姓名", "手机", "日期"])
    sheet.append([1, "张三", 13800138000, date(1990, 5, 1)])
    sheet.append([2.5, "=1+1", True, datetime(2020, 1, 1, 8, 5)])  # noqa: DTZ001  (a workbook knows no zones)
    book.save(content)
    stored = BytesIO()
    with ZipFile(content) as packed, ZipFile(stored, "w", ZIP_STORED) as plain:
        for name in packed.namelist():
            plain.writestr(name, packed.read(name))
    return [content.getvalue(), stored.getvalue()]


@cache
def _scratch() -> Path:
    """The one file that imports are read from; this process's own."""
    return Path(tempfile.mkdtemp(prefix="carnet-fuzz-")) / "import.csv"


def _hex_values(*names: str) -> list[bytes]:
    """Every byte string in some vector files."""

    def walk(value: Any) -> Iterable[bytes]:
        match value:
            case dict():
                for name, one in value.items():
                    if isinstance(one, str) and (name == "hex" or name.endswith("_hex")):
                        yield bytes.fromhex(one)
                    else:
                        yield from walk(one)
            case list():
                for one in value:
                    yield from walk(one)
            case _:
                pass

    found: dict[bytes, None] = {}
    for name in names:
        found |= dict.fromkeys(walk(json.loads((VECTORS / f"{name}.json").read_text(encoding="utf-8"))))
    return list(found)


def _from_vectors(*names: str) -> Callable[[], list[bytes]]:
    return lambda: _hex_values(*names)


def _payloads() -> list[bytes]:
    sets = [*_hex_values("changeset-valid", "changeset-invalid"), sealed_set().message]
    return [cbor.encode_frame(sealed_set().change_set.header), *filter(None, map(_payload_of, sets))]


def _payload_of(message: bytes) -> bytes | None:
    try:
        payload = read_envelope(message).payload
        cbor.decode_frame(payload, Header)
    except Refused:
        return None
    return payload


def _samples() -> list[bytes]:
    return [path.read_bytes() for path in sorted((ROOT / "node/src/carnet_node/data").glob("*.csv"))]


def _vin_texts() -> list[bytes]:
    listed = json.loads((VECTORS / "vin.json").read_text(encoding="utf-8"))["vectors"]
    return [str(one["typed"]).encode("utf-8", errors="surrogatepass") for one in listed]


def _frames() -> list[bytes]:
    return [cbor.encode_frame(example) for example in EXAMPLES.values()]


def _texts() -> list[bytes]:
    text = (VECTORS / "enrolment-valid.json").read_text(encoding="utf-8")
    codes = [one.get("code", "") for one in json.loads(text)["vectors"]]
    heads = Heads((Head(op_id(nonce(), 0), bytes([0]), is_delete=False),))
    return [text.encode() for text in (heads.to_text(), *codes)]


TARGETS: Final[dict[str, Target]] = {
    "cbor": Target(cbor.decode, _from_vectors("cbor-invalid", "messages", "ops-valid")),
    "envelope": Target(_read_set, _from_vectors("envelope-valid", "envelope-invalid", "changeset-valid")),
    "payload": Target(_read_payload, _payloads),
    "ops": Target(_read_ops, _from_vectors("ops-valid", "ops-invalid")),
    "opening": Target(
        lambda data: parse_opening(data, sealed_set().ops), _from_vectors("openings-valid", "openings-invalid")
    ),
    "bundle": Target(_read_bundle, lambda: [example_bundle(), *_hex_values("bundle-valid", "bundle-invalid")]),
    "page": Target(_read_page, _frames),
    "hello": Target(_read_frames, _frames),
    "push": Target(_read_batch, lambda: [messages.encode_batch([(sealed_set().message, sealed_set().opening)])]),
    "step": Target(decode_step, _from_vectors("steps-between-lists-valid", "steps-between-lists-invalid")),
    "segment": Target(decode_segment, _from_vectors("segments-valid", "segments-invalid")),
    "import": Target(_read_import, _samples),
    "workbook": Target(_read_workbook, _workbooks),
    "vin": Target(_read_vin, _vin_texts),
    "typed": Target(_read_typed, _texts),
}
"""By name, as `make fuzz ARGS=name` takes it."""
