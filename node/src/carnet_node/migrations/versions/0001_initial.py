"""The first shape of the tables: the log and what goes with it, base rows, recall lists, one projection per kind."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

BLOB, TEXT, INTEGER, BIGINT, BOOL = sa.LargeBinary, sa.String, sa.Integer, sa.BigInteger, sa.Boolean


def upgrade() -> None:
    """Make every table; in an empty database only."""
    _create_log_and_base()
    _create_local_facts()
    _create_kept_answers()
    _create_recall_lists()
    _create_customers()
    _create_vehicles()
    _create_workshop()
    _create_hub_records()


def downgrade() -> None:
    """Refuse: columns that an older program does not know would be lost with their values."""
    raise NotImplementedError("restore the backup made before the update")


TYPES = {"text": TEXT, "int": BIGINT, "bool": BOOL, "blob": BLOB, "ref": BLOB, "secret": BLOB}


def _project(kind: str, fields: str) -> None:
    columns: list[sa.Column[Any]] = []
    indexed: list[str] = []
    for one in fields.split(","):
        name, what = one.split()
        columns.append(sa.Column(name, TYPES[what]))
        if what == "secret":
            columns.append(sa.Column(f"{name}_index", BLOB))
        if what in ("ref", "secret"):
            indexed.append(columns[-1].name)
    op.create_table(
        kind,
        sa.Column("id", BLOB),
        sa.Column("owner", BLOB, nullable=False),
        sa.Column("entries", BLOB, nullable=False),
        sa.Column("mark", INTEGER, nullable=False),
        sa.Column("is_deleted", BOOL, nullable=False),
        sa.Column("is_contested", BOOL, nullable=False),
        sa.Column("is_hidden", BOOL, nullable=False),
        *columns,
        sa.PrimaryKeyConstraint("id", name=f"pk_{kind}"),
        sqlite_with_rowid=False,
    )
    op.create_index(f"ix_{kind}_contested", kind, ["id"], sqlite_where=sa.text("is_contested"))
    for name in indexed:
        where = sa.text(f"{name} IS NOT NULL") if name.endswith("_index") else None
        op.create_index(f"ix_{kind}_{name}", kind, [name], sqlite_where=where)


def _create_log_and_base() -> None:
    op.create_table(
        "own_set",
        sa.Column("log_id", INTEGER),
        sa.Column("nonce", BLOB, nullable=False),
        sa.Column("epoch", BLOB, nullable=False),
        sa.Column("seq", BIGINT, nullable=False),
        sa.Column("set_hash", BLOB, nullable=False),
        sa.Column("message", BLOB, nullable=False),
        sa.Column("opening", BLOB, nullable=False),
        sa.Column("has_secret", BOOL, nullable=False),
        sa.Column("time_ms", BIGINT, nullable=False),
        sa.Column("is_sent", BOOL, nullable=False),
        sa.Column("verdict", INTEGER),
        sa.Column("reason", TEXT),
        sa.Column("verdict_position", BIGINT),
        sa.Column("verdict_ms", BIGINT),
        sa.Column("voids", BLOB),
        sa.Column("conflicts", INTEGER),
        sa.Column("receipt", BLOB),
        sa.UniqueConstraint("nonce"),
        sa.PrimaryKeyConstraint("log_id", name="pk_own_set"),
    )
    op.create_index("ix_own_set_place", "own_set", ["epoch", "seq"], unique=True)
    op.create_index("ix_own_set_unconfirmed", "own_set", ["epoch", "seq"], sqlite_where=sa.text("verdict IS NULL"))
    op.create_table(
        "own_op",
        sa.Column("record", BLOB),
        sa.Column("kind", INTEGER),
        sa.Column("log_id", INTEGER),
        sa.Column("op_index", INTEGER),
        sa.PrimaryKeyConstraint("record", "kind", "log_id", "op_index", name="pk_own_op"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "base_record",
        sa.Column("kind", INTEGER),
        sa.Column("record", BLOB),
        sa.Column("owner", BLOB, nullable=False),
        sa.Column("position", BIGINT, nullable=False),
        sa.Column("changed", BIGINT, nullable=False),
        sa.Column("entries", BLOB, nullable=False),
        sa.Column("is_evicted", BOOL, nullable=False),
        sa.PrimaryKeyConstraint("kind", "record", name="pk_base_record"),
        sqlite_with_rowid=False,
    )


def _create_local_facts() -> None:
    op.create_table(
        "settled_value",
        sa.Column("kind", INTEGER),
        sa.Column("record", BLOB),
        sa.Column("register_no", INTEGER),
        sa.Column("overruled", BLOB),
        sa.Column("settled_by", BLOB),
        sa.Column("is_own", BOOL),
        sa.Column("entry", BLOB, nullable=False),
        sa.PrimaryKeyConstraint(
            "kind", "record", "register_no", "overruled", "settled_by", "is_own", name="pk_settled_value"
        ),
    )
    op.create_table(
        "node_state",
        sa.Column("name", TEXT),
        sa.Column("value", BLOB, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_node_state"),
    )
    op.create_table(
        "erased_groups",
        sa.Column("record", BLOB),
        sa.Column("groups", INTEGER, nullable=False),
        sa.PrimaryKeyConstraint("record", name="pk_erased_groups"),
    )
    op.create_table(
        "hub_set",
        sa.Column("position", BIGINT, autoincrement=False),
        sa.Column("time_ms", BIGINT, nullable=False),
        sa.Column("message", BLOB, nullable=False),
        sa.Column("opening", BLOB, nullable=False),
        sa.PrimaryKeyConstraint("position", name="pk_hub_set"),
    )
    op.create_table(
        "series_number",
        sa.Column("series", TEXT),
        sa.Column("last", INTEGER, nullable=False),
        sa.PrimaryKeyConstraint("series", name="pk_series_number"),
    )
    op.create_table(
        "former_id",
        sa.Column("source", TEXT),
        sa.Column("kind", TEXT),
        sa.Column("former_id", TEXT),
        sa.Column("record", BLOB, nullable=False),
        sa.PrimaryKeyConstraint("source", "kind", "former_id", name="pk_former_id"),
    )
    op.create_table(
        "wanted_segment",
        sa.Column("campaign", BLOB),
        sa.Column("segment_hash", BLOB),
        sa.PrimaryKeyConstraint("campaign", "segment_hash", name="pk_wanted_segment"),
    )
    op.create_index("ix_wanted_segment_segment_hash", "wanted_segment", ["segment_hash"])


def _create_kept_answers() -> None:
    op.create_table(
        "kept_answer",
        sa.Column("key", BLOB),
        sa.Column("taken_ms", BIGINT, nullable=False),
        sa.Column("asked", BLOB, nullable=False),
        sa.Column("answer", BLOB),
        sa.PrimaryKeyConstraint("key", name="pk_kept_answer"),
    )


def _create_recall_lists() -> None:
    op.create_table(
        "segment",
        sa.Column("segment_no", INTEGER),
        sa.Column("segment_hash", BLOB, nullable=False),
        sa.Column("member_count", INTEGER, nullable=False),
        sa.UniqueConstraint("segment_hash"),
        sa.PrimaryKeyConstraint("segment_no", name="pk_segment"),
    )
    op.create_table(
        "recall_bitmap",
        sa.Column("prefix", TEXT),
        sa.Column("segment_no", INTEGER, autoincrement=False),
        sa.Column("bitmap", BLOB, nullable=False),
        sa.PrimaryKeyConstraint("prefix", "segment_no", name="pk_recall_bitmap"),
    )
    op.create_table(
        "recall_exception",
        sa.Column("identifier", TEXT),
        sa.Column("segment_no", INTEGER, autoincrement=False),
        sa.PrimaryKeyConstraint("identifier", "segment_no", name="pk_recall_exception"),
    )


def _create_customers() -> None:
    _project(
        "customer",
        """
        party_kind text, full_name text, pinyin text, salutation text, sex text, id_type blob, id_no secret,
        id_name secret, birth_on text, birth_calendar text, birth_leap_month bool, company_name text,
        credit_code text, company_contact text, segment text, lead_source text, note text
    """,
    )
    op.create_index(
        "ix_customer_company_name", "customer", ["company_name"], sqlite_where=sa.text("company_name IS NOT NULL")
    )
    op.create_index("ix_customer_full_name", "customer", ["full_name"], sqlite_where=sa.text("full_name IS NOT NULL"))
    op.create_index("ix_customer_pinyin", "customer", ["pinyin"], sqlite_where=sa.text("pinyin IS NOT NULL"))
    _project(
        "phone",
        """
        customer_id ref, number text, phone_kind text, is_preferred bool, verified_at int, is_bad bool
    """,
    )
    op.create_index("ix_phone_number", "phone", ["number"], sqlite_where=sa.text("number IS NOT NULL"))
    op.create_index("ix_phone_number_tail4", "phone", [sa.text("substr(number, -4)")])
    _project(
        "address",
        """
        customer_id ref, province_code text, city_code text, district_code text, street text, postcode text,
        address_kind text, from_on text, to_on text
    """,
    )
    _project(
        "contact_preference",
        """
        customer_id ref, do_not_contact bool, channel text, from_hour int, to_hour int, contacts_per_month_max int
    """,
    )
    _project(
        "consent",
        """
        customer_id ref, purpose text, channel text, statement text, stated_at int, evidence text, retracted text
    """,
    )


def _create_vehicles() -> None:
    _project(
        "vehicle",
        """
        vin text, engine_no text, chassis_no text, build_on text, model_code text, model_year int, model_name text,
        color text, fuel text, lifecycle text
    """,
    )
    op.create_index("ix_vehicle_chassis_no", "vehicle", ["chassis_no"], sqlite_where=sa.text("chassis_no IS NOT NULL"))
    op.create_index("ix_vehicle_vin", "vehicle", ["vin"], sqlite_where=sa.text("vin IS NOT NULL"))
    op.create_index("ix_vehicle_vin_tail6", "vehicle", [sa.text("substr(vin, -6)")])
    _project(
        "plate",
        """
        vehicle_id ref, plate_no text, plate_color text, from_on text, to_on text
    """,
    )
    op.create_index("ix_plate_plate_no", "plate", ["plate_no"], sqlite_where=sa.text("plate_no IS NOT NULL"))
    op.create_index("ix_plate_plate_no_tail4", "plate", [sa.text("substr(plate_no, -4)")])
    op.create_index("ix_plate_plate_no_tail5", "plate", [sa.text("substr(plate_no, -5)")])
    _project(
        "ownership",
        """
        vehicle_id ref, customer_id ref, role text, from_on text, to_on text, evidence text
    """,
    )
    _project(
        "odometer_reading",
        """
        vehicle_id ref, odometer_km int, read_at int, source text, visit_id ref, retracted text
    """,
    )


def _create_workshop() -> None:
    _project(
        "visit",
        """
        ro_no text, vehicle_id ref, customer_id ref, status text, opened_at int, promised_at int, completed_at int,
        settled_at int, odometer_in_km int, is_odometer_unknown bool, odometer_out_km int, sender_name text,
        sender_phone text, customer_name text, plate_at_visit text, advisor_code text, fuel_level_percent int,
        is_towed_in bool, visit_kind text, customer_note text, internal_note text, customer_fen int,
        warranty_fen int, internal_fen int, void_reason text
    """,
    )
    op.create_index("ix_visit_ro_no", "visit", ["ro_no"], sqlite_where=sa.text("ro_no IS NOT NULL"))
    _project(
        "job",
        """
        visit_id ref, job_no int, op_code text, op_name text, complaint text, cause text, correction text,
        pay_type text, approval text, campaign_id blob, is_repeat_repair bool
    """,
    )
    _project(
        "labour_line",
        """
        visit_id ref, job_id blob, labour_op_code text, labour_name text, standard_hours int, actual_hours int,
        rate_fen int, amount_fen int, technician_code text
    """,
    )
    _project(
        "part_line",
        """
        visit_id ref, job_id blob, part_no text, part_name text, quantity_hundredths int, price_fen int,
        amount_fen int, removed_serial text, fitted_serial text
    """,
    )
    _project(
        "recall_completion",
        """
        campaign_id blob, vin text, vehicle_id ref, visit_id ref, completed_at int, method text, odometer_km int,
        technician_code text, part_no text, fitted_serial text, retracted text
    """,
    )


def _create_hub_records() -> None:
    _project(
        "dealer_site",
        """
        site_code text, site_name text, site_kind text, province_code text, city_code text, city_name text,
        status text
    """,
    )
    _project(
        "campaign",
        """
        campaign_no text, plan_version int, title text, defect text, hazard text, emergency_advice text,
        remedy text, segment_hashes blob, member_count int, scope text, producer text, hazard_level text,
        state text, published_at int, root_hash blob
    """,
    )
    op.create_index(
        "ix_campaign_campaign_no", "campaign", ["campaign_no"], sqlite_where=sa.text("campaign_no IS NOT NULL")
    )
    _project(
        "node",
        """
        dealer_id ref, signing_key blob, exchange_key blob, status text, enrolled_at int, node_name text
    """,
    )
    _project(
        "revocation",
        """
        node_id ref, key_id blob, revocation_kind text, suspect_from_position int, reason text, retracted text
    """,
    )
    _project(
        "key_change",
        """
        node_id ref, new_signing_key blob, new_exchange_key blob, proof blob, retracted text
    """,
    )
    _project(
        "erasure",
        """
        record_ids blob, groups int, ground text, retracted text
    """,
    )
    _project(
        "hub_key",
        """
        purpose text, public_key blob, status text
    """,
    )
