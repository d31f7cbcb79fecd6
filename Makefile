# Everything a developer does here. `make` alone lists it. Nothing needs root except `make system-deps`.

PYTHON3 ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
READY := $(VENV)/.ready
INTEROP_VENV := .venv-interop
INTEROP_READY := $(INTEROP_VENV)/.ready
STORES_VENV := .venv-stores
STORES_READY := $(STORES_VENV)/.ready
FUZZ_VENV := .venv-fuzz
FUZZ_READY := $(FUZZ_VENV)/.ready
MASTER_VENV := .venv-master
MASTER_READY := $(MASTER_VENV)/.ready
SPARK_VENV := .venv-spark
SPARK_READY := $(SPARK_VENV)/.ready
MEMBERS := protocol storage master node hub
RELINK := protocol storage master hub
WORKERS ?= 2
SEEDS ?= 2000
WITHOUT ?=
EACH ?=
# Where nobody lets Python keep what it compiles, every start of a program compiles all of it again.
export PYTHONDONTWRITEBYTECODE :=
COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate $(UPGRADE)

# With KEEP=1 the demo leaves its hub and two front desks running until the return key is pressed, or, where no terminal is,
# until a signal ends it; its files stay anyway.
KEEP ?=
export KEEP

# uv trusts what the machine trusts, as pip does: a company's proxy may stand between us and the packages.
UV_SYSTEM_CERTS ?= 1
export UV_SYSTEM_CERTS

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help setup check test test-relink test-spark bench-relink demo recall-laws report-laws master-laws simulate crash-steps planted crash heal fuzz bench bench-desk bench-recall bench-shop bench-look-up pictures pictures-regulator interop backup-stores vectors messages lock system-deps clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## make .venv with the locked tools and the five members

$(READY): bootstrap.txt requirements.txt $(MEMBERS:%=%/pyproject.toml)
	@$(PYTHON3) -c 'import sys; sys.exit("Carnet needs Python 3.11 or newer; name one with PYTHON3=..." if sys.version_info < (3, 11) else 0)'
	test -x $(BIN)/python || $(PYTHON3) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r bootstrap.txt
	$(UV) pip install --quiet --python $(BIN)/python --compile-bytecode --require-hashes -r requirements.txt
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation $(MEMBERS:%=-e %)
	@touch $@

check: setup ## style, types, import contracts, sizes, hosts; changes nothing
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/python -m tools.check_sizes
	$(BIN)/python -m tools.check_hosts

test: setup ## all tests but the measurements (WORKERS=2; ARGS="-k name")
	$(BIN)/python -m pytest -q -n $(WORKERS) --dist loadgroup $(ARGS)

demo: setup ## a hub and its dealers on this machine (KEEP=1 leaves the hub and two front desks running)
	$(BIN)/python -m tools.demo

KILLS ?= 40
crash: setup ## kill the real programs at random moments; nothing acknowledged may be lost (KILLS=500, SEED=1, ARGS=--postgres)
	$(BIN)/python -m tools.crash --kills $(KILLS) --seed $(or $(SEED),1) --json .crash.json $(ARGS)

RESTORES ?= 50
HANGS ?= 10
HUBS ?= 20
heal: setup $(STORES_READY) ## lose disks of real machines and restore them, under load (RESTORES=50, HANGS=10, HUBS=20, SEED=1)
	CARNET_STORES=$(STORES_VENV) $(BIN)/python -m tools.heal --restores $(RESTORES) --hangs $(HANGS) --hubs $(HUBS) --seed $(or $(SEED),1) --json .heal.json $(ARGS)

SECONDS ?= 10
fuzz: $(FUZZ_READY) ## arbitrary bytes and requests for every reader and both APIs (SECONDS=60, ARGS="bundle import")
	$(FUZZ_VENV)/bin/python -m tools.fuzz --seconds $(SECONDS) --workers $(WORKERS) --json .fuzz.json $(ARGS)

$(FUZZ_READY): tests/fuzz/requirements.txt $(READY)
	test -x $(FUZZ_VENV)/bin/python || $(PYTHON3) -m venv $(FUZZ_VENV)
	$(UV) pip install --quiet --python $(FUZZ_VENV)/bin/python --require-hashes -r tests/fuzz/requirements.txt
	$(UV) pip install --quiet --python $(FUZZ_VENV)/bin/python --no-deps --no-build-isolation $(MEMBERS:%=-e %)
	@touch $@

bench: setup ## the measurements in tests/bench: a table, and .bench.json
	$(BIN)/python -m tools.bench --json .bench.json $(ARGS)

bench-recall: setup ## two million recalled cars: lists of a node, the import, progress and report at the hub (SCALE=0.1: a shorter report)
	SCALE=$(SCALE) $(BIN)/python -m tools.bench --only recall --json .bench-recall.json $(ARGS)

SCALE ?= 1.0
bench-desk: setup ## the front desk on ten years of a dealer (SCALE=0.05 is quick): search, pages, a check-in
	$(BIN)/python -m tools.desk_bench --scale $(SCALE) --json .bench-desk.json $(ARGS)

bench-shop: setup ## the month report of a workshop out of a million orders, against the month alone (SCALE=0.1 is quick)
	SCALE=$(SCALE) $(BIN)/python -m tools.bench --only shop_report --json .bench-shop.json $(ARGS)

bench-look-up: setup ## another dealer's car, asked for at a hub of a million by VIN, plate and phone (SCALE=0.02 is quick; built once)
	SCALE=$(SCALE) $(BIN)/python -m tools.bench --only look_up --json .bench-look-up.json $(ARGS)

pictures: setup ## draw the screens of docs/guides/dealer anew, from a made-up day; then look at them (ARGS="--only home", "--size tablet --folder DIR")
	$(BIN)/python -m tools.desk_pictures $(ARGS)

pictures-regulator: setup ## draw the pages of docs/guides/regulator anew; then look at them (ARGS="--axe")
	$(BIN)/python -m tools.regulator_pictures $(ARGS)

bench-master: $(MASTER_READY) ## how well customers are matched, five seeds a setting (ARGS="--million 7": a million records too)
	$(MASTER_VENV)/bin/python -m tools.master.bench --json .bench-master.json $(ARGS)

gate-master: setup ## how well customers are matched on 100,000 made-up records of a fresh country (SEED=11): the gate in full
	$(BIN)/python -m tools.master.bench --no-febrl --records 100000 --seeds $(or $(SEED),11) --settings normal --json .bench-master.json $(ARGS)

bench-online: setup ## one arriving customer at a hub of a million, against one read by key (SCALE=0.02 is quick; built once)
	SCALE=$(SCALE) $(BIN)/python -m tools.bench --only master_online --json .bench-online.json $(ARGS)

bench-relink: $(MASTER_READY) ## what weighing 100,000 and 1,000,000 customers again costs (ARGS="--customers 100000")
	$(MASTER_VENV)/bin/python -m tools.master.relink_bench --json .bench-relink.json $(ARGS)

train-model: $(MASTER_READY) ## train the shipped matching models anew and hold the compiled scorer against Splink
	$(MASTER_VENV)/bin/python -m tools.master.train $(ARGS)
	$(MASTER_VENV)/bin/python -m tools.master.compare
	$(MASTER_VENV)/bin/python -m tools.master.compare --store

$(MASTER_READY): tools/master/requirements.txt $(READY)
	test -x $(MASTER_VENV)/bin/python || $(PYTHON3) -m venv $(MASTER_VENV)
	$(UV) pip install --quiet --python $(MASTER_VENV)/bin/python --require-hashes -r tools/master/requirements.txt
	$(UV) pip install --quiet --python $(MASTER_VENV)/bin/python --no-deps --no-build-isolation -e protocol -e storage -e master -e hub
	@touch $@

test-relink: $(MASTER_READY) ## re-linking with Splink on DuckDB: the same pairs and weights as the matcher (ARGS="-k name")
	CARNET_RELINK=duckdb $(MASTER_VENV)/bin/python -m pytest -q -p no:cacheprovider tests/relink $(ARGS)

# Exit 3: no Java here, which Spark cannot do without.
test-spark: ## the same on Spark, which needs Java 17; not part of .ci/run
	@command -v java >/dev/null || { echo "make test-spark needs Java 17, and no java was found here."; exit 3; }
	@$(MAKE) --no-print-directory $(SPARK_READY)
	CARNET_RELINK=spark $(SPARK_VENV)/bin/python -m pytest -q -p no:cacheprovider tests/relink $(ARGS)

$(SPARK_READY): tools/master/requirements-spark.txt $(READY)
	test -x $(SPARK_VENV)/bin/python || $(PYTHON3) -m venv $(SPARK_VENV)
	$(UV) pip install --quiet --python $(SPARK_VENV)/bin/python --require-hashes -r tools/master/requirements-spark.txt
	$(UV) pip install --quiet --python $(SPARK_VENV)/bin/python --no-deps --no-build-isolation -e protocol -e storage -e master -e hub
	@touch $@

HISTORIES ?= 10000
recall-laws: setup ## the kept sums of a recall equal a recount after random histories (HISTORIES=10000)
	HISTORIES=$(HISTORIES) $(BIN)/python -m pytest -q -p no:cacheprovider tests/hub/test_tally_laws.py $(ARGS)

report-laws: setup ## the report of a workshop equals a recount after random histories (REPORT_HISTORIES=1000)
	HISTORIES=$(or $(REPORT_HISTORIES),1000) $(BIN)/python -m pytest -q -p no:cacheprovider tests/node/test_shop_reporting.py $(ARGS)

master-laws: setup ## what always holds of who is who, in random histories on SQLite and PostgreSQL: two minutes
	$(BIN)/python -m pytest -q -p no:cacheprovider tests/contract/test_hub_master_laws.py tests/contract/test_hub_model_laws.py tests/master/test_histories.py tests/master/test_tiers.py $(ARGS)

simulate: setup ## random schedules of nodes and hub (SEEDS=2000): a table, and .simulate.json
	$(BIN)/python -m tools.simulate --seeds $(SEEDS) --json .simulate.json $(ARGS)

crash-steps: setup ## a crash, and a full disk, at every step of every scenario
	$(BIN)/python -m tools.crash_everywhere $(ARGS)

planted: setup ## plant bugs and see them found (WITHOUT=I2: what escapes without a checker; EACH=1: without each in turn)
	$(BIN)/python -m tools.plant_bugs --json .planted.json $(if $(WITHOUT),--without $(WITHOUT)) $(if $(EACH),--each) $(ARGS)

interop: $(INTEROP_READY) ## hold our vectors against somebody else's COSE and CDDL libraries
	$(INTEROP_VENV)/bin/python tests/interop/verify_vectors.py
	$(INTEROP_VENV)/bin/python tests/interop/check_cddl.py

$(INTEROP_READY): tests/interop/requirements.txt
	test -x $(INTEROP_VENV)/bin/python || $(PYTHON3) -m venv $(INTEROP_VENV)
	$(INTEROP_VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r tests/interop/requirements.txt
	@touch $@

backup-stores: setup $(STORES_READY) ## replicate, copy, drill and restore against local S3 and SFTP servers
	CARNET_STORES=$(STORES_VENV) $(BIN)/python -m pytest -q tests/storage/test_stores.py

$(STORES_READY): tests/storage/requirements.txt
	test -x $(STORES_VENV)/bin/python || $(PYTHON3) -m venv $(STORES_VENV)
	$(STORES_VENV)/bin/pip install --quiet --disable-pip-version-check --require-hashes -r tests/storage/requirements.txt
	@touch $@

vectors: setup ## write tests/vectors and the tables of docs/spec anew; a diff there is a change of the protocol
	$(BIN)/python -m tools.make_vectors
	$(BIN)/python -m tools.make_spec_tables

messages: setup ## bring the words of the front desk up to date with its pages; says what has no Chinese yet
	$(BIN)/python -m tools.messages

lock: setup ## resolve the versions and hashes again (UPGRADE=--upgrade takes newer ones)
	$(COMPILE) --group pyproject.toml:bootstrap -o bootstrap.txt
	$(COMPILE) --no-emit-package carnet-protocol --no-emit-package carnet-storage --no-emit-package carnet-master --group pyproject.toml:dev $(MEMBERS:%=%/pyproject.toml) -o requirements.txt
	$(COMPILE) tests/interop/requirements.in -o tests/interop/requirements.txt
	$(COMPILE) tests/storage/requirements.in -o tests/storage/requirements.txt
	$(COMPILE) --no-emit-package carnet-protocol --no-emit-package carnet-storage --no-emit-package carnet-master tests/fuzz/requirements.in $(MEMBERS:%=%/pyproject.toml) -o tests/fuzz/requirements.txt
	$(COMPILE) $(MEMBERS:%=--no-emit-package carnet-%) --extra relink tools/master/requirements.in $(RELINK:%=%/pyproject.toml) -o tools/master/requirements.txt
	$(COMPILE) $(MEMBERS:%=--no-emit-package carnet-%) --extra spark tools/master/requirements.in $(RELINK:%=%/pyproject.toml) -o tools/master/requirements-spark.txt
	$(BIN)/python -m tools.check_hosts

system-deps: ## browser and Chinese font for the screen tests; the only target that touches the system, needs root
	apt-get update
	apt-get install --yes --no-install-recommends chromium fonts-noto-cjk

clean: ## remove the environments and what the tools left behind
	rm -rf $(VENV) $(INTEROP_VENV) $(STORES_VENV) $(FUZZ_VENV) $(MASTER_VENV) $(SPARK_VENV) .fuzz .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache build dist
	find $(MEMBERS) tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
