"""Valid bytes with a few of them changed, cut out, doubled or cut off: what gets past the first check."""

from hypothesis import strategies as st

_EDITS_MAX = 4


@st.composite
def mangled(draw: st.DrawFn, valid: bytes) -> bytes:
    """One to four edits of a valid message."""
    data = bytearray(valid)
    for _ in range(draw(st.integers(1, _EDITS_MAX))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        match draw(st.sampled_from(["set", "cut", "double", "truncate"])):
            case "set":
                data[at : at + 1] = draw(st.binary(min_size=1, max_size=1))
            case "cut":
                del data[at : at + draw(st.integers(1, _EDITS_MAX))]
            case "double":
                data[at:at] = data[at : at + draw(st.integers(1, _EDITS_MAX))]
            case _:
                del data[at:]
    return bytes(data)
