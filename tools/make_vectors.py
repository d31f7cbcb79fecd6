"""Write tests/vectors anew: examples, valid and refused, for somebody who writes another node.

Decides which file holds which examples (`FILES`) and what each is for. The examples themselves are made in
`tools.vectors`, from names, so the files are the same in every run; a diff there is a change of the wire format and
needs a decision record.

    python -m tools.make_vectors [FOLDER]
"""

import json
import sys
from argparse import ArgumentParser
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Final

from tools.vectors import bundles, declared, demands, envelopes, folding, joining, sets, vehicles
from tools.vectors.names import Vector

VECTORS: Final = Path(__file__).resolve().parents[1] / "tests" / "vectors"

FILES: Final[Mapping[str, tuple[str, Callable[[], list[Vector]]]]] = MappingProxyType(
    {
        "cbor-invalid.json": ("Items outside the subset of CBOR that messages use", declared.cbor_invalid),
        "registry.json": ("Kinds, registers and labels as they stand in signed bytes; append only", declared.registry),
        "ids.json": ("Derived ids, and the layout of new ones", joining.ids_valid),
        "envelope-valid.json": ("Messages whose signature holds for purpose and hub", envelopes.envelope_valid),
        "envelope-invalid.json": ("Messages that break one rule of the envelope each", envelopes.envelope_invalid),
        "ops-valid.json": ("The nested byte string of ops in a change set", sets.ops_valid),
        "ops-invalid.json": ("Ops refused for their shape, or by the registry", sets.ops_invalid),
        "changeset-valid.json": ("Whole change sets with header, ids and hashes spelled out", sets.changeset_valid),
        "changeset-invalid.json": ("Payloads refused although their signature would hold", sets.changeset_invalid),
        "openings-valid.json": ("Openings in full and after erasures; salts and commitments", sets.openings_valid),
        "openings-invalid.json": ("Openings that do not match, or have another shape", sets.openings_invalid),
        "chain.json": ("How a set relates to what its reader holds", folding.chain_cases),
        "fold.json": ("Writes of one record, and the state, settled and shown values they fold to", folding.fold_cases),
        "void.json": ("What `based_on` means when some of the ops named are void", folding.void_cases),
        "steps.json": ("Which steps a service visit may take from the states that were read", folding.step_cases),
        "enrolment-valid.json": ("A code, the keys behind it, and both proofs", joining.enrolment_valid),
        "enrolment-invalid.json": ("Codes that are none, and proofs that do not hold", joining.enrolment_invalid),
        "messages.json": ("Every frame between node and hub, as bytes and by position", joining.messages_valid),
        "bundle-valid.json": ("Bundle files before encryption", bundles.bundle_valid),
        "bundle-invalid.json": ("Bundle files that are damaged or made for somebody else", bundles.bundle_invalid),
        "vin.json": ("Typed numbers: normal form, problems, what each policy says", vehicles.vin_cases),
        "segments-valid.json": ("Recall lists and the one byte form of each", vehicles.segments_valid),
        "demands.json": ("What a campaign demands and demanded before; what work comes to", demands.demand_cases),
        "segments-invalid.json": ("Bytes that no correct writer of a recall list makes", vehicles.segments_invalid),
        "steps-between-lists-valid.json": ("A recall list, a step, and the hash behind it", vehicles.steps_valid),
        "steps-between-lists-invalid.json": ("Bytes that no correct writer of a step makes", vehicles.steps_invalid),
        "orders.json": ("A key change, a revocation and an erasure as whole sets", joining.orders),
        "key-change-invalid.json": ("Key changes whose proof does not hold", joining.key_changes_invalid),
    }
)
"""File name -> what it is for, and the function that makes its vectors."""


def main(folder: Path) -> int:
    """Write every file into `folder` and print its name; 0."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in FILES:
        text = content(name)
        (folder / name).write_text(text, encoding="utf-8")
        print(f"{folder.name}/{name}: {len(json.loads(text)['vectors'])} vectors")
    return 0


def content(name: str) -> str:
    """The text of one file; the same in every run."""
    purpose, make = FILES[name]
    return json.dumps({"purpose": purpose, "vectors": make()}, ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    arguments = ArgumentParser(description=(__doc__ or "").splitlines()[0])
    arguments.add_argument("--folder", type=Path, default=VECTORS, help="where to write (%(default)s)")
    sys.exit(main(arguments.parse_args().folder))
