#!/usr/bin/env bash
# Writes docs/performance.md: Eva's figures on this machine beside its peers'. Ten minutes, on a machine with nothing else to do.
#   bench/performance.sh [--quick] [--peers FOLDER] [--lite FOLDER] [--out FILE]
# --quick takes two minutes; --peers holds the JSON results of the peers in other languages, --lite checkpoints f32, bf16
# and fp8 by eva init --preset lite.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
# The JDK that ./eva has found stands at the end of the doctor's line.
java=$(./eva doctor 2>/dev/null | sed -n 's/^Java .*, //p')/bin/java
if ! [ bench/target/benchmarks.jar -nt bench/src/main ] || [ -n "$(find ./*/src/main -newer bench/target/benchmarks.jar -print -quit)" ]; then
    mvn -q -DskipTests package -pl bench -am
fi
options=("@cli/src/main/resources/dev/eva/cli/jvm.options")
[ "$(uname -s)" != Linux ] || options+=("@cli/src/main/resources/dev/eva/cli/jvm-linux.options")
exec "$java" "${options[@]}" -cp bench/target/benchmarks.jar dev.eva.bench.Performance "$@"
