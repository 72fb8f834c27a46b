#!/usr/bin/env bash
# Installs the foreign clients that test/clients drives, by name, into test/clients/.cache: kcat (Debian), Apache Kafka's tools and clients (Maven),
# aiokafka and confluent-kafka (PyPI), franz-go and sarama (Go), Prometheus, zsh and fish (Debian). What cannot be had is named and left out; the tests then say so too.
set -uo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
mkdir -p .cache
missing=()

if ! command -v kcat > /dev/null; then
  if command -v apt-get > /dev/null && [ "$(id -u)" = 0 ]; then
    { apt-get update -qq && apt-get install -y -qq kcat; } > .cache/kcat.log 2>&1 || true
  fi
  command -v kcat > /dev/null || missing+=("kcat: apt-get install kcat")
fi

for shell in zsh fish; do
  command -v "$shell" > /dev/null && continue
  if command -v apt-get > /dev/null && [ "$(id -u)" = 0 ]; then
    { apt-get update -qq && apt-get install -y -qq "$shell"; } > ".cache/$shell.log" 2>&1 || true
  fi
  command -v "$shell" > /dev/null || missing+=("$shell: apt-get install $shell")
done

# The marks are what was installed, so that a change of it installs anew.
if ! cmp -s java/pom.xml .cache/java/.installed; then
  if command -v java > /dev/null && command -v mvn > /dev/null; then
    mvn -q -B -f java/pom.xml dependency:copy-dependencies -DoutputDirectory="$PWD/.cache/java" > .cache/java.log 2>&1 && cp java/pom.xml .cache/java/.installed
  fi
  [ -f .cache/java/.installed ] || missing+=("Apache Kafka's tools: need java 17 and mvn (see .cache/java.log)")
fi
if [ -f .cache/java/.installed ]; then
  javac -cp '.cache/java/*' -d .cache/java-programs java/*.java > .cache/javac.log 2>&1 || missing+=("programs for Apache Kafka's clients: need a JDK (see .cache/javac.log)")
fi

if ! cmp -s python/requirements.txt .cache/python/.installed; then
  if command -v python3 > /dev/null; then
    { python3 -m venv .cache/python && .cache/python/bin/pip install -q --disable-pip-version-check --only-binary :all: -r python/requirements.txt; } > .cache/python.log 2>&1 &&
      cp python/requirements.txt .cache/python/.installed
  fi
  [ -f .cache/python/.installed ] || missing+=("aiokafka and confluent-kafka: need python3 with venv (see .cache/python.log)")
fi

if command -v go > /dev/null; then
  mkdir -p .cache/go
  (cd go && go mod download && go build -o ../.cache/go/ ./...) > .cache/go.log 2>&1 || missing+=("franz-go and sarama: see .cache/go.log")
else
  missing+=("franz-go and sarama: need go 1.26 or later")
fi

# Unpacked and not installed: the package would start a service.
if ! command -v prometheus > /dev/null && [ ! -x .cache/prometheus/usr/bin/prometheus ]; then
  if command -v apt-get > /dev/null; then
    mkdir -p .cache/prometheus
    (cd .cache/prometheus && { [ "$(id -u)" != 0 ] || apt-get update -qq; } && apt-get download -qq prometheus && dpkg -x prometheus_*.deb . && rm prometheus_*.deb) > .cache/prometheus.log 2>&1 || true
  fi
  [ -x .cache/prometheus/usr/bin/prometheus ] || missing+=("Prometheus: apt-get install prometheus (see .cache/prometheus.log)")
fi

if [ ${#missing[@]} -gt 0 ]; then
  printf 'left out:\n'
  printf '  %s\n' "${missing[@]}"
else
  echo 'all foreign clients are installed'
fi
