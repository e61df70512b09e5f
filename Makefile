# Every command sets up what it needs: a virtual environment in .venv with the locked dependencies.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/installed
DATA ?= demo-data

.PHONY: demo up test test-faults test-nightly test-containers check bench-serving bench-hostile bench-requests bench-measurements bench-submissions bench-comparisons bench-streams bench-jobs bench-worker-memory bench-first-epoch bench-comparison-cost bench-probes bench-diagnosis bench-learning-rates bench-onnx reference lock bench-epochs bench-training bench-executors bench-runs bench-memory bench-data-card bench-datasets bench-larger-than-memory bench-dataset-memory bench-robustness bench-claims help
.DELETE_ON_ERROR:

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 20

$(STAMP): requirements/dev.txt pyproject.toml
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(0 if (3, 11) <= v <= (3, 13) else f"Normlab needs Python 3.11 to 3.13, this is {v[0]}.{v[1]}: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(STAMP)  ## train the notebook's two networks through the service, compare them, classify an image
	scripts/get-fashion-mnist $(DATA)
	$(BIN)/normlab demo --data $(DATA)

up: $(STAMP)  ## the whole service on this machine, until Ctrl-C
	$(BIN)/normlab up

test: $(STAMP)  ## all tests that need no Docker engine
	scripts/get-fashion-mnist $(DATA)
	$(BIN)/pytest -n auto --dist loadgroup -m "not containers and not faults and not nightly"

test-faults: $(STAMP)  ## break a running service in every way we know, for an hour; STORM_SEED and STORM_SECONDS
	$(BIN)/pytest -m faults tests/faults tests/store

test-nightly: $(STAMP)  ## what is too long for each change: faults, storms, slow cases, and containers (needs a Docker engine)
	scripts/get-fashion-mnist $(DATA)
	$(BIN)/pytest -m "faults or nightly"
	$(BIN)/pytest -m containers tests/containers

test-containers: $(STAMP)  ## the compose file, run for real: needs a Docker engine and docker-compose
	$(BIN)/pytest -m containers tests/containers

check: $(STAMP)  ## style, types, and who may import whom
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench-epochs: $(STAMP)  ## one epoch of each preset against the notebook's code
	scripts/get-fashion-mnist $(DATA)
	$(BIN)/python bench/preset_epochs.py --data $(DATA)

bench-serving: $(STAMP)  ## predictions against the floor and peers, in every format
	$(BIN)/python bench/serving --peers

# On x86-64 with Python 3.11 the lock names PyTorch's build without CUDA, which pip finds in PyTorch's own index.
$(VENV)/peers: $(STAMP) requirements/peers.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements/peers.txt
	@touch $@

bench-training: $(VENV)/peers  ## epochs of six networks beside fit, JAX and PyTorch (half an hour)
	scripts/get-fashion-mnist $(DATA)
	$(BIN)/python bench/training.py --data $(DATA)

bench-executors: $(STAMP)  ## XLA against the graph for every layer kind
	scripts/get-fashion-mnist $(DATA)
	$(BIN)/python bench/executors.py --data $(DATA)

bench-data-card: $(STAMP)  ## faults that a data card finds, false alarms, seconds and memory (some minutes)
	scripts/get-fashion-mnist $(DATA)
	$(BIN)/python bench/data_card --data $(DATA)

bench-datasets: $(STAMP)  ## seconds and memory to bring Fashion-MNIST from files, beside the plainest ways
	scripts/get-fashion-mnist $(DATA)
	$(BIN)/python bench/datasets --data $(DATA)

bench-larger-than-memory: $(STAMP)  ## training on data larger than the memory, beside from memory (root)
	PYTHONPATH=tests $(BIN)/python bench/larger_than_memory.py --data $(DATA)/larger-than-memory

bench-dataset-memory: $(STAMP)  ## what ten jobs hold of one dataset of 1 GiB, as PSS
	PYTHONPATH=tests $(BIN)/python bench/dataset_memory.py --data $(DATA)/larger-than-memory

bench-robustness: $(STAMP)  ## corrupting and re-estimating beside what onnxruntime alone takes
	$(BIN)/python bench/robustness.py --data $(DATA)

bench-claims: $(STAMP)  ## how often claims hold of nothing, and find what is planted
	PYTHONPATH=tests $(BIN)/python bench/claims.py

bench-runs: $(STAMP)  ## ten jobs beside the notebook's two runs, and how soon a warm child begins (ten minutes)
	scripts/get-fashion-mnist $(DATA)
	$(BIN)/python bench/many_runs.py --data $(DATA)

bench-memory: $(STAMP)  ## what a child holds after a job, after one of each kind, and after thirty more
	scripts/get-fashion-mnist $(DATA)
	$(BIN)/python bench/memory.py --data $(DATA)

bench-onnx: $(STAMP)  ## in which runtimes the ONNX files are right (installs them in a temporary folder; some minutes)
	$(BIN)/python bench/onnx_runtimes

bench-requests: $(STAMP)  ## what a request costs the API, beside another build: OLD=checkout
	$(BIN)/python bench/requests $(if $(OLD),--old $(OLD))

bench-measurements: $(STAMP)  ## what a job's measurements cost the API: OLD=checkout
	$(BIN)/python bench/requests/measurements.py $(if $(OLD),--old $(OLD))

bench-submissions: $(STAMP)  ## POST /jobs beside MLflow's runs/create, on SQLite and Postgres: OLD=checkout
	$(BIN)/python bench/requests/submissions.py --mlflow --database sqlite postgres $(if $(OLD),--old $(OLD))

bench-comparisons: $(STAMP)  ## what comparisons cost beside their training: OLD=checkout DATABASE=url
	$(BIN)/python bench/comparisons $(if $(OLD),--old $(OLD)) $(if $(DATABASE),--database $(DATABASE))

bench-streams: $(STAMP)  ## what 200 open event streams cost everybody else: OLD=checkout DATABASE=url
	$(BIN)/python bench/streams $(if $(OLD),--old $(OLD)) $(if $(DATABASE),--database "$(DATABASE)")

bench-jobs: $(STAMP)  ## what a job costs beside its epochs: OLD=checkout
	scripts/get-fashion-mnist $(DATA)
	$(BIN)/python bench/job_overhead.py --data $(DATA) $(if $(OLD),--old $(OLD))

bench-worker-memory: $(STAMP)  ## what a worker with two children holds, shared pages counted once: OLD=checkout
	scripts/get-fashion-mnist $(DATA)
	$(BIN)/python bench/worker_memory.py --data $(DATA) $(if $(OLD),--old $(OLD))

bench-first-epoch: $(STAMP)  ## from `normlab up` to the first stored epoch, beside a bare script: OLD=checkout
	scripts/get-fashion-mnist $(DATA)
	$(BIN)/python bench/first_epoch.py --data $(DATA) $(if $(OLD),--old $(OLD))

bench-comparison-cost: $(STAMP)  ## core-seconds of the demo's comparison: OLD=checkout
	scripts/get-fashion-mnist $(DATA)
	$(BIN)/python bench/comparison_cost.py --data $(DATA) $(if $(OLD),--old $(OLD))

bench-probes: $(STAMP)  ## what probes cost a training, side by side
	scripts/get-fashion-mnist $(DATA)
	$(BIN)/python bench/probes.py --data $(DATA)

bench-diagnosis: $(STAMP)  ## planted faults that a diagnosis finds, and false alarms on healthy networks (half an hour)
	scripts/get-fashion-mnist $(DATA)
	$(BIN)/python bench/diagnosis --data $(DATA)

bench-learning-rates: $(STAMP)  ## which learning rates networks take with and without batch normalization
	scripts/get-fashion-mnist $(DATA)
	$(BIN)/python bench/learning_rates.py --data $(DATA)

bench-hostile: $(STAMP)  ## what requests cost that are made to hurt
	$(BIN)/python bench/hostile_requests.py

reference: $(STAMP)  ## write docs/reference/ anew from the code
	$(BIN)/python scripts/make-reference

lock: $(STAMP)  ## make the locks in requirements/ anew (needs uv)
	requirements/compile
