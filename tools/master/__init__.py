"""Training and measuring of the matching model: `make train-model`, `make bench-master`.

    plans      what is compared, level by level, as Splink is told
    sources    the made-up country and the febrl sets as rows with their truth
    training   Splink on DuckDB estimates m and u; what may not be shipped is refused
    train      the command that writes the shipped models
    measuring  pairs by key, weights, tiers, clusters, and how right they are
    bench      the command that prints the figures
    relink_bench  what `carnet-hub master relink` costs: `make bench-relink`

Runs in the environment of `requirements.txt` here; nothing of it is imported by a node or a hub. The same environment
runs what a hub imports only for `master relink` (`make test-relink`); `requirements-spark.txt` has Spark beside it.
"""
