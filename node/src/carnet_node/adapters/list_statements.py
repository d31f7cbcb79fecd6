"""SQL of the recall lists, compiled once from `tables`."""

from typing import Final

from sqlalchemy import ColumnElement, and_, bindparam, delete, exists, func, literal_column, select, update
from sqlalchemy.dialects import sqlite

from carnet_node.adapters.statements import Statement, table, upsert

_wanted, _segment, _entry = table("wanted_list"), table("segment"), table("recall_entry")
_bitmap, _exception = table("recall_bitmap"), table("recall_exception")
_next = _wanted.alias("next")
_no: ColumnElement[int] = literal_column("0")
_yes: ColumnElement[int] = literal_column("1")
_stored = select(_segment.c.segment_hash)
_place = and_(_wanted.c.campaign == bindparam("campaign"), _wanted.c.kind == bindparam("kind"))

PUT_WANTED: Final = upsert(_wanted)
DROP_NEVER_STORED: Final = Statement(delete(_wanted).where(_place, _wanted.c.segment_hash.not_in(_stored)))
MAKE_FORMER: Final = Statement(update(_wanted).values(is_former=_yes).where(_place))
DROP_FORMER: Final = Statement(
    delete(_wanted).where(
        _wanted.c.is_former == _yes,
        ~exists(
            select(_yes).where(
                _next.c.campaign == _wanted.c.campaign,
                _next.c.kind == _wanted.c.kind,
                _next.c.is_former == _no,
                _next.c.segment_hash.not_in(_stored),
            )
        ),
    )
)
WANTED: Final = Statement(
    select(_wanted.c.campaign, _wanted.c.kind, _wanted.c.segment_hash, _wanted.c.is_former, _segment.c.segment_no)
    .select_from(_wanted.outerjoin(_segment, _wanted.c.segment_hash == _segment.c.segment_hash))
    .order_by(_wanted.c.kind, _wanted.c.campaign, _wanted.c.segment_hash)
)
COUNT_MISSING: Final = Statement(
    select(func.count())
    .select_from(_wanted)
    .where(_wanted.c.kind == bindparam("kind"), _wanted.c.is_former == _no, _wanted.c.segment_hash.not_in(_stored))
)
MEMBER_COUNT: Final = Statement(
    select(func.coalesce(func.sum(_segment.c.member_count), _no))
    .select_from(_wanted.join(_segment, _wanted.c.segment_hash == _segment.c.segment_hash))
    .where(_wanted.c.campaign == bindparam("campaign"), _wanted.c.kind == _no, _wanted.c.is_former == _no)
)
ADD_SEGMENT: Final = Statement(
    sqlite.insert(_segment)
    .values(segment_hash=bindparam("segment_hash"), member_count=bindparam("member_count"))
    .on_conflict_do_nothing()
)
UNWANTED: Final = Statement(
    select(_segment.c.segment_no).where(_segment.c.segment_hash.not_in(select(_wanted.c.segment_hash)))
)
DROP_SEGMENT: Final = tuple(
    Statement(delete(of).where(of.c.segment_no == bindparam("segment_no"))) for of in (_bitmap, _exception, _segment)
)
ADD_BITMAP: Final = upsert(_bitmap)
ADD_EXCEPTION: Final = upsert(_exception)
BITMAPS_OF: Final = Statement(
    select(_bitmap.c.prefix, _bitmap.c.bitmap)
    .select_from(_bitmap.join(_segment, _bitmap.c.segment_no == _segment.c.segment_no))
    .where(_segment.c.segment_hash == bindparam("segment_hash"))
    .order_by(_bitmap.c.prefix)
)
EXCEPTIONS_OF: Final = Statement(
    select(_exception.c.identifier)
    .select_from(_exception.join(_segment, _exception.c.segment_no == _segment.c.segment_no))
    .where(_segment.c.segment_hash == bindparam("segment_hash"))
    .order_by(_exception.c.identifier)
)
BITMAPS: Final = Statement(
    select(_wanted.c.campaign, _wanted.c.kind, _bitmap.c.bitmap)
    .select_from(
        _bitmap.join(_segment, _bitmap.c.segment_no == _segment.c.segment_no).join(
            _wanted, _wanted.c.segment_hash == _segment.c.segment_hash
        )
    )
    .where(_bitmap.c.prefix == bindparam("prefix"))
)
EXCEPTIONS: Final = Statement(
    select(_wanted.c.campaign, _wanted.c.kind)
    .select_from(
        _exception.join(_segment, _exception.c.segment_no == _segment.c.segment_no).join(
            _wanted, _wanted.c.segment_hash == _segment.c.segment_hash
        )
    )
    .where(_exception.c.identifier == bindparam("identifier"))
)
PUT_ENTRY: Final = upsert(_entry)
DROP_ENTRIES: Final = Statement(delete(_entry))
ENTRIES: Final = Statement(select(_entry.c.entry).order_by(_entry.c.campaign, _entry.c.kind))
