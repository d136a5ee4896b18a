# Everything a developer or operator types. What is installed goes to .venv and .local, nothing else outside the caches.
# LOCAL_PORT moves the embedded cloud: make up LOCAL_PORT=5066
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help
.PHONY: help run up down test e2e bench lint deploy smoke redrive restore simulate soak cost sbom audit lock install

# Only what was given is passed on.
export LOCAL_PORT CRM_PORT E2E_PORT PYTHON STORM
# What the tests of a use case import: the layer, the tests' builders, this folder.
export PYTHONPATH = layers/certification:tests:.
export PYTHONDONTWRITEBYTECODE = 1
# uv trusts what this machine trusts, a company's own proxy included; without a store of its own, what uv brings along.
STORES = /etc/ssl/certs/ca-certificates.crt /etc/ssl/cert.pem /etc/pki/tls/certs/ca-bundle.crt
export UV_SYSTEM_CERTS ?= $(if $(wildcard $(STORES)),true,false)

BIN = .venv/bin
INSTALL = @sh local/install.sh
ENV ?= dev
SEEDS ?= 300
CODE = bench functions layers local scripts tests

help: ## list these commands
	@sed -n 's/^\([a-z0-9]*\):.*## /\1\t/p' Makefile | expand -t 12

run: ## everything from nothing: start, build, deploy, then show the main job
	$(INSTALL) dev uv sam cloud
	@$(BIN)/python -m local.up
	@$(BIN)/python -m local.guided_run

up: ## start the embedded cloud and deploy what changed
	$(INSTALL) dev uv sam cloud
	@$(BIN)/python -m local.up

down: ## stop what `make up` started
	$(INSTALL) dev
	@$(BIN)/python -m local.down

test: ## every test that needs no deployment; ARGS goes to pytest
	$(INSTALL) dev
	@$(BIN)/python -m pytest --ignore tests/e2e -n auto $(ARGS)

e2e: ## deploy to an embedded cloud of its own and run the end-to-end tests; ARGS goes to pytest, STORM=20000 is the full storm
	$(INSTALL) dev uv sam cloud
	@$(BIN)/python -m local.e2e $(ARGS)

simulate: ## the whole service under SEEDS=300 seeds, with faults; SEED=17 replays one
	$(INSTALL) dev
	@$(BIN)/python -m simulation $(if $(SEED),--seed $(SEED) --trace,--seeds $(SEEDS)) $(ARGS)

soak: ## new seeds without end, until one fails or you stop it
	$(INSTALL) dev
	@$(BIN)/python -m simulation --soak $(ARGS)

bench: ## the benchmarks, as a table and as JSON; PART="units speed" runs some of them
	$(INSTALL) dev uv sam cloud
	@$(BIN)/python -m bench $(PART)

lint: ## format, lint, types, import rules, template
	$(INSTALL) dev
	@$(BIN)/ruff format --check --quiet $(CODE)
	@$(BIN)/ruff check --quiet $(CODE)
	@$(BIN)/mypy --no-error-summary $(CODE)
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/cfn-lint template.yaml
	@echo "lint: no findings"

deploy: ## build for AWS and deploy with samconfig.toml: make deploy ENV=dev|prod
	$(INSTALL) dev uv sam
	@$(BIN)/python -m scripts.release $(ENV)

smoke: ## look whether a deployed stack answers: make smoke [ENV=dev|prod]; without ENV the local one
	$(INSTALL) dev
	@$(BIN)/python -m scripts.smoke $(if $(filter command line environment,$(origin ENV)),$(ENV),local)

redrive: ## send dead letters back: make redrive QUEUE=CourseCompletion [ENV=dev|prod]
	$(INSTALL) dev
	@$(BIN)/python -m scripts.redrive $(QUEUE) $(if $(filter command line environment,$(origin ENV)),$(ENV),local)

restore: ## put back damaged rows: make restore PARTITIONS="USER#u-1" [AT=2026-11-23T09:00:00Z] [WRITE=yes] [ENV=prod]
	$(INSTALL) dev
	@$(BIN)/python -m scripts.restore $(if $(filter command line environment,$(origin ENV)),$(ENV),local) "$(AT)" "$(WRITE)" $(foreach each,$(PARTITIONS),"$(each)")

cost: ## what a month costs, by the measured units: make cost [EVENTS=1000000] [USERS=10000]
	$(INSTALL) dev
	@$(BIN)/python -m scripts.cost $(if $(EVENTS),--events $(EVENTS)) $(if $(USERS),--users $(USERS))

sbom: ## write dist/sbom.json (CycloneDX) of what the functions ship
	$(INSTALL) dev
	@$(BIN)/python -m scripts.sbom

audit: ## known vulnerabilities in the locked packages
	$(INSTALL) dev
	@$(BIN)/python -m scripts.audit

lock: ## make the hashed locks anew from the .in files
	$(INSTALL) uv
	@sh local/lock.sh
